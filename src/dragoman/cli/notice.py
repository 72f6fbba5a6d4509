"""What is said before a login, and asked once."""

from __future__ import annotations

from rich.console import Console

from dragoman.cli.lines import read_line

_NOTICE = (
    "Whether a subscription may be used from other programs than the provider's own is for its "
    "terms to say. Some forbid it, and close accounts for it. dragoman sends requests under its "
    "own name and disguises nothing."
)


def agreed(out: Console, title: str, *, yes: bool) -> bool:
    """Whether the person wants to go on; without a terminal to ask at, only `yes` does."""
    out.print(f"{title}\n", style="bold")
    out.print(_NOTICE)
    out.print()
    return yes or confirmed(out, "Log in")


def confirmed(out: Console, what: str) -> bool:
    out.print(f"{what}? [y/N] ", end="")
    answer = read_line()
    if not answer.endswith("\n"):
        out.print()
    return answer.strip().lower() in ("y", "yes")
