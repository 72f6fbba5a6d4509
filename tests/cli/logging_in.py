"""`dragoman login` and `dragoman accounts` as processes before the fake identity provider."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from tests.fakes import in_thread
from tests.idp import Clock, Idp, configured

PROGRAM = [sys.executable, "-m", "dragoman"]


class Run:
    """One run of the program; `told` waits for words in what it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out = ""
        self._pieces: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while piece := self.process.stdout.read(1):
            self._pieces.put(piece)

    def told(self, words: str, within_s: float = 60) -> str:
        deadline = time.monotonic() + within_s
        while words not in self.out:
            try:
                self.out += self._pieces.get(timeout=0.1)
            except queue.Empty:
                assert time.monotonic() < deadline, self.out
                assert self._reader.is_alive() or not self._pieces.empty(), self.out
        return self.out

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.out)
        assert match, self.out
        return match.group(1)

    def ended(self, within_s: float = 60) -> int:
        status = self.process.wait(within_s)
        self._reader.join(10)
        while not self._pieces.empty():
            self.out += self._pieces.get()
        return status


class Desk:
    """A home with a configuration whose providers are at the fake."""

    def __init__(self, folder: Path, idp: Idp) -> None:
        self.folder = folder
        self.idp = idp
        self.auth = folder / "auth"
        self.environment: dict[str, str] = {}
        (folder / "home").mkdir(exist_ok=True)
        self.configure()

    def configure(self, **changes: Any) -> None:
        config = {
            "auth-dir": str(self.auth),
            "data-dir": str(self.folder / "data"),
            "discover": False,
            "port": 0,
            "api-keys": ["sk-of-the-test"],
            "upstreams": [{"name": "echo", "protocol": "echo"}],
            "oauth-clients": configured(self.idp.url),
        }
        config |= {name.replace("_", "-"): value for name, value in changes.items()}
        (self.folder / "config.yaml").write_text(json.dumps(config))

    @contextlib.contextmanager
    def run(self, *arguments: str) -> Iterator[Run]:
        environment = {
            **os.environ,
            "HOME": str(self.folder / "home"),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "SSH_CONNECTION": "x",
            **self.environment,
        }
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Run(process)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                _closed(stream)

    def output(self, *arguments: str, status: int = 0) -> str:
        """What a run prints that needs nobody."""
        with self.run(*arguments) as run:
            assert run.process.stdin is not None
            run.process.stdin.close()
            assert run.ended() == status, run.out
            return run.out

    def file(self, name: str) -> Any:
        return json.loads((self.auth / name).read_text())

    def files(self) -> list[str]:
        return sorted(path.name for path in self.auth.glob("*.json"))


def _closed(stream: IO[str]) -> None:
    with contextlib.suppress(OSError):
        stream.close()


@contextlib.contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    idp = Idp(Clock(time.time()))
    idp.interval = 1
    with in_thread(idp) as url:
        idp.url = url
        yield Desk(folder, idp)


def until(there: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)
