"""What a token endpoint's answer means (RFC 6749 §5, RFC 8628 §3.5, and OpenAI's nested errors)."""

from __future__ import annotations

from decimal import Decimal
from email.utils import parsedate_to_datetime

from dragoman.accounts.fetching import Fetched
from dragoman.accounts.tokens import Tokens, claims, moment
from dragoman.neutral.json import JsonObject

FINAL = frozenset(
    {
        "invalid_grant",
        "refresh_token_reused",
        "refresh_token_invalidated",
        "refresh_token_expired",
        "bad_refresh_token",
    }
)
"""The login is over; nothing but another one helps."""
_LONGEST_REASON = 200


class Refusal(Exception):
    """The endpoint said no. `code` is its word for why; `final`: asking again is of no use."""

    def __init__(
        self, message: str, *, code: str = "", final: bool = False, retry_after_s: float = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.final = final
        self.retry_after_s = retry_after_s


def tokens_of(answer: Fetched, now: float, old: Tokens | None = None) -> Tokens:
    """The tokens of a good answer; a refresh token that is not told again stays.

    Raises:
        Refusal: the answer is none.
    """
    body = good(answer, now)
    access = body.get("access_token")
    if not isinstance(access, str) or not access:
        raise Refusal("the provider's answer holds no access token")
    refresh = body.get("refresh_token")
    return Tokens(
        access=access,
        refresh=refresh if isinstance(refresh, str) and refresh else (old.refresh if old else ""),
        expires_at=ends_at(body, now) or moment(claims(access).get("exp")),
        last_refresh=now,
    )


def good(answer: Fetched, now: float) -> JsonObject:
    """The body of an answer with status 200 and no error in it (GitHub's errors have status 200).

    Raises:
        Refusal.
    """
    body = answer.json
    if 200 <= answer.status < 300 and not isinstance(body.get("error"), str):
        return body
    raise refusal(answer, now)


def refusal(answer: Fetched, now: float) -> Refusal:
    code, text = _error(answer.json)
    told, word = " ".join(text.split())[:_LONGEST_REASON], code[:_LONGEST_REASON]
    words = f"{word} ({told})" if word and told else word or told or "no reason given"
    return Refusal(
        f"the provider answered {answer.status}: {words}",
        code=code,
        final=code in FINAL,
        retry_after_s=retry_after_s(answer, now),
    )


def retry_after_s(answer: Fetched, now: float) -> float:
    """Seconds the provider asks to wait (RFC 9110 §10.2.3); 0 = it does not say."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isdigit():
        return float(told)
    try:
        return max(parsedate_to_datetime(told).timestamp() - now, 0)
    except ValueError:
        return 0


def ends_at(body: JsonObject, now: float) -> float | None:
    """When something ends that tells how long it lasts, or `expires_at`."""
    lasts = body.get("expires_in")
    if isinstance(lasts, str) and lasts.isdigit():
        lasts = int(lasts)
    if isinstance(lasts, int | Decimal) and not isinstance(lasts, bool) and lasts > 0:
        return now + float(lasts)
    return moment(body.get("expires_at"))


def _error(body: JsonObject) -> tuple[str, str]:
    error = body.get("error")
    if isinstance(error, dict):
        code = error.get("code") or error.get("type") or error.get("status")
        return str(code or ""), str(error.get("message") or "")
    text = body.get("error_description") or body.get("message") or body.get("detail")
    return error if isinstance(error, str) else "", text if isinstance(text, str) else ""
