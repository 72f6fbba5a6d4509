"""The log of what requests and answers hold: taken in the event loop, written by a thread.

Who takes part, and what is noted of a request, the exchange decides. Here: the waiting line, which
is bounded, secrets taken out, and the failure of a disk, which fails no request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from queue import SimpleQueue

import msgspec

from dragoman.observe.log import logger
from dragoman.observe.redaction import Redactor
from dragoman.observe.rotated_file import RotatedFile

MAX_BODY = 16 * 1024 * 1024
"""Of one body; what is longer is cut, and says so."""
_MAX_WAITING = 64 * 1024 * 1024
_TOLD_EVERY_S = 60


class Note(msgspec.Struct, frozen=True):
    """One line to be. `fields` stand first, then the body: JSON as JSON, anything else as text."""

    fields: Mapping[str, object]
    body: tuple[bytes, ...] = ()
    at: float = 0

    @property
    def size(self) -> int:
        return sum(map(len, self.body))


class BodyLog:
    """One per process. Its thread begins with the first note; `close` waits for the last."""

    def __init__(
        self, file: RotatedFile, redactor: Redactor, warn: Callable[[str], None] | None = None
    ) -> None:
        self.file = file
        self.redactor = redactor
        self._warn = warn or _logged
        self._queue: SimpleQueue[Note | None] = SimpleQueue()
        self._lock = threading.Lock()
        self.waiting = 0
        """Bytes of bodies that are not written yet."""
        self._thread: threading.Thread | None = None
        self._lost = 0
        self._told_at = float("-inf")

    def add(self, note: Note) -> None:
        """Never waits, and never fails."""
        with self._lock:
            if self.waiting > _MAX_WAITING:
                self._lose("the disk is slower than the traffic")
                return
            self.waiting += note.size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="body-log", daemon=True)
                self._thread.start()
        self._queue.put(note)

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (note := self._queue.get()) is not None:
            try:
                self.file.append(_line(note, self.redactor))
            except OSError as error:
                with self._lock:
                    self._lose(error.strerror or str(error))
            with self._lock:
                self.waiting -= note.size

    def _lose(self, reason: str) -> None:
        self._lost += 1
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY_S:
            self._told_at = now
            self._warn(
                f"bodies are not logged: {reason}; requests go on without. "
                f"Lost so far: {self._lost}; file: {self.file.path}"
            )


def _logged(message: str) -> None:
    logger().warning(message)


def _line(note: Note, redactor: Redactor) -> Iterator[bytes]:
    """A note as one line of JSON. Between the pieces others may run."""
    when = datetime.fromtimestamp(note.at, UTC).isoformat(timespec="milliseconds")
    head = msgspec.json.encode({"at": when, **note.fields})
    yield from redactor.pieces(head[:-1])
    if note.body:
        yield b',"body":'
        for piece in redactor.pieces(_body(note)):
            time.sleep(0)
            yield piece
    yield b"}"


def _body(note: Note) -> bytes:
    data = b"".join(note.body)
    try:
        return msgspec.json.format(data, indent=-1)
    except msgspec.DecodeError:
        return msgspec.json.encode(data.decode("utf-8", "replace"))
