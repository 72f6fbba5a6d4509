"""Tools and tool choice of a request, and the forced tool that stands in for an output format.

platform.claude.com/docs/en/agents-and-tools/tool-use/overview and …/structured-outputs
(2023-06-01).
"""

from __future__ import annotations

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    HostedTool,
    OutputFormat,
    Request,
    Tool,
    ToolChoice,
)
from dragoman.protocols.anthropic.parts_in import mark_out
from dragoman.protocols.anthropic.parts_out import report_extras
from dragoman.protocols.anthropic.wire import (
    HOSTED_DECLARATIONS,
    NAME,
    OUTPUT_FORMAT_SINCE,
    STRUCTURED_TOOL,
    Version,
)

_WORDS = {"auto": "auto", "required": "any", "none": "none", "named": "tool"}


def own_tools(tools: tuple[Tool, ...]) -> list[JsonObject]:
    return [tool.raw if isinstance(tool, HostedTool) else _own_function(tool) for tool in tools]


def _own_function(tool: FunctionTool | CustomTool) -> JsonObject:
    out = _function(tool)
    if isinstance(tool, FunctionTool):
        if tool.deferred:
            out["defer_loading"] = True
        if tool.strict is not None:
            out["strict"] = tool.strict
    return out | tool.extras


def foreign_tools(request: Request, version: Version | None, losses: Losses) -> list[JsonObject]:
    """The tools of a request of another protocol, narrowed to the allowed ones."""
    allowed = request.tool_choice.allowed
    out: list[JsonObject] = []
    for tool in request.tools:
        if allowed and tool.name not in allowed:
            continue
        if isinstance(tool, HostedTool):
            _hosted(tool, out, losses)
            continue
        report_extras(tool.extras, "tools.", losses)
        written = _function(tool)
        if isinstance(tool, FunctionTool) and tool.strict:
            if version is not None and version >= OUTPUT_FORMAT_SINCE:
                written["strict"] = True
            else:
                losses.add("tools.strict", "the model takes no strict tools")
        out.append(written)
    return out


def _function(tool: FunctionTool | CustomTool) -> JsonObject:
    out: JsonObject = {"name": tool.name}
    if tool.description:
        out["description"] = tool.description
    out["input_schema"] = _schema(tool)
    if tool.cache is not None:
        out["cache_control"] = mark_out(tool.cache)
    return out


def _schema(tool: FunctionTool | CustomTool) -> JsonObject:
    if isinstance(tool, CustomTool):
        text: JsonObject = {"type": "string"}
        return {"type": "object", "properties": {"input": text}, "required": ["input"]}
    return {"type": "object", "properties": {}} if tool.parameters is None else tool.parameters


def _hosted(tool: HostedTool, out: list[JsonObject], losses: Losses) -> None:
    if tool.protocol == NAME:
        out.append(tool.raw)
    elif tool.tool in HOSTED_DECLARATIONS:
        out.append(HOSTED_DECLARATIONS[tool.tool])
    else:
        losses.add(f"tools.{tool.tool}", "the target protocol has no such hosted tool")


def remembered_tools(names: list[str]) -> list[JsonObject]:
    """Declarations for tools a conversation has called but no longer offers: calls of undeclared
    tools are refused."""
    return [{"name": name, "input_schema": {"type": "object"}} for name in names]


def choice_out(choice: ToolChoice, own: bool) -> JsonObject | None:
    """A `tool_choice`, None when nothing need be said."""
    parallel = choice.parallel if own or choice.parallel is False else None
    if choice.mode is None and parallel is None:
        return None
    out: JsonObject = {"type": _WORDS[choice.mode or "auto"]}
    if choice.mode == "named":
        out["name"] = choice.name
    if parallel is not None and (own or choice.mode != "none"):
        out["disable_parallel_tool_use"] = not parallel
    if own:
        out.update(choice.extras)
    return out


def forces(choice: JsonObject | None) -> bool:
    return choice is not None and choice["type"] in ("any", "tool")


def native_format(output: OutputFormat) -> JsonObject:
    return {"type": "json_schema", "schema": output.schema}


def takes_format(version: Version | None) -> bool:
    """Whether the model has `output_config.format`; who is no Claude is taken to have it."""
    return version is None or version >= OUTPUT_FORMAT_SINCE


def force_answer_tool(body: JsonObject, tools: list[JsonObject], output: OutputFormat) -> None:
    """Declares the reserved tool whose input is the answer. Beside the client's own tools the
    model must call one of them or this one; where the client forces a call it is left out."""
    choice = body.get("tool_choice")
    mode = choice["type"] if isinstance(choice, dict) else "auto"
    if mode in ("any", "tool"):
        return
    alone = mode == "none" or not tools
    tools.append(
        {
            "name": STRUCTURED_TOOL,
            "description": output.description
            or "Gives the answer. Call it once, as the last step.",
            "input_schema": output.schema,
        }
    )
    forced: JsonObject = {"type": "tool", "name": STRUCTURED_TOOL} if alone else {"type": "any"}
    body["tool_choice"] = {**forced, "disable_parallel_tool_use": True}
