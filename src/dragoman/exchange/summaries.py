"""Compaction items that come back: ours hold a sealed summary, which every model can read as
text."""

from __future__ import annotations

import msgspec

from dragoman.neutral.parts import Opaque, Part, Text
from dragoman.neutral.requests import Request
from dragoman.reasoning.carrier import is_sealed, unseal

SUMMARY = "summary"
_KIND = "compaction"
_INTRODUCTION = "Summary of the conversation up to here:\n\n"


def with_summaries(request: Request, key: bytes) -> Request:
    """The request with our own compaction items as text; the same object when it has none."""
    if not any(_is_ours(part) for turn in request.turns for part in turn.parts):
        return request
    turns = tuple(
        msgspec.structs.replace(
            turn,
            role="user" if any(map(_is_ours, turn.parts)) else turn.role,
            parts=tuple(_opened(part, key) for part in turn.parts),
        )
        for turn in request.turns
    )
    return msgspec.structs.replace(request, turns=turns)


def _blob(part: Part) -> str:
    if not isinstance(part, Opaque) or part.kind != _KIND or not isinstance(part.raw, dict):
        return ""
    blob = part.raw.get("encrypted_content")
    return blob if isinstance(blob, str) else ""


def _is_ours(part: Part) -> bool:
    return is_sealed(_blob(part))


def _opened(part: Part, key: bytes) -> Part:
    state = unseal(_blob(part), key)
    if state is None or state.protocol != SUMMARY:
        return part
    return Text(_INTRODUCTION + state.blob)
