"""What a client is told when no credential could answer: which ones are out, why and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dragoman.errors import DragomanError, ErrorKind, PoolExhausted, UnknownModel
from dragoman.routing.candidates import Candidate
from dragoman.routing.cooldowns import Cooldowns, Rest
from dragoman.routing.verdicts import Reason

_SAID_BY_ALL = frozenset({"pass_through_only"})
"""What every account of a host says alike, so that there is nothing to tell of each."""

REASON_WORDS: dict[Reason, str] = {
    "quota": "rate limit",
    "transient": "failing",
    "auth": "refused",
    "missing": "model not found",
}


def exhausted(
    model: str,
    candidates: Sequence[Candidate],
    cooldowns: Cooldowns,
    last: DragomanError | None,
    now_s: float,
) -> DragomanError:
    """The upstream's own words where one credential is all there is. Else 429 when limits are all
    that stands in the way, the last failure's status when one was tried in vain, 503 when all are
    out of use."""
    if not candidates:
        return last or UnknownModel(f"no upstream of model {model!r} has a usable key")
    if last is not None and len(candidates) == 1:
        return last
    rests = [(one, cooldowns.rest(one)) for one in candidates]
    reasons = {rest.reason_at(now_s) for _, rest in rests if rest and rest.end_s > now_s}
    if last is not None and last.code in _SAID_BY_ALL and not reasons:
        return last
    told = "; ".join(_told(one, rest, now_s) for one, rest in rests)
    message = f"no credential of model {model!r} can answer now: {told}"
    if last is not None and (not reasons or "transient" in reasons):
        return PoolExhausted(
            f"{last.message} ({message})", status=last.status, kind=last.kind, code=last.code
        )
    if "quota" not in reasons:
        return PoolExhausted(message, status=503, kind=ErrorKind.OVERLOADED)
    ends = [rest.end_s - now_s for _, rest in rests if rest and rest.reason_at(now_s) == "quota"]
    return PoolExhausted(
        message, status=429, kind=ErrorKind.RATE_LIMIT, retry_after_s=max(min(ends), 0.0)
    )


def _told(one: Candidate, rest: Rest | None, now_s: float) -> str:
    label = one.public_label
    if rest is None or rest.end_s <= now_s:
        return f"{label}: failed just now"
    until = told_time(rest.end_s)
    why = REASON_WORDS[rest.reason_at(now_s)]
    status = f" ({rest.status})" if rest.status else ""
    return f"{label}: {why}{status}, until {until}"


def told_time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
