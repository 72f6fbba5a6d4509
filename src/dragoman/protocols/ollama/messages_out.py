"""Neutral turns as Ollama's messages.

Our own requests go out as they came in: a message a turn, images on tool results. Foreign ones are
fitted: leading system turns become one message, images of tool results stand in user messages
after the last (templates show a tool's text only), an error result says so in its text, and
messages that nothing is left of are not sent.
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject, object_of
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Reasoning, ToolCall, ToolResult
from dragoman.neutral.requests import Request, Turn, split_system
from dragoman.protocols.ollama.pairing import CallIds
from dragoman.protocols.ollama.parts_out import Content, note_losses
from dragoman.protocols.ollama.wire import NAME


def messages_out(request: Request, losses: Losses) -> list[Json]:
    writer = _Writer(losses, own=request.protocol == NAME)
    turns = request.turns
    if not writer.own:
        system, rest = split_system(turns)
        merged = tuple(part for turn in system for part in turn.parts)
        turns = (Turn("system", merged), *rest)
        for turn in system:
            writer.note_turn(turn)
    for turn in turns:
        writer.turn(turn)
    return writer.messages


class _Writer:
    __slots__ = ("_ids", "_losses", "messages", "own")

    def __init__(self, losses: Losses, own: bool) -> None:
        self.messages: list[Json] = []
        self.own = own
        self._ids = CallIds()
        self._losses = losses

    def note_turn(self, turn: Turn) -> None:
        for key in turn.extras:
            self._losses.add(f"messages.{key}", "no place for it in Ollama's messages")

    def turn(self, turn: Turn) -> None:
        note_losses(turn.parts, self._losses, self.own)
        if not self.own:
            self.note_turn(turn)
        extras = turn.extras if self.own else {}
        content = Content(self._losses)
        thinking: list[str] = []
        calls: list[Json] = []
        results = 0
        shown: list[Json] = []
        for part in turn.parts:
            match part:
                case ToolResult():
                    shown += self._result(part, extras)
                    results += 1
                case ToolCall():
                    calls.append(self._call(part))
                case Reasoning(text=text) if text:
                    thinking.append(text)
                case _:
                    content.add(part)
        self.messages.extend(shown)
        if results and not (content.texts or content.images):
            return
        message: JsonObject = {**extras, "role": turn.role, "content": content.text()}
        if thinking:
            message["thinking"] = "\n\n".join(thinking)
        if content.images:
            message["images"] = list(content.images)
        if calls:
            message["tool_calls"] = calls
        if self.own or message["content"] or len(message) > 2:
            self.messages.append(message)

    def _call(self, call: ToolCall) -> JsonObject:
        arguments = object_of(call.input)
        function: JsonObject = {
            "name": call.name,
            "arguments": {"input": call.input} if arguments is None else arguments,
        }
        message: JsonObject = {"function": function}
        if self.own:
            message = {**call.extras, **message}
            inner = call.extras.get("function")
            if isinstance(inner, dict):
                message["function"] = {**inner, **function}
        if call.id != self._ids.next_call():
            message["id"] = call.id
        self._ids.called(call.id, call.name)
        return message

    def _result(self, result: ToolResult, extras: JsonObject) -> list[Json]:
        """Adds the tool message; a message that shows its images, for after the last result."""
        note_losses(result.parts, self._losses, self.own)
        content = Content(self._losses)
        for part in result.parts:
            content.add(part)
        text = content.text()
        message: JsonObject = {
            **extras,
            "role": "tool",
            "content": f"Error: {text}" if result.is_error else text,
        }
        name = result.name or self._ids.name_of(result.call_id)
        if name:
            message["tool_name"] = name
        if result.call_id != self._ids.next_result(name):
            message["tool_call_id"] = result.call_id
        self._ids.answered(result.call_id)
        self.messages.append(message)
        if content.images and self.own:
            message["images"] = list(content.images)
        if self.own or not content.images:
            return []
        text = f"[image from the result of {name or 'the tool'}]"
        return [{"role": "user", "content": text, "images": list(content.images)}]
