"""A whole answer → a client's body. Only the first choice is told: Messages has one.

platform.claude.com/docs/en/api/messages, "Returns" (2023-06-01).
"""

from __future__ import annotations

from dragoman.neutral.json import JsonObject, object_of
from dragoman.neutral.parts import Part, Reasoning, Refusal, Text, ToolCall
from dragoman.neutral.responses import Response
from dragoman.protocols.anthropic.answers_out import (
    call_head,
    end_extras,
    foreign_text,
    message_out,
    own_block,
    stop_out,
)
from dragoman.protocols.anthropic.parts_out import Block, citation_out
from dragoman.protocols.anthropic.wire import NAME
from dragoman.protocols.codec import Reply


def answer_out(response: Response, reply: Reply) -> JsonObject:
    choice = response.choices[0]
    content = [block for part in choice.parts if (block := _block(part, reply)) is not None]
    body = message_out(response.id, reply, response.usage, content)
    called = any(isinstance(part, ToolCall) for part in choice.parts)
    refused = any(isinstance(part, Refusal) for part in choice.parts)
    body["stop_reason"] = stop_out(choice.stop, choice.extras, called, refused)
    body["stop_sequence"] = choice.stop_sequence
    body.update(end_extras(choice.extras))
    return body


def _block(part: Part, reply: Reply) -> Block | None:
    match part:
        case Reasoning():
            return _thinking(part)
        case ToolCall():
            given = object_of(part.input)
            whole: JsonObject = {"input": part.input} if given is None else given
            return {**call_head(part, reply), "input": whole}
        case Text():
            return _text(part)
        case _:
            own = own_block(part)
            text = foreign_text(part)
            if own is None and text:
                return {"type": "text", "text": text}
            return own


def _text(part: Text) -> Block | None:
    if not part.text:
        return None
    cited = [citation_out(c) for c in part.citations if c.url or c.protocol == NAME]
    block: Block = {"type": "text", "text": part.text}
    return {**block, "citations": [*cited]} if cited else block


def _thinking(part: Reasoning) -> Block | None:
    """Thinking nobody can read and nobody wants back is left out."""
    blob = "" if part.state is None else part.state.blob
    if part.redacted:
        return {"type": "redacted_thinking", "data": blob} if blob else None
    if not part.text and not blob:
        return None
    return {"type": "thinking", "thinking": part.text, "signature": blob}
