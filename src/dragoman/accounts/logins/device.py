"""Logins by a code that is typed in on any device (RFC 8628), and Codex's own form of it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec

from dragoman.accounts.answers import Refusal, good, refusal
from dragoman.accounts.fetching import Fetch, Fetched, Headers, get, post_form, post_json
from dragoman.accounts.identity import device_headers
from dragoman.accounts.logins.browser import Pending, challenge, exchanged
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.providers import Provider
from dragoman.accounts.refreshes import xai_endpoint
from dragoman.errors import UpstreamFault
from dragoman.neutral.json import JsonObject

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_S = 5.0
_LASTS_S = 900.0
_ADVICE = "log in again to get a new code"


class DeviceCode(msgspec.Struct, frozen=True):
    """What the person needs (`url`, `user_code`), and what we ask with until it is done."""

    provider: Provider
    user_code: str
    url: str
    full_url: str
    device_code: str
    interval_s: float
    expires_at: float
    verifier: str = ""
    device_id: str = ""


class Asking(msgspec.Struct, frozen=True):
    """How it is asked. `sleep` waits that many seconds."""

    fetch: Fetch
    proxy: str | None
    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]


async def begun(provider: Provider, asking: Asking) -> DeviceCode:
    """A new code.

    Raises:
        LoginFailed.
    """
    try:
        if provider.name == "codex":
            return await _codex_begun(provider, asking)
        if provider.name == "xai":
            provider = await _discovered(provider, asking)
        return await _begun(provider, asking)
    except Refusal as refused:
        raise LoginFailed(f"{provider.title} gave no code: {refused}") from None


async def waited(code: DeviceCode, asking: Asking) -> JsonObject:
    """The token endpoint's answer, once the person is done.

    Raises:
        LoginFailed: denied, expired, or refused.
    """
    interval_s = max(code.interval_s, 1)
    while asking.now() < code.expires_at:
        await asking.sleep(interval_s)
        try:
            told = await _polled(code, asking)
        except _SlowDown:
            interval_s += _SLOWER_S
        except (OSError, UpstreamFault):  # RFC 8628 §3.5: fewer questions to who does not answer
            interval_s = min(interval_s * 2, 60)
        else:
            if told is not None:
                return told
    raise LoginFailed(f"the code {code.user_code} has run out; {_ADVICE}")


class _SlowDown(Exception):
    pass


async def _begun(provider: Provider, asking: Asking) -> DeviceCode:
    verifier = secrets.token_urlsafe(64) if provider.pkce else ""
    device_id = str(uuid.uuid4()) if provider.name == "kimi" else ""
    form = {"client_id": provider.client_id}
    if provider.scopes:
        form["scope"] = " ".join(provider.scopes)
    if verifier:
        form |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    headers = _headers(device_id)
    answer = await post_form(asking.fetch, provider.device_url, form, headers, asking.proxy)
    body = good(answer, asking.now())
    url = str(body.get("verification_uri") or body.get("verification_url") or "")
    return DeviceCode(
        provider=provider,
        user_code=str(body.get("user_code") or ""),
        url=url,
        full_url=str(body.get("verification_uri_complete") or url),
        device_code=str(body.get("device_code") or ""),
        interval_s=_number(body.get("interval"), 5),
        expires_at=asking.now() + _number(body.get("expires_in"), _LASTS_S),
        verifier=verifier,
        device_id=device_id,
    )


async def _polled(code: DeviceCode, asking: Asking) -> JsonObject | None:
    """None while the person is not done."""
    if code.provider.name == "codex":
        return await _codex_polled(code, asking)
    form = {
        "grant_type": GRANT,
        "client_id": code.provider.client_id,
        "device_code": code.device_code,
    }
    if code.verifier:
        form["code_verifier"] = code.verifier
    headers = _headers(code.device_id)
    answer = await post_form(asking.fetch, code.provider.token_url, form, headers, asking.proxy)
    try:
        return good(answer, asking.now())
    except Refusal as refused:
        _not_yet(code, refused, answer)
        return None


def _not_yet(code: DeviceCode, refused: Refusal, answer: Fetched) -> None:
    """
    Raises:
        LoginFailed: it will never be.
        _SlowDown.
    """
    match refused.code:
        case "authorization_pending":
            return
        case "slow_down":
            raise _SlowDown
        case "expired_token":
            raise LoginFailed(f"the code {code.user_code} has run out; {_ADVICE}")
        case "access_denied" | "authorization_declined":
            raise LoginFailed(
                f"{code.provider.title} gave no access: the request was denied; nothing was written"
            )
    if answer.status == 429:
        raise _SlowDown
    if answer.status >= 500:
        raise OSError(str(refused))
    raise LoginFailed(f"the login was not accepted: {refused}; {_ADVICE}")


async def _codex_begun(provider: Provider, asking: Asking) -> DeviceCode:
    body = {"client_id": provider.client_id}
    answer = await post_json(asking.fetch, provider.device_url, {**body}, [], asking.proxy)
    told = good(answer, asking.now())
    url = f"{_origin(provider)}/codex/device"
    return DeviceCode(
        provider=provider,
        user_code=str(told.get("user_code") or told.get("usercode") or ""),
        url=url,
        full_url=url,
        device_code=str(told.get("device_auth_id") or ""),
        interval_s=_number(told.get("interval"), 5),
        expires_at=asking.now() + _LASTS_S,
    )


async def _codex_polled(code: DeviceCode, asking: Asking) -> JsonObject | None:
    provider = code.provider
    url = provider.device_url.rpartition("/")[0] + "/token"
    body = {"device_auth_id": code.device_code, "user_code": code.user_code}
    answer = await post_json(asking.fetch, url, {**body}, [], asking.proxy)
    if answer.status in (403, 404):
        return None
    try:
        told = good(answer, asking.now())
    except Refusal:
        _not_yet(code, refusal(answer, asking.now()), answer)
        return None
    # The redirect address belongs to the code; nobody is sent there.
    back = msgspec.structs.replace(provider, redirect=f"{_origin(provider)}/deviceauth/callback")
    pending = Pending(back, "", str(told.get("code_verifier") or ""), "")
    given = str(told.get("authorization_code") or "")
    return await exchanged(pending, given, asking.fetch, asking.proxy, asking.now())


async def _discovered(provider: Provider, asking: Asking) -> Provider:
    """xAI tells its endpoints; only those on its own hosts are believed."""
    answer = await get(asking.fetch, provider.device_url, [], asking.proxy)
    told = good(answer, asking.now())
    return msgspec.structs.replace(
        provider,
        token_url=xai_endpoint(str(told.get("token_endpoint") or ""), provider),
        device_url=xai_endpoint(str(told.get("device_authorization_endpoint") or ""), provider),
    )


def _origin(provider: Provider) -> str:
    parts = urlsplit(provider.device_url)
    return f"{parts.scheme}://{parts.netloc}"


def _headers(device_id: str) -> Headers:
    return device_headers(device_id) if device_id else []


def _number(value: object, default: float) -> float:
    if isinstance(value, str) and value.isdigit():
        return float(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else default
