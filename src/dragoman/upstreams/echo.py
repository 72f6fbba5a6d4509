"""The embedded model: answers without any account, so that a first request works on a fresh
machine and a client's wiring can be tried without cost.

It streams the last user text back word by word, with usage; calls a declared tool when the text is
`call NAME {json}`; thinks when thinking is asked for (always under the name `echo-thinking`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator

from dragoman.neutral.events import (
    Event,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Started,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import object_of
from dragoman.neutral.listings import ModelEntry
from dragoman.neutral.parts import Reasoning, Text, ToolCall, ToolResult
from dragoman.neutral.requests import CustomTool, FunctionTool, Request, Turn
from dragoman.neutral.usage import Usage

MODELS = ("echo", "echo-thinking")

_CALL = re.compile(r"\s*call\s+(\S+)\s*(.*)", re.DOTALL)
_CONTEXT_TOKENS = 131_072
_WORD = re.compile(r"\s*\S+\s*|\s+")


def entry(name: str, owner: str) -> ModelEntry:
    """How model lists show it."""
    return ModelEntry(
        name,
        owner,
        context_tokens=_CONTEXT_TOKENS,
        output_tokens=_CONTEXT_TOKENS,
        capabilities=("completion", "tools", "thinking"),
        family="echo",
    )


def answer(request: Request, model: str, new_id: Callable[[str], str]) -> Iterator[Event]:
    """The echo model's whole answer as events, one word a delta."""
    turns = (turn for turn in reversed(request.turns) if turn.role == "user")
    text = _said(next(turns, Turn("user", ())))
    yield Started(id=new_id("echo-"), model=model)
    index = 0
    thought = ""
    if model == "echo-thinking" or _thinks(request):
        thought = "The user wrote: " + text
        yield PartStarted(index, Reasoning())
        yield from (TextDelta(index, word) for word in _WORD.findall(thought))
        yield PartEnded(index)
        index += 1
    call = _call(request, text, new_id)
    stop: StopReason = "end"
    written = text
    if call is not None:
        yield PartStarted(index, call[0])
        yield InputDelta(index, call[1])
        stop, written = "tool-call", call[1]
    else:
        yield PartStarted(index, Text(""))
        words = _WORD.findall(text)
        limit = request.sampling.max_tokens
        if limit is not None and limit < len(words):
            words, stop = words[:limit], "length"
            written = "".join(words)
        yield from (TextDelta(index, word) for word in words)
    yield PartEnded(index)
    yield UsageSeen(_usage(request, written, thought))
    yield Finished(stop)


async def paced(events: Iterator[Event], words_per_second: float) -> AsyncIterator[list[Event]]:
    """The events at a model's pace; all at once for 0."""
    if not words_per_second:
        yield list(events)
        return
    for event in events:
        if isinstance(event, TextDelta):
            await asyncio.sleep(1 / words_per_second)
        yield [event]


def _said(turn: Turn) -> str:
    """The last text of the turn, for coding clients put reminders and surroundings before it; all
    of them where tools have answered."""
    texts = list(_texts(turn))
    if any(isinstance(part, ToolResult) for part in turn.parts):
        return "\n".join(texts)
    return texts[-1] if texts else ""


def _texts(turn: Turn) -> Iterator[str]:
    for part in turn.parts:
        if isinstance(part, Text):
            yield part.text
        elif isinstance(part, ToolResult):
            yield from (inner.text for inner in part.parts if isinstance(inner, Text))


def _thinks(request: Request) -> bool:
    settings = request.reasoning
    if settings.mode == "off" or settings.effort == "none" or settings.budget == 0:
        return False
    return settings.mode is not None or settings.effort is not None or settings.budget is not None


def _call(request: Request, text: str, new_id: Callable[[str], str]) -> tuple[ToolCall, str] | None:
    match = _CALL.fullmatch(text)
    if match is None or request.tool_choice.mode == "none":
        return None
    for tool in request.tools:
        if isinstance(tool, CustomTool) and tool.name == match[1]:
            head = ToolCall(new_id("call_"), tool.name, "", "custom", tool.namespace)
            return head, match[2]
        if isinstance(tool, FunctionTool) and tool.name == match[1]:
            arguments = match[2].strip() or "{}"
            if object_of(arguments) is not None:
                head = ToolCall(new_id("call_"), tool.name, "", "function", tool.namespace)
                return head, arguments
    return None


def _usage(request: Request, written: str, thought: str) -> Usage:
    read = sum(len(text.split()) for turn in request.turns for text in _texts(turn))
    thinking = len(thought.split())
    return Usage(
        tokens_in=read,
        tokens_out=len(written.split()) + thinking,
        cache_read=0,
        reasoning=thinking or None,
    )
