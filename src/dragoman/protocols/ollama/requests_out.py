"""A neutral request as an `/api/chat` body (https://docs.ollama.com/api/chat, client 0.6.3).

Ollama has no tool choice: "none" drops the tools, a named or allowed tool drops the others, and
what is still missing (that a call is required) is a loss. `stream` is always written, for its
default is true. `num_ctx` is set for foreign requests (see context.py).
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import FunctionTool, HostedTool, Request, Tool
from dragoman.protocols.codec import Target
from dragoman.protocols.ollama.context import context_window
from dragoman.protocols.ollama.messages_out import messages_out
from dragoman.protocols.ollama.options import options_out
from dragoman.protocols.ollama.wire import LEVEL_OF_EFFORT, NAME

GENERATE_ONLY = ("suffix", "template", "context", "raw")
"""Fields of `/api/generate` that `/api/chat` ignores."""


def chat_out(request: Request, target: Target, losses: Losses) -> JsonObject:
    own = request.protocol == NAME
    body: JsonObject = {
        "model": target.model,
        "messages": messages_out(request, losses),
    }
    if tools := _tools_out(request, losses):
        body["tools"] = tools
    body.update(settings_out(request, target, losses))
    if not own:
        options = body.setdefault("options", {})
        assert isinstance(options, dict)
        options["num_ctx"] = context_window(body)
        return body
    for key in GENERATE_ONLY:
        if key in request.extras:
            body.pop(key, None)
            losses.add(key, "only /api/generate has it")
    return body


def settings_out(request: Request, target: Target, losses: Losses) -> JsonObject:
    """All that `/api/chat` and `/api/generate` have in common beside model and text."""
    own = request.protocol == NAME
    sampling = request.sampling
    options = options_out(sampling, None if own else target.max_output)
    body: JsonObject = {}
    if own:
        extra_options = request.extras.get("options")
        if isinstance(extra_options, dict):
            options = {**extra_options, **options}
        body.update(request.extras)
    else:
        _note_losses(request, losses)
    if options:
        body["options"] = options
    if (think := _think_out(request, target, losses)) is not None:
        body["think"] = think
    output = request.output
    if output is not None and output.kind != "text":
        body["format"] = output.schema if output.schema is not None else "json"
    if sampling.logprobs is not None:
        body["logprobs"] = sampling.logprobs
    if sampling.top_logprobs is not None:
        body["top_logprobs"] = sampling.top_logprobs
    if sampling.n is not None and sampling.n > 1:
        losses.add("n", "Ollama gives one answer")
    if sampling.logit_bias:
        losses.add("logit_bias", "Ollama has no logit bias")
    body["stream"] = request.stream
    return body


def _think_out(request: Request, target: Target, losses: Losses) -> Json:
    reasoning = request.reasoning
    if reasoning.mode == "off":
        return False
    if reasoning.budget is not None:
        losses.add("thinking budget", "Ollama's think is a switch, or a level for gpt-oss")
        return True
    if reasoning.effort is not None:
        if request.protocol == NAME:
            return reasoning.effort
        if target.model.rpartition("/")[2].startswith("gpt-oss"):
            return LEVEL_OF_EFFORT.get(reasoning.effort, True)
        return True
    return None if reasoning.mode is None else True


def _tools_out(request: Request, losses: Losses) -> list[Json]:
    choice = request.tool_choice
    if choice.parallel is False:
        losses.add("parallel_tool_calls", "Ollama cannot forbid parallel calls")
    if choice.mode == "none":
        return []
    if choice.mode in {"required", "named"}:
        losses.add("tool_choice", "Ollama cannot force a call")
    kept = {choice.name} if choice.mode == "named" else set(choice.allowed)
    tools: list[Json] = []
    for tool in request.tools:
        if kept and tool.name not in kept:
            continue
        rendered = _tool_out(tool, request.protocol == NAME, losses)
        if rendered is not None:
            tools.append(rendered)
    return tools


def _tool_out(tool: Tool, own: bool, losses: Losses) -> JsonObject | None:
    if not own and tool.cache is not None:
        losses.add("cache_control", "Ollama has no cache marks; it caches prefixes by itself")
    if isinstance(tool, HostedTool) and tool.protocol == NAME:
        return tool.raw
    if not isinstance(tool, FunctionTool):
        kind = tool.tool if isinstance(tool, HostedTool) else tool.name
        losses.add(f"tools.{kind}", "Ollama has function tools only")
        return None
    function: JsonObject = {"name": tool.name}
    if tool.description or not own:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    elif not own:
        function["parameters"] = {"type": "object", "properties": {}}
    if own:
        return _own_tool(tool, function)
    if tool.strict:
        losses.add("tools.strict", "Ollama does not hold calls to their schema")
    for key in tool.extras:
        losses.add(f"tools.{key}", "no place for it in Ollama's tools")
    return {"type": "function", "function": function}


def _own_tool(tool: FunctionTool, function: JsonObject) -> JsonObject:
    inner = tool.extras.get("function")
    if isinstance(inner, dict):
        function = {**inner, **function}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {**tool.extras, "type": "function", "function": function}


def _note_losses(request: Request, losses: Losses) -> None:
    for key in request.extras:
        losses.add(key, "only its own protocol has it")
    hints = request.hints
    if hints.user is not None:
        losses.add("user", "Ollama has no field for it")
    if hints.service_tier is not None:
        losses.add("service_tier", "Ollama has no service tiers")
    if hints.verbosity is not None:
        losses.add("verbosity", "Ollama has no verbosity setting")
    if set(hints.modalities) - {"text"}:
        losses.add("modalities", "Ollama answers with text")
    for settings, name in (
        (request.reasoning, "reasoning"),
        (request.tool_choice, "tool_choice"),
        (request.output, "response_format"),
    ):
        if settings is not None:
            for key in settings.extras:
                losses.add(f"{name}.{key}", "no place for it in Ollama's body")
