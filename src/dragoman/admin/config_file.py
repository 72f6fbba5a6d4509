"""The configuration file as the management API reads and writes it: nothing that would not load
is ever written."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ruamel.yaml.error import YAMLError

from dragoman.admin.refusals import Refused
from dragoman.config.document import SyntaxProblem, parse
from dragoman.config.load import load_text
from dragoman.config.problems import ConfigError
from dragoman.config.save import Unwritable, with_list, write
from dragoman.config.save_block import with_member
from dragoman.neutral.json import Json


class ConfigFile:
    """Blocking: not for the event loop. One change at a time; the caller sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def text(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(500, "read_failed", str(error)) from None

    def put(self, data: bytes) -> None:
        """Another text for the whole file.

        Raises:
            Refused: it is no YAML (400), or no configuration (422).
        """
        try:
            text = data.decode("utf-8-sig")
            parse(text, os.environ)
        except (UnicodeDecodeError, SyntaxProblem) as error:
            raise Refused(400, "invalid_yaml", str(error)) from None
        self._check(text)
        self._write(text)

    def change_list(self, key: str, change: Callable[[Sequence[str]], list[str]]) -> None:
        """Another value for a top-level list of texts; `change` gets the one in the file.

        Raises:
            Refused: by `change`, or as it cannot be written.
        """
        text = self.text()
        now = self._values(text, key)
        wanted = change(now)
        try:
            changed = with_list(text, key, now, wanted)
        except (Unwritable, YAMLError) as error:
            raise Refused(422, "invalid_config", str(error)) from None
        self._check(changed)
        if self._values(changed, key) != wanted:
            raise Refused(422, "invalid_config", f"{key} must be changed by hand in this file")
        self._write(changed)

    def change_member(self, block: str, key: str, wanted: Json) -> None:
        """Another value under `block: key`.

        Raises:
            Refused: it cannot be written, or the file would not load.
        """
        text = self.text()
        try:
            changed = with_member(text, block, key, self._member(text, block, key), wanted)
        except Unwritable as error:
            raise Refused(422, "invalid_config", str(error)) from None
        self._check(changed)
        if self._member(changed, block, key) != wanted:
            raise Refused(422, "invalid_config", f"{block}.{key} must be changed by hand")
        self._write(changed)

    def _member(self, text: str, block: str, key: str) -> Json:
        try:
            found = parse(text, os.environ).data.get(block)
        except SyntaxProblem as error:
            raise Refused(422, "invalid_config", str(error)) from None
        value: Json = found.get(key) if isinstance(found, dict) else None
        return value

    def _values(self, text: str, key: str) -> list[str]:
        try:
            found = parse(text, os.environ).data.get(key) or []
        except SyntaxProblem as error:
            raise Refused(422, "invalid_config", str(error)) from None
        return [str(value) for value in found] if isinstance(found, list) else []

    def _check(self, text: str) -> None:
        try:
            load_text(text, self.path)
        except ConfigError as error:
            raise Refused(422, "invalid_config", str(error)) from None

    def _write(self, text: str) -> None:
        try:
            write(self.path, text)
        except OSError as error:
            raise Refused(500, "write_failed", str(error)) from None
