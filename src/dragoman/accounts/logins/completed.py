"""From a token endpoint's answer to an auth file: who has logged in, how the file is named and what
it holds. Names and fields are CLIProxyAPI's (about v7.2).

Which Google project an account works in is found out when it is first used, not here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

import msgspec

from dragoman.accounts.answers import Refusal, good, tokens_of
from dragoman.accounts.auth_file import OPENAI_CLAIM, OURS
from dragoman.accounts.fetching import Fetched, get
from dragoman.accounts.logins.device import Asking
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.providers import Provider
from dragoman.accounts.tokens import Tokens, claims, tokens_out
from dragoman.errors import UpstreamFault
from dragoman.neutral.json import Json, JsonObject, encode

_UNSAFE = re.compile(r"[^\w@.+-]+", re.ASCII)


class AuthFile(NamedTuple):
    id: str
    fields: JsonObject
    label: str


class Wishes(msgspec.Struct, frozen=True):
    """What the person said beside: a project (several with commas), a name for the account."""

    project: str = ""
    label: str = ""
    device_id: str = ""


class Told(NamedTuple):
    """A good answer of a provider, and what goes with it."""

    provider: Provider
    body: JsonObject
    tokens: Tokens
    wishes: Wishes
    asking: Asking

    @property
    def stamp(self) -> str:
        return str(round(self.asking.now() * 1000))

    def text(self, name: str) -> str:
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


async def completed(
    provider: Provider, body: JsonObject, wishes: Wishes, asking: Asking
) -> AuthFile:
    """The file of a login; asks the provider who it is where the answer does not tell.

    Raises:
        LoginFailed.
    """
    try:
        tokens = tokens_of(Fetched(200, {}, encode(body)), asking.now())
        made = await _FILES[provider.name](Told(provider, body, tokens, wishes, asking))
    except Refusal as refused:
        raise LoginFailed(str(refused)) from None
    if provider.name == "copilot":
        tokens = Tokens(refresh=tokens.access)
    fields = tokens_out(provider.name, {"type": provider.name, **made.fields}, tokens)
    return AuthFile(made.id, {**fields, OURS: "dragoman"}, made.label)


async def _claude(told: Told) -> AuthFile:
    account, organization = _object(told.body, "account"), _object(told.body, "organization")
    profile = await _profile(told)
    account = {**account, **_object(profile, "account")}
    organization = {**organization, **_object(profile, "organization")}
    email = _first(account, "email_address", "email") or told.wishes.label
    fields: JsonObject = {
        "id_token": "",
        "access_token": "",
        "refresh_token": "",
        "last_refresh": "",
        "email": email,
        "account_uuid": _first(account, "uuid"),
        "organization_uuid": _first(organization, "uuid"),
        "organization_name": _first(organization, "name"),
    }
    plan = _first(organization, "organization_type").removeprefix("claude_")
    return named(f"claude-{email or told.stamp}", fields | ({"plan": plan} if plan else {}), email)


async def _codex(told: Told) -> AuthFile:
    id_token = told.text("id_token")
    who = claims(id_token)
    inner = _object(who, OPENAI_CLAIM)
    account, plan = _first(inner, "chatgpt_account_id"), _first(inner, "chatgpt_plan_type")
    email = _first(who, "email") or told.wishes.label
    digest = hashlib.sha256(account.encode()).hexdigest()[:8] if account else ""
    name = "-".join(filter(None, ("codex", digest, email, plan)))
    fields: JsonObject = {
        "id_token": id_token,
        "access_token": "",
        "refresh_token": "",
        "account_id": account,
        "last_refresh": "",
        "email": email,
    }
    return named(name if account or email else f"codex-{told.stamp}", fields, email)


async def _gemini(told: Told) -> AuthFile:
    email = _first(await _profile(told), "email") or told.wishes.label
    projects = [name.strip() for name in told.wishes.project.split(",") if name.strip()]
    provider = told.provider
    token: JsonObject = {
        "access_token": "",
        "refresh_token": "",
        "token_type": "Bearer",
        "expiry": "",
        "client_id": provider.client_id,
        "client_secret": provider.secret.reveal(),
        "scopes": [*provider.scopes],
        "token_uri": provider.token_url,
    }
    fields: JsonObject = {
        "token": token,
        "project_id": ",".join(projects),
        "email": email,
        "auto": not projects,
        "checked": bool(projects),
    }
    who = email or told.stamp
    names = {0: f"gemini-{who}", 1: f"{who}-{projects[0] if projects else ''}"}
    return named(names.get(len(projects), f"gemini-{who}-all"), fields, email)


async def _antigravity(told: Told) -> AuthFile:
    email = _first(await _profile(told), "email") or told.wishes.label
    fields: JsonObject = {
        "access_token": "",
        "refresh_token": "",
        "expires_in": told.body.get("expires_in"),
        "timestamp": round(told.asking.now() * 1000),
        "expired": "",
        "email": email,
        "project_id": told.wishes.project,
    }
    return named(f"antigravity-{email or told.stamp}", fields, email)


async def _qwen(told: Told) -> AuthFile:
    label = told.wishes.label
    fields: JsonObject = {
        "access_token": "",
        "refresh_token": "",
        "last_refresh": "",
        "resource_url": told.text("resource_url"),
        "email": label,
    }
    return named(f"qwen-{label or told.stamp}", fields, label)


async def _kimi(told: Told) -> AuthFile:
    fields: JsonObject = {
        "access_token": "",
        "refresh_token": "",
        "token_type": told.text("token_type") or "Bearer",
        "scope": told.text("scope"),
        "device_id": told.wishes.device_id,
        "expired": "",
        "timestamp": round(told.asking.now() * 1000),
    }
    label = told.wishes.label
    return named(f"kimi-{label or told.stamp}", fields | ({"email": label} if label else {}), label)


async def _xai(told: Told) -> AuthFile:
    who = claims(told.text("id_token"))
    email, sub = _first(who, "email") or told.wishes.label, _first(who, "sub")
    fields: JsonObject = {
        "access_token": "",
        "refresh_token": "",
        "id_token": told.text("id_token"),
        "token_type": told.text("token_type") or "Bearer",
        "expires_in": told.body.get("expires_in"),
        "expired": "",
        "last_refresh": "",
        "email": email,
        "sub": sub,
        "base_url": told.provider.base_url,
        "token_endpoint": told.provider.token_url,
        "auth_kind": "oauth",
    }
    return named(f"xai-{email or sub or told.stamp}", fields, email or sub)


async def _copilot(told: Told) -> AuthFile:
    """GitHub's token is the login; Copilot's own is fetched when it is first needed."""
    login = _first(await _profile(told), "login") or told.wishes.label
    fields: JsonObject = {"login": login, "scope": told.text("scope")}
    return named(f"copilot-{login or told.stamp}", fields, login)


def service_account_file(account: JsonObject, prefix: str, location: str) -> AuthFile:
    """The file of a Google service account's key.

    Raises:
        LoginFailed: it is none.
    """
    project, email = _first(account, "project_id"), _first(account, "client_email")
    if account.get("type") != "service_account" or not project or not account.get("private_key"):
        raise LoginFailed(
            "this is no key file of a service account; make one in the Google Cloud console (IAM, "
            "service accounts, keys, JSON)"
        )
    fields: JsonObject = {
        "service_account": account,
        "project_id": project,
        "email": email,
        "location": location or "us-central1",
        "type": "vertex",
        OURS: "dragoman",
    }
    if prefix:
        fields["prefix"] = prefix
    return named(f"vertex-{project}", fields, email)


def named(name: str, fields: JsonObject, label: str) -> AuthFile:
    safe = _UNSAFE.sub("_", name).lstrip(".")
    return AuthFile(f"{safe}.json", fields, label or safe)


async def _profile(told: Told) -> JsonObject:
    """Who it is; empty when the provider does not say: the login is good all the same."""
    headers = [("authorization", f"Bearer {told.tokens.access}")]
    asking = told.asking
    try:
        answer = await get(asking.fetch, told.provider.profile_url, headers, asking.proxy)
        return good(answer, asking.now())
    except (Refusal, OSError, UpstreamFault):
        return {}


def _object(value: JsonObject, name: str) -> JsonObject:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _first(value: JsonObject, *names: str) -> str:
    for name in names:
        found: Json = value.get(name)
        if isinstance(found, str) and found:
            return found
    return ""


_Maker: TypeAlias = Callable[[Told], Awaitable[AuthFile]]
_FILES: dict[str, _Maker] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "antigravity": _antigravity,
    "qwen": _qwen,
    "kimi": _kimi,
    "xai": _xai,
    "copilot": _copilot,
}
