"""The words of Ollama's API: roles, thinking levels, stop reasons, and the records of its streams.

Documentation: https://docs.ollama.com/api/chat and /generate (client 0.6.3).
"""

from __future__ import annotations

import msgspec

from dragoman.neutral.events import StopReason
from dragoman.neutral.requests import ProtocolName, Role

NAME: ProtocolName = "ollama"

ROLE_OF: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
}

THINK_LEVELS = ("low", "medium", "high", "max")

LEVEL_OF_EFFORT = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
"""What the models with levels (gpt-oss) are told."""

STOP_OF: dict[str, StopReason] = {
    "stop": "end",
    "length": "length",
    "load": "end",
    "unload": "end",
}

DONE_REASON_OF: dict[StopReason, str] = {
    "end": "stop",
    "tool-call": "stop",
    "length": "length",
    "stop-sequence": "stop",
    "refusal": "stop",
    "context-full": "length",
    "pause": "stop",
}

ABSENT = msgspec.Raw(b"null")


class CalledFunction(msgspec.Struct, gc=False):
    name: str = ""
    arguments: msgspec.Raw = ABSENT


class CalledTool(msgspec.Struct):
    function: CalledFunction
    id: str | None = None


class AnswerMessage(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[CalledTool] | None = None


class Record(msgspec.Struct):
    """One line of a stream, or a whole answer; `/api/generate` has `response` and `thinking` of
    its own instead of `message`."""

    model: str | None = None
    message: AnswerMessage | None = None
    response: str | None = None
    thinking: str | None = None
    logprobs: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
