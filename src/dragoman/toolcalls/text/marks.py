"""The mark that tells a request's own calls from any text that looks like one.

It follows from a secret and the conversation's beginning: the same in every request of a
conversation (prompt caches live on that), unknown to whoever wrote a file that the model reads.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from dragoman.neutral.parts import Media, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from dragoman.neutral.requests import Request, split_system

_SIGNS = "abcdefghkmnprstuw2346789"
"""No x, which lengthens a mark, and nothing that is mistaken for another."""
_LENGTH = 5


def mark_of(request: Request, secret: bytes) -> str:
    """The request's mark; the next one of its row while its texts hold one already."""
    texts = "\n".join(text for turn in request.turns for text in _texts(turn.parts))
    _, conversation = split_system(request.turns)
    first = "\n".join(_texts(conversation[0].parts)) if conversation else ""
    seed = first.encode("utf-8", "surrogatepass")
    number = 0
    while (mark := _mark(secret, seed, number)) in texts:
        number += 1
    return mark


def _mark(secret: bytes, seed: bytes, number: int) -> str:
    digest = hmac.new(secret, b"compat %d " % number + seed, hashlib.sha256).digest()
    return "".join(_SIGNS[byte % len(_SIGNS)] for byte in digest[:_LENGTH])


def _texts(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Text | Media | Reasoning | Refusal):
            yield part.text
        elif isinstance(part, ToolCall):
            yield part.input
        elif isinstance(part, ToolResult):
            yield from _texts(part.parts)
