"""The way of a request and of an answer through the gateway's pure parts, as the exchange walks it,
for tests that need neither sockets nor settings."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from dragoman.exchange.convert import Rendered, rendered
from dragoman.exchange.stages import Stage, staged
from dragoman.neutral.events import Event, Failed
from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import ReasoningState
from dragoman.neutral.requests import ProtocolName, Request
from dragoman.neutral.responses import fold
from dragoman.protocols.codec import Origin, Reply, Target
from dragoman.protocols.registry import CODECS
from dragoman.reasoning.carrier import seal
from dragoman.reasoning.passage import Seals
from dragoman.reasoning.sealing import StateSealer
from dragoman.toolcalls.restoring import ToolRestorer

SEAL_KEY = b"the conversions' sealing key, 32"

PROTOCOLS: tuple[ProtocolName, ...] = ("openai", "responses", "anthropic", "gemini", "ollama")

ACCOUNT = "0"
TARGETS: dict[str, tuple[str, Target]] = {
    "openai": ("openai", Target("gpt-5", "openai-host", "api.openai.com")),
    "responses": ("responses", Target("gpt-5", "openai-host", "api.openai.com")),
    "anthropic": (
        "anthropic",
        Target("claude-opus-5-5", "anthropic-host", "api.anthropic.com"),
    ),
    "gemini": (
        "gemini",
        Target("gemini-3-pro", "gemini-host", "generativelanguage.googleapis.com"),
    ),
    "ollama": ("ollama", Target("qwen3", "ollama-host", "127.0.0.1")),
}
"""One upstream of each protocol: (protocol, target)."""

VARIANTS: dict[str, tuple[str, Target]] = {
    "compatible-chat": ("openai", Target("kimi-k2", "kimi-host", "api.groq.com")),
    "compatible-responses": ("responses", Target("gpt-5", "other-host", "api.example.com")),
    "anthropic-4-5": (
        "anthropic",
        Target("claude-sonnet-4-5", "anthropic-host", "api.anthropic.com"),
    ),
    "gemini-2-5": (
        "gemini",
        Target("gemini-2.5-pro", "gemini-host", "generativelanguage.googleapis.com"),
    ),
}
"""Upstreams of the same protocols that take less or other forms."""


def numbered_ids() -> Callable[[str], str]:
    """Makes ids that are the same in every run."""
    count = itertools.count(1)
    return lambda prefix: f"{prefix}new{next(count)}"


def _with_seals(value: Json) -> Json:
    """The value with every text `sealed:{…}` (the fields of a state) as the seal of that state."""
    if isinstance(value, dict):
        return {key: _with_seals(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_seals(inner) for inner in value]
    if isinstance(value, str) and value.startswith("sealed:"):
        state = msgspec.json.decode(value.removeprefix("sealed:"), type=ReasoningState)
        return seal(state, SEAL_KEY)
    return value


def read(body: JsonObject, protocol: str, losses: Losses | None = None) -> Request:
    """A client's body as a neutral request; numbers keep their spelling, as over the wire."""
    given = decode(encode(_with_seals(body)))
    assert isinstance(given, dict)
    return CODECS[protocol].request_in(given, Losses() if losses is None else losses)


def convert(body: JsonObject, protocol: str, target: str, losses: Losses | None = None) -> Rendered:
    """What the upstream `target` gets of a client's body."""
    losses = Losses() if losses is None else losses
    upstream, goal = {**TARGETS, **VARIANTS}[target]
    goal = msgspec.structs.replace(goal, credential=ACCOUNT)
    request = read(body, protocol, losses)
    return rendered(request, CODECS[upstream], goal, Seals(SEAL_KEY), losses)


def body_for(body: JsonObject, protocol: str, target: str) -> dict[str, Any]:
    """The same as plain JSON values."""
    plain: dict[str, Any] = json.loads(encode(convert(body, protocol, target).body))
    return plain


class Exchange:
    """One answer on its way from an upstream of one protocol to a client of another.

    `asked` is the client's body; what fitting it to the upstream changed is undone in the answer.
    """

    def __init__(self, upstream: str, client: str, asked: JsonObject | None = None) -> None:
        self.upstream = CODECS[upstream]
        self.client = CODECS[client]
        new_id = numbered_ids()
        self.origin = Origin(new_id, TARGETS[upstream][1].upstream, ACCOUNT)
        body = asked or plain_request(client)
        self.reply = Reply(read(body, client), "the-model", new_id, lambda: 0.0, 1_700_000_000)
        names = convert(body, client, upstream).names
        self.stages: list[Stage] = [] if names.is_identity else [Stage(ToolRestorer(names).apply)]
        self.stages.append(Stage(StateSealer(self.client.name, SEAL_KEY).apply))

    def events(self, pieces: Iterable[bytes]) -> list[Event]:
        """The upstream's stream, cut as given, as the client's renderer sees it."""
        decoder = self.upstream.stream_in(self.origin)
        events = [event for piece in pieces for event in decoder.feed(piece)]
        return staged(self.stages, events + decoder.finish())

    def streamed(self, pieces: Iterable[bytes]) -> bytes:
        """The client's bytes for an upstream's stream."""
        return self.rendered(self.events(pieces))

    def rendered(self, events: list[Event]) -> bytes:
        """The client's bytes for these events, each rendered by itself."""
        encoder = self.client.stream_out(self.reply)
        out = b""
        for event in events:
            if isinstance(event, Failed):
                return out + encoder.fail(event.error)
            out += encoder.encode([event])
        return out + encoder.finish()

    def answered(self, body: bytes) -> dict[str, Any]:
        """The client's whole answer for an upstream's whole answer."""
        events = staged(self.stages, self.upstream.answer_in(body, self.origin))
        whole = self.client.answer_out(fold(events), self.reply)
        plain: dict[str, Any] = json.loads(encode(whole))
        return plain


def plain_request(protocol: str, **more: Json) -> JsonObject:
    """The least a client can ask for, streamed, with thoughts and usage shown where the protocol
    must be asked for them, and whatever is told besides."""
    shown: JsonObject = {"thinkingConfig": {"includeThoughts": True}}
    asked: dict[str, JsonObject] = {
        "openai": {
            "messages": [{"role": "user", "content": "Go on."}],
            "stream_options": {"include_usage": True},
        },
        "responses": {"input": "Go on."},
        "anthropic": {"max_tokens": 1000, "messages": [{"role": "user", "content": "Go on."}]},
        "gemini": {
            "contents": [{"role": "user", "parts": [{"text": "Go on."}]}],
            "generationConfig": shown,
        },
        "ollama": {"messages": [{"role": "user", "content": "Go on."}]},
    }
    return {"model": "m", "stream": True, **asked[protocol], **more}
