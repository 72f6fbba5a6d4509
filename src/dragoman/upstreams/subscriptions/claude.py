"""Claude subscriptions (Pro, Max): Anthropic's Messages API, opened by a login.

Pass-through only. Anthropic takes a login's token for the requests of its own program, Claude Code.
Those go through on the account as they are; nothing is written into any other request to make it
look like one. The user's payload rules and headers are in force before this is judged.

Limits: `anthropic-ratelimit-unified-*` (platform.claude.com/docs/en/api/rate-limits, 2026-11), with
windows of 5 hours and 7 days for the account, and further ones for single models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from dragoman.accounts.records import Window
from dragoman.errors import ErrorKind, UpstreamRefused
from dragoman.upstreams.http import Call, Headers
from dragoman.upstreams.shapes import Draft, Shape
from dragoman.upstreams.subscriptions.notes import Note, number

BASE = "https://api.anthropic.com/v1"
HOSTNAME = "api.anthropic.com"
LOGIN_BETA = "oauth-2025-04-20"

_PROGRAM = re.compile(r"claude-(?:cli|code)/")
_OWN_BETA = "claude-code-"
_WINDOW = re.compile(r"anthropic-ratelimit-unified-(\w+)-(?:status|utilization|reset)")
_REFUSED = (
    "a Claude subscription takes the requests of Claude Code alone, and this one is not from it. "
    "Use Claude Code with this gateway, or give Claude models an API key (claude-api-key, or an "
    "upstream of protocol anthropic). Your payload rules and the account's own headers have been "
    "applied before this was judged; docs/subscriptions.md says what they can and cannot do"
)


def shape(note: Note) -> Shape:
    return Shape(kind="claude", counts=True, draft=_draft, call=_call, told=_teller(note))


def _draft(draft: Draft) -> Draft:
    """The login's beta beside the client's own, and the query that Claude Code sends."""
    betas = [value for name, value in draft.headers if name == "anthropic-beta"]
    if not any(LOGIN_BETA in value for value in betas):
        draft = draft.with_headers({"anthropic-beta": ",".join([*betas, LOGIN_BETA])})
    if "beta=" in draft.query:
        return draft
    query = "&".join(part for part in ("beta=true", draft.query) if part)
    return msgspec.structs.replace(draft, query=query)


def _call(call: Call, facts: Mapping[str, str]) -> Call:
    """The call as it is.

    Raises:
        UpstreamRefused: it is not Claude Code's.
    """
    del facts
    if is_claude_code(call.headers):
        return call
    raise UpstreamRefused(_REFUSED, status=403, kind=ErrorKind.PERMISSION, code="pass_through_only")


def is_claude_code(headers: Headers) -> bool:
    """Whether a request says of itself that Claude Code made it."""
    sent = dict(headers)
    return (
        _PROGRAM.match(sent.get("user-agent", "")) is not None
        and sent.get("x-app", "").startswith("cli")
        and ("x-claude-code-session-id" in sent or _OWN_BETA in sent.get("anthropic-beta", ""))
    )


def _teller(note: Note) -> Callable[[str, Headers], None]:
    def told(account: str, headers: Headers) -> None:
        windows = windows_of(headers)
        if windows:
            note(account, windows)

    return told


def windows_of(headers: Headers) -> list[Window]:
    """The windows of a subscription that an answer's headers tell of."""
    found = {name: value for name, value in headers if name.startswith("anthropic-ratelimit-u")}
    names = dict.fromkeys(match[1] for name in found if (match := _WINDOW.fullmatch(name)))
    out = []
    for name in names:
        head = f"anthropic-ratelimit-unified-{name}"
        used = number(found.get(f"{head}-utilization"))
        if used is None and found.get(f"{head}-status") == "rejected":
            used = 1.0
        out.append(Window(name, used, number(found.get(f"{head}-reset"))))
    return out
