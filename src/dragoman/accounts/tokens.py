"""Where each kind of auth file keeps its tokens, read and written.

The names are CLIProxyAPI's (about v7.2; Gemini's and Qwen's as it wrote them before). Copilot's is
ours: `github_token` is the login, `access_token` what it was last exchanged for.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from dragoman.neutral.json import Json, JsonObject, object_of


class Tokens(msgspec.Struct, frozen=True):
    """`refresh` is whatever gets another access token."""

    access: str = ""
    refresh: str = ""
    expires_at: float | None = None
    last_refresh: float | None = None

    def __repr__(self) -> str:
        return f"Tokens(expires_at={self.expires_at})"

    def over(self, now: float) -> bool:
        """Whether the access token is of no use (any more)."""
        return not self.access or (self.expires_at is not None and self.expires_at <= now)


def tokens_in(kind: str, fields: Mapping[str, Json]) -> Tokens:
    """The tokens of a file's object; what is absent is empty."""
    where: Mapping[str, Json] = fields
    if kind == "gemini":
        inner = fields.get("token")
        where = inner if isinstance(inner, dict) else {}
    return Tokens(
        access=_text(where, "access_token"),
        refresh=_renewer(kind, where),
        expires_at=_expiry(where, fields),
        last_refresh=moment(fields.get("last_refresh")) or _stamped(fields),
    )


def tokens_out(kind: str, fields: JsonObject, tokens: Tokens) -> JsonObject:
    """The file's object with other tokens in it; everything else stays, in its order."""
    out = dict(fields)
    ends = written(tokens.expires_at)
    if kind == "gemini":
        inner = out.get("token")
        token = dict(inner) if isinstance(inner, dict) else {}
        token |= {"access_token": tokens.access, "refresh_token": tokens.refresh, "expiry": ends}
        out["token"] = token
        return out
    out["access_token"] = tokens.access
    out["github_token" if kind == "copilot" else "refresh_token"] = tokens.refresh
    out["expired"] = ends
    if tokens.last_refresh is not None:
        out["last_refresh"] = written(tokens.last_refresh)
        if "timestamp" in out:
            out["timestamp"] = round(tokens.last_refresh * 1000)
    if "expires_in" in out and tokens.expires_at and tokens.last_refresh:
        out["expires_in"] = round(tokens.expires_at - tokens.last_refresh)
    return out


def moment(value: Json) -> float | None:
    """A time as files tell it: RFC 3339 text, or a number of seconds or milliseconds."""
    if isinstance(value, str):
        try:
            told = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        if told.year < 1971:  # Go's zero time
            return None
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = float(value)
        return number / 1000 if number > 1e11 else number or None
    return None


def written(at: float | None) -> str:
    """A time as the files have it; "" for none."""
    if at is None:
        return ""
    return datetime.fromtimestamp(round(at), UTC).isoformat().replace("+00:00", "Z")


def claims(token: str) -> JsonObject:
    """What a JSON Web Token says (RFC 7519), unverified: it came from the provider itself, over
    TLS. Empty for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return object_of(base64.urlsafe_b64decode(padded).decode()) or {}
    except ValueError:
        return {}


def _renewer(kind: str, where: Mapping[str, Json]) -> str:
    if kind == "vertex":
        account = where.get("service_account")
        return _text(account, "private_key") if isinstance(account, dict) else ""
    return _text(where, "github_token" if kind == "copilot" else "refresh_token")


def _expiry(where: Mapping[str, Json], fields: Mapping[str, Json]) -> float | None:
    for name in ("expired", "expiry", "expires_at", "expiry_date"):
        found = moment(where.get(name))
        if found is not None:
            return found
    lasts = fields.get("expires_in")
    begun = _stamped(fields)
    if begun is not None and isinstance(lasts, int) and not isinstance(lasts, bool):
        return begun + lasts
    return moment(claims(_text(where, "access_token")).get("exp"))


def _stamped(fields: Mapping[str, Json]) -> float | None:
    return moment(fields.get("timestamp"))


def _text(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""
