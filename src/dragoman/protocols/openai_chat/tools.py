"""Tool declarations and the choice among them, both ways.

`tools` (function, custom, and what hosts run themselves), legacy `functions`, `web_search_options`;
`tool_choice` in all its forms, legacy `function_call`, `parallel_tool_calls`.
"""

from __future__ import annotations

from typing import Literal

from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import NO_EXTRAS
from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    HostedTool,
    Request,
    Tool,
    ToolChoice,
)
from dragoman.protocols.openai_chat.media import cache_in, cache_out
from dragoman.protocols.openai_chat.parts_in import extras_of
from dragoman.protocols.openai_chat.wire import HOSTED_KINDS, NAME, is_openai, is_openrouter

_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",
}


def tools_in(body: Fields) -> tuple[Tool, ...]:
    tools = [tool_in(tool) for tool in body.objects("tools")]
    tools += [function_in(function) for function in body.objects("functions")]
    search = body.schema("web_search_options")
    if search is not None:
        tools.append(search_in(search))
    return tuple(tools)


def search_in(options: Json) -> HostedTool:
    """`web_search_options`, which is a tool beside the list."""
    return HostedTool("web_search", {"web_search_options": options}, NAME)


def tool_in(tool: Fields) -> Tool:
    kind = tool.text("type") or "function"
    if kind == "function":
        function = tool.object("function")
        mark = cache_in(tool.raw("cache_control"))
        if function is None:
            return function_in(tool, mark_of=tool)
        extras: JsonObject = extras_of(tool)
        if mark is None and tool.value.get("cache_control") is not None:
            extras["cache_control"] = tool.raw("cache_control")
        return function_in(function, extras, mark_of=tool)
    custom = tool.object("custom") if kind == "custom" else None
    if custom is not None:
        return CustomTool(
            custom.needed_text("name"),
            description=custom.text("description") or "",
            grammar=_format_in(custom.schema("format")),
            cache=cache_in(tool.raw("cache_control")),
            extras=extras_of(custom),
        )
    named = tool.value.get("function")
    name = named.get("name") if isinstance(named, dict) else None
    tool_kind = "web_search" if name == "$web_search" else HOSTED_KINDS.get(kind, kind)
    return HostedTool(tool_kind, tool.value, NAME, name=name if isinstance(name, str) else "")


def function_in(
    function: Fields, outer: JsonObject = NO_EXTRAS, mark_of: Fields | None = None
) -> Tool:
    """A function's own object; `outer` is what else stood around it."""
    mark = cache_in(mark_of.value.get("cache_control")) if mark_of is not None else None
    name = function.needed_text("name")
    description = function.text("description") or ""
    parameters = function.schema("parameters")
    strict = function.flag("strict")
    inner = extras_of(function)
    extras: JsonObject = {}
    if inner:
        extras["function"] = inner
    if outer:
        extras["tool"] = outer
    return FunctionTool(name, description, parameters, strict, cache=mark, extras=extras)


def _format_in(wire: JsonObject | None) -> JsonObject | None:
    """Chat nests the grammar that Responses (and the neutral tool) holds flat."""
    grammar = wire.get("grammar") if wire is not None else None
    if wire is None or not isinstance(grammar, dict):
        return wire
    return {**{key: value for key, value in wire.items() if key != "grammar"}, **grammar}


def _format_out(grammar: JsonObject) -> JsonObject:
    if grammar.get("type") != "grammar":
        return grammar
    inner: JsonObject = {key: value for key, value in grammar.items() if key != "type"}
    return {"type": "grammar", "grammar": inner}


def choice_in(body: Fields) -> ToolChoice:
    parallel = body.flag("parallel_tool_calls")
    legacy = body.raw("function_call")
    key = "function_call" if legacy is not None else "tool_choice"
    value = body.raw("tool_choice") if legacy is None else legacy
    if value is None:
        return ToolChoice(parallel=parallel)
    if isinstance(value, str):
        if value not in _MODES:
            return ToolChoice(mode="named", name=value, parallel=parallel)
        return ToolChoice(mode=_MODES[value], parallel=parallel)
    choice = Fields(value, body.at(key))
    if legacy is not None:
        return ToolChoice(mode="named", name=choice.needed_text("name"), parallel=parallel)
    return _choice_object(choice, parallel)


