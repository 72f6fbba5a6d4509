"""One neutral part as the parts of a Gemini content, in a request.

https://ai.google.dev/api/caching#Part. What another protocol's request holds and Gemini has no
place for is a loss; a Gemini client's own parts are written back whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from dragoman.neutral.json import Json, JsonObject, object_of
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.protocols.gemini.parts_in import is_object_text
from dragoman.protocols.gemini.wire import (
    DEFAULT_MIME,
    MADE_CALL,
    MIME_OF_EXTENSION,
    NAME,
    put_back,
)


class Writing(msgspec.Struct, frozen=True):
    """What writing a part depends on. `own`: the request is a Gemini client's; `names`: the tool
    that each call id called."""

    own: bool
    losses: Losses
    names: dict[str, str]

    def extras(self, wire: JsonObject, extras: JsonObject, where: str) -> None:
        """Own extras go back to their place, foreign ones are lost."""
        if self.own:
            put_back(wire, extras)
            return
        for key in extras:
            name = f"{where}.{key}" if where else key
            self.losses.add(name, "Gemini has no such field")

    def signed(self, wire: JsonObject, state: ReasoningState | None) -> JsonObject:
        if state is None:
            return wire
        if state.protocol == NAME:
            wire["thoughtSignature"] = state.blob
        else:
            self.losses.add("reasoning state", f"it is bound to {state.protocol}")
        return wire

    def cached(self, mark: CacheMark | None) -> None:
        if mark is not None:
            self.losses.add("cache_control", "Gemini caches by itself")


def parts_out(part: Part, writing: Writing) -> list[JsonObject]:
    """The wire parts of one neutral part; none where it could not be carried."""
    return _WRITERS[type(part)](part, writing)


def _text(part: Text, writing: Writing) -> list[JsonObject]:
    if not part.text and part.state is None and not writing.own:
        return []
    wire = writing.signed({"text": part.text}, part.state)
    writing.extras(wire, part.extras, "messages")
    writing.cached(part.cache)
    return [wire]


def _reasoning(part: Reasoning, writing: Writing) -> list[JsonObject]:
    """A Gemini client's thoughts go back; another model's mean nothing here unless they carry
    Gemini's own signature."""
    state = part.state
    if not writing.own and (state is None or state.protocol != NAME):
        writing.losses.add("reasoning", "Gemini takes no other model's thinking")
        return []
    if state is not None and state.call_id:
        state = None
        if not part.text:
            return []
    wire: JsonObject = {"text": part.text}
    if part.text or state is None or writing.own:
        wire["thought"] = True
    writing.signed(wire, state)
    writing.extras(wire, part.extras, "messages")
    return [wire]


def _media(part: Media, writing: Writing) -> list[JsonObject]:
    wire: JsonObject = {}
    if part.text:
        titled = part.name and not writing.own
        wire["text"] = f"{part.name}\n{part.text}" if titled else part.text
    elif part.data:
        mime = part.mime or ("" if writing.own else DEFAULT_MIME[part.kind])
        wire["inlineData"] = {**_mime(mime), "data": part.data, **_named(part, writing)}
    elif part.url or writing.own:
        mime = part.mime or ("" if writing.own else _guessed(part))
        uri = part.url or part.file_id
        wire["fileData"] = {**_mime(mime), "fileUri": uri, **_named(part, writing)}
    else:
        writing.losses.add("file_id", "the file is kept by another provider")
        return []
    if part.detail not in ("", "auto"):
        writing.losses.add("detail", "Gemini has no such field on an image")
    writing.signed(wire, part.state)
    writing.extras(wire, part.extras, "messages")
    writing.cached(part.cache)
    return [wire]


def _mime(mime: str) -> JsonObject:
    return {"mimeType": mime} if mime else {}


def _named(part: Media, writing: Writing) -> JsonObject:
    return {"displayName": part.name} if part.name and writing.own else {}


def _guessed(part: Media) -> str:
    path = part.url.partition("?")[0]
    return MIME_OF_EXTENSION.get(path.rpartition(".")[2].lower(), DEFAULT_MIME[part.kind])


