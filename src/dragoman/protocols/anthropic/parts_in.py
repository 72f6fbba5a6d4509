"""Content blocks → parts, for a client's history and an upstream's answer alike.

platform.claude.com/docs/en/api/messages (2023-06-01 and 2026-10-21), "content". A block no table
names is an Opaque part, whole. Blocks that another model can read as text (tool references, search
results, compaction summaries) are Text with the block itself in `extras` under its own type.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.neutral.json import Fields, Json, JsonObject, encode_text, wrong_type
from dragoman.neutral.parts import (
    CacheMark,
    Citation,
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
from dragoman.protocols.anthropic.hosted import result_of
from dragoman.protocols.anthropic.wire import NAME, hosted_kind

READABLE = ("tool_reference", "search_result", "compaction")
"""Block types kept whole in a Text part's wire: their text says all that others need."""


class Blocks:
    """Reads the blocks of one conversation; it remembers what code hosted calls ran, for their
    results tell only what came out."""

    __slots__ = ("_code",)

    def __init__(self) -> None:
        self._code: dict[str, str] = {}

    def content(self, owner: Fields, key: str = "content") -> tuple[Part, ...]:
        """A `content` field: a string, an array of blocks, or nothing."""
        value = owner.raw(key)
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            return (Text(value),)
        if not isinstance(value, list):
            raise wrong_type(owner.at(key), "a string or an array of blocks", value)
        at = owner.at(key)
        return tuple(self.part(Fields(item, f"{at}[{i}]")) for i, item in enumerate(value))

    def part(self, block: Fields) -> Part:
        kind = block.needed_text("type")
        if kind in _READERS:
            return _READERS[kind](self, block)
        if kind.endswith("_tool_result"):
            return self.hosted_result(block, kind)
        return Opaque(kind, block.value, NAME)

    def hosted_call(self, block: Fields) -> HostedCall:
        kind, name = block.text("type"), block.text("name") or ""
        call_id = block.text("id") or ""
        given = block.raw("input")
        if isinstance(given, dict):
            code = next((v for k in _CODE_KEYS if isinstance(v := given.get(k), str)), "")
            self._code[call_id] = code
        return HostedCall(
            call_id,
            "mcp" if kind == "mcp_tool_use" else hosted_kind(name),
            encode_text({} if given is None else given),
            raw=block.value,
            protocol=NAME,
            cache=cache_mark(block),
        )

    def tool_result(self, block: Fields) -> ToolResult:
        return ToolResult(
            block.needed_text("tool_use_id"),
            self.content(block),
            is_error=block.flag("is_error") or False,
            cache=cache_mark(block),
            extras=block.rest(),
        )

    def hosted_result(self, block: Fields, kind: str) -> HostedResult:
        call_id = block.text("tool_use_id") or ""
        content = block.raw("content")
        text, citations = result_of(content, self._code.get(call_id, ""))
        return HostedResult(
            call_id,
            hosted_kind(kind.removesuffix("_tool_result")),
            text,
            citations,
            raw=block.value,
            protocol=NAME,
            cache=cache_mark(block),
        )


_CODE_KEYS = ("code", "command")


def cache_mark(owner: Fields) -> CacheMark | None:
    """The mark on a block or tool. One with more than `type` and `ttl` also stays in `rest()`."""
    value = owner.value.get("cache_control")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong_type(owner.at("cache_control"), "an object", value)
    ttl = value.get("ttl")
    mark = CacheMark(ttl if isinstance(ttl, str) else None)
    if value == mark_out(mark):
        owner.raw("cache_control")
    return mark


def mark_out(mark: CacheMark) -> JsonObject:
    out: JsonObject = {"type": "ephemeral"}
    if mark.ttl is not None:
        out["ttl"] = mark.ttl
    return out


def citation_in(raw: Json) -> Citation | None:
    """One citation of a text block; the ones into documents have a title and a quote only."""
    if not isinstance(raw, dict):
        return None
    return Citation(
        url=_word(raw, "url") or _word(raw, "source"),
        title=_word(raw, "title") or _word(raw, "document_title"),
        quote=_word(raw, "cited_text"),
        raw=raw,
        protocol=NAME,
    )


def thinking_state(signature: str | None) -> ReasoningState | None:
    return ReasoningState(signature, NAME) if signature else None


