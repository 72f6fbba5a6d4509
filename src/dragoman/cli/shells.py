"""Variables as a shell takes them: bash, zsh, fish, PowerShell."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


def _posix(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    told = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{told}'"


def _powershell(name: str, value: str) -> str:
    told = value.replace("'", "''")
    return f"$env:{name} = '{told}'"


SHELLS: dict[str, Callable[[str, str], str]] = {
    "bash": _posix,
    "zsh": _posix,
    "fish": _fish,
    "powershell": _powershell,
}


def exports(variables: Mapping[str, str], shell: str) -> str:
    """A line for each variable."""
    line = SHELLS[shell]
    return "".join(line(name, value) + "\n" for name, value in variables.items())


def own_shell(environment: Mapping[str, str] = os.environ) -> str:
    """The user's shell, as far as it can be told."""
    name = Path(environment.get("SHELL", "")).name
    if name in SHELLS:
        return name
    return "powershell" if sys.platform == "win32" or "PSModulePath" in environment else "bash"
