"""Kimi Code accounts: Chat at api.kimi.com/coding, and Anthropic's protocol for its clients.

The host serves the coding programs it knows, by their User-Agent (www.kimi.com/code/docs, 2026-11:
"available for Coding Agents such as …"). The client's own is handed on, with dragoman's behind it;
whom the host does not know it refuses, which is told to the client and not held against the
account.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from dragoman.accounts.identity import USER_AGENT
from dragoman.protocols.framing.splice import Spans
from dragoman.upstreams.hosts import ErrorRule
from dragoman.upstreams.shapes import Draft, Shape

BASE = "https://api.kimi.com/coding/v1"
HOSTNAME = urlsplit(BASE).hostname or ""
RULES = (ErrorRule("stop", 403, ("only available for coding agents",)),)
"""Another account would be told the same."""


_OWN_NAMES = ("kimi-for-coding",)


def _draft(draft: Draft) -> Draft:
    name = model_there(draft.model)
    if name != draft.model:
        body = Spans(draft.body).replaced({"model": msgspec.json.encode(name)})
        draft = msgspec.structs.replace(draft, body=body)
    client = next((value for key, value in draft.sent if key == "user-agent"), "")
    return draft.with_headers({"user-agent": f"{client} {USER_AGENT}".strip()})


def model_there(model: str) -> str:
    """The host's own name: without the maker's and without the mark of a long context."""
    model = model.removesuffix("[1m]")
    return model if model in _OWN_NAMES else model.removeprefix("kimi-")


SHAPE = Shape(kind="kimi", draft=_draft)
