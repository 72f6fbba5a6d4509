"""What a failure means: for the request (answer at once, or go on), and for the credential (how
long it rests, alone with this model or altogether). The numbers are CLIProxyAPI's."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from dragoman.errors import ErrorKind, HungUp, UpstreamFault, UpstreamRefused
from dragoman.routing.resets import reset_told
from dragoman.upstreams.hosts import Conduct, ErrorRule

Reason: TypeAlias = Literal["quota", "transient", "auth", "missing"]

_AUTH_S = 1800.0
_MISSING_S = 43_200.0
CHALLENGE_S = 10.0
"""The least that a Cloudflare challenge is left alone."""
FIRST_QUOTA_S = 1.0
LAST_QUOTA_S = 1800.0

CAUSE_OF_REASON: dict[Reason, str] = {
    "quota": "rate-limit",
    "transient": "server",
    "auth": "auth",
    "missing": "server",
}

_OF_ANOTHER_ACCOUNT = frozenset({"invalid_encrypted_content"})
"""Reasoning that only the account which made it can read; it may be the next one."""
_OF_NO_ACCOUNT = frozenset({"pass_through_only", "stream_incomplete"})
"""A request that this kind of host does not take, a stream that just stops: another may do better,
and the account is not to blame."""
_STATE_REFUSED = re.compile(
    r"invalid `?signature`? in `?(redacted_)?thinking"  # Anthropic
    r"|thought[ _]signature (is )?(invalid|not valid|corrupt)"  # Gemini
    r"|corrupted thought[ _]signature"
    r"|encrypted content .{0,80}could not be (verified|decrypted)",  # Responses
    re.IGNORECASE,
)
"""The same in words, where a provider has no code for it."""
_UNSUPPORTED = frozenset({"model_not_supported", "model_not_found", "unsupported_model"})


class Verdict(msgspec.Struct, frozen=True):
    """`stop`: no other credential would do better. `reason` None = the credential is not at fault.
    `rest_s` None = nobody told how long: the steps of `Cooldowns` decide. `whole`: it rests for all
    models. `state`: what is refused is the reasoning state in the request, not the request."""

    stop: bool
    reason: Reason | None = None
    rest_s: float | None = 0
    whole: bool = False
    state: bool = False


_OF_KIND: dict[ErrorKind, Verdict] = {
    ErrorKind.AUTHENTICATION: Verdict(stop=False, reason="auth", rest_s=_AUTH_S, whole=True),
    ErrorKind.BILLING: Verdict(stop=False, reason="auth", rest_s=_AUTH_S, whole=True),
    ErrorKind.PERMISSION: Verdict(stop=False, reason="auth", rest_s=_AUTH_S),
    ErrorKind.NOT_FOUND: Verdict(stop=False, reason="missing", rest_s=_MISSING_S),
    ErrorKind.RATE_LIMIT: Verdict(stop=False, reason="quota", rest_s=None),
}
_TRANSIENT = frozenset(
    {ErrorKind.TIMEOUT, ErrorKind.SERVER, ErrorKind.BAD_GATEWAY, ErrorKind.OVERLOADED}
)


def verdict_of(error: UpstreamFault, conduct: Conduct, now_s: float) -> Verdict:
    """What this failure means on a host of this conduct."""
    verdict = _told(error, _usual(error, conduct), now_s)
    for rule in conduct.rules:
        if _applies(rule, error):
            return _ruled(rule, verdict, conduct)
    return verdict


def _usual(error: UpstreamFault, conduct: Conduct) -> Verdict:
    headers = dict(error.headers) if isinstance(error, UpstreamRefused) else {}
    if headers.get("cf-mitigated") == "challenge":
        rest_s = max(conduct.transient_s, CHALLENGE_S)
        return Verdict(stop=False, reason="transient", rest_s=rest_s)
    if error.code in _UNSUPPORTED:
        return _OF_KIND[ErrorKind.NOT_FOUND]
    if error.code in _OF_NO_ACCOUNT:
        return Verdict(stop=False)
    if error.code in _OF_ANOTHER_ACCOUNT or (
        error.kind is ErrorKind.INVALID and _STATE_REFUSED.search(error.message)
    ):
        return Verdict(stop=False, state=True)
    if isinstance(error, HungUp):
        return Verdict(stop=False, reason="transient", rest_s=0)
    if error.kind in _TRANSIENT:
        return Verdict(stop=False, reason="transient", rest_s=conduct.transient_s)
    return _OF_KIND.get(error.kind, Verdict(stop=True))


def _told(error: UpstreamFault, verdict: Verdict, now_s: float) -> Verdict:
    """The verdict with the end that the upstream told, for limits and passing troubles."""
    if verdict.reason not in ("quota", "transient") or verdict.rest_s == 0:
        return verdict
    told = None
    if isinstance(error, UpstreamRefused) and verdict.reason == "quota":
        told = reset_told(error.headers, error.body, now_s)
    whole = verdict.whole or (told is not None and told.whole)
    rest_s = error.retry_after_s
    if told is not None and (rest_s is None or told.whole):
        rest_s = max(told.after_s, rest_s or 0)
    if rest_s is None:
        return verdict
    return msgspec.structs.replace(verdict, rest_s=rest_s, whole=whole)


def _applies(rule: ErrorRule, error: UpstreamFault) -> bool:
    if rule.status not in (0, error.status):
        return False
    if not rule.texts and not rule.patterns:
        return True
    body = error.body.decode("utf-8", "replace") if isinstance(error, UpstreamRefused) else ""
    text = f"{error.message}\n{body}"
    lower = text.lower()
    return any(part in lower for part in rule.texts) or any(
        pattern.search(text) for pattern in rule.patterns
    )


def _ruled(rule: ErrorRule, verdict: Verdict, conduct: Conduct) -> Verdict:
    stop = rule.action.startswith("stop")
    if not rule.action.endswith("and-cooldown"):
        return Verdict(stop=stop)
    if verdict.reason is None:
        return Verdict(stop=stop, reason="transient", rest_s=conduct.transient_s)
    return msgspec.structs.replace(verdict, stop=stop)
