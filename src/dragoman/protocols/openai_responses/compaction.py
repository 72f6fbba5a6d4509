"""Answering Codex's compaction where the upstream has none.

Codex ends an input with `{"type": "compaction_trigger"}` (or posts to `/responses/compact`) and
wants exactly one `{"type": "compaction", "encrypted_content": …}` item back, which it replays in
later inputs. A gateway asks the model for a summary and seals that; sealing is not done here.
Measured with Codex 0.169.0; /responses/compact: platform.openai.com/docs/api-reference/responses.
"""

from __future__ import annotations

import msgspec

from dragoman.neutral.events import Event, Finished, PartEnded, PartStarted, UsageSeen
from dragoman.neutral.json import JsonObject
from dragoman.neutral.parts import NO_EXTRAS, Opaque, Part, Text
from dragoman.neutral.requests import Request, ToolChoice, Turn
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_responses.usage import usage_out
from dragoman.protocols.openai_responses.wire import NAME

TRIGGER = "compaction_trigger"

_PROMPT = """\
Write a hand-over summary of this conversation. It will replace everything above, and whoever \
continues the work will have nothing else to go by. Call no tools; answer with the summary alone.

Cover, as completely as the work needs:
- what the user asked for, with every constraint and preference that was stated;
- what has been done and decided, and why; files, commands, names and values exactly as they were;
- what was learned about the environment and the code, including what failed;
- the present state, and the next steps in order."""


def _triggers(part: Part) -> bool:
    return isinstance(part, Opaque) and part.kind == TRIGGER and part.protocol == NAME


def wants_compaction(request: Request) -> bool:
    """Whether the client asks for a compaction item instead of an answer."""
    return any(_triggers(part) for turn in request.turns for part in turn.parts)


def compaction_prompt(request: Request) -> Request:
    """The same conversation, without tools, ending with the wish for a summary."""
    turns: list[Turn] = []
    for turn in request.turns:
        parts = tuple(part for part in turn.parts if not _triggers(part))
        if parts or not turn.parts:
            turns.append(msgspec.structs.replace(turn, parts=parts))
    asked = Text(_PROMPT)
    if turns and turns[-1].role == "user":
        last = turns[-1]
        begun = msgspec.structs.replace(asked, wire={"message": {"type": "message"}})
        turns[-1] = msgspec.structs.replace(last, parts=(*last.parts, begun))
    else:
        turns.append(Turn("user", (asked,)))
    wire = {k: v for k, v in request.wire.items() if k != "additional_tools"} or NO_EXTRAS
    return msgspec.structs.replace(
        request, turns=tuple(turns), tools=(), tool_choice=ToolChoice(), output=None, wire=wire
    )


def compaction_item(blob: str, item_id: str) -> JsonObject:
    return {"type": "compaction", "id": item_id, "encrypted_content": blob}


def compaction_events(blob: str, item_id: str, usage: Usage) -> list[Event]:
    """The answer that holds one compaction item, for the client's encoder (after its Started)."""
    head = Opaque("compaction", compaction_item(blob, item_id), NAME)
    return [PartStarted(0, head), PartEnded(0), UsageSeen(usage), Finished("end")]


def compact_out(blob: str, usage: Usage, reply: Reply) -> JsonObject:
    """The body of `POST /v1/responses/compact`."""
    return {
        "id": reply.new_id("resp_"),
        "object": "response.compaction",
        "created_at": reply.created_s,
        "output": [compaction_item(blob, reply.new_id("cmp_"))],
        "usage": usage_out(usage),
    }
