"""Grok accounts: the Responses protocol, at the host of xAI's command line or, for logins that may
(`using_api`), at xAI's API.

The first takes a fixed set of `x-grok-*` headers and asks for the kind of token and a client's name
and version; dragoman gives its own. Where it wants a newer version of its own program it answers
426, which is told as it is (docs/subscriptions.md).
"""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from dragoman import __version__
from dragoman.accounts.records import Account
from dragoman.errors import UpstreamRefused
from dragoman.upstreams.shapes import Draft, Shape

BASE = "https://cli-chat-proxy.grok.com/v1"
API_BASE = "https://api.x.ai/v1"
HOSTNAME = "api.x.ai"

_TOKEN_KIND = (
    ("x-xai-token-auth", "xai-grok-cli"),
    ("x-authenticateresponse", "authenticate-response"),
)
_NAMED = {
    "x-grok-client-identifier": "dragoman",
    "x-grok-client-version": __version__,
    "x-grok-client-mode": "headless",
}
_SPACE = uuid.UUID("5d8c7a54-3a52-4c4e-b7cb-2f9dd3a0f3f1")


def facts_of(account: Account) -> dict[str, str]:
    told = account.fields.text("base_url").rstrip("/")
    if account.fields.get("using_api") is True:
        own = (urlsplit(told).hostname or "").endswith("grok.com")
        return {"base": told if told and not own else API_BASE}
    return {"base": told} if told else {}


def headers_of(account: Account) -> tuple[tuple[str, str], ...]:
    """The kind of the token, which xAI's API does not ask for."""
    return () if account.fields.get("using_api") is True else _TOKEN_KIND


def _draft(draft: Draft) -> Draft:
    """A client's own names stay; others are dragoman's."""
    named = dict(_NAMED)
    if draft.session:
        named["x-grok-conv-id"] = str(uuid.uuid5(_SPACE, draft.session))
    return draft.with_headers({}, named)


def _better_told(error: UpstreamRefused) -> UpstreamRefused:
    if error.status == 426:
        error.message = (
            f"{error.message} (xAI wants a newer version of its own program; an account with "
            "using_api: true goes to xAI's API instead, see docs/subscriptions.md)"
        )
    return error


SHAPE = Shape(kind="xai", draft=_draft, refusal=_better_told)
