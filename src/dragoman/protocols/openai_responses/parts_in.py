"""Content parts and input items of a client's body → neutral parts.

What an item is beside its content (id, status, phase, where a message begins) goes into `wire`, so
that rendering for our own protocol puts every item back as it was. Keys of `wire` here:
`message` (a message item's other fields, on its first part), `form` ("text": the content was a bare
string; "empty": it was an empty list), `part` (bookkeeping of the content part itself), `item`
(bookkeeping of an item that is one part).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, Json, JsonObject, encode_text, wrong_type
from dragoman.neutral.parts import (
    NO_EXTRAS,
    Citation,
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
    ToolKind,
    ToolResult,
)
from dragoman.protocols.openai_responses.wire import HOSTED_ITEMS, NAME, leftover, split_data_url

ContentPart: TypeAlias = Text | Refusal | Media | Opaque

_TEXT_KEYS = frozenset({"type", "text"})
_TEXT_WIRE = frozenset({"type", "annotations", "logprobs"})
_REFUSAL_KEYS = frozenset({"type", "refusal"})
_IMAGE_KEYS = frozenset({"type", "image_url", "file_id", "detail"})
_FILE_KEYS = frozenset({"type", "file_data", "file_url", "file_id", "filename"})
_AUDIO_KEYS = frozenset({"type", "input_audio"})
_MESSAGE_KEYS = frozenset({"role", "content"})
_CALL_KEYS = frozenset({"type", "call_id", "name", "namespace"})
_OUTPUT_KEYS = frozenset({"type", "call_id", "output"})
_MESSAGE_WIRE = frozenset({"type", "id", "status", "phase", "internal_chat_message_metadata"})
_ITEM_WIRE = frozenset({"id", "status", "internal_chat_message_metadata"})


def _wire(key: str, value: JsonObject) -> JsonObject:
    return {key: value} if value else NO_EXTRAS


def citation(raw: Json) -> Citation | None:
    """A url_citation annotation; None for kinds that name no page."""
    if not isinstance(raw, dict) or raw.get("type") != "url_citation":
        return None
    url, title = raw.get("url"), raw.get("title")
    start, end = raw.get("start_index"), raw.get("end_index")
    return Citation(
        url=url if isinstance(url, str) else "",
        title=title if isinstance(title, str) else "",
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        raw=raw,
        protocol=NAME,
    )


def _text(fields: Fields) -> Text:
    text = fields.needed_text("text")
    annotations = fields.value.get("annotations")
    listed = annotations if isinstance(annotations, list) else []
    wire, extras = leftover(fields.value, _TEXT_KEYS, _TEXT_WIRE)
    found = tuple(c for raw in listed if (c := citation(raw)))
    return Text(text, found, extras=extras, wire={"part": wire})


def _refusal(fields: Fields) -> Refusal:
    text = fields.needed_text("refusal")
    wire, extras = leftover(fields.value, _REFUSAL_KEYS)
    return Refusal(text, extras=extras, wire=_wire("part", wire))


def _image(fields: Fields) -> Media:
    url = fields.text("image_url") or ""
    file_id = fields.text("file_id") or ""
    if not url and not file_id:
        raise InvalidRequest(
            f"{fields.path}: input_image needs image_url or file_id", param=fields.path
        )
    detail = fields.text("detail") or ""
    wire, extras = leftover(fields.value, _IMAGE_KEYS)
    inline = split_data_url(url)
    media = Media("image", file_id=file_id, detail=detail, extras=extras, wire=_wire("part", wire))
    if inline is None:
        return msgspec.structs.replace(media, url=url)
    return msgspec.structs.replace(media, mime=inline[0], data=inline[1])


def _file(fields: Fields) -> Media:
    data, url = fields.text("file_data") or "", fields.text("file_url") or ""
    file_id = fields.text("file_id") or ""
    if not (data or url or file_id):
        raise InvalidRequest(
            f"{fields.path}: input_file needs file_data, file_url or file_id", param=fields.path
        )
    name = fields.text("filename") or ""
    wire, extras = leftover(fields.value, _FILE_KEYS)
    mime, data = split_data_url(data) or ("", data)
    return Media(
        "file", data, url, file_id, mime=mime, name=name, extras=extras, wire=_wire("part", wire)
    )


def _audio(fields: Fields) -> Media:
    audio = fields.object("input_audio")
    if audio is None:
        raise fields.missing("input_audio")
    data, form = audio.needed_text("data"), audio.needed_text("format")
    _, extras = leftover(fields.value, _AUDIO_KEYS)
    return Media("audio", data, mime=f"audio/{form}", extras=extras)


_PARTS: dict[str, Callable[[Fields], ContentPart]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}


def content_part(value: Json, path: str) -> ContentPart:
    """One content part; of a type that nobody knows: opaque, whole."""
    fields = Fields(value, path)
    kind = fields.needed_text("type")
    reader = _PARTS.get(kind)
    if reader is None:
        return Opaque(kind, value, NAME, wire={"part": {}})
    return reader(fields)


def content_parts(value: Json, path: str) -> tuple[ContentPart, ...]:
    """A message's content or a result's output: a string, or a list of parts. Never empty."""
    if isinstance(value, str):
        return (Text(value, wire={"form": "text"}),)
    if not isinstance(value, list):
        raise wrong_type(path, "a string or an array of content parts", value)
    if not value:
        return (Text("", wire={"form": "empty"}),)
    return tuple(content_part(item, f"{path}[{index}]") for index, item in enumerate(value))


def message(fields: Fields) -> tuple[Part, ...]:
    """A message item's parts; the first one remembers the item."""
    content = fields.raw("content")
    if content is None:
        raise fields.missing("content")
    first, *rest = content_parts(content, fields.at("content"))
    item, unknown = leftover(fields.value, _MESSAGE_KEYS, _MESSAGE_WIRE)
    if unknown and not isinstance(first, Opaque):
        first = msgspec.structs.replace(first, extras={**first.extras, "message": unknown})
    elif unknown:
        # An opaque part is a loss as a whole wherever it is one.
        item.update(unknown)
    return msgspec.structs.replace(first, wire={**first.wire, "message": item}), *rest


