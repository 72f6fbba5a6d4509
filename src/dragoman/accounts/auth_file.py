"""One auth file's object read as an account: CLIProxyAPI's fields (about v7.2), and those it wrote
before (Gemini CLI, Qwen)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from pydantic import ValidationError

from dragoman.accounts.providers import PROVIDERS
from dragoman.accounts.records import Account, Contents, Owner, Status
from dragoman.accounts.tokens import claims, tokens_in
from dragoman.config.cliproxy_blocks import OauthAlias
from dragoman.neutral.json import Json, JsonObject

OURS = "managed_by"
"""The field, set to `dragoman`, of a file whose refresh token we may use."""
_KINDS = {
    "gemini-cli": "gemini",
    "anthropic": "claude",
    "openai": "codex",
    "github-copilot": "copilot",
}
OPENAI_CLAIM = "https://api.openai.com/auth"


def kind_of(fields: Mapping[str, Json]) -> str:
    """The provider that a file is of, in the table's words where it is there."""
    value = fields.get("type")
    kind = value.strip().lower() if isinstance(value, str) else ""
    return _KINDS.get(kind, kind)


def account_of(id_: str, fields: JsonObject, owner: Owner, now: float) -> Account:
    """The account that a file describes, with the status that follows from the file alone."""
    contents = Contents(fields)
    kind = kind_of(fields)
    tokens = tokens_in(kind, fields)
    status, message = _status(kind, contents, tokens.over(now))
    email = _email(kind, contents)
    return Account(
        id=id_,
        provider=kind or "unknown",
        label=email or _stem(id_),
        email=email,
        projects=_projects(contents),
        plan=_plan(kind, contents),
        prefix=contents.text("prefix").strip("/"),
        priority=_whole(fields.get("priority"), 0),
        weight=max(_whole(fields.get("weight"), 1), 0),
        disabled=fields.get("disabled") is True,
        proxy_url=contents.text("proxy_url") or None,
        headers=_headers(fields.get("headers")),
        excluded_models=_texts(fields, "excluded_models", "excluded-models"),
        model_aliases=_aliases(fields),
        websockets=fields.get("websockets") is True,
        disable_cooling=_flag(fields.get("disable_cooling")),
        request_retry=_retry(fields.get("request_retry")),
        note=contents.text("note"),
        owner=owner,
        status=status,
        message=message,
        expires_at=tokens.expires_at,
        last_refresh=tokens.last_refresh,
        fields=contents,
    )


def owner_of(fields: Mapping[str, Json]) -> Owner:
    return Owner.DRAGOMAN if fields.get(OURS) == "dragoman" else Owner.OTHER


def unreadable(id_: str, why: str) -> Account:
    """A file that is there but tells nothing; `type` may stand in its name."""
    stem = _stem(id_)
    head = stem.partition("-")[0]
    provider = head if head in PROVIDERS else "unknown"
    return Account(id_, provider, stem, status=Status.UNREADABLE, message=why)


def _status(kind: str, contents: Contents, over: bool) -> tuple[Status, str]:
    if kind not in PROVIDERS:
        what = f"logins of type {kind}" if kind else "files without a type"
        return Status.UNSUPPORTED, f"{what} are not supported; the file is left as it is"
    if contents.get("disabled") is True:
        return Status.DISABLED, ""
    if kind == "vertex":
        if isinstance(contents.get("service_account"), dict):
            return Status.READY, ""
        return Status.UNREADABLE, "it holds no service_account"
    if over:
        return Status.EXPIRED, "its access token has run out"
    return Status.READY, ""


def _email(kind: str, contents: Contents) -> str:
    if kind == "vertex":
        account = contents.get("service_account")
        found = account.get("client_email") if isinstance(account, dict) else None
        return contents.text("email") or (found if isinstance(found, str) else "")
    told = claims(contents.text("id_token")).get("email")
    return (
        contents.text("email") or contents.text("login") or (told if isinstance(told, str) else "")
    )


def _plan(kind: str, contents: Contents) -> str:
    if kind == "codex":
        inner = claims(contents.text("id_token")).get(OPENAI_CLAIM)
        told = inner.get("chatgpt_plan_type") if isinstance(inner, dict) else None
        if isinstance(told, str):
            return told
    return contents.text("plan")


def _projects(contents: Contents) -> tuple[str, ...]:
    names = (name.strip() for name in contents.text("project_id").split(","))
    return tuple(dict.fromkeys(name for name in names if name and name.lower() != "all"))


def _headers(value: Json) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        return ()
    return tuple((name, text) for name, text in value.items() if isinstance(text, str))


def _texts(fields: JsonObject, *names: str) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            found += [part.strip() for part in value.split(",") if part.strip()]
        elif isinstance(value, list):
            found += [item.strip() for item in value if isinstance(item, str) and item.strip()]
    return tuple(dict.fromkeys(found))


def _aliases(fields: JsonObject) -> tuple[OauthAlias, ...]:
    """Entries that are none are passed over: the file is not ours to refuse."""
    for name in ("model_aliases", "model-aliases"):
        value = fields.get(name)
        if isinstance(value, list):
            return tuple(alias for item in value if (alias := _alias(item)) is not None)
    return ()


def _alias(item: Json) -> OauthAlias | None:
    if not isinstance(item, dict):
        return None
    try:
        return OauthAlias.model_validate({key.replace("_", "-"): v for key, v in item.items()})
    except ValidationError:
        return None


def _flag(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _retry(value: Json) -> int | None:
    number = _whole(value, -1)
    return number if number >= 0 else None


def _whole(value: Json, default: int) -> int:
    if isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _stem(id_: str) -> str:
    return PurePosixPath(id_).stem
