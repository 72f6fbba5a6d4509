"""What a protocol package offers to the rest: one `Codec` each, gathered in `registry.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from dragoman.errors import DragomanError, UpstreamRefused
from dragoman.neutral.edits import Edit
from dragoman.neutral.events import Event
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.listings import EmbeddingResponse, ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import (
    EmbeddingRequest,
    ProtocolName,
    ReasoningSettings,
    Request,
    Sampling,
)
from dragoman.neutral.responses import Response


class Target(msgspec.Struct, frozen=True):
    """Where a request goes, as far as its rendering depends on it. `model` is the upstream's own
    name, `host` the base URL's host (for tables of hosts' quirks), `max_output` the model's limit
    where the catalogue knows it, `credential` the account that gets it. `wished`: sampling values
    that the user wrote for this request: a host that may not know them gets them all the same."""

    model: str
    upstream: str = ""
    host: str = ""
    max_output: int | None = None
    wished: tuple[str, ...] = ()
    credential: str = ""


class Origin(msgspec.Struct, frozen=True):
    """Who an answer comes from. `new_id(prefix)` makes an id where the upstream gave none.
    `gaps`: bytes in the middle will not be read, so that what belongs to a part never seen is no
    fault of the upstream's."""

    new_id: Callable[[str], str]
    upstream: str = ""
    credential: str = ""
    gaps: bool = False


class Reply(msgspec.Struct, frozen=True):
    """What rendering an answer needs beside its events. `model` is the name the client asked for,
    `request` what it sent, `clock` monotonic seconds, `created_s` Unix time."""

    request: Request
    model: str
    new_id: Callable[[str], str]
    clock: Callable[[], float]
    created_s: int


class StreamDecoder(Protocol):
    """An upstream's stream, cut anywhere, as events."""

    ended: bool
    """The protocol's own end has been seen; what still comes is not read."""

    def feed(self, data: bytes) -> list[Event]:
        """The events these bytes complete."""

    def finish(self) -> list[Event]:
        """At the stream's end: what was still held; Failed(Broken) when the end marker is missing,
        nothing when it was seen."""


class StreamEncoder(Protocol):
    """A client's stream. It never sees a Failed event: that is `fail`."""

    content_type: str

    def encode(self, events: Sequence[Event]) -> bytes:
        """What the client is to receive for these events; may be empty."""

    def finish(self) -> bytes:
        """The regular end, after every choice's Finished."""

    def fail(self, error: DragomanError) -> bytes:
        """The protocol's error in mid-stream, and its end. Never looks like a regular end."""

    def ping(self) -> bytes:
        """A keepalive that this protocol's SDKs ignore, valid at any point between two events."""


class Editing(msgspec.Struct, frozen=True):
    """Edits on a body of this protocol that stays the client's own bytes."""

    edited: Callable[[bytes, Sequence[Edit], Target, Losses], bytes]
    """The body with the edits, everything else byte for byte.

    Raises:
        InvalidRequest: what an edit means cannot be read.
    """
    settings_in: Callable[[Mapping[str, msgspec.Raw]], tuple[Sampling, ReasoningSettings]]
    """What a body's top-level fields say of sampling and thinking."""
    fitted: Callable[[Sampling, Sampling, ReasoningSettings, Target, Losses], Sampling]
    """(what the client sent, what is wished, thinking, target, losses) → what the target takes of
    the wish. For clients of any protocol."""


class Codec(msgspec.Struct, frozen=True):
    """One protocol, both sides.

    Client side: request_in, stream_out, answer_out, error_out. Upstream side: path, request_out,
    stream_in, answer_in, error_in. Errors raised by the *_in of a client are InvalidRequest with
    the field's path; by the *_in of an upstream, Broken.
    """

    name: ProtocolName
    base_path: str
    """What an empty path of a base URL becomes ("/v1")."""
    auth: str
    """The default way to send a key: bearer, x-api-key, x-goog-api-key."""
    headers: tuple[tuple[str, str], ...]
    """Sent upstream with every converted request (anthropic-version)."""
    path: Callable[[str, bool], str]
    """(model, stream) → path below the base URL, with its query."""

    request_in: Callable[[JsonObject, Losses], Request]
    """The client's body as a neutral request. The model is `body["model"]`, which the caller puts
    there when it stood in the URL; `stream` likewise."""
    request_out: Callable[[Request, Target, Losses], JsonObject]
    stream_in: Callable[[Origin], StreamDecoder]
    answer_in: Callable[[bytes, Origin], list[Event]]
    stream_out: Callable[[Reply], StreamEncoder]
    answer_out: Callable[[Response, Reply], JsonObject]
    error_in: Callable[[int, bytes], UpstreamRefused]
    """An upstream's error answer; `body` kept. Its message never holds more than 2,000 characters
    of an unknown body."""
    error_out: Callable[[DragomanError], tuple[int, JsonObject]]
    """The HTTP status and body a client of this protocol is told."""

    models_in: Callable[[bytes], list[ModelEntry]]
    models_out: Callable[[Sequence[ModelEntry]], JsonObject]
    model_out: Callable[[ModelEntry], JsonObject]
    models_path: str
    editing: Editing
    fail_behind: Callable[[DragomanError, str, bytes, Reply], bytes] | None = None
    """The error for a stream whose bytes passed unread, where it must fit what the client has had:
    (error, the upstream's id, its last bytes, reply). None = `stream_out(reply).fail(error)`."""
    embed_path: Callable[[str], str] | None = None
    embed_in: Callable[[JsonObject], EmbeddingRequest] | None = None
    embed_out: Callable[[EmbeddingRequest, Target, Losses], JsonObject] | None = None
    vectors_in: Callable[[bytes], EmbeddingResponse] | None = None
    vectors_out: Callable[[EmbeddingResponse, EmbeddingRequest, str], Json] | None = None
    """(answer, what was asked, model name to show) → body."""