def function_call(fields: Fields) -> tuple[Part, ...]:
    return (_call(fields, "function", "arguments"),)


def custom_call(fields: Fields) -> tuple[Part, ...]:
    return (_call(fields, "custom", "input"),)


def _call(fields: Fields, kind: ToolKind, key: str) -> ToolCall:
    name = fields.needed_text("name")
    call_id = fields.text("call_id") or fields.text("id") or ""
    given = fields.text(key) or ("{}" if kind == "function" else "")
    namespace = fields.text("namespace") or ""
    wire, extras = leftover(fields.value, _CALL_KEYS | {key}, _ITEM_WIRE)
    return ToolCall(call_id, name, given, kind, namespace, extras=extras, wire=_wire("item", wire))


def function_output(fields: Fields) -> tuple[Part, ...]:
    return (_output(fields, "function"),)


def custom_output(fields: Fields) -> tuple[Part, ...]:
    return (_output(fields, "custom"),)


def _output(fields: Fields, kind: ToolKind) -> ToolResult:
    call_id = fields.text("call_id") or ""
    output = fields.raw("output")
    parts = content_parts("" if output is None else output, fields.at("output"))
    wire, extras = leftover(fields.value, _OUTPUT_KEYS, _ITEM_WIRE)
    return ToolResult(call_id, parts, kind=kind, extras=extras, wire=_wire("item", wire))


def reasoning(fields: Fields) -> tuple[Part, ...]:
    """A reasoning item: its summary (else its text) joined by blank lines, and its state."""
    blob = fields.text("encrypted_content")
    text = _joined(fields, "summary") or _joined(fields, "content")
    state = ReasoningState(blob, NAME) if blob else None
    item = {k: v for k, v in fields.value.items() if k != "encrypted_content" or v is None}
    return (Reasoning(text, state, redacted=bool(state and not text), wire={"item": item}),)


def _joined(fields: Fields, key: str) -> str:
    return "\n\n".join(text for part in fields.objects(key) if (text := part.text("text")))


def hosted_call(fields: Fields) -> tuple[HostedCall | HostedResult, ...]:
    """What an upstream's own tool did: the call, and what it found where that is text."""
    kind = fields.needed_text("type")
    tool = HOSTED_ITEMS[kind]
    item_id = fields.text("id") or ""
    given = next((fields.value[k] for k in _HOSTED_INPUTS if fields.value.get(k) is not None), {})
    call = HostedCall(
        item_id,
        tool,
        given if isinstance(given, str) else encode_text(given),
        raw=fields.value,
        protocol=NAME,
    )
    text = _FOUND[kind](fields.value) if kind in _FOUND else ""
    return (call, HostedResult(item_id, tool, text, protocol=NAME)) if text else (call,)


_HOSTED_INPUTS = ("action", "queries", "code", "arguments", "revised_prompt")


def _executed(item: JsonObject) -> str:
    code, outputs = item.get("code"), item.get("outputs")
    found = [f"```python\n{code}\n```"] if isinstance(code, str) and code else []
    for output in outputs if isinstance(outputs, list) else []:
        logs = output.get("logs") if isinstance(output, dict) else None
        if isinstance(logs, str) and logs:
            found.append(f"```\n{logs}\n```")
    return "\n".join(found)


def _mcp_output(item: JsonObject) -> str:
    output = item.get("output")
    return output if isinstance(output, str) else ""


def _files_found(item: JsonObject) -> str:
    results = item.get("results")
    found = [_file_found(result) for result in (results if isinstance(results, list) else [])]
    return "\n".join(text for text in found if text)


def _file_found(result: Json) -> str:
    text = result.get("text") if isinstance(result, dict) else None
    name = result.get("filename") if isinstance(result, dict) else None
    if not isinstance(text, str):
        return ""
    return f"{name}: {text}" if isinstance(name, str) else text


_FOUND: dict[str, Callable[[JsonObject], str]] = {
    "code_interpreter_call": _executed,
    "mcp_call": _mcp_output,
    "file_search_call": _files_found,
}


def opaque(fields: Fields) -> tuple[Part, ...]:
    """An item only this protocol understands, whole."""
    return (Opaque(fields.text("type") or "", fields.value, NAME),)
