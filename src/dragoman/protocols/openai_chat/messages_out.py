"""Neutral turns as an upstream's messages: one renderer for every compatible host.

A Chat client's own turns stay the messages they were. Turns of other clients are brought into the
order every host takes: one system message first, each call answered before anything else is said,
what a tool message cannot hold (images, files) in the user message that follows.
"""

from __future__ import annotations

import msgspec

from dragoman.neutral.json import Json, JsonObject, object_of
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Media,
    Part,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import Request, Turn, split_system
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.media import image_out
from dragoman.protocols.openai_chat.parts_out import PartWriter, content_out
from dragoman.protocols.openai_chat.wire import NAME

_ERROR = "Error: "


FALLBACK_USER_TEXT = "Proceed."
"""What is asked when nothing is left of a foreign conversation, for an empty one is refused."""


def messages_out(request: Request, target: Target, losses: Losses) -> list[Json]:
    writer = _Messages(request, target, losses)
    turns = request.turns
    out: list[Json] = []
    if not writer.own:
        leading, rest = split_system(turns)
        out += writer.system(leading)
        turns = _joined(rest)
    for turn in turns:
        if turn.role == "assistant":
            out += writer.assistant(turn)
        elif turn.role == "system":
            out += writer.system((turn,))
        else:
            out += writer.user(turn)
    if not out and request.turns and not writer.own:
        out.append({"role": "user", "content": FALLBACK_USER_TEXT})
    return out