def call_in(block: Fields) -> ToolCall:
    given = block.schema("input")
    return ToolCall(
        block.needed_text("id"),
        block.needed_text("name"),
        encode_text({} if given is None else given),
        cache=cache_mark(block),
        extras=block.rest(),
    )


def _text(_: Blocks, block: Fields) -> Part:
    cited = [citation_in(raw) for raw in block.items("citations") or []]
    return Text(
        block.needed_text("text"),
        tuple(citation for citation in cited if citation is not None),
        cache=cache_mark(block),
        extras=block.rest(),
    )


def _thinking(_: Blocks, block: Fields) -> Part:
    return Reasoning(
        block.text("thinking") or "",
        thinking_state(block.text("signature")),
        cache=cache_mark(block),
        extras=block.rest(),
    )


def _redacted(_: Blocks, block: Fields) -> Part:
    return Reasoning(
        state=thinking_state(block.text("data")),
        redacted=True,
        cache=cache_mark(block),
        extras=block.rest(),
    )


def _image(_: Blocks, block: Fields) -> Part:
    source = block.object("source")
    if source is None:
        raise block.missing("source")
    kind = source.needed_text("type")
    mark = cache_mark(block)
    if kind == "base64":
        media = Media(
            "image",
            data=source.needed_text("data"),
            mime=source.needed_text("media_type"),
            cache=mark,
            extras=_with_source(block, source),
        )
    elif kind == "url":
        url = source.needed_text("url")
        media = Media("image", url=url, cache=mark, extras=_with_source(block, source))
    elif kind == "file":
        file_id = source.needed_text("file_id")
        media = Media("image", file_id=file_id, cache=mark, extras=_with_source(block, source))
    else:
        return Opaque("image", block.value, NAME)
    return media


def _document(blocks: Blocks, block: Fields) -> Part:
    source = block.object("source")
    if source is None:
        raise block.missing("source")
    kind = source.needed_text("type")
    name = block.text("title") or ""
    mark = cache_mark(block)
    data = url = file_id = text = ""
    mime = "application/pdf"
    if kind == "base64":
        data, mime = source.needed_text("data"), source.needed_text("media_type")
    elif kind == "text":
        text, mime = source.needed_text("data"), source.text("media_type") or "text/plain"
    elif kind == "url":
        url = source.needed_text("url")
    elif kind == "file":
        file_id, mime = source.needed_text("file_id"), ""
    elif kind == "content":
        inner = blocks.content(source)
        text = "\n".join(part.text for part in inner if isinstance(part, Text))
        mime = "text/plain"
        extras = {**block.rest(), "source": source.value}
        return Media("file", text=text, mime=mime, name=name, cache=mark, extras=extras)
    else:
        return Opaque("document", block.value, NAME)
    return Media(
        "file",
        data=data,
        url=url,
        file_id=file_id,
        text=text,
        mime=mime,
        name=name,
        cache=mark,
        extras=_with_source(block, source),
    )


def _with_source(block: Fields, source: Fields) -> JsonObject:
    """A block's extras; a source that holds more than we know is kept whole among them."""
    extras = block.rest()
    return {**extras, "source": source.value} if source.rest() else extras


def _reference(_: Blocks, block: Fields) -> Part:
    name = block.needed_text("tool_name")
    return _readable(f"Tool loaded: {name}", block)


def _search_result(blocks: Blocks, block: Fields) -> Part:
    inner = [part.text for part in blocks.content(block) if isinstance(part, Text)]
    lines = [block.text("title") or "", block.text("source") or "", *inner]
    return _readable("\n".join(line for line in lines if line), block)


def _compaction(_: Blocks, block: Fields) -> Part:
    return _readable(block.text("content") or "", block)


def _readable(text: str, block: Fields) -> Part:
    kind = block.needed_text("type")
    return Text(text, cache=cache_mark(block), wire={kind: block.value})


def _word(raw: JsonObject, key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""


_READERS: dict[str, Callable[[Blocks, Fields], Part]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "image": _image,
    "document": _document,
    "tool_use": lambda _, block: call_in(block),
    "tool_result": Blocks.tool_result,
    "server_tool_use": Blocks.hosted_call,
    "mcp_tool_use": Blocks.hosted_call,
    "tool_reference": _reference,
    "search_result": _search_result,
    "compaction": _compaction,
}
