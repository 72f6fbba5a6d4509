"""A client's messages as neutral turns: content parts, calls, results, reasoning.

One turn a message. Forms that mean the same are read the same, and are written back in one of them:
null and an absent field; a content of one bare text part and its string; a message's
`cache_control` and one on its last part; `function_call` and `function` messages and their
`tool_calls` counterparts; `reasoning` and `reasoning_content`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, Json, JsonObject, encode_text, wrong_type
from dragoman.neutral.parts import (
    CacheMark,
    Citation,
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
from dragoman.neutral.requests import Role, Turn
from dragoman.protocols.openai_chat.media import (
    audio_in,
    cache_in,
    file_in,
    image_in,
    video_in,
)
from dragoman.protocols.openai_chat.wire import NAME

_MEDIA: dict[str, Callable[[Fields], Media]] = {
    "image_url": image_in,
    "input_audio": audio_in,
    "file": file_in,
    "video_url": video_in,
}

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user"}

_SECRET = ("signature", "data")
"""What makes a reasoning detail more than its text."""


def extras_of(fields: Fields) -> JsonObject:
    """What nobody read; a null says nothing."""
    return {key: value for key, value in fields.rest().items() if value is not None}


class History:
    """Reads messages in order; it knows the calls so far, since legacy results only name them."""

    def __init__(self) -> None:
        self._legacy_ids: dict[str, str] = {}

    def turn(self, message: Fields, position: int) -> Turn:
        role = message.needed_text("role")
        if role == "assistant":
            return self._assistant(message, position)
        if role == "tool":
            return _tool_turn(message, message.needed_text("tool_call_id"))
        if role == "function":
            name = message.needed_text("name")
            return _tool_turn(message, self._legacy_ids.get(name, f"call_{name}"), name)
        if role not in _ROLES:
            raise InvalidRequest(
                f"{message.at('role')}: unknown role {role!r}; one of system, developer, user, "
                "assistant, tool",
                param=message.at("role"),
            )
        parts = _marked(content_in(message), _mark(message))
        return Turn(_ROLES[role], tuple(parts), author=role, extras=extras_of(message))

    def _assistant(self, message: Fields, position: int) -> Turn:
        parts: list[Part] = [*_reasoning(message), *_said(message)]
        if refusal := message.text("refusal"):
            parts.append(Refusal(refusal))
        for image in message.objects("images"):
            image.raw("type")
            parts.append(image_in(image))
        parts = _marked(parts, _mark(message))
        for call in message.objects("tool_calls"):
            parts.append(_call(call))
        legacy = message.object("function_call")
        if legacy is not None:
            name = legacy.needed_text("name")
            self._legacy_ids[name] = f"call_{position}"
            text = legacy.text("arguments") or "{}"
            parts.append(ToolCall(self._legacy_ids[name], name, text))
        return Turn("assistant", tuple(parts), author="assistant", extras=extras_of(message))


def content_in(message: Fields) -> list[Part]:
    """`content`: a string, an array of parts, or nothing."""
    value = message.raw("content")
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value)]
    if not isinstance(value, list):
        raise wrong_type(message.at("content"), "a string or an array of parts", value)
    path = message.at("content")
    return [part_in(item, f"{path}[{index}]") for index, item in enumerate(value)]


def part_in(value: Json, path: str) -> Part:
    if isinstance(value, str):
        return Text(value)
    fields = Fields(value, path)
    kind = fields.needed_text("type")
    mark = _mark(fields)
    if kind == "text":
        return Text(fields.needed_text("text"), cache=mark, extras=extras_of(fields))
    if kind in _MEDIA:
        media = _MEDIA[kind](fields)
        return msgspec.structs.replace(media, cache=mark, extras=extras_of(fields))
    if kind == "refusal":
        return Refusal(fields.needed_text("refusal"), extras=extras_of(fields))
    return Opaque(kind, fields.value, NAME)


def _mark(fields: Fields) -> CacheMark | None:
    value = fields.value.get("cache_control")
    mark = cache_in(value)
    if mark is not None:
        fields.raw("cache_control")
    return mark


def _marked(parts: list[Part], mark: CacheMark | None) -> list[Part]:
    """The parts with a message's mark on the last one that can carry it; a part's own wins."""
    if mark is None or any(getattr(part, "cache", None) for part in parts):
        return parts
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if isinstance(part, Text | Media):
            parts[index] = msgspec.structs.replace(part, cache=mark)
            break
    return parts


def _said(message: Fields) -> list[Part]:
    """An assistant's content. An empty string says what null says."""
    parts = [part for part in content_in(message) if part != Text("")]
    citations = tuple(citation_in(item) for item in message.items("annotations") or [])
    if citations:
        for index in range(len(parts) - 1, -1, -1):
            part = parts[index]
            if isinstance(part, Text):
                parts[index] = msgspec.structs.replace(part, citations=citations)
                break
    return parts