def _joined(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns with neighbouring assistant turns made one."""
    out: list[Turn] = []
    for turn in turns:
        last = out[-1] if out else None
        if last is not None and last.role == turn.role == "assistant":
            extras = {**last.extras, **turn.extras}
            out[-1] = msgspec.structs.replace(last, parts=(*last.parts, *turn.parts), extras=extras)
        else:
            out.append(turn)
    return tuple(out)


class _Messages(PartWriter):
    def system(self, turns: tuple[Turn, ...]) -> list[JsonObject]:
        """These turns as one system message; none when they say nothing."""
        role = (turns[0].author if self.own and turns else "") or "system"
        message: JsonObject = {"role": role}
        parts: list[JsonObject] = []
        for turn in turns:
            parts += self.parts(turn.parts)
            self.extras(message, turn.extras)
        if not parts and not self.own:
            return []
        return [{**message, "content": content_out(parts, "\n\n", keep=self.own)}]

    def user(self, turn: Turn) -> list[JsonObject]:
        """Tool messages first, then what the user says."""
        out: list[JsonObject] = []
        beside: list[JsonObject] = []
        said: list[Part] = []
        for part in turn.parts:
            if isinstance(part, ToolResult):
                message, media = self._result(part)
                out.append(message)
                beside += media
            else:
                said.append(part)
        content = beside + self.parts(said)
        message = self.extras({"role": "user"}, turn.extras)
        if content or not out:
            message["content"] = content_out(content, "\n", keep=self.own)
            out.append(message)
        return out

    def _result(self, result: ToolResult) -> tuple[JsonObject, list[JsonObject]]:
        """The tool message, and the parts that must go beside it."""
        inside: list[JsonObject] = []
        media: list[JsonObject] = []
        for part in result.parts:
            wire = self.part(part)
            if wire is None:
                continue
            kept = self.own or wire["type"] == "text"
            (inside if kept else media).append(wire)
        if media:
            media.insert(0, {"type": "text", "text": f"Output of tool call {result.call_id}:"})
            if not inside:
                inside.append({"type": "text", "text": "The output follows in the next message."})
        if result.is_error:
            _prefix_error(inside)
        if result.cache is not None:
            if not inside:
                inside.append({"type": "text", "text": ""})
            self.marked(inside[-1], result.cache)
        message: JsonObject = {
            "role": "tool",
            "tool_call_id": result.call_id,
            "content": content_out(inside, "\n", keep=self.own),
        }
        if self.own and result.wire.get("named"):
            message["name"] = result.name
        return self.extras(message, result.extras), media

    def assistant(self, turn: Turn) -> list[JsonObject]:
        """One message; none when nothing of the turn can be carried."""
        message: JsonObject = {"role": "assistant"}
        self._reasoning(message, [part for part in turn.parts if isinstance(part, Reasoning)])
        calls: list[Json] = [self._call(part) for part in turn.parts if isinstance(part, ToolCall)]
        images = [part for part in turn.parts if isinstance(part, Media)]
        content = self._said(message, turn.parts)
        self._images(message, images)
        if calls:
            message["tool_calls"] = calls
        self.extras(message, turn.extras)
        if len(message) == 1 and not content and not self.own:
            return []
        empty = None if calls or "refusal" in message else ""
        return [{**message, "content": content or empty}]

    def _said(self, message: JsonObject, parts: tuple[Part, ...]) -> Json:
        """The content. Text that calls or other parts stood between is set apart from what was
        before it; text that was one stays one."""
        if self.own:
            return self._said_in_chat(message, parts)
        out: list[JsonObject] = []
        apart = False
        for part in parts:
            plain = isinstance(part, Text)
            wire = None if isinstance(part, Media) else self.part(part)
            if wire is None:
                apart = apart or not plain
                continue
            if out and (apart or not plain):
                wire["text"] = "\n\n" + str(wire["text"])
            out.append(wire)
            apart = not plain
        return content_out(out, "")

    def _said_in_chat(self, message: JsonObject, parts: tuple[Part, ...]) -> Json:
        prose = [part for part in parts if not isinstance(part, ToolCall | Media | Reasoning)]
        if len(prose) == 1 and isinstance(prose[0], Refusal) and not prose[0].extras:
            message["refusal"] = prose[0].text
            return None
        texts = [part for part in prose if isinstance(part, Text)]
        if cited := [c.raw for text in texts for c in text.citations if c.protocol == NAME]:
            message["annotations"] = cited
        return content_out(self.parts(prose), "", keep=True)

    def _images(self, message: JsonObject, images: list[Media]) -> None:
        """Pictures the model made: only OpenRouter takes them back."""
        if images and (self.own or self.router):
            message["images"] = [image_out(image) for image in images]
        elif images:
            self.lose(f"{self.word}.image", "this host takes no pictures in an assistant message")

    def _reasoning(self, message: JsonObject, parts: list[Reasoning]) -> None:
        details = [(part, self._state(part.state)) for part in parts]
        if any(state is not None for _, state in details):
            message["reasoning_details"] = [
                _detail(part, state) for part, state in details if part.text or state is not None
            ]
            return
        text = "\n\n".join(part.text for part in parts if part.text)
        if not text:
            return
        if self.openai and not self.own:
            self.lose(f"{self.word}.reasoning", "OpenAI's Chat takes no reasoning back")
        else:
            message["reasoning_content"] = text

    def _state(self, state: ReasoningState | None) -> JsonObject | None:
        """What this protocol's own state holds."""
        if state is None:
            return None
        kept = object_of(state.blob) if state.protocol == NAME else None
        if kept is None:
            self.lose("reasoning state", "it belongs to another protocol")
        return kept

    def _call(self, call: ToolCall) -> JsonObject:
        key = "input" if call.kind == "custom" else "arguments"
        body: JsonObject = {"name": call.name, key: call.input}
        wire: JsonObject = {"id": call.id, "type": call.kind, call.kind: body}
        extra = self._state(call.state)
        if extra is not None:
            wire["extra_content"] = extra
        if call.cache is not None:
            self.lose("cache_control", "a call takes no cache mark here")
        return self.extras(wire, call.extras)


def _prefix_error(parts: list[JsonObject]) -> None:
    """Chat has no error flag: the text says it, once."""
    first = parts[0].get("text") if parts else ""
    if not isinstance(first, str):
        parts.insert(0, {"type": "text", "text": _ERROR.strip()})
    elif not parts:
        parts.append({"type": "text", "text": _ERROR.strip()})
    elif not first.startswith(_ERROR.strip()):
        parts[0]["text"] = _ERROR + first


def _detail(part: Reasoning, state: JsonObject | None) -> JsonObject:
    if state is None:
        return {"type": "reasoning.text", "text": part.text}
    if not part.text:
        return state
    key = "summary" if state.get("type") == "reasoning.summary" else "text"
    return {**state, key: part.text}
