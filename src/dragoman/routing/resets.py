"""When a provider says a limit ends: reset headers and bodies, as seconds from now.

Anthropic: platform.claude.com/docs/en/api/rate-limits (anthropic-ratelimit-*-reset, RFC 3339; the
unified ones of subscriptions in epoch seconds). OpenAI: developers.openai.com/api/docs/guides/
rate-limits (x-ratelimit-reset-*, durations such as 6m0s). Codex tells `resets_at` in the body.
Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_UNITS_S = (86_400, 3_600, 60, 1, 0.001)
_EPOCH = 1_000_000_000
"""A number above is a moment, one below a number of seconds."""
_EPOCH_MS = 100_000_000_000
_LIMIT = re.compile(r"(anthropic-ratelimit|x-ratelimit)-(.*)remaining(.*)")
UNIFIED = "anthropic-ratelimit-unified"
_ACCOUNT_WINDOWS = frozenset({"5h", "7d"})


class Told(msgspec.Struct, frozen=True):
    """`whole`: the limit is the account's, not one model's."""

    after_s: float
    whole: bool = False


def reset_told(headers: Sequence[tuple[str, str]], body: bytes, now_s: float) -> Told | None:
    """The end of the limit that was hit; None where nobody tells."""
    found = dict(headers)
    return _unified(found, now_s) or _in_body(body, now_s) or _exhausted(found, now_s)


def seconds_until(value: str, now_s: float) -> float | None:
    """Seconds, an epoch, `6m0s` or an RFC 3339 moment, as seconds from now."""
    value = value.strip()
    try:
        number = float(value)
    except ValueError:
        match = _DURATION.fullmatch(value)
        if match and value:
            return sum(
                float(amount) * unit
                for amount, unit in zip(match.groups(), _UNITS_S, strict=True)
                if amount
            )
        try:
            number = datetime.fromisoformat(value).timestamp()
        except ValueError:
            return None
    if not number < float("inf"):
        return None
    if number > _EPOCH_MS:
        number /= 1000
    return max(number - now_s, 0.0) if number > _EPOCH else max(number, 0.0)


def _unified(headers: Mapping[str, str], now_s: float) -> Told | None:
    """A subscription's windows. With one of the account's own (5 hours, 7 days) used up it stands
    still until the reset; with another one (7 days of one kind of model) only that model does."""
    if headers.get(f"{UNIFIED}-status") != "rejected":
        return None
    full = {
        name[len(UNIFIED) + 1 : -len("-status")]
        for name, value in headers.items()
        if name.startswith(f"{UNIFIED}-") and name.endswith("-status") and value == "rejected"
    } - {""}
    own = full & _ACCOUNT_WINDOWS
    ends = [
        after_s
        for window in own or full
        if (after_s := seconds_until(headers.get(f"{UNIFIED}-{window}-reset", ""), now_s))
        is not None
    ]
    if not ends:
        after_s = seconds_until(headers.get(f"{UNIFIED}-reset", ""), now_s)
        return None if after_s is None else Told(after_s, whole=bool(own) or not full)
    return Told(max(ends), whole=bool(own))


def _exhausted(headers: Mapping[str, str], now_s: float) -> Told | None:
    """The latest reset among the limits that have nothing remaining."""
    ends: list[float] = []
    for name, value in headers.items():
        match = _LIMIT.fullmatch(name)
        if match is None or value.strip() != "0":
            continue
        after_s = seconds_until(headers.get(f"{match[1]}-{match[2]}reset{match[3]}", ""), now_s)
        if after_s is not None:
            ends.append(after_s)
    return Told(max(ends)) if ends else None


def _in_body(body: bytes, now_s: float) -> Told | None:
    """Codex: {"error": {"type": "usage_limit_reached", "resets_at": …, "resets_in_seconds": …}}."""
    if b"resets_" not in body:
        return None
    try:
        document = msgspec.json.decode(body)
    except ValueError:
        return None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    for name in ("resets_in_seconds", "resets_at"):
        value = error.get(name)
        if isinstance(value, int | float):
            return Told(seconds_until(str(value), now_s) or 0.0, whole=True)
    return None