def citation_in(item: Json) -> Citation:
    """An annotation; of kinds other than `url_citation` only the raw form is kept."""
    found = item.get("url_citation") if isinstance(item, dict) else None
    if not isinstance(found, dict):
        return Citation(raw=item, protocol=NAME)
    texts = {key: value for key, value in found.items() if isinstance(value, str)}
    counts = {key: value for key, value in found.items() if isinstance(value, int)}
    return Citation(
        url=texts.get("url", ""),
        title=texts.get("title", ""),
        quote=texts.get("content", ""),
        start=counts.get("start_index"),
        end=counts.get("end_index"),
        raw=item,
        protocol=NAME,
    )


def _reasoning(message: Fields) -> list[Part]:
    """The turn's thinking, once: clients echo the same text under several names."""
    details = [detail_in(item.value) for item in message.objects("reasoning_details")]
    content = message.text("reasoning_content")
    plain = message.text("reasoning")
    if details:
        return list(details)
    text = content or plain
    return [Reasoning(text)] if text else []


def detail_in(item: JsonObject) -> Reasoning:
    """One of OpenRouter's `reasoning_details`. Whatever makes it more than text is its state: the
    item without its text, as the host wants it back."""
    text = ""
    for key in ("text", "summary"):
        value = item.get(key)
        if isinstance(value, str):
            text = value
    if not any(item.get(key) for key in _SECRET):
        return Reasoning(text)
    kept = {key: value for key, value in item.items() if key not in {"text", "summary"}}
    state = ReasoningState(encode_text(kept), NAME)
    return Reasoning(text, state=state, redacted=not text)


def _call(call: Fields) -> ToolCall:
    call.raw("index")
    call_id = call.text("id") or ""
    kind = call.text("type") or "function"
    state = None
    extra = call.raw("extra_content")
    if extra is not None:
        state = ReasoningState(encode_text(extra), NAME)
    if kind == "custom":
        body = call.object("custom")
        if body is None:
            raise call.missing("custom")
        text = body.text("input") or ""
        return ToolCall(call_id, body.needed_text("name"), text, kind="custom", state=state)
    body = call.object("function")
    if body is None:
        raise call.missing("function")
    name = body.needed_text("name")
    return ToolCall(call_id, name, _arguments(body), state=state, extras=extras_of(call))


def _arguments(body: Fields) -> str:
    """The exact text; some clients send the object itself."""
    value = body.raw("arguments")
    if isinstance(value, dict):
        return encode_text(value)
    return body.text("arguments") or "{}"


def _tool_turn(message: Fields, call_id: str, name: str = "") -> Turn:
    name = name or message.text("name") or ""
    wire: JsonObject = {"named": True} if name else {}
    parts = content_in(message)
    mark = _mark(message)
    for index, part in enumerate(parts):
        if isinstance(part, Text | Media) and part.cache is not None:
            mark = part.cache
            parts[index] = msgspec.structs.replace(part, cache=None)
    extras = extras_of(message)
    result = ToolResult(call_id, tuple(parts), name=name, cache=mark, extras=extras, wire=wire)
    return Turn("user", (result,), author="tool")
