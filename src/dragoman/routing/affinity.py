"""Conversations that stay on one credential, for the sake of prompt caches and encrypted state:
what tells a conversation, and where it is bound to. The order of the signs is CLIProxyAPI's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from dragoman.neutral.json import JsonObject
from dragoman.protocols.framing.splice import Spans
from dragoman.routing.candidates import Candidate
from dragoman.storage.state import Space, State

SPACE = Space("affinity", max_entries=50_000)
_REFRESHED_AFTER = 0.1
"""The share of its lifetime after which a binding that is used is written anew."""

_CLAUDE_CODE = "x-claude-code-session-id"
_HEADERS = (
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
    "x-client-request-id",
    "x-amp-thread-id",
)
_PARENT = "x-parent-session-id"
"""opencode's, on a subagent's requests, whose session is its own."""
_AGENTS = ("x-claude-code-agent-id", "thread-id")
"""Who asks within a session: Claude Code's subagents and Codex' threads share their parent's
(2.1.329, 0.169.0)."""
_FIELDS = ("session_id", "prompt_cache_key", "conversation", "conversation_id", "execution_id")
_AFTER_METADATA = 3
_SYSTEM = ("system", "instructions", "systemInstruction", "system_instruction")
_TURNS = ("messages", "input", "contents")
_LEADING_BYTES = 100
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def session_of(headers: Sequence[tuple[str, str]], spans: Spans, *, apart: bool = False) -> str:
    """What all requests of one conversation have in common; "" where nothing tells. A subagent's
    is its parent's, or one of its own when they are kept `apart`."""
    named = dict(reversed(headers))
    session = _session(named, spans)
    if not apart:
        return named.get(_PARENT) or session
    agent = next((named[name] for name in _AGENTS if named.get(name)), "")
    return f"{session}/{agent}" if session and agent not in ("", session) else session


def _session(named: dict[str, str], spans: Spans) -> str:
    user_id = _user_id(spans)
    found = (
        named.get(_CLAUDE_CODE)
        or _claude_session(user_id)
        or next((named[name] for name in _HEADERS if named.get(name)), "")
    )
    if found:
        return found
    fields = [_field(spans, name) for name in _FIELDS]
    fields.insert(_AFTER_METADATA, user_id)
    return next((field for field in fields if field), "") or _beginning(spans)


def _field(spans: Spans, name: str) -> str:
    """A top-level text, or the id in an object (Responses' `conversation`)."""
    if name not in spans.raw:
        return ""
    value = spans.value(name)
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def _user_id(spans: Spans) -> str:
    metadata = spans.value("metadata") if "metadata" in spans.raw else None
    value = metadata.get("user_id") if isinstance(metadata, dict) else None
    return value if isinstance(value, str) else ""


def _claude_session(user_id: str) -> str:
    """`user_…_session_ID`, or JSON with a `session_id`, as Claude Code writes it."""
    if user_id.startswith("{"):
        try:
            value: JsonObject = msgspec.json.decode(user_id)
        except msgspec.DecodeError:
            return ""
        session = value.get("session_id")
        return session if isinstance(session, str) else ""
    return user_id.rpartition("_session_")[2] if "_session_" in user_id else ""


def _beginning(spans: Spans) -> str:
    """A digest of how the conversation began: the system text, the first turn and the first
    answer. None before there is an answer: too much alike begins alike."""
    turns = next((spans.raw[name] for name in _TURNS if name in spans.raw), None)
    if turns is None or not bytes(turns).startswith(b"["):
        return ""
    items = [bytes(item) for item in _ITEMS.decode(turns)]
    answer = next((item for item in items if b'"assistant"' in item or b'"model"' in item), None)
    if answer is None:
        return ""
    system = next((bytes(spans.raw[name]) for name in _SYSTEM if name in spans.raw), b"")
    pieces = [piece[:_LEADING_BYTES] for piece in (system, items[0], answer)]
    return hashlib.blake2s(b"\0".join(pieces), digest_size=16).hexdigest()


class _Binding(msgspec.Struct, frozen=True):
    key: str
    written_s: float


class Affinity:
    """`lifetime_s` 0 = off."""

    def __init__(self, state: State, lifetime_s: float) -> None:
        self._state = state
        self._lifetime_s = lifetime_s

    def copy(self, session: str) -> Affinity:
        """What it knows of one conversation, apart from this one."""
        state = State()
        data = self._state.get(SPACE, session)
        if data is not None:
            state.put(SPACE, session, data)
        return Affinity(state, self._lifetime_s)

    @property
    def on(self) -> bool:
        return self._lifetime_s > 0

    def bound(self, session: str) -> str | None:
        """The key of the candidate a conversation is bound to."""
        binding = self._get(session)
        return binding.key if binding else None

    def used(self, session: str, one: Candidate, now_s: float, *, moves: bool = False) -> None:
        """Binds a conversation that is not bound, and keeps a binding alive that was used. One that
        `moves` is bound to whoever answered last, for that account made its last state."""
        binding = self._get(session)
        if binding is not None and binding.key == one.key:
            if now_s - binding.written_s < self._lifetime_s * _REFRESHED_AFTER:
                return
        elif binding is not None and not moves:
            return
        data = msgspec.msgpack.encode(_Binding(one.key, now_s))
        self._state.put(SPACE, session, data, self._lifetime_s)

    def release(self, session: str) -> None:
        self._state.delete(SPACE, session)

    def _get(self, session: str) -> _Binding | None:
        data = self._state.get(SPACE, session) if session and self.on else None
        return None if data is None else msgspec.msgpack.decode(data, type=_Binding)
