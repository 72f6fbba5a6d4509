"""A whole answer as one `/api/chat` record: the same fields as a stream's last one, with the text,
thinking and calls of the first choice."""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import HostedResult, Media, Reasoning, Refusal, Text, ToolCall
from dragoman.neutral.responses import Response
from dragoman.protocols.codec import Reply
from dragoman.protocols.ollama.records import (
    REFUSED,
    Records,
    Said,
    Shape,
    call_record,
    chat_shape,
    shows_thinking,
)


def answer_out(response: Response, reply: Reply, shape: Shape = chat_shape) -> JsonObject:
    choice = response.choices[0]
    texts: list[str] = []
    thinking: list[str] = []
    images: list[Json] = []
    calls: list[Json] = []
    for part in choice.parts:
        match part:
            case Text(text=text) | Refusal(text=text) | HostedResult(text=text):
                texts.append(text)
            case Reasoning(text=text):
                thinking.append(text)
            case ToolCall():
                calls.append(call_record(part.id, part.name, part.input, len(calls)))
            case Media(kind="image", data=data) if data:
                images.append(data)
            case _:
                pass
    shown = "".join(thinking) if shows_thinking(reply) else ""
    if choice.stop == "refusal" and not texts:
        texts = [REFUSED]
    said = Said("".join(texts), shown or None, images, calls)
    record = Records(reply, shape).last(said, choice.stop, response.usage)
    if choice.logprobs:
        record["logprobs"] = list(choice.logprobs)
    return record
