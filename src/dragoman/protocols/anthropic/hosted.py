"""What Anthropic's own tools found, as text any model can read and as citations.

platform.claude.com/docs/en/agents-and-tools/tool-use: web-search-tool, web-fetch-tool,
code-execution-tool, mcp-connector (2023-06-01). Web search gives citations and no text: its
findings reach the reader in the text that cites them.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import Citation
from dragoman.protocols.anthropic.wire import NAME, object_at

Found = tuple[str, tuple[Citation, ...]]


def result_of(content: Json, code: str) -> Found:
    """Text and citations of a result block's `content`; `code` is what the call ran."""
    if isinstance(content, str):
        return content, ()
    if isinstance(content, list):
        return _items(content)
    if not isinstance(content, dict):
        return "", ()
    kind = _word(content, "type")
    if kind.endswith("_error"):
        reason = _word(content, "error_message") or _word(content, "error_code")
        return f"The hosted tool failed: {reason}", ()
    reader = _READERS.get(kind)
    return ("", ()) if reader is None else reader(content, code)


def _items(items: list[Json]) -> Found:
    texts: list[str] = []
    citations: list[Citation] = []
    for item in items:
        if not isinstance(item, dict):
            continue
        if item.get("type") == "text":
            texts.append(_word(item, "text"))
        elif item.get("type") == "web_search_result":
            citations.append(_source(item, item))
    return "\n".join(texts), tuple(citations)


def _ran(content: JsonObject, code: str) -> Found:
    output = "\n".join(t for key in ("stdout", "stderr") if (t := _word(content, key).rstrip()))
    blocks = [f"```\n{text}\n```" for text in (code.rstrip(), output) if text]
    status = content.get("return_code")
    if isinstance(status, int) and status != 0:
        blocks.append(f"(exit status {status})")
    return "\n".join(blocks), ()


def _viewed(content: JsonObject, _: str) -> Found:
    return _word(content, "content"), ()


def _replaced(content: JsonObject, _: str) -> Found:
    lines = content.get("lines")
    found = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
    return "\n".join(found), ()


def _fetched(content: JsonObject, _: str) -> Found:
    document = object_at(content, "content") or {}
    source = object_at(document, "source") or {}
    text = _word(source, "data") if source.get("type") == "text" else ""
    return text, (_source(content, document),)


def _source(place: JsonObject, titled: JsonObject) -> Citation:
    return Citation(_word(place, "url"), _word(titled, "title"), raw=place, protocol=NAME)


def _word(raw: JsonObject, key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""


_READERS: dict[str, Callable[[JsonObject, str], Found]] = {
    "code_execution_result": _ran,
    "bash_code_execution_result": _ran,
    "text_editor_code_execution_view_result": _viewed,
    "text_editor_code_execution_str_replace_result": _replaced,
    "web_fetch_result": _fetched,
}
