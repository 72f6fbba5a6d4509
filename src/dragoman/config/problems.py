"""What is wrong with a configuration file, told by line and field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Step = str | int
Place = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying about the value at `place`, not yet tied to a line."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning; `line` counts from 1, 0 = the file as a whole."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.field}: {self.message}" if self.field else where + self.message

    def told(self, file: Path) -> str:
        """`config.yaml:12: upstreams[0].base-url: …`"""
        where = f"{file}:{self.line}" if self.line else f"{file}"
        return (
            f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        )


class ConfigError(Exception):
    """The file cannot be used; every reason found is in `problems`."""

    def __init__(
        self, path: Path, problems: Sequence[Problem], warnings: Sequence[Problem] = ()
    ) -> None:
        self.path = path
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)
        super().__init__("\n".join(problem.told(path) for problem in self.problems))


def field_name(place: Place) -> str:
    """`("upstreams", 0, "base-url")` as `upstreams[0].base-url`."""
    name = ""
    for step in place:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            name += f".{step}" if name else step
    return name
