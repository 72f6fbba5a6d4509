"""What a stream and a whole answer have in common: the message around the blocks, blocks that are
complete from their start, and the stop reason.

platform.claude.com/docs/en/api/messages, "Returns" (2023-06-01).
"""

from __future__ import annotations

from dragoman.neutral.events import StopReason
from dragoman.neutral.json import JsonObject
from dragoman.neutral.parts import (
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.parts_out import Block
from dragoman.protocols.anthropic.usage import usage_out
from dragoman.protocols.anthropic.wire import CALL_EXTRAS, END_EXTRAS, NAME, STOPS_OUT
from dragoman.protocols.codec import Reply

_OWN_ID = "msg_"


def message_out(answer_id: str, reply: Reply, usage: Usage, content: list[Block]) -> JsonObject:
    """A message that has not ended. An id of our kind is kept, any other replaced."""
    known = answer_id.startswith(_OWN_ID)
    return {
        "id": answer_id if known else reply.new_id(_OWN_ID),
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [*content],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage_out(usage),
    }


def call_head(call: ToolCall, reply: Reply) -> Block:
    """A tool_use block before its input."""
    out: Block = {
        "type": "tool_use",
        "id": call.id or reply.new_id("toolu_"),
        "name": call.name,
        "input": {},
    }
    return out | {k: call.extras[k] for k in CALL_EXTRAS if k in call.extras}


def foreign_text(part: Part) -> str:
    """What a part that has no block of its own tells as text; "" when nothing."""
    match part:
        case Text() | Refusal():
            return part.text
        case HostedResult():
            return part.text
        case Media(url=url, kind=kind) if url:
            return f"![{kind}]({url})"
        case Media(kind=kind):
            return f"[{kind} omitted]"
        case _:
            return ""


def own_block(part: Part) -> Block | None:
    """The block of a hosted or opaque part that came from a Messages upstream."""
    if isinstance(part, HostedCall | HostedResult | Opaque) and part.protocol == NAME:
        return part.raw if isinstance(part.raw, dict) else None
    return None


def stop_out(stop: StopReason, extras: JsonObject, called: bool, refused: bool) -> str:
    if stop == "end":
        if called:
            return "tool_use"
        if refused:
            return "refusal"
        raw = extras.get("stop_reason")
        return raw if isinstance(raw, str) else "end_turn"
    return STOPS_OUT[stop]


def end_extras(extras: JsonObject) -> JsonObject:
    return {key: extras[key] for key in END_EXTRAS if key in extras}
