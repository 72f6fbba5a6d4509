"""ChatGPT subscriptions as Codex uses them: the Responses protocol at chatgpt.com, which takes less
than OpenAI's API does. What it takes is told by Codex's own source (github.com/openai/codex,
codex-rs/core, 2026-11) and by CLIProxyAPI (v7.2).

Nothing is stored there, and every answer is a stream (`codex_answers` gathers it for who did not
ask for one). A client's own headers go through, Codex's too; others are told as dragoman's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import msgspec

from dragoman.accounts.identity import USER_AGENT
from dragoman.accounts.records import Window
from dragoman.neutral.json import encode
from dragoman.neutral.losses import Loss
from dragoman.protocols.framing.splice import Spans
from dragoman.upstreams.answers import Change
from dragoman.upstreams.http import Headers
from dragoman.upstreams.shapes import Draft, Shape
from dragoman.upstreams.subscriptions.codex_answers import Gathered, Watched
from dragoman.upstreams.subscriptions.notes import Note, number
from dragoman.upstreams.subscriptions.quotas import span

BASE = "https://chatgpt.com/backend-api/codex"
HOSTNAME = "chatgpt.com"

_LEFT_OUT = (
    "previous_response_id",
    "generate",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
    "stream_options",
    "user",
    "truncation",
)
"""Refused there, and without a meaning where nothing is stored."""
_LOST = ("max_output_tokens", "max_completion_tokens", "temperature", "top_p")
_SYSTEM = (b'"role":"system"', b'"role": "system"')
_KEYS = uuid.UUID("8f6bb2f0-6f2b-4b52-9d1e-6a2a3d3a5a0c")
"""The space of the names that conversations get (RFC 9562, 5.5)."""
_NO_TOOLS = (b"[]", b"null")
_WINDOWS = {"primary": "5h", "secondary": "7d"}


def shape(note: Note) -> Shape:
    return Shape(kind="codex", draft=_draft, answer=_answer, told=_teller(note))


def _answer(protocol: str, stream: bool) -> Change:
    del protocol
    return Watched() if stream else Gathered()


def _draft(draft: Draft) -> Draft:
    spans = Spans(draft.body)
    changes: dict[str, bytes | None] = {
        "stream": b"true",
        "store": b"false",
        "include": b'["reasoning.encrypted_content"]',
    }
    if not isinstance(spans.value("instructions"), str):
        changes["instructions"] = b'""'
    if spans.value("service_tier") != "priority":
        changes["service_tier"] = None
    _fit_tools(spans, changes)
    _fit_roles(spans, changes)
    given = spans.value("prompt_cache_key")
    key = given if isinstance(given, str) and given else _key_of(draft.session)
    if key and key != given:
        changes["prompt_cache_key"] = encode(key)
    changes |= dict.fromkeys((*_LEFT_OUT, *_LOST))
    lost = [name for name in _LOST if spans.value(name) is not None]
    draft = msgspec.structs.replace(
        draft,
        body=spans.replaced(_needed(changes, spans)),
        lost=tuple(Loss(name, "this host has none") for name in lost),
    )
    own = {"session-id": key} if key else {}
    return draft.with_headers(
        {"accept": "text/event-stream"}, {"originator": "dragoman", "user-agent": USER_AGENT, **own}
    )


def _needed(changes: dict[str, bytes | None], spans: Spans) -> dict[str, bytes | None]:
    """The changes that are some: what says the same already stays as it is."""
    return {
        name: value
        for name, value in changes.items()
        if not _says(spans.raw.get(name), None if value is None else msgspec.Raw(value))
    }


def _says(there: msgspec.Raw | None, wanted: msgspec.Raw | None) -> bool:
    if there is None or wanted is None:
        return there is wanted
    return bool(msgspec.json.decode(there) == msgspec.json.decode(wanted))


def _fit_tools(spans: Spans, changes: dict[str, bytes | None]) -> None:
    """Calls side by side are the rule; without tools the field is refused."""
    if bytes(spans.raw.get("tools", b"[]")) not in _NO_TOOLS:
        if spans.value("parallel_tool_calls") is None:
            changes["parallel_tool_calls"] = b"true"
    elif b'"additional_tools"' not in spans.body:
        changes["parallel_tool_calls"] = None


def _fit_roles(spans: Spans, changes: dict[str, bytes | None]) -> None:
    """A system message is the developer's there, and an input a list."""
    raw = bytes(spans.raw.get("input", b""))
    if not raw.startswith(b"["):
        text = spans.value("input")
        if isinstance(text, str):
            changes["input"] = encode([{"role": "user", "content": text}])
        return
    if not any(mark in raw for mark in _SYSTEM):
        return
    items = spans.value("input")
    assert isinstance(items, list)
    changes["input"] = msgspec.json.encode(
        [
            {**item, "role": "developer"}
            if isinstance(item, dict) and item.get("role") == "system"
            else item
            for item in items
        ]
    )


def _key_of(session: str) -> str:
    """A conversation's name for its prompt cache: it tells nothing of who asks."""
    return str(uuid.uuid5(_KEYS, session)) if session else ""


def _teller(note: Note) -> Callable[[str, Headers], None]:
    def told(account: str, headers: Headers) -> None:
        windows = windows_of(headers)
        if windows:
            note(account, windows)

    return told


def windows_of(headers: Headers) -> list[Window]:
    """`x-codex-primary-used-percent`, `-window-minutes` and `-reset-at`; `secondary` likewise."""
    found = {name: value for name, value in headers if name.startswith("x-codex-")}
    out = []
    for word, usual in _WINDOWS.items():
        used = number(found.get(f"x-codex-{word}-used-percent"))
        if used is None:
            continue
        minutes = number(found.get(f"x-codex-{word}-window-minutes")) or 0
        resets_at = number(found.get(f"x-codex-{word}-reset-at"))
        out.append(Window(span(minutes * 60) or usual, used / 100, resets_at))
    return out
