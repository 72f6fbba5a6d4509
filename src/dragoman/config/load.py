"""A configuration file read, filled in from the environment, and checked, with every line known."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dragoman.config.amp_checks import left_out
from dragoman.config.checks import errors_in, errors_of, warnings_of
from dragoman.config.document import Document, SyntaxProblem, parse
from dragoman.config.problems import ConfigError, Notice, Place, Problem, field_name
from dragoman.config.settings import Settings
from dragoman.config.unknown import unknown_keys
from dragoman.config.wording import worded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE_NAME = "config.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration; `lines` tells where each value is written."""

    settings: Settings
    warnings: tuple[Problem, ...]
    path: Path
    lines: Mapping[Place, int]


def find_config(explicit: Path | None, cwd: Path, home: Path) -> Path | None:
    """`--config` whether it exists or not, else the first file there is."""
    if explicit is not None:
        return explicit
    places = (cwd / FILE_NAME, home / ".config" / "dragoman" / FILE_NAME)
    return next((path for path in places if path.exists()), None)


def load(path: Path, environment: Mapping[str, str] | None = None) -> Loaded:
    """Raises ConfigError with everything that is wrong, not only the first thing."""
    return load_bytes(read(path), path, environment)


def load_bytes(data: bytes, path: Path, environment: Mapping[str, str] | None = None) -> Loaded:
    """As `load`, for what has been read of `path`."""
    return load_text(_decoded(data, path), path, environment)


def load_text(text: str, path: Path, environment: Mapping[str, str] | None = None) -> Loaded:
    """As `load`, for a text that is to stand at `path`."""
    try:
        document = parse(text, os.environ if environment is None else environment)
    except SyntaxProblem as error:
        raise ConfigError(path, [Problem(error.line, "", error.message)]) from None
    unknown = list(unknown_keys(Settings, document.data))
    notices = [*document.problems, *errors_in(document.data)]
    settings = None
    try:
        settings = Settings.model_validate(
            document.data,
            by_alias=True,
            by_name=False,
            context={"folder": path.absolute().parent},
        )
    except ValidationError as error:
        notices += worded(error.errors(include_url=False), document.lines)
    else:
        notices += errors_of(settings)
    if settings is None or notices:
        raise ConfigError(path, _told(notices, document), _told(unknown, document))
    warnings = _told([*unknown, *left_out(document.data), *warnings_of(settings)], document)
    return Loaded(settings, tuple(warnings), path, document.lines)


def _told(notices: Iterable[Notice], document: Document) -> list[Problem]:
    """In the order of lines; a place already told of is not told of again."""
    first: dict[Place, Problem] = {}
    for notice in notices:
        line = document.line_of(notice.place)
        first.setdefault(notice.place, Problem(line, field_name(notice.place), notice.message))
    return sorted(first.values(), key=lambda problem: problem.line)


def read(path: Path) -> bytes:
    """What stands in the file.

    Raises:
        ConfigError.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        message = "there is no such file; name another with --config"
    except IsADirectoryError:
        message = f"is a folder; name the file in it, such as {path / FILE_NAME}"
    except OSError as error:
        message = f"cannot be read: {error.strerror}; look at its owner and mode"
    raise ConfigError(path, [Problem(0, "", message)]) from None


def _decoded(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 (byte 0x{raw[error.start]:02x}); save the file as UTF-8"
        raise ConfigError(path, [Problem(line, "", message)]) from None
