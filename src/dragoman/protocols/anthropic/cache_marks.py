"""Prompt-cache marks for clients that cannot set them.

Other protocols cache by themselves or by a key; Messages caches only up to a mark, at most four in
one request (platform.claude.com/docs/en/build-with-claude/prompt-caching, 2023-06-01).
"""

from __future__ import annotations

from dragoman.neutral.json import JsonObject
from dragoman.protocols.anthropic.parts_out import Block
from dragoman.protocols.anthropic.turns_out import Message

MOST_MARKS = 4
_MARK: JsonObject = {"type": "ephemeral"}


def add_marks(tools: list[JsonObject], system: list[Block], messages: list[Message]) -> None:
    """Marks the last tool, the last system block and the last block of the last user turn, as far
    as the client's own marks leave room; of too many, the last four stay."""
    spoken = [blocks for role, blocks, _ in messages if role == "user"]
    everything = [tools, system, *(blocks for _, blocks, _ in messages)]
    marked = [
        (blocks, i) for blocks in everything for i, b in enumerate(blocks) if "cache_control" in b
    ]
    for blocks, index in marked[:-MOST_MARKS]:
        blocks[index] = {k: v for k, v in blocks[index].items() if k != "cache_control"}
    room = MOST_MARKS - len(marked)
    for blocks in (spoken[-1], system, tools):
        if room > 0 and blocks and "cache_control" not in blocks[-1]:
            blocks[-1] = {**blocks[-1], "cache_control": _MARK}
            room -= 1
