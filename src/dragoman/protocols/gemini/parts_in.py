"""One part of a content, read: shared by history and answers.

Owns the pairing of results with calls sent without ids, and the reading of what Google's own tools
did. https://ai.google.dev/api/caching#Part
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeAlias

from dragoman.neutral.json import Fields, Json, JsonObject, encode_text, object_of
from dragoman.neutral.parts import (
    NO_EXTRAS,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.protocols.gemini.signatures import from_field
from dragoman.protocols.gemini.wire import (
    HOSTED_TYPES,
    MADE_CALL,
    NAME,
    inner,
    inners,
    media_kind,
    unread,
)

_WRAPPINGS = frozenset({"output", "error", "result"})

_Hosted: TypeAlias = HostedCall | HostedResult


class History:
    """What earlier parts of a conversation tell about later ones."""

    def __init__(self) -> None:
        self._calls = 0
        self._open: list[tuple[str, str]] = []
        self._runs = 0
        self._code = ""

    def call_id(self, given: str | None, name: str) -> str:
        """The id of the next call; one without an id gets one that its place determines."""
        self._calls += 1
        call_id = given or f"{MADE_CALL}{self._calls}"
        self._open.append((call_id, name))
        return call_id

    def result_id(self, given: str | None, name: str) -> str:
        """The id of the call a result answers: the one it names, else the oldest unanswered call
        of its name that had no id of its own, else (without an id) of its name, else of any."""
        for fits in _fits(given, name):
            for index, (call_id, call_name) in enumerate(self._open):
                if fits(call_id, call_name):
                    del self._open[index]
                    return call_id
        return given or f"{MADE_CALL}0"

    def hosted(self, f: Fields) -> HostedCall | HostedResult | Opaque:
        """A part that is neither text, media, call nor result."""
        for key, read in self._HOSTED.items():
            detail = inner(f, key)
            if detail is not None:
                return read(self, detail, f.value)
        return Opaque(next(iter(f.value), "part"), f.value, NAME)

    def _run(self, detail: Fields, raw: JsonObject) -> HostedCall:
        self._runs += 1
        language = (detail.text("language") or "").lower()
        code = detail.text("code") or ""
        self._code = f"```{language}\n{code}\n```"
        source = encode_text({"language": language, "code": code})
        return HostedCall(self._run_id(detail), "code_execution", source, raw, NAME)

    def _ran(self, detail: Fields, raw: JsonObject) -> HostedResult:
        output = (detail.text("output") or "").rstrip("\n")
        text = "\n\n".join(t for t in (self._code, output and f"```\n{output}\n```") if t)
        self._code = ""
        return HostedResult(self._run_id(detail), "code_execution", text, (), raw, NAME)

    def _run_id(self, detail: Fields) -> str:
        return detail.text("id") or f"code_at_{self._runs}"

    def _searched(self, detail: Fields, raw: JsonObject) -> HostedCall:
        args = detail.raw("args") or {}
        return HostedCall(detail.text("id") or "", _tool(detail), encode_text(args), raw, NAME)

    def _found(self, detail: Fields, raw: JsonObject) -> HostedResult:
        return HostedResult(detail.text("id") or "", _tool(detail), "", (), raw, NAME)

    _HOSTED: ClassVar[dict[str, Callable[[History, Fields, JsonObject], _Hosted]]] = {
        "executableCode": _run,
        "codeExecutionResult": _ran,
        "toolCall": _searched,
        "toolResponse": _found,
    }


def _tool(detail: Fields) -> str:
    wire = detail.text("toolType") or ""
    return HOSTED_TYPES.get(wire, wire.lower())


def _fits(given: str | None, name: str) -> list[Callable[[str, str], bool]]:
    if given:
        return [
            lambda call_id, _: call_id == given,
            lambda call_id, call: call == name and call_id.startswith(MADE_CALL),
        ]
    return [lambda _, call: call == name, lambda *_: not name]


def part_in(f: Fields, history: History) -> Part:
    """One part of a request's content."""
    for key, read in _READERS.items():
        if f.value.get(key) is not None:
            return read(f, history)
    return history.hosted(f)


