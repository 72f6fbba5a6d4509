"""Gemini's groundingMetadata and citations, and its log probabilities.

https://ai.google.dev/api/generate-content#GroundingMetadata: segments count bytes of UTF-8, in the
text of the whole answer as far as streams are concerned; citations count characters of their part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import Citation
from dragoman.protocols.gemini.wire import NAME


def citations_in(metadata: Json, before: str, text: str) -> Iterator[Citation]:
    """What supports the open text part, and what was found but supports nothing in particular.
    `before` is the answer's text up to that part."""
    wire = metadata if isinstance(metadata, dict) else {}
    chunks = [_web(chunk) for chunk in _objects(wire.get("groundingChunks"))]
    cited: set[int] = set()
    for support in _objects(wire.get("groundingSupports")):
        segment = support.get("segment")
        quote, start, end = _span(segment if isinstance(segment, dict) else {}, before, text)
        indices = support.get("groundingChunkIndices")
        for index in indices if isinstance(indices, list) else []:
            if isinstance(index, int) and 0 <= index < len(chunks):
                cited.add(index)
                url, title = chunks[index]
                yield Citation(url, title, quote, start, end, protocol=NAME)
    for index, (url, title) in enumerate(chunks):
        if index not in cited:
            yield Citation(url, title, protocol=NAME)


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(wire: JsonObject, key: str) -> str:
    value = wire.get(key)
    return value if isinstance(value, str) else ""


def _web(chunk: JsonObject) -> tuple[str, str]:
    """The address and title of a source: from the web, a retrieved document, or a map."""
    for key in ("web", "retrievedContext", "maps"):
        source = chunk.get(key)
        if isinstance(source, dict):
            return _text(source, "uri"), _text(source, "title")
    return "", ""


def _span(segment: JsonObject, before: str, text: str) -> tuple[str, int | None, int | None]:
    """The quoted text, and where it stands in `text`; None when it is elsewhere."""
    start, end = segment.get("startIndex", 0), segment.get("endIndex")
    quote = _text(segment, "text")
    if not isinstance(start, int) or not isinstance(end, int):
        return quote, None, None
    offset = len(before.encode())
    own = text.encode()
    if start < offset or end - offset > len(own):
        return quote, None, None
    first = len(own[: start - offset].decode("utf-8", "ignore"))
    return quote, first, len(own[: end - offset].decode("utf-8", "ignore"))


def grounding_out(cited: Sequence[tuple[Citation, int, str]]) -> JsonObject:
    """groundingMetadata of citations, each with the bytes before its part and the part's text."""
    sources: dict[tuple[str, str], int] = {}
    supports: list[Json] = []
    for citation, offset, text in cited:
        key = (citation.url, citation.title)
        index = sources.setdefault(key, len(sources))
        if citation.start is not None and citation.end is not None:
            span = text[citation.start : citation.end]
            start = offset + len(text[: citation.start].encode())
            segment: JsonObject = {
                "startIndex": start,
                "endIndex": start + len(span.encode()),
                "text": span,
            }
            supports.append({"segment": segment, "groundingChunkIndices": [index]})
    chunks: list[Json] = [{"web": {"uri": url, "title": title}} for url, title in sources]
    wire: JsonObject = {"groundingChunks": chunks}
    if supports:
        wire["groundingSupports"] = supports
    return wire


def logprobs_in(result: Json) -> list[Json]:
    """A logprobsResult as Chat's items."""
    wire = result if isinstance(result, dict) else {}
    tops = _objects(wire.get("topCandidates"))
    items: list[Json] = []
    for index, chosen in enumerate(_objects(wire.get("chosenCandidates"))):
        others = _objects(tops[index].get("candidates")) if index < len(tops) else []
        items.append({**_token(chosen), "top_logprobs": [_token(other) for other in others]})
    return items


def _token(wire: JsonObject) -> JsonObject:
    token = _text(wire, "token")
    return {
        "token": token,
        "logprob": wire.get("logProbability"),
        "bytes": list[Json](token.encode()),
    }


def logprobs_out(items: Sequence[Json]) -> JsonObject:
    """Chat's items as a logprobsResult."""
    wanted = [item for item in items if isinstance(item, dict)]
    return {
        "chosenCandidates": [_candidate(item) for item in wanted],
        "topCandidates": [
            {"candidates": [_candidate(other) for other in _objects(item.get("top_logprobs"))]}
            for item in wanted
        ],
    }


def _candidate(item: JsonObject) -> JsonObject:
    return {"token": item.get("token"), "logProbability": item.get("logprob")}
