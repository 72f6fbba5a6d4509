"""A neutral request as a generateContent body.

https://ai.google.dev/api/generate-content#request-body. The model and streaming stand in the URL.
"""

from __future__ import annotations

import msgspec

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Refusal, Text, ToolCall
from dragoman.neutral.requests import (
    FunctionTool,
    HostedTool,
    OutputFormat,
    Request,
    Sampling,
    Tool,
    ToolChoice,
    Turn,
    split_system,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.parts_out import Writing, call_signatures, parts_out
from dragoman.protocols.gemini.reasoning_out import thinking_out
from dragoman.protocols.gemini.schemas import to_openapi
from dragoman.protocols.gemini.wire import (
    FOREIGN_HOSTED,
    NAME,
    SAMPLING,
    SKIP_SIGNATURE,
)

_MAX_STOPS = 5
_MAX_SEED = 2**31 - 1


def request_out(request: Request, target: Target, losses: Losses) -> JsonObject:
    """The body for `target`; what Gemini has no place for is a loss."""
    writing = Writing(request.protocol == NAME, losses, _call_names(request.turns))
    system, conversation = split_system(request.turns)
    body: JsonObject = {"contents": _contents(conversation, target, writing)}
    instruction = _system(system, writing) if system else {}
    if instruction.get("parts") or (instruction and writing.own):
        body["systemInstruction"] = instruction
    tools = _tools(request.tools, writing)
    if tools:
        body["tools"] = tools
    functions = any(isinstance(tool, FunctionTool) for tool in request.tools)
    tool_choice = _tool_choice(request.tool_choice, functions, writing)
    if tool_choice:
        body["toolConfig"] = tool_choice
    config = _sampling(request.sampling, target, writing)
    config |= _output(request.output, writing)
    config |= thinking_out(request.reasoning, writing)
    config |= _hints(request, writing)
    if config:
        body["generationConfig"] = config
    writing.extras(body, request.extras, "")
    return body


def _call_names(turns: tuple[Turn, ...]) -> dict[str, str]:
    return {
        part.id: part.name for turn in turns for part in turn.parts if isinstance(part, ToolCall)
    }


def _contents(turns: tuple[Turn, ...], target: Target, writing: Writing) -> list[Json]:
    """User and model in turn. A Gemini client's own contents stay as they were cut."""
    contents: list[tuple[str, JsonObject, list[JsonObject]]] = []
    for turn in turns:
        role = "model" if turn.role == "assistant" else turn.author or "user"
        if not writing.own:
            role = "model" if turn.role == "assistant" else "user"
        parts = _turn_parts(turn, writing)
        content: JsonObject = {"role": role}
        writing.extras(content, turn.extras, "messages")
        if writing.own:
            contents.append((role, content, parts))
        elif contents and contents[-1][0] == role:
            contents[-1][2].extend(parts)
        elif parts:
            contents.append((role, content, parts))
    if not writing.own:
        _opened_and_closed_by_user(contents, writing)
    if target.model.rpartition("/")[2].startswith("gemini-3"):
        for role, _, parts in contents:
            if role == "model":
                _skip_missing_signature(parts)
    return [{**content, "parts": list[Json](parts)} for _, content, parts in contents]


def _opened_and_closed_by_user(
    contents: list[tuple[str, JsonObject, list[JsonObject]]], writing: Writing
) -> None:
    while contents and contents[-1][0] == "model":
        if any("functionCall" in part for part in contents[-1][2]):
            break
        writing.losses.add("prefill", "Gemini does not continue a begun answer")
        contents.pop()
    if not contents or contents[0][0] == "model":
        contents.insert(0, ("user", {"role": "user"}, [{"text": " "}]))


def _skip_missing_signature(parts: list[JsonObject]) -> None:
    """Gemini 3 refuses a step whose first call has no signature; a step with a real one is as
    Gemini wrote it."""
    if any("thoughtSignature" in part for part in parts):
        return
    for part in parts:
        if "functionCall" in part:
            part["thoughtSignature"] = SKIP_SIGNATURE
            return


def _turn_parts(turn: Turn, writing: Writing) -> list[JsonObject]:
    if turn.role == "system":
        texts = [part.text for part in turn.parts if isinstance(part, Text | Refusal)]
        if len(texts) < len(turn.parts):
            writing.losses.add("system", "Gemini takes only text there")
        joined = "\n\n".join(texts)
        return [{"text": f"<system-reminder>\n{joined}\n</system-reminder>"}]
    on_calls = call_signatures(turn.parts)
    out: list[JsonObject] = []
    for part in turn.parts:
        if isinstance(part, ToolCall) and part.state is None and part.id in on_calls:
            part = msgspec.structs.replace(part, state=on_calls[part.id])  # noqa: PLW2901
        out += parts_out(part, writing)
    return out


def _system(turns: tuple[Turn, ...], writing: Writing) -> JsonObject:
    parts: list[Json] = []
    instruction: JsonObject = {"parts": parts}
    for turn in turns:
        for part in turn.parts:
            written = parts_out(part, writing)
            if not writing.own and any("text" not in wire for wire in written):
                writing.losses.add("system", "Gemini takes only text there")
                continue
            parts += written
        writing.extras(instruction, turn.extras, "system")
    return instruction


def _tools(tools: tuple[Tool, ...], writing: Writing) -> list[Json]:
    """Functions that stand together share one object; a hosted tool has its own. Gemini refuses
    its own tools beside functions, so a foreign request keeps its functions."""
    out: list[Json] = []
    mixed = not writing.own and any(isinstance(tool, FunctionTool) for tool in tools)
    declarations: list[Json] | None = None
    for tool in tools:
        if isinstance(tool, FunctionTool):
            if declarations is None:
                declarations = []
                out.append({"functionDeclarations": declarations})
            declarations.append(_function(tool, writing))
        elif isinstance(tool, HostedTool):
            hosted = _hosted(tool, mixed, writing)
            if hosted:
                declarations = None
                out.append(hosted)
        else:
            writing.losses.add(f"tools.{tool.name}", "Gemini has no freeform tools")
    return out


def _function(tool: FunctionTool, writing: Writing) -> JsonObject:
    wire: JsonObject = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    if tool.parameters is not None:
        if writing.own and tool.wire.get("schema") == "parameters":
            wire["parameters"] = to_openapi(tool.parameters)
        else:
            wire["parametersJsonSchema"] = tool.parameters
    if tool.strict:
        writing.losses.add("tools.strict", "Gemini does not promise it")
    writing.extras(wire, tool.extras, "tools")
    writing.cached(tool.cache)
    return wire


def _hosted(tool: HostedTool, mixed: bool, writing: Writing) -> JsonObject:
    if tool.protocol == NAME:
        return tool.raw
    writing.cached(tool.cache)
    key = FOREIGN_HOSTED.get(tool.tool)
    if key is not None and not mixed:
        return {key: {}}
    reason = f"only {tool.protocol} has it" if key is None else "Gemini has it without functions"
    writing.losses.add(f"tools.{tool.tool}", reason)
    return {}


_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"}


def _tool_choice(choice: ToolChoice, functions: bool, writing: Writing) -> JsonObject:
    """A choice without functions chooses nothing, and Gemini refuses it."""
    wire: JsonObject = {}
    if functions or writing.own:
        calling = _calling(choice, writing)
        if calling:
            wire["functionCallingConfig"] = calling
        if choice.parallel is False:
            writing.losses.add("parallel_tool_calls", "Gemini always may call in parallel")
    writing.extras(wire, choice.extras, "tool_choice")
    return wire


def _calling(choice: ToolChoice, writing: Writing) -> JsonObject:
    calling: JsonObject = {}
    allowed = choice.allowed
    if choice.mode == "named" and choice.kind == "hosted":
        writing.losses.add("tool_choice", "Gemini cannot be made to use a hosted tool")
    elif choice.mode is not None:
        calling["mode"] = _MODES[choice.mode]
        if choice.mode == "named":
            allowed = (choice.name,)
    if allowed:
        if choice.mode == "auto" and not writing.own:
            writing.losses.add("tool_choice", "Gemini narrows only a forced choice")
        else:
            calling["allowedFunctionNames"] = list[Json](allowed)
    if "functionCallingConfig.mode" in choice.extras:
        calling.pop("mode", None)
    return calling


def _sampling(sampling: Sampling, target: Target, writing: Writing) -> JsonObject:
    config: JsonObject = {}
    for field, key in SAMPLING.items():
        value = getattr(sampling, field)
        if value is not None:
            config[key] = value
    for field in ("min_p", "repeat_penalty", "logit_bias"):
        if getattr(sampling, field) is not None:
            writing.losses.add(field, "Gemini has no such setting")
    if sampling.stop:
        config["stopSequences"] = list[Json](sampling.stop)
    if not writing.own:
        _within_limits(config, sampling, target, writing.losses)
    return config


def _within_limits(config: JsonObject, sampling: Sampling, target: Target, losses: Losses) -> None:
    """More output than the model has is asked for as all it has; that loses nothing."""
    if target.max_output and sampling.max_tokens and sampling.max_tokens > target.max_output:
        config["maxOutputTokens"] = target.max_output
    if sampling.seed is not None and not -_MAX_SEED <= sampling.seed <= _MAX_SEED:
        losses.add("seed", "Gemini's seed has 32 bits")
        del config["seed"]
    if len(sampling.stop) > _MAX_STOPS:
        losses.add("stop", f"Gemini takes {_MAX_STOPS} stop sequences")
        config["stopSequences"] = list[Json](sampling.stop[:_MAX_STOPS])


def _output(output: OutputFormat | None, writing: Writing) -> JsonObject:
    if output is None:
        return {}
    writing.extras({}, output.extras, "response_format")
    if output.kind == "text":
        return {"responseMimeType": "text/plain"} if writing.own else {}
    config: JsonObject = {"responseMimeType": "application/json"}
    if output.schema is not None:
        if writing.own and output.wire.get("schema") == "responseSchema":
            config["responseSchema"] = to_openapi(output.schema)
        else:
            config["responseJsonSchema"] = output.schema
    return config


def _hints(request: Request, writing: Writing) -> JsonObject:
    """Only what would change the answer is a loss when it cannot be carried."""
    hints = request.hints
    if hints.verbosity is not None:
        writing.losses.add("verbosity", "Gemini has no such setting")
    if hints.service_tier not in (None, "auto", "default"):
        writing.losses.add("service_tier", "Gemini has no such tier")
    if hints.previous_response_id is not None:
        writing.losses.add("previous_response_id", "Gemini stores no answers")
    if not hints.modalities or (hints.modalities == ("text",) and not writing.own):
        return {}
    return {"responseModalities": [modality.upper() for modality in hints.modalities]}
