"""The reasoning state that a request carries: seen in its bytes, for who must decide which account
it goes to. Sealed state says whose it is; bare state is its protocol's own and says nothing."""

from __future__ import annotations

import msgspec

from dragoman.neutral.parts import Media, Reasoning, Text, ToolCall, ToolResult
from dragoman.neutral.requests import Request
from dragoman.protocols.framing.splice import Spans
from dragoman.reasoning.carrier import is_sealed, unseal
from dragoman.routing.holding import Held


class Account(msgspec.Struct, frozen=True):
    """Who is to get a request. `strange`: not its bare state, which another account made."""

    mark: str = ""
    strange: bool = False


ANYBODY = Account()
_SEALED_MARKS = (b"dgm1.", b"ZGdtMS")
"""What a sealed state begins with, bare or as base64 (Gemini's field is bytes)."""
_BARE_MARKS = {
    "anthropic": (b'"signature"', b'"redacted_thinking"'),
    "responses": (b'"encrypted_content"',),
    "gemini": (b'"thoughtSignature"', b'"thought_signature"'),
}
_TURNS = ("messages", "input", "contents")
_RESULTS = (b'"tool_result"', b'_call_output"', b'"functionResponse"', b'"function_response"')
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def has_sealed(body: bytes) -> bool:
    return any(mark in body for mark in _SEALED_MARKS)


def has_bare(body: bytes, protocol: str) -> bool:
    return any(mark in body for mark in _BARE_MARKS.get(protocol, ()))


def of_bytes(spans: Spans) -> Held:
    """Bare state, as whoever the conversation is bound to has made it."""
    turns = next((bytes(spans.raw[name]) for name in _TURNS if name in spans.raw), b"")
    items = _ITEMS.decode(turns) if turns.startswith(b"[") else []
    last = bytes(items[-1]) if items else b""
    return Held(waits=any(mark in last for mark in _RESULTS))


def of_request(request: Request, seal_key: bytes) -> Held | None:
    """The last state whose maker is known, sealed or remembered."""
    waits = bool(request.turns) and any(
        isinstance(part, ToolResult) for part in request.turns[-1].parts
    )
    for turn in reversed(request.turns):
        for part in reversed(turn.parts):
            state = part.state if isinstance(part, Text | Reasoning | ToolCall | Media) else None
            if state is not None and is_sealed(state.blob):
                state = unseal(state.blob, seal_key)
            if state is not None and state.credential:
                return Held(state.credential, waits)
    return None


def bare_blobs(request: Request) -> list[str]:
    """Every state of the request that nothing is known of but its protocol."""
    return [
        part.state.blob
        for turn in request.turns
        for part in turn.parts
        if isinstance(part, Text | Reasoning | ToolCall | Media)
        and part.state is not None
        and not part.state.upstream
        and not is_sealed(part.state.blob)
    ]
