"""A Gemini client's body as a neutral request.

https://ai.google.dev/api/generate-content#request-body. Canonical equivalents, not kept apart:
snake_case keys, a null and an absent field, a system instruction's role and its bare-string form,
an absent role and "user", `includeThoughts: false` and none, hosted tools standing in one object
with functions, `_responseJsonSchema`, spelling of schema types, media inside a functionResponse and
beside it, both base64 alphabets of media, calls and results paired by place and by id.
"""

from __future__ import annotations

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import NO_EXTRAS, Part, Text
from dragoman.neutral.requests import (
    FunctionTool,
    Hints,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Request,
    Sampling,
    Tool,
    ToolChoice,
    Turn,
)
from dragoman.protocols.gemini.parts_in import History, attached, part_in
from dragoman.protocols.gemini.schemas import to_json_schema
from dragoman.protocols.gemini.wire import HOSTED_TOOLS, NAME, ROLES, fields, inner, inners, unread


def request_in(body: JsonObject, losses: Losses) -> Request:
    """The request; `model` and `stream` stand in the body although they are the URL's."""
    f = fields(body)
    model = f.needed_text("model").removeprefix("models/")
    stream = f.flag("stream") or False
    history = History()
    system = _system(f)
    if f.items("contents") is None:
        raise f.missing("contents")
    turns = tuple(_turn(content, history) for content in inners(f, "contents"))
    tools = tuple(tool for entry in inners(f, "tools") for tool in _tools(entry))
    config = inner(f, "generationConfig") or fields({}, "generationConfig")
    tool_choice = choice_in(inner(f, "toolConfig"))
    sampling = sampling_in(config)
    reasoning = reasoning_in(inner(config, "thinkingConfig"))
    output = _output(config)
    hints = Hints(
        modalities=tuple(m.lower() for m in config.texts("responseModalities") or ()),
    )
    return Request(
        protocol=NAME,
        model=model,
        turns=(*system, *turns),
        tools=tools,
        tool_choice=tool_choice,
        sampling=sampling,
        reasoning=reasoning,
        output=output,
        hints=hints,
        stream=stream,
        extras={**unread(f), **unread(config, "generationConfig.")},
    )


def _system(f: Fields) -> tuple[Turn, ...]:
    """A Content, a list of parts, or a bare string."""
    value = f.raw("systemInstruction")
    if value is None:
        return ()
    if isinstance(value, str):
        return (Turn("system", (Text(value),), author="top"),)
    whole: Json = {"parts": value} if isinstance(value, list) else value
    content = fields(whole, f.at("systemInstruction"))
    content.raw("role")
    return (Turn("system", _parts(content, History()), author="top", extras=unread(content)),)


def _turn(content: Fields, history: History) -> Turn:
    role = content.text("role") or "user"
    if role not in ROLES:
        path = content.at("role")
        raise InvalidRequest(f'{path}: expected "user" or "model", got "{role}"', param=path)
    author = role if role in ("function", "tool") else ""
    parts = _parts(content, history)
    return Turn(ROLES[role], parts, author=author, extras=unread(content))


def _parts(content: Fields, history: History) -> tuple[Part, ...]:
    return attached([part_in(part, history) for part in inners(content, "parts")])


def _tools(entry: Fields) -> list[Tool]:
    tools: list[Tool] = [function_in(f) for f in inners(entry, "functionDeclarations")]
    for key, value in unread(entry).items():
        tools.append(HostedTool(HOSTED_TOOLS.get(key, key), {key: value}, NAME))
    return tools


def function_in(f: Fields) -> FunctionTool:
    parameters = f.schema("parametersJsonSchema")
    wire = NO_EXTRAS
    if parameters is None and (openapi := f.schema("parameters")) is not None:
        parameters, wire = to_json_schema(openapi), {"schema": "parameters"}
    return FunctionTool(
        name=f.needed_text("name"),
        description=f.text("description") or "",
        parameters=parameters,
        extras=unread(f),
        wire=wire,
    )


def choice_in(config: Fields | None) -> ToolChoice:
    if config is None:
        return ToolChoice()
    calling = inner(config, "functionCallingConfig")
    if calling is None:
        return ToolChoice(extras=unread(config))
    wire = (calling.text("mode") or "").upper()
    allowed = tuple(calling.texts("allowedFunctionNames") or ())
    extras = {**unread(config), **unread(calling, "functionCallingConfig.")}
    match wire:
        case "" | "MODE_UNSPECIFIED":
            return ToolChoice(allowed=allowed, extras=extras)
        case "AUTO":
            return ToolChoice("auto", allowed=allowed, extras=extras)
        case "NONE":
            return ToolChoice("none", allowed=allowed, extras=extras)
        case "ANY" if len(allowed) == 1:
            return ToolChoice("named", name=allowed[0], extras=extras)
        case "ANY":
            return ToolChoice("required", allowed=allowed, extras=extras)
        case "VALIDATED":
            mode: JsonObject = {"functionCallingConfig.mode": "VALIDATED"}
            return ToolChoice("auto", allowed=allowed, extras={**extras, **mode})
    path = calling.at("mode")
    raise InvalidRequest(f"{path}: expected AUTO, ANY, NONE or VALIDATED, got {wire}", param=path)


def sampling_in(f: Fields) -> Sampling:
    return Sampling(
        max_tokens=f.integer("maxOutputTokens"),
        temperature=f.number("temperature"),
        top_p=f.number("topP"),
        top_k=f.integer("topK"),
        frequency_penalty=f.number("frequencyPenalty"),
        presence_penalty=f.number("presencePenalty"),
        seed=f.integer("seed"),
        stop=tuple(f.texts("stopSequences") or ()),
        n=f.integer("candidateCount"),
        logprobs=f.flag("responseLogprobs"),
        top_logprobs=f.integer("logprobs"),
    )


def reasoning_in(f: Fields | None) -> ReasoningSettings:
    """Thoughts are hidden unless asked for: `summary` is "auto" or not said."""
    if f is None:
        return ReasoningSettings()
    budget = f.integer("thinkingBudget")
    level = (f.text("thinkingLevel") or "").lower()
    return ReasoningSettings(
        mode="adaptive" if budget == -1 else "off" if budget == 0 else None,
        effort=None if level in ("", "thinking_level_unspecified") else level,
        budget=budget if budget is not None and budget > 0 else None,
        summary="auto" if f.flag("includeThoughts") else None,
        extras=unread(f) or NO_EXTRAS,
    )


def _output(f: Fields) -> OutputFormat | None:
    """`text/x.enum` and other types are only Gemini's: they stay unread, with their schema."""
    mime = f.value.get("responseMimeType")
    if mime not in (None, "application/json", "text/plain"):
        return None
    f.raw("responseMimeType")
    for key in ("responseJsonSchema", "responseSchema"):
        schema = f.schema(key)
        if schema is not None:
            wire: JsonObject = {"schema": key} if key == "responseSchema" else NO_EXTRAS
            return OutputFormat("schema", to_json_schema(schema), wire=wire)
    if mime is None:
        return None
    return OutputFormat("json" if mime == "application/json" else "text")


def count_request_in(body: JsonObject, losses: Losses) -> Request:
    """A countTokens body: bare `contents`, or a whole `generateContentRequest`."""
    f = fields(body)
    whole = inner(f, "generateContentRequest")
    if whole is None:
        return request_in(body, losses)
    return request_in({"model": f.raw("model"), **whole.value}, losses)
