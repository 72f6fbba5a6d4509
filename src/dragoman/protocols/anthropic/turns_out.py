"""Turns → `system` and `messages`.

From Messages: as they were, but for system messages that an older model does not take. From
another protocol: leading system turns become `system`, later ones a `<system-reminder>` in the
user turn at their place, neighbours of one role are merged, results stand first in their turn, and
the first message is the user's.
"""

from __future__ import annotations

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Role, Turn, split_system
from dragoman.protocols.anthropic.parts_out import Block, PartWriter, report_extras

FALLBACK_USER_TEXT = "Proceed."
"""What the user says in a request that lets the model speak first."""

CONTINUE_TEXT = "Go on from exactly where your last message ends."
"""What the user says after a begun answer, for models that continue none."""

Message = tuple[Role, list[Block], JsonObject]


def own_turns(
    turns: tuple[Turn, ...], writer: PartWriter, in_place: bool, losses: Losses
) -> tuple[list[Block], list[Message]]:
    """System turns that stood in `messages` (author "system") go back there; as the user's
    reminders where the model takes none (`in_place` false)."""
    leading, rest = split_system(turns)
    system: list[Block] = []
    messages: list[Message] = []
    for turn in leading:
        if turn.author != "system":
            system += writer.blocks(turn.parts, "system")
    for turn in (*(turn for turn in leading if turn.author == "system"), *rest):
        blocks = writer.blocks(turn.parts, turn.role)
        if turn.role == "system" and not in_place:
            report_extras(turn.extras, "messages.", losses)
            messages.append(("user", [_reminder(block) for block in blocks], {}))
        elif blocks or not turn.parts:
            messages.append((turn.role, blocks, turn.extras))
    return system, messages


def foreign_turns(
    turns: tuple[Turn, ...], writer: PartWriter, losses: Losses
) -> tuple[list[Block], list[Message]]:
    leading, rest = split_system(turns)
    system: list[Block] = []
    for turn in leading:
        report_extras(turn.extras, "messages.", losses)
        system += _only_text(writer.blocks(turn.parts, "system"), losses)
    messages: list[Message] = []
    for turn in rest:
        report_extras(turn.extras, "messages.", losses)
        blocks = writer.blocks(turn.parts, turn.role)
        if turn.role == "system":
            blocks = [_reminder(block) for block in blocks]
        role: Role = "assistant" if turn.role == "assistant" else "user"
        if not blocks:
            continue
        if messages and messages[-1][0] == role:
            messages[-1][1].extend(blocks)
        else:
            messages.append((role, blocks, {}))
    _results_first(messages)
    if not messages or messages[0][0] == "assistant":
        fallback: list[Block] = [{"type": "text", "text": FALLBACK_USER_TEXT}]
        messages.insert(0, ("user", fallback, {}))
    _trim_prefill(messages)
    return system, messages


def _only_text(blocks: list[Block], losses: Losses) -> list[Block]:
    """`system` holds text alone; what else stood there is named in its place."""
    out: list[Block] = []
    for block in blocks:
        kind = str(block["type"])
        if kind == "text":
            out.append(block)
        else:
            losses.add(f"system.{kind}", "system prompts hold text alone")
            out.append({"type": "text", "text": f"[{kind} omitted]"})
    return out


def _reminder(block: Block) -> Block:
    text = block.get("text")
    if not isinstance(text, str):
        return block
    return {**block, "text": f"<system-reminder>\n{text}\n</system-reminder>"}


def _results_first(messages: list[Message]) -> None:
    for _, blocks, _ in messages:
        blocks.sort(key=lambda block: block["type"] != "tool_result")


def _trim_prefill(messages: list[Message]) -> None:
    """An answer the client has begun may not end in white space."""
    role, blocks, _ = messages[-1]
    last = blocks[-1]
    if role == "assistant" and last["type"] == "text":
        blocks[-1] = {**last, "text": str(last["text"]).rstrip()}


def unbegin(messages: list[Message], losses: Losses) -> None:
    """Asks for the rest of an answer the client has begun, where the model takes no prefill."""
    if messages[-1][0] == "assistant":
        losses.add("messages.prefill", "the model continues no begun answer; it is asked to go on")
        messages.append(("user", [{"type": "text", "text": CONTINUE_TEXT}], {}))


def called_names(messages: list[Message]) -> list[str]:
    """The tools the conversation has called, in order, each once."""
    called = (b for _, blocks, _ in messages for b in blocks if b["type"] == "tool_use")
    return list(dict.fromkeys(str(block["name"]) for block in called))


def breaks_thinking(messages: list[Message]) -> bool:
    """Whether a thinking budget would be refused: the answer is already begun, or a tool loop is
    under way whose last calls come without their signed thinking."""
    role, blocks, _ = messages[-1]
    if role == "assistant":
        return True
    if blocks[0]["type"] != "tool_result" or len(messages) == 1:
        return False
    called = messages[-2][1]
    return called[0]["type"] not in ("thinking", "redacted_thinking")
