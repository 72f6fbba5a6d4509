"""GitHub Copilot: the Chat protocol at api.githubcopilot.com, or the host that the exchanged token
names for the account's plan. The login's token is exchanged where accounts are renewed.

GitHub documents the login (docs.github.com, "Authorizing OAuth apps", device flow), not this API;
opencode (github.com/anomalyco/opencode, packages/opencode/src/plugin/github-copilot, 2026-08) uses
it under its own name with these headers, and so does dragoman. `copilot-integration-id` is not
sent: it names a program that GitHub has registered.
"""

from __future__ import annotations

import msgspec

from dragoman.accounts.identity import USER_AGENT
from dragoman.accounts.records import Account
from dragoman.protocols.framing.splice import Spans
from dragoman.upstreams.shapes import Draft, Shape

BASE = "https://api.githubcopilot.com"
HOSTNAME = "api.githubcopilot.com"


_IMAGE = (b'"image_url"', b'"input_image"')
_MESSAGES = msgspec.json.Decoder(list[msgspec.Raw])


class _Message(msgspec.Struct):
    role: object = None


def facts_of(account: Account) -> dict[str, str]:
    told = account.fields.text("base_url").rstrip("/")
    return {"base": told} if told else {}


def _draft(draft: Draft) -> Draft:
    headers = {
        "x-initiator": _initiator(draft.body),
        "openai-intent": "conversation-edits",
        "editor-version": USER_AGENT,
    }
    if any(mark in draft.body for mark in _IMAGE):
        headers["copilot-vision-request"] = "true"
    return draft.with_headers(headers)


def _initiator(body: bytes) -> str:
    """Whether a person's words come last, which GitHub counts as a request, or a tool's."""
    raw = Spans(body).raw.get("messages")
    messages = _MESSAGES.decode(raw) if raw is not None and bytes(raw).startswith(b"[") else []
    last = msgspec.json.decode(messages[-1], type=_Message) if messages else _Message()
    return "user" if last.role == "user" else "agent"


SHAPE = Shape(kind="copilot", draft=_draft)