def _tool_call(part: ToolCall, writing: Writing) -> list[JsonObject]:
    call: JsonObject = {**_id(part.id), "name": part.name, "args": arguments(part.input)}
    wire = writing.signed({"functionCall": call}, part.state)
    writing.extras(wire, part.extras, "messages")
    writing.cached(part.cache)
    return [wire]


def arguments(text: str) -> Json:
    """A call's input as the object it must be, byte for byte; other text stands under `input`."""
    if object_of(text) is None:
        return {"input": text}
    return msgspec.Raw(text.encode())


def _id(call_id: str) -> JsonObject:
    return {} if call_id.startswith(MADE_CALL) else {"id": call_id}


def _tool_result(part: ToolResult, writing: Writing) -> list[JsonObject]:
    """The response, and the media of the result as parts beside it."""
    texts: list[str] = []
    beside: list[JsonObject] = []
    for inner in part.parts:
        for written in parts_out(inner, writing):
            text = written.get("text")
            if isinstance(text, str):
                texts.append(text)
            else:
                beside.append(written)
    name = part.name or writing.names.get(part.call_id, "")
    response = _response(part, name, "\n".join(texts), writing.own)
    answer: JsonObject = {**_id(part.call_id), "name": name, "response": response}
    wire: JsonObject = {"functionResponse": answer}
    writing.extras(wire, part.extras, "messages")
    writing.cached(part.cache)
    return [wire, *beside]


def _response(part: ToolResult, name: str, text: str, own: bool) -> Json:
    """An object as it is, other text under the documented key."""
    key = part.wire.get("response") if own else None
    if key == "content":
        return {"name": name, "content": text}
    if isinstance(key, str):
        return {key: text}
    if part.is_error:
        return {"error": text}
    if is_object_text(text) if own else object_of(text) is not None:
        return msgspec.Raw(text.encode())
    return {"output": text}


def _hosted_call(part: HostedCall, writing: Writing) -> list[JsonObject]:
    writing.cached(part.cache)
    return _whole(part.raw, part.protocol, "")


def _hosted_result(part: HostedResult, writing: Writing) -> list[JsonObject]:
    writing.cached(part.cache)
    return _whole(part.raw, part.protocol, part.text)


def _whole(raw: Json, protocol: str, text: str) -> list[JsonObject]:
    if protocol == NAME and isinstance(raw, dict):
        return [raw]
    return [{"text": text}] if text else []


def _refusal(part: Refusal, writing: Writing) -> list[JsonObject]:
    writing.extras({}, part.extras, "messages")
    return [{"text": part.text}] if part.text else []


def _opaque(part: Opaque, writing: Writing) -> list[JsonObject]:
    if part.protocol == NAME and isinstance(part.raw, dict):
        return [part.raw]
    writing.losses.add(f"messages.{part.kind}", f"only {part.protocol} understands it")
    return []


_P = TypeVar("_P")


def _of(
    kind: type[_P], write: Callable[[_P, Writing], list[JsonObject]]
) -> Callable[[Part, Writing], list[JsonObject]]:
    def checked(part: Part, writing: Writing) -> list[JsonObject]:
        assert isinstance(part, kind)
        return write(part, writing)

    return checked


_WRITERS: dict[type, Callable[[Part, Writing], list[JsonObject]]] = {
    Text: _of(Text, _text),
    Reasoning: _of(Reasoning, _reasoning),
    Media: _of(Media, _media),
    ToolCall: _of(ToolCall, _tool_call),
    ToolResult: _of(ToolResult, _tool_result),
    HostedCall: _of(HostedCall, _hosted_call),
    HostedResult: _of(HostedResult, _hosted_result),
    Refusal: _of(Refusal, _refusal),
    Opaque: _of(Opaque, _opaque),
}


def call_signatures(parts: Sequence[Part]) -> dict[str, ReasoningState]:
    """States that travelled on a reasoning part although they stand on a call, by call id."""
    return {
        part.state.call_id: part.state
        for part in parts
        if isinstance(part, Reasoning) and part.state is not None and part.state.call_id
    }