def attached(parts: list[Part]) -> tuple[Part, ...]:
    """Media beside a result belongs to it: the result before it, or, where the content opens with
    media, the result that follows."""
    out: list[Part] = []
    leading: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Media):
            if isinstance(last, ToolResult):
                out[-1] = _with_media(last, (part,))
                continue
            if last is None:
                leading.append(part)
                continue
        if leading and isinstance(part, ToolResult):
            out.append(_with_media(part, tuple(leading)))
        else:
            out += [*leading, part]
        leading = []
    return (*out, *leading)


def _with_media(result: ToolResult, media: tuple[Part, ...]) -> ToolResult:
    return ToolResult(
        call_id=result.call_id,
        parts=(*result.parts, *media),
        name=result.name,
        is_error=result.is_error,
        extras=result.extras,
        wire=result.wire,
    )


def state_of(f: Fields) -> ReasoningState | None:
    signature = f.text("thoughtSignature")
    return ReasoningState(from_field(signature), NAME) if signature else None


def _text(f: Fields, _: History) -> Part:
    text, state = f.needed_text("text"), state_of(f)
    if f.flag("thought"):
        return Reasoning(text, state, extras=unread(f))
    return Text(text, state=state, extras=unread(f))


def _inline(f: Fields, _: History) -> Part:
    blob = inner(f, "inlineData")
    assert blob is not None
    mime = blob.text("mimeType") or ""
    return Media(
        kind=media_kind(mime),
        data=_standard(blob.needed_text("data")),
        mime=mime,
        name=blob.text("displayName") or "",
        state=state_of(f),
        extras={**unread(blob, "inlineData."), **unread(f)},
    )


def _standard(data: str) -> str:
    """Proto JSON takes either base64 alphabet, padded or not; Google's Python SDK sends the
    URL-safe one, which no other protocol takes."""
    if "-" in data or "_" in data:
        data = data.replace("-", "+").replace("_", "/")
    return data + "=" * (-len(data) % 4)


def _file(f: Fields, _: History) -> Part:
    """A public URL any upstream can fetch; a file kept by Google only its own."""
    ref = inner(f, "fileData")
    assert ref is not None
    uri = ref.needed_text("fileUri")
    mime = ref.text("mimeType") or ""
    own = "://generativelanguage.googleapis.com/" in uri or not uri.startswith("http")
    return Media(
        kind=media_kind(mime),
        url="" if own else uri,
        file_id=uri if own else "",
        mime=mime,
        name=ref.text("displayName") or "",
        state=state_of(f),
        extras={**unread(ref, "fileData."), **unread(f)},
    )


def _call(f: Fields, history: History) -> Part:
    call = inner(f, "functionCall")
    assert call is not None
    name = call.needed_text("name")
    args = call.schema("args") or {}
    return ToolCall(
        id=history.call_id(call.text("id"), name),
        name=name,
        input=encode_text(args),
        state=state_of(f),
        extras={**unread(call, "functionCall."), **unread(f)},
    )


def _result(f: Fields, history: History) -> Part:
    answer = inner(f, "functionResponse")
    assert answer is not None
    name = answer.text("name") or ""
    text, key = _response(answer.schema("response"), name)
    kept = key in {"result", "content"} or (key == "output" and is_object_text(text))
    media = [part_in(part, history) for part in inners(answer, "parts")]
    return ToolResult(
        call_id=history.result_id(answer.text("id"), name),
        parts=(Text(text), *media) if text or not media else tuple(media),
        name=name,
        is_error=key == "error",
        extras={**unread(answer, "functionResponse."), **unread(f)},
        wire={"response": key} if kept else NO_EXTRAS,
    )


def _response(response: JsonObject | None, name: str) -> tuple[str, str]:
    """The text of a result, and the key it stood under when it was wrapped as Google's SDKs wrap
    plain text (`content` beside the tool's name is the AI SDK's way)."""
    if response is None:
        return "", ""
    content = response.get("content")
    if isinstance(content, str) and response == {"name": name, "content": content}:
        return content, "content"
    if len(response) == 1:
        [(key, value)] = response.items()
        if key in _WRAPPINGS and isinstance(value, str):
            return value, key
    return encode_text(response), ""


def is_object_text(text: str) -> bool:
    """Whether a text is a JSON object exactly as this package writes one."""
    value: Json = object_of(text) if text.startswith("{") else None
    return value is not None and encode_text(value) == text


_READERS: dict[str, Callable[[Fields, History], Part]] = {
    "functionCall": _call,
    "functionResponse": _result,
    "inlineData": _inline,
    "fileData": _file,
    "text": _text,
}
