"""A request with its tools, calls and results as text. Everything else stays: images, reasoning,
cache marks, the order of turns."""

from __future__ import annotations

import msgspec

from dragoman.neutral.json import Json, JsonObject, encode_text, object_of
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import CacheMark, Media, Part, Text, ToolCall, ToolResult
from dragoman.neutral.requests import (
    FunctionTool,
    HostedTool,
    Request,
    ToolChoice,
    Turn,
    split_system,
)
from dragoman.toolcalls.fitting import PLACEHOLDER
from dragoman.toolcalls.text.guide import choice_told, guide
from dragoman.toolcalls.text.marks import mark_of
from dragoman.toolcalls.text.offer import Offer, Offered, told_name
from dragoman.toolcalls.told_images import unwrapped


class Told(msgspec.Struct, frozen=True):
    """The request without tools, and what its answer is read by. `reads`: the answer may call."""

    request: Request
    offer: Offer
    mark: str
    reads: bool


def told_as_text(request: Request, secret: bytes, losses: Losses) -> Told:
    """The request for a model that knows no tools. Calls and results must be paired already."""
    tools = [tool for tool in request.tools if not isinstance(tool, HostedTool)]
    for tool in request.tools:
        if isinstance(tool, HostedTool):
            losses.add(tool.tool, "the model gets its tools as text, and only the client's own")
        elif isinstance(tool, FunctionTool):
            strict = ("strict",) if tool.strict else ()
            for key in (*strict, *tool.extras):
                losses.add(f"tools.{key}", "the tools go as text")
    offer = Offer(tool for tool in tools if tool.name != PLACEHOLDER)
    mark = mark_of(request, secret)
    turns = _Telling(offer, mark, losses).turns(request.turns)
    choice = request.tool_choice
    if offer:
        several = choice.parallel is not False
        cache = next((tool.cache for tool in reversed(tools) if tool.cache), None)
        turns = _with_guide(turns, Text(guide(offer, mark, several=several), cache=cache))
        turns = _with_choice(turns, choice_told(choice))
    told = msgspec.structs.replace(request, turns=turns, tools=(), tool_choice=ToolChoice())
    return Told(told, offer, mark, bool(offer) and choice.mode != "none")


def _with_guide(turns: tuple[Turn, ...], text: Text) -> tuple[Turn, ...]:
    """Behind the client's own system text."""
    system, conversation = split_system(turns)
    if not system:
        return (Turn("system", (text,)), *conversation)
    last = msgspec.structs.replace(system[-1], parts=(*system[-1].parts, text))
    return (*system[:-1], last, *conversation)


def _with_choice(turns: tuple[Turn, ...], told: str) -> tuple[Turn, ...]:
    if not told:
        return turns
    note = Text(told)
    if turns[-1].role != "user":
        return (*turns, Turn("user", (note,)))
    last = msgspec.structs.replace(turns[-1], parts=(*turns[-1].parts, note))
    return (*turns[:-1], last)


class _Telling:
    """One walk over the turns; calls are numbered in their order, results by their call."""

    def __init__(self, offer: Offer, mark: str, losses: Losses) -> None:
        self._offer = offer
        self._mark = mark
        self._losses = losses
        self._numbers: dict[str, int] = {}
        self._count = 0

    def turns(self, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        return tuple(map(self._turn, turns))

    def _turn(self, turn: Turn) -> Turn:
        if not any(isinstance(part, ToolCall | ToolResult) for part in turn.parts):
            return turn
        parts: list[Part] = []
        for part in turn.parts:
            if isinstance(part, ToolCall):
                gap = "\n\n" if parts and isinstance(parts[-1], Text) else ""
                parts.append(Text(gap + self._call(part), cache=part.cache))
            elif isinstance(part, ToolResult):
                parts += self._result(part)
            else:
                parts.append(part)
        return msgspec.structs.replace(turn, parts=tuple(parts))

    def _call(self, call: ToolCall) -> str:
        if call.state is not None:
            self._losses.add("reasoning state", "it stood on a call, which goes as text")
        self._without(call.extras)
        self._count += 1
        self._numbers[call.id] = self._count
        name = told_name(call.namespace, call.name)
        tool = self._offer.find(name)
        return call_text(call, tool, name, self._mark, str(self._count))

    def _result(self, result: ToolResult) -> list[Part]:
        """Its own tags, with its parts between them: the mark stands in no text of the request, so
        nothing in them can end it."""
        self._without(result.extras)
        number = self._numbers.get(result.call_id, 0)
        failed = ' error="true"' if result.is_error else ""
        tag = f"result-{self._mark}"
        opening = f'<{tag} id="{number}" name="{_attribute(result.name)}"{failed}>\n'
        parts: list[Part] = [Text(opening)]
        for part in map(_unmarked, unwrapped(result.parts)):
            if isinstance(part, Text) and isinstance(parts[-1], Text):
                parts[-1] = Text(parts[-1].text + part.text)
            else:
                parts.append(part)
        closing = f"\n</{tag}>"
        if isinstance(parts[-1], Text):
            parts[-1] = Text(parts[-1].text + closing, cache=_cache(result))
        else:
            parts.append(Text(closing, cache=_cache(result)))
        return parts

    def _without(self, extras: JsonObject) -> None:
        for key in extras:
            self._losses.add(key, "it stood on a call or result, which goes as text")


def _unmarked(part: Part) -> Part:
    """The part without its cache mark, which goes to the result's end."""
    if isinstance(part, Text | Media) and part.cache is not None:
        return msgspec.structs.replace(part, cache=None)
    return part


def _cache(result: ToolResult) -> CacheMark | None:
    marks = [result.cache, *(getattr(part, "cache", None) for part in result.parts)]
    return next((mark for mark in marks if mark is not None), None)


def call_text(call: ToolCall, tool: Offered | None, name: str, mark: str, number: str = "") -> str:
    """A call as the model is to write it; any input can be written."""
    given = None if call.kind == "custom" else object_of(call.input)
    longer = mark
    while f"-{longer}>" in call.input:
        longer += "x"
    id_ = f' id="{number}"' if number else ""
    opening = f'<call-{longer} name="{_attribute(name)}"{id_}>'
    closing = f"</call-{longer}>"
    if given is None:
        return f"{opening}\n{call.input}\n{closing}"
    schema = tool.schema if tool is not None else {}
    lines = [
        f'<arg-{longer} name="{_attribute(key)}">{_value(value, schema, key)}</arg-{longer}>'
        for key, value in given.items()
    ]
    return "\n".join([opening, *lines, closing])


def _value(value: Json, schema: JsonObject, key: str) -> str:
    """A value as it is; JSON where its type is not text, or might be taken for another."""
    properties = schema.get("properties")
    rules = properties.get(key) if isinstance(properties, dict) else None
    if isinstance(value, str):
        plain = isinstance(rules, dict) and rules.get("type") == "string"
        text = value if plain or not _ambiguous(value) else encode_text(value)
    else:
        text = encode_text(value)
    return f"\n{text}\n" if "\n" in text or "\r" in text else text


def _ambiguous(text: str) -> bool:
    """Whether a text without a declared type would be read as something else."""
    return text.lstrip()[:1] in ("{", "[", '"')


def _attribute(text: str) -> str:
    return text.replace('"', "'")
