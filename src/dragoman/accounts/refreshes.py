"""How each provider renews an access token: what is asked, and what of the answer is kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec

from dragoman.accounts import service_account
from dragoman.accounts.answers import Refusal, ends_at, good, tokens_of
from dragoman.accounts.fetching import Fetch, Fetched, Headers, get, post_form, post_json
from dragoman.accounts.identity import device_headers
from dragoman.accounts.oauth_clients import Missing, with_secret
from dragoman.accounts.providers import PROVIDERS, Provider
from dragoman.accounts.tokens import Tokens
from dragoman.neutral.json import JsonObject


class Renewal(msgspec.Struct, frozen=True):
    """What a refresh needs to know. `proxy` as in the HTTP client; `now` in seconds."""

    provider: Provider
    fields: JsonObject
    tokens: Tokens
    fetch: Fetch
    proxy: str | None
    now: float


class Renewed(msgspec.Struct, frozen=True):
    """`changes` are other fields of the file that the answer told anew."""

    tokens: Tokens
    changes: JsonObject


Refresh: TypeAlias = Callable[[Renewal], Awaitable[Renewed]]


async def renewed(renewal: Renewal) -> Renewed:
    """Another access token.

    Raises:
        Refusal: the provider's, with whether it is final.
        OSError, UpstreamFault: it could not be asked.
    """
    return await _REFRESHES.get(renewal.provider.name, _standard)(renewal)


async def _standard(renewal: Renewal) -> Renewed:
    """RFC 6749 §6."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": renewal.tokens.refresh,
        "client_id": renewal.provider.client_id,
    }
    return _kept(renewal, await _post(renewal, renewal.provider.token_url, form))


async def _codex(renewal: Renewal) -> Renewed:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": renewal.tokens.refresh,
        "client_id": renewal.provider.client_id,
        "scope": "openid profile email",
    }
    return _kept(renewal, await _post(renewal, renewal.provider.token_url, form))


async def _google(renewal: Renewal) -> Renewed:
    """The client that the login was made with: named in the file, or the table's."""
    provider, inner = renewal.provider, renewal.fields.get("token")
    token = inner if isinstance(inner, dict) else {}
    client_id, secret = token.get("client_id"), token.get("client_secret")
    if not (isinstance(client_id, str) and client_id and isinstance(secret, str) and secret):
        try:
            provider = await asyncio.to_thread(with_secret, provider, os.environ)
        except Missing as missing:
            raise Refusal(str(missing), code="no_client_secret") from None
        client_id, secret = provider.client_id, provider.secret.reveal()
    form = {
        "grant_type": "refresh_token",
        "refresh_token": renewal.tokens.refresh,
        "client_id": client_id,
        "client_secret": secret,
    }
    return _kept(renewal, await _post(renewal, provider.token_url, form))


async def _kimi(renewal: Renewal) -> Renewed:
    device = renewal.fields.get("device_id")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": renewal.tokens.refresh,
        "client_id": renewal.provider.client_id,
    }
    headers = device_headers(device if isinstance(device, str) else "")
    return _kept(renewal, await _post(renewal, renewal.provider.token_url, form, headers))


async def _xai(renewal: Renewal) -> Renewed:
    """At the endpoint that the login found, which is one of xAI's."""
    told = renewal.fields.get("token_endpoint")
    url = renewal.provider.token_url or (told if isinstance(told, str) else "")
    if not url:
        found = good(
            await get(renewal.fetch, renewal.provider.device_url, [], renewal.proxy), renewal.now
        )
        url = str(found.get("token_endpoint") or "")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": renewal.tokens.refresh,
        "client_id": renewal.provider.client_id,
    }
    return _kept(renewal, await _post(renewal, xai_endpoint(url, renewal.provider), form))


def xai_endpoint(url: str, provider: Provider) -> str:
    """An address that tokens may be sent to: https at x.ai; elsewhere only where the user has
    configured xAI's own addresses to be elsewhere.

    Raises:
        Refusal.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and (host == "x.ai" or host.endswith(".x.ai")):
        return url
    moved = provider.device_url != PROVIDERS["xai"].device_url
    if moved and parts.netloc == urlsplit(provider.device_url).netloc:
        return url
    raise Refusal(f"the token endpoint {url!r} is not one of xAI's", code="foreign_endpoint")


async def _copilot(renewal: Renewal) -> Renewed:
    """GitHub's token against one for Copilot, which lasts half an hour."""
    headers = [("authorization", f"token {renewal.tokens.refresh}")]
    answer = await get(renewal.fetch, renewal.provider.exchange_url, headers, renewal.proxy)
    if answer.status == 401:
        raise Refusal("GitHub refuses the login", code="unauthorized", final=True)
    body = good(answer, renewal.now)
    access = body.get("token")
    if not isinstance(access, str) or not access:
        raise Refusal("GitHub's answer holds no token for Copilot")
    tokens = Tokens(access, renewal.tokens.refresh, ends_at(body, renewal.now), renewal.now)
    endpoints = body.get("endpoints")
    base = endpoints.get("api") if isinstance(endpoints, dict) else None
    changes: JsonObject = {"base_url": base} if isinstance(base, str) and base else {}
    plan = body.get("sku")
    if isinstance(plan, str):
        changes["plan"] = plan
    return Renewed(tokens, changes)


async def _vertex(renewal: Renewal) -> Renewed:
    """A signed assertion against an access token (RFC 7523); the key file stays as it is."""
    account = renewal.fields.get("service_account")
    form = service_account.grant(
        account if isinstance(account, dict) else {}, renewal.provider, renewal.now
    )
    answer = await _post(renewal, renewal.provider.token_url, form)
    return Renewed(tokens_of(answer, renewal.now, renewal.tokens), {})


async def _post(
    renewal: Renewal, url: str, form: dict[str, str], headers: Headers | None = None
) -> Fetched:
    if renewal.provider.form == "json":
        return await post_json(renewal.fetch, url, {**form}, headers or [], renewal.proxy)
    return await post_form(renewal.fetch, url, form, headers or [], renewal.proxy)


_KEPT = ("id_token", "resource_url", "scope", "token_type")


def _kept(renewal: Renewal, answer: Fetched) -> Renewed:
    tokens = tokens_of(answer, renewal.now, renewal.tokens)
    body = answer.json
    changes: JsonObject = {
        name: body[name]
        for name in _KEPT
        if isinstance(body.get(name), str) and (name in renewal.fields or name == "id_token")
    }
    if renewal.provider.name == "gemini":
        changes.pop("id_token", None)
    return Renewed(tokens, changes)


_REFRESHES: dict[str, Refresh] = {
    "codex": _codex,
    "gemini": _google,
    "antigravity": _google,
    "kimi": _kimi,
    "xai": _xai,
    "copilot": _copilot,
    "vertex": _vertex,
}