def _choice_object(choice: Fields, parallel: bool | None) -> ToolChoice:
    kind = choice.text("type") or "function"
    if kind == "allowed_tools":
        allowed = choice.object("allowed_tools") or choice
        mode = _MODES.get(allowed.text("mode") or "auto", "auto")
        names = tuple(_allowed_name(tool) for tool in allowed.objects("tools"))
        return ToolChoice(mode=mode, allowed=names, parallel=parallel)
    if kind == "function":
        named = choice.object("function") or choice
        return ToolChoice(mode="named", name=named.needed_text("name"), parallel=parallel)
    if kind == "custom":
        named = choice.object("custom") or choice
        name = named.needed_text("name")
        return ToolChoice(mode="named", name=name, kind="custom", parallel=parallel)
    return ToolChoice(
        mode="named", name=kind, kind="hosted", parallel=parallel, extras=extras_of(choice)
    )


def _allowed_name(tool: Fields) -> str:
    inner = tool.object(tool.text("type") or "function") or tool
    return inner.needed_text("name")


def tools_out(request: Request, host: str, losses: Losses) -> JsonObject:
    """`tools` and `web_search_options`, as far as there are any."""
    out: JsonObject = {}
    wire: list[Json] = []
    own = request.protocol == NAME
    narrowed = _narrowed(request, host)
    for tool in request.tools:
        if isinstance(tool, HostedTool):
            if tool.protocol != NAME:
                losses.add(f"tools.{tool.tool}", "this host runs no such tool")
            elif "web_search_options" in tool.raw:
                out.update(tool.raw)
            else:
                wire.append(tool.raw)
            continue
        if narrowed and tool.name not in request.tool_choice.allowed:
            continue
        entry = _custom_out(tool) if isinstance(tool, CustomTool) else _function_out(tool, own)
        if tool.cache is not None:
            if own or is_openrouter(host):
                entry["cache_control"] = cache_out(tool.cache)
            else:
                losses.add("cache_control", "this host takes no cache marks")
        if not own:
            for key in tool.extras:
                losses.add(f"tools.{key}", "no such field in Chat")
        wire.append(entry)
    if wire:
        out["tools"] = wire
    return out


def _narrowed(request: Request, host: str) -> bool:
    """Whether allowed tools are expressed by leaving the others out: only OpenAI takes the list."""
    return bool(request.tool_choice.allowed) and request.protocol != NAME and not is_openai(host)


def _function_out(tool: FunctionTool, own: bool) -> JsonObject:
    function: JsonObject = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    elif not own:
        function["parameters"] = {"type": "object", "properties": {}}
    if tool.strict or (own and tool.strict is not None):
        function["strict"] = tool.strict
    outer: Json = None
    if own:
        inner, outer = tool.extras.get("function"), tool.extras.get("tool")
        function.update(inner if isinstance(inner, dict) else {})
    entry: JsonObject = {"type": "function", "function": function}
    return {**entry, **outer} if isinstance(outer, dict) else entry


def _custom_out(tool: CustomTool) -> JsonObject:
    custom: JsonObject = {"name": tool.name}
    if tool.description:
        custom["description"] = tool.description
    if tool.grammar is not None:
        custom["format"] = _format_out(tool.grammar)
    return {"type": "custom", "custom": custom}


def choice_out(request: Request, host: str, losses: Losses) -> JsonObject:
    """`tool_choice` and `parallel_tool_calls`. Hosts refuse both where no tool is declared."""
    choice = request.tool_choice
    out: JsonObject = {}
    own = request.protocol == NAME
    if choice.parallel is not None:
        out["parallel_tool_calls"] = choice.parallel
    if choice.mode == "named":
        if choice.kind != "hosted":
            named: JsonObject = {"name": choice.name}
            out["tool_choice"] = {"type": choice.kind, choice.kind: named}
        elif own:
            out["tool_choice"] = {"type": choice.name, **choice.extras}
        else:
            losses.add("tool_choice", "a tool that the host would run cannot be forced here")
    elif choice.allowed and not _narrowed(request, host):
        customs = {tool.name for tool in request.tools if isinstance(tool, CustomTool)}
        kinds = [("custom" if name in customs else "function", name) for name in choice.allowed]
        tools: list[Json] = [{"type": kind, kind: {"name": name}} for kind, name in kinds]
        mode = choice.mode or "auto"
        allowed: JsonObject = {"mode": mode, "tools": tools}
        out["tool_choice"] = {"type": "allowed_tools", "allowed_tools": allowed}
    elif choice.mode is not None:
        out["tool_choice"] = choice.mode
    return out
