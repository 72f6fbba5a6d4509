"""Tool declarations and the choice among them → neutral.

A namespace's tools become tools with a `namespace`; its own fields (description) ride in the `wire`
of the first of them under `namespace`. `wire["added"]` marks tools that stand in an
`additional_tools` item instead of the request's `tools`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, Json
from dragoman.neutral.requests import CustomTool, FunctionTool, HostedTool, Tool, ToolChoice
from dragoman.protocols.openai_responses.wire import NAME, TOOL_KINDS, leftover

_FUNCTION_KEYS = frozenset({"type", "name", "description", "parameters", "strict"})
_FUNCTION_WIRE = frozenset({"defer_loading"})
_CUSTOM_KEYS = frozenset({"type", "name", "description", "format"})
_NAMESPACE_KEYS = frozenset({"type", "name", "tools"})
_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
}


def tools_of(values: list[Json], path: str) -> list[Tool]:
    """Declarations in order; namespaces opened."""
    tools: list[Tool] = []
    for index, value in enumerate(values):
        fields = Fields(value, f"{path}[{index}]")
        if fields.needed_text("type") == "namespace":
            tools.extend(_namespace(fields))
        else:
            tools.append(tool_in(fields))
    return tools


def _namespace(fields: Fields) -> list[Tool]:
    name = fields.needed_text("name")
    own = {k: v for k, v in fields.value.items() if k not in _NAMESPACE_KEYS}
    tools = [tool_in(tool, name) for tool in fields.objects("tools")]
    if tools and own:
        tools[0] = msgspec.structs.replace(tools[0], wire={**tools[0].wire, "namespace": own})
    return tools


def tool_in(fields: Fields, namespace: str = "") -> Tool:
    kind = fields.needed_text("type")
    if kind == "function":
        return _function(fields, namespace)
    if kind == "custom":
        return _custom(fields, namespace)
    return HostedTool(
        tool=TOOL_KINDS.get(kind, kind), raw=fields.value, protocol=NAME, name=_hosted_name(fields)
    )


def _hosted_name(fields: Fields) -> str:
    name = fields.value.get("name")
    return name if isinstance(name, str) else ""


def _function(fields: Fields, namespace: str) -> FunctionTool:
    wire, extras = leftover(fields.value, _FUNCTION_KEYS, _FUNCTION_WIRE)
    return FunctionTool(
        name=fields.needed_text("name"),
        description=fields.text("description") or "",
        parameters=fields.schema("parameters"),
        strict=fields.flag("strict"),
        namespace=namespace,
        extras=extras,
        wire={"tool": _with_empty(fields, wire)},
    )


def _custom(fields: Fields, namespace: str) -> CustomTool:
    wire, extras = leftover(fields.value, _CUSTOM_KEYS)
    return CustomTool(
        name=fields.needed_text("name"),
        description=fields.text("description") or "",
        grammar=fields.schema("format"),
        namespace=namespace,
        extras=extras,
        wire={"tool": _with_empty(fields, wire)},
    )


def _with_empty(fields: Fields, wire: dict[str, Json]) -> dict[str, Json]:
    return {**wire, "description": ""} if fields.value.get("description") == "" else wire


def unique(tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """Without repeated declarations: the first of a (namespace, name) stays."""
    seen: set[tuple[str, str]] = set()
    kept: list[Tool] = []
    for tool in tools:
        if not isinstance(tool, HostedTool):
            key = (tool.namespace, tool.name)
            if key in seen:
                continue
            seen.add(key)
        kept.append(tool)
    return tuple(kept)


def tool_choice(body: Fields) -> ToolChoice:
    """`tool_choice` and `parallel_tool_calls` together."""
    parallel = body.flag("parallel_tool_calls")
    value = body.raw("tool_choice")
    if value is None:
        return ToolChoice(parallel=parallel)
    if isinstance(value, str):
        return ToolChoice(mode=_mode(value, "tool_choice"), parallel=parallel)
    chosen = _chosen(Fields(value, "tool_choice"))
    return msgspec.structs.replace(chosen, parallel=parallel)


def _mode(value: str, path: str) -> Literal["auto", "none", "required"]:
    if value not in _MODES:
        raise InvalidRequest(
            f"{path}: unknown value {value!r}; one of {', '.join(_MODES)}, or an object", param=path
        )
    return _MODES[value]


def _chosen(fields: Fields) -> ToolChoice:
    kind = fields.needed_text("type")
    if kind == "allowed_tools":
        names = tuple(name for tool in fields.objects("tools") if (name := tool.text("name")))
        mode = _mode(fields.text("mode") or "auto", fields.at("mode"))
        return ToolChoice(mode=mode, allowed=names, wire={"tools": fields.items("tools")})
    namespace = fields.text("namespace") or ""
    if kind == "function":
        return ToolChoice("named", fields.needed_text("name"), "function", namespace)
    if kind == "custom":
        return ToolChoice("named", fields.needed_text("name"), "custom", namespace)
    return ToolChoice("named", TOOL_KINDS.get(kind, kind), "hosted", wire={"choice": fields.value})
