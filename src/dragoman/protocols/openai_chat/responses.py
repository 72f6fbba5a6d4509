"""A whole answer as a `chat.completion` object.

https://platform.openai.com/docs/api-reference/chat/object (November 2026).
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import HostedResult, Media, Reasoning, Refusal, Text, ToolCall
from dragoman.neutral.responses import Choice, Response
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_chat.prose_out import Prose, audio_out, call_out
from dragoman.protocols.openai_chat.usage import usage_out

_KEPT = ("system_fingerprint", "service_tier")


def answer_out(response: Response, reply: Reply) -> JsonObject:
    own = response.id.startswith("chatcmpl-")
    choices: list[Json] = [_choice(i, choice, reply) for i, choice in enumerate(response.choices)]
    return {
        "id": response.id if own else reply.new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": reply.created_s,
        "model": reply.model,
        "choices": choices,
        "usage": usage_out(response.usage),
        **{key: response.extras[key] for key in _KEPT if key in response.extras},
    }


def _choice(index: int, choice: Choice, reply: Reply) -> JsonObject:
    prose = Prose()
    message = _message(choice, prose, reply)
    items: list[Json] = list(choice.logprobs)
    return {
        "index": index,
        "message": message,
        "logprobs": {"content": items, "refusal": None} if items else None,
        "finish_reason": prose.finish_reason(choice.stop),
    }


def _message(choice: Choice, prose: Prose, reply: Reply) -> JsonObject:
    content, thinking, refusal = "", "", ""
    annotations: list[Json] = []
    images: list[Json] = []
    calls: list[Json] = []
    audio: Json = None
    for part in choice.parts:
        prose.starts(part)
        match part:
            case Text(text=text) | HostedResult(text=text) if text:
                content += prose.lead(part) + text
                prose.said += len(text)
            case Reasoning(text=text) if text:
                thinking += prose.lead(part) + text
            case Refusal(text=text):
                refusal += text
            case ToolCall():
                prose.calls += 1
                calls.append(call_out(part, part.input))
            case Media(kind="image"):
                images.append(prose.image(part))
            case Media(kind="audio"):
                audio = audio_out(part, reply)
            case _:
                pass
        annotations += prose.annotations(part)
    nothing = None if calls or refusal else ""
    message: JsonObject = {
        "role": "assistant",
        "content": content or nothing,
        "refusal": refusal or None,
    }
    optional: JsonObject = {
        "reasoning_content": thinking,
        "tool_calls": calls,
        "annotations": annotations,
        "images": images,
        "audio": audio,
    }
    return {**message, **{key: value for key, value in optional.items() if value}}
