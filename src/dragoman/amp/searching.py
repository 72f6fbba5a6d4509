"""The query language of Amp's thread search: words and quoted phrases, `file:`, `repo:`, `ref:`,
`author:`, `after:` and `before:`; all of it must hold (description of the CLI's `find_thread` tool,
0.0.1777897475)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from dragoman.amp.refused import Refused, invalid
from dragoman.storage.amp_threads import Wanted

_TERM = re.compile(r'(?:(file|repo|ref|author|after|before|task):)?(?:"([^"]*)"|(\S+))')
_AGO = re.compile(r"(\d{1,5})([dw])")
_DAY_MS = 24 * 3600 * 1000
_AROUND = 80
_MOST_TERMS = 50


def wanted(query: str, now_ms: int, owner: str) -> Wanted | None:
    """What a query asks for; None when nothing here can fit (another author, a task).

    Raises:
        Refused: a date cannot be read, or it has too many words.
    """
    found: dict[str, list[str]] = {}
    terms = list(_TERM.finditer(query.lower()))
    if len(terms) > _MOST_TERMS:
        raise invalid(f"a search has at most {_MOST_TERMS} words")
    for match in terms:
        value = match[2] if match[2] is not None else match[3]
        if value:
            found.setdefault(match[1] or "", []).append(value)
    authors = found.get("author", [])
    if "task" in found or any(one not in ("me", owner.lower()) for one in authors):
        return None
    after = [_time_ms(one, now_ms) for one in found.get("after", [])]
    before = [_time_ms(one, now_ms) for one in found.get("before", [])]
    return Wanted(
        texts=tuple(found.get("", ())),
        files=tuple(found.get("file", ())),
        repos=tuple(found.get("repo", ())),
        refs=tuple(found.get("ref", ())),
        after_ms=max(after, default=0),
        before_ms=min(before, default=0),
    )


def _time_ms(text: str, now_ms: int) -> int:
    if ago := _AGO.fullmatch(text):
        return now_ms - int(ago[1]) * _DAY_MS * (7 if ago[2] == "w" else 1)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise _unreadable(text) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(1, round(moment.timestamp() * 1000))


def _unreadable(text: str) -> Refused:
    return invalid(f"{text!r} is no date; write 2026-01-15, 7d or 2w")


def excerpt(text: str, words: tuple[str, ...]) -> str:
    """A little of the text around the first word found."""
    places = [at for at in (text.find(word) for word in words) if at >= 0]
    start = max(0, min(places, default=0) - _AROUND)
    return " ".join(text[start : start + 2 * _AROUND].split())
