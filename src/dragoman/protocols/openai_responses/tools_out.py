"""Neutral tools and the choice among them → an upstream body."""

from __future__ import annotations

from typing import assert_never

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import CustomTool, FunctionTool, HostedTool, Request, Tool
from dragoman.protocols.openai_responses.wire import NAME

_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}
_HOSTED: dict[str, JsonObject] = {"web_search": {"type": "web_search"}}


def added_tools(raw: JsonObject, tools: tuple[Tool, ...]) -> JsonObject:
    """An `additional_tools` item without the tools that policies took out of the request."""
    kept = {(t.namespace, t.name) for t in tools if not isinstance(t, HostedTool)}
    return {**raw, "tools": _still_there(raw.get("tools"), "", kept)}


def _still_there(value: Json, namespace: str, kept: set[tuple[str, str]]) -> Json:
    out: list[Json] = []
    for tool in _objects(value):
        name = str(tool.get("name", ""))
        if tool.get("type") == "namespace":
            out.append({**tool, "tools": _still_there(tool.get("tools"), name, kept)})
        elif tool.get("type") not in {"function", "custom"} or (namespace, name) in kept:
            out.append(tool)
    return out


def _objects(value: Json) -> list[JsonObject]:
    return [
        entry for entry in (value if isinstance(value, list) else []) if isinstance(entry, dict)
    ]


def tools_out(request: Request, losses: Losses, *, whole: bool) -> list[Json]:
    """The request's `tools`. Those of an `additional_tools` item are left to it where the host
    knows such items, and stand here where it does not."""
    out: list[Json] = []
    open_space = ""
    space: list[Json] = []
    for tool in request.tools:
        if tool.wire.get("added") and whole:
            continue
        written = _tool(tool, request.protocol == NAME, losses, whole=whole)
        if written is None:
            continue
        namespace = "" if isinstance(tool, HostedTool) or not whole else tool.namespace
        if not namespace:
            out.append(written)
        elif namespace == open_space:
            space.append(written)
        else:
            space = [written]
            known = tool.wire.get("namespace")
            own = known if isinstance(known, dict) else {"description": ""}
            out.append({"type": "namespace", "name": namespace, **own, "tools": space})
        open_space = namespace
    return out


def _tool(tool: Tool, own: bool, losses: Losses, *, whole: bool) -> JsonObject | None:
    if tool.cache is not None:
        losses.add("tools.cache_control", "prompt caching is automatic here")
    if isinstance(tool, HostedTool):
        return _hosted(tool, losses)
    if not own:
        for key in tool.extras:
            losses.add(f"tools.{key}", "known to the client's own protocol only")
    if isinstance(tool, FunctionTool):
        return _function(tool, own=own, whole=whole)
    if isinstance(tool, CustomTool):
        if whole:
            return _custom(tool, own=own)
        losses.add("tools.custom", "servers other than OpenAI's refuse custom tools")
        return None
    assert_never(tool)


def _hosted(tool: HostedTool, losses: Losses) -> JsonObject | None:
    if tool.protocol == NAME:
        return tool.raw
    if tool.tool in _HOSTED:
        return dict(_HOSTED[tool.tool])
    losses.add(f"tools.{tool.tool}", "Responses runs no such tool in this form")
    return None


def _function(tool: FunctionTool, *, own: bool, whole: bool) -> JsonObject:
    out: JsonObject = {"type": "function", "name": tool.name}
    if tool.description:
        out["description"] = tool.description
    if not own:
        out["parameters"] = tool.parameters or dict(_NO_PARAMETERS)
        # Left out, `strict` is true here, and most schemas are not.
        out["strict"] = bool(tool.strict)
        return out
    if tool.parameters is not None:
        out["parameters"] = tool.parameters
    if tool.strict is not None:
        out["strict"] = tool.strict
    return {**out, **(_wire(tool) if whole else {}), **tool.extras}


def _custom(tool: CustomTool, *, own: bool) -> JsonObject:
    out: JsonObject = {"type": "custom", "name": tool.name}
    if tool.description:
        out["description"] = tool.description
    if tool.grammar is not None:
        out["format"] = tool.grammar
    return {**out, **_wire(tool), **tool.extras} if own else out


def _wire(tool: FunctionTool | CustomTool) -> JsonObject:
    known = tool.wire.get("tool")
    return known if isinstance(known, dict) else {}


def choice_out(request: Request, losses: Losses) -> JsonObject:
    """`tool_choice` and `parallel_tool_calls`; neither without tools, for a foreign client."""
    own = request.protocol == NAME
    choice = request.tool_choice
    out: JsonObject = {}
    if not own and not request.tools:
        return out
    if choice.parallel is not None:
        out["parallel_tool_calls"] = choice.parallel
    value = _choice(request, losses)
    if value is not None:
        out["tool_choice"] = value
    if not own:
        for key in choice.extras:
            losses.add(f"tool_choice.{key}", "known to the client's own protocol only")
    return out


def _choice(request: Request, losses: Losses) -> Json:
    choice = request.tool_choice
    if choice.mode == "named":
        return _named(request, losses)
    if choice.allowed:
        return {
            "type": "allowed_tools",
            "mode": choice.mode or "auto",
            "tools": _allowed(request),
        }
    return choice.mode


def _named(request: Request, losses: Losses) -> JsonObject | None:
    choice = request.tool_choice
    if choice.kind != "hosted":
        out: JsonObject = {"type": choice.kind, "name": choice.name}
        if choice.namespace:
            out["namespace"] = choice.namespace
        return out
    known = choice.wire.get("choice")
    if isinstance(known, dict):
        return known
    if choice.name in _HOSTED:
        return dict(_HOSTED[choice.name])
    losses.add("tool_choice", f"Responses cannot force {choice.name}")
    return None


def _allowed(request: Request) -> list[Json]:
    names = request.tool_choice.allowed
    known = request.tool_choice.wire.get("tools")
    if isinstance(known, list):
        return [t for t in known if isinstance(t, dict) and t.get("name", names) in (*names, names)]
    kinds = {t.name: "custom" for t in request.tools if isinstance(t, CustomTool)}
    return [{"type": kinds.get(name, "function"), "name": name} for name in names]
