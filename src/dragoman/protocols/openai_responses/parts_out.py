"""Neutral turns → input items of an upstream body.

For our own protocol every item comes back as `wire` remembers it. For a foreign request content
parts that stand together are one message; calls, results and reasoning are items of their own, and
no item ids are invented.
"""

from __future__ import annotations

from typing import assert_never

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import Request, Turn
from dragoman.protocols.openai_responses.content_out import ContentOut
from dragoman.protocols.openai_responses.wire import NAME, OFFICIAL_ONLY_ITEMS

_RESULT_ITEMS = {"function": "function_call_output", "custom": "custom_tool_call_output"}


def _role(turn: Turn) -> str:
    if turn.role == "system":
        return turn.author if turn.author in {"system", "developer"} else "developer"
    return turn.role


class ItemsOut:
    """Collects the items of one request. `whole`: the host speaks the whole dialect."""

    def __init__(self, request: Request, losses: Losses, *, whole: bool) -> None:
        self._request = request
        self._own = request.protocol == NAME
        self._whole = whole
        self._losses = losses
        self._content = ContentOut(request.protocol, losses)
        self._items: list[Json] = []
        self._message: JsonObject | None = None
        self._parts: list[Json] = []
        self._bare = False

    def add(self, turn: Turn) -> None:
        role = _role(turn)
        for part in turn.parts:
            self._part(part, role)
        self._close()

    def items(self) -> list[Json]:
        return self._items

    def _part(self, part: Part, role: str) -> None:
        match part:
            case Text() | Refusal() | Media():
                self._put(part, role)
            case Opaque() if "part" in part.wire:
                self._put(part, role)
            case HostedResult():
                if part.protocol != NAME and part.text:
                    self._put(Text(part.text), role)
            case HostedCall():
                if part.protocol == NAME:
                    self._item(part.raw)
            case Reasoning():
                self._reasoning(part)
            case ToolCall():
                self._call(part)
            case ToolResult():
                self._result(part)
            case Opaque():
                self._opaque(part)
            case _:
                assert_never(part)

    def _item(self, item: Json) -> None:
        self._close()
        self._items.append(item)

    def _close(self) -> None:
        message = self._message
        if message is not None:
            first = self._parts[0] if self._bare else None
            message["content"] = first["text"] if isinstance(first, dict) else self._parts
            self._items.append(message)
        self._message, self._parts, self._bare = None, [], False

    def _put(self, part: Text | Refusal | Media | Opaque, role: str) -> None:
        """A content part, into the open message or the one that begins with it."""
        self._content.note(part)
        if isinstance(part, Opaque):
            if part.protocol != self._request.protocol or not self._own:
                self._losses.add(f"messages.{part.kind}", "known to its own protocol only")
                return
            out = part.raw
        else:
            written = self._content.part(part, assistant=role == "assistant")
            if written is None:
                return
            out = written
        begins = part.wire.get("message") if self._own else None
        if isinstance(begins, dict):
            self._close()
            extras = part.extras.get("message") if not isinstance(part, Opaque) else None
            self._message = {**begins, **(extras if isinstance(extras, dict) else {}), "role": role}
        elif self._message is None:
            self._message = {"type": "message", "role": role}
        form = part.wire.get("form") if self._own else None
        self._bare = form in {"text", "input"} and not self._parts
        if form != "empty":
            self._parts.append(out)

    def _reasoning(self, part: Reasoning) -> None:
        self._content.note(part)
        if part.state is not None and part.state.protocol != NAME:
            self._losses.add("reasoning state", "it belongs to another kind of upstream")
            return
        if part.state is None and not self._own:
            self._losses.add("reasoning", "Responses takes back only reasoning it has written")
            return
        known = part.wire.get("item")
        item: JsonObject = {"type": "reasoning", "summary": []}
        if isinstance(known, dict):
            item = {**known}
        elif part.text:
            item["summary"] = [{"type": "summary_text", "text": part.text}]
        if part.state is not None:
            item["encrypted_content"] = part.state.blob
        self._item(item)

    def _kept(self, part: ToolCall | ToolResult) -> JsonObject:
        """What the item had beside its content; a custom call's id does not fit a function's."""
        known = part.wire.get("item")
        own = {**(known if isinstance(known, dict) else {}), **part.extras}
        if part.kind == "function" and str(own.get("id")).startswith("ctc"):
            del own["id"]
        return own if self._own else {}

    def _call(self, part: ToolCall) -> None:
        self._content.note(part)
        if part.state is not None:
            self._losses.add("reasoning state", "Responses keeps no state on calls")
        item: JsonObject = {"type": "function_call", "call_id": part.id, "name": part.name}
        if part.kind == "custom":
            item["type"] = "custom_tool_call"
            item["input"] = part.input
        else:
            item["arguments"] = part.input
        if part.namespace and self._whole:
            item["namespace"] = part.namespace
        self._item({**item, **self._kept(part)})

    def _result(self, part: ToolResult) -> None:
        self._content.note(part)
        item: JsonObject = {"type": _RESULT_ITEMS[part.kind], "call_id": part.call_id}
        item["output"] = self._output(part)
        self._item({**item, **self._kept(part)})

    def _output(self, result: ToolResult) -> Json:
        """A string, or a list when more than text is inside (or our own client sent one)."""
        parts: list[Json] = []
        texts: list[str] = []
        form = ""
        for part in result.parts:
            self._content.note(part)
            form = str(part.wire.get("form", "")) if isinstance(part, Text) else form
            out = self._result_part(part)
            if out is not None and form != "empty":
                parts.append(out)
                texts += [part.text] if isinstance(part, Text) else []
        failed = "Error: " if result.is_error else ""
        listed = self._own and form != "text" and not failed
        if not listed and len(texts) == len(parts):
            return failed + "\n".join(texts)
        if failed:
            parts.insert(0, {"type": "input_text", "text": "Error:"})
        return parts

    def _result_part(self, part: Part) -> Json:
        if self._own and isinstance(part, Opaque) and "part" in part.wire:
            return part.raw
        return self._content.part(part, assistant=False)

    def _opaque(self, part: Opaque) -> None:
        if not self._own or part.protocol != NAME:
            self._losses.add(f"messages.{part.kind}", "known to its own protocol only")
        elif part.kind in OFFICIAL_ONLY_ITEMS and not self._whole:
            self._losses.add(f"input.{part.kind}", "servers other than OpenAI's refuse it")
        else:
            self._item(part.raw)
