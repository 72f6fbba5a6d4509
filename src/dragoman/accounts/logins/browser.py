"""Logins at a page in the browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from dragoman.accounts.answers import Refusal, good
from dragoman.accounts.fetching import Fetch, post_form, post_json
from dragoman.accounts.logins.failed import ForeignAnswer, LoginFailed
from dragoman.accounts.providers import Provider
from dragoman.neutral.json import JsonObject


class Pending(msgspec.Struct, frozen=True):
    """A login that somebody is at. `url` is the page to open."""

    provider: Provider
    state: str
    verifier: str
    url: str


def begun(provider: Provider) -> Pending:
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(64)
    query = {
        "client_id": provider.client_id,
        "response_type": "code",
        "redirect_uri": provider.redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": state,
        **dict(provider.extra),
    }
    if provider.pkce:
        query |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    return Pending(provider, state, verifier, f"{provider.authorize_url}?{urlencode(query)}")


def challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def code_in(text: str, pending: Pending) -> str:
    """The code in what came back: the whole address, its query, or Claude's `code#state`.

    Raises:
        LoginFailed: it is of another login, or a refusal.
    """
    text = text.strip()
    query = urlsplit(text).query if "://" in text else text.lstrip("?")
    told = dict(parse_qsl(query)) if "=" in query else {}
    if not told and "#" in text:
        code, _, state = text.partition("#")
        told = {"code": code, "state": state}
    code, _, tail = told.get("code", "").partition("#")
    state = told.get("state", "") or tail
    if not hmac.compare_digest(state.encode(), pending.state.encode()):
        raise ForeignAnswer(
            "this answer belongs to another login (its state is not ours); log in again and use "
            "the page that opens then"
        )
    if "error" in told:
        why = told.get("error_description") or told["error"]
        if told["error"] == "access_denied":
            why = "you, or your organisation, said no"
        raise LoginFailed(f"{pending.provider.title} gave no access: {why}; nothing was written")
    if not code:
        raise LoginFailed("there is no code in it; paste the whole address from the browser")
    return code


async def exchanged(
    pending: Pending, code: str, fetch: Fetch, proxy: str | None, now: float
) -> JsonObject:
    """What the token endpoint gives for the code.

    Raises:
        LoginFailed.
    """
    provider = pending.provider
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
    }
    if provider.pkce:
        form["code_verifier"] = pending.verifier
    if provider.secret:
        form["client_secret"] = provider.secret.reveal()
    if provider.form == "json":
        form["state"] = pending.state
        answer = await post_json(fetch, provider.token_url, {**form}, [], proxy)
    else:
        answer = await post_form(fetch, provider.token_url, form, [], proxy)
    try:
        return good(answer, now)
    except Refusal as refused:
        raise LoginFailed(f"the login was not accepted: {refused}; try again") from None
