"""Log lines: for people on a terminal, or JSON. Secrets never get here: keys live in a type that
does not render, and what is logged of a request is chosen field by field."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime

import msgspec
import structlog

_UNSAFE = re.compile(r"[^!-~]|[\"'=]")
"""What would not read as one word: a client's text must not look like another field or line."""
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def set_up(level: str, form: str) -> None:
    """Decides once how this process logs: everything to standard error."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if form == "text":
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=0, sort_keys=False
        )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _without_blanks,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


def logger() -> structlog.typing.FilteringBoundLogger:
    """The process's logger."""
    return structlog.get_logger()  # type: ignore[no-any-return]


class RequestLog:
    """The line each request leaves. Written without the other lines' machinery, which would cost
    more than the rest of a small request's bookkeeping; the same fields in the same order."""

    def __init__(self, form: str) -> None:
        self._write = _write_json if form == "json" else _write_text

    def line(self, fields: dict[str, str | int | float | None]) -> None:
        """Writes the fields that have something to say."""
        self._write({key: value for key, value in fields.items() if value not in (None, "")})


def _write_json(fields: dict[str, str | int | float | None]) -> None:
    told = {"event": "request", **fields, "time": datetime.now(UTC).isoformat()}
    sys.stderr.write(msgspec.json.encode(told).decode() + "\n")


def _write_text(fields: dict[str, str | int | float | None]) -> None:
    pairs = " ".join(
        f"{key}={value!r}" if isinstance(value, str) and _UNSAFE.search(value) else f"{key}={value}"
        for key, value in fields.items()
    )
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} request {pairs}\n")


def _without_blanks(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Leaves out what a line has nothing to say on."""
    return {key: value for key, value in event.items() if value not in (None, "", ())}
