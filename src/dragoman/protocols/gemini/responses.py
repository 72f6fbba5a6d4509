"""A whole answer as a generateContent response body.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    Citation,
    Part,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import Choice, Response
from dragoman.protocols.codec import Reply
from dragoman.protocols.gemini.answers import (
    answer_id,
    call_part,
    candidate_end,
    complete_part,
    shows_thoughts,
    signed,
)
from dragoman.protocols.gemini.usage import usage_out


def answer_out(response: Response, reply: Reply) -> JsonObject:
    many = len(response.choices) > 1
    candidates: list[Json] = []
    body: JsonObject = {"candidates": candidates}
    for number, choice in enumerate(response.choices):
        candidates.append(_candidate(choice, number if many else None, reply))
        if "promptFeedback" in choice.extras:
            body["promptFeedback"] = choice.extras["promptFeedback"]
    usage = usage_out(response.usage)
    if usage:
        body["usageMetadata"] = usage
    body["modelVersion"] = reply.model
    body["responseId"] = answer_id(response.id, reply)
    return body


def _candidate(choice: Choice, number: int | None, reply: Reply) -> JsonObject:
    parts: list[Json] = list(_parts(choice.parts, shows_thoughts(reply)))
    content: JsonObject = {"parts": parts or [{"text": ""}], "role": "model"}
    end = candidate_end(choice.stop, choice.extras, _cited(choice.parts), choice.logprobs)
    place: JsonObject = {} if number is None else {"index": number}
    return {"content": content, **end, **place}


def _parts(parts: tuple[Part, ...], shown: bool) -> list[JsonObject]:
    out: list[JsonObject] = []
    carried: ReasoningState | None = None
    for part in parts:
        if isinstance(part, Reasoning):
            if shown and part.text:
                out.append({"text": part.text, "thought": True})
            if part.state is not None:
                if carried is not None:
                    out.append(signed({"text": ""}, carried))
                carried = part.state
        elif isinstance(part, ToolCall):
            state = part.state or carried
            carried = None if state is carried else carried
            out.append(call_part(part.id, part.name, part.input, state))
        elif (wire := _other(part)) is not None:
            out.append(wire)
    if carried is not None:
        _left_over(carried, out)
    return out


def _other(part: Part) -> JsonObject | None:
    if isinstance(part, Text | Refusal):
        state = part.state if isinstance(part, Text) else None
        return signed({"text": part.text}, state) if part.text or state is not None else None
    return complete_part(part)


def _left_over(state: ReasoningState, out: list[JsonObject]) -> None:
    """A state that no call took rides on the last text, as Gemini's own would."""
    for wire in reversed(out):
        if "text" in wire and "thought" not in wire and "thoughtSignature" not in wire:
            signed(wire, state)
            return
    out.append(signed({"text": ""}, state))


def _cited(parts: tuple[Part, ...]) -> Iterator[tuple[Citation, int, str]]:
    offset = 0
    for part in parts:
        if isinstance(part, Text):
            for citation in part.citations:
                yield citation, offset, part.text
            offset += len(part.text.encode())
