"""A client's `/api/chat` body as a neutral request.

Documentation: https://docs.ollama.com/api/chat (client 0.6.3).

Within a message the order is fixed: thinking, images, content, calls (Ollama's templates put images
before the text). Reads as the same: an absent, null or empty field; a bare `stop` and a list of
one; a call with or without `type`, `function.index` and an id that its place gives anyway;
arguments as an object or as the text of one; `stream` absent and true.
"""

from __future__ import annotations

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, JsonObject, encode_text, object_of, wrong_type
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Part, Reasoning, Text, ToolCall, ToolResult
from dragoman.neutral.requests import (
    FunctionTool,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Request,
    Tool,
    Turn,
)
from dragoman.protocols.ollama.images import images_in
from dragoman.protocols.ollama.options import known, sampling_in
from dragoman.protocols.ollama.pairing import CallIds
from dragoman.protocols.ollama.wire import NAME, ROLE_OF, THINK_LEVELS


def chat_in(body: JsonObject, _losses: Losses) -> Request:
    """Nothing is lost on the way in: what has no neutral field is kept in `extras`."""
    fields = Fields(body)
    model = fields.needed_text("model")
    ids = CallIds()
    turns = tuple(_turn_in(message, ids) for message in fields.objects("messages"))
    tools = tuple(tool_in(tool) for tool in fields.objects("tools"))
    return request_of(fields, model, turns, tools)


def request_of(
    fields: Fields, model: str, turns: tuple[Turn, ...], tools: tuple[Tool, ...]
) -> Request:
    """The fields `/api/chat` and `/api/generate` share."""
    sampling, options = sampling_in(fields)
    reasoning = reasoning_in(fields)
    output = _output_in(fields)
    stream = fields.flag("stream")
    extras = known(fields)
    if options:
        extras["options"] = options
    return Request(
        protocol=NAME,
        model=model,
        turns=turns,
        tools=tools,
        sampling=sampling,
        reasoning=reasoning,
        output=output,
        stream=stream is not False,
        extras=extras,
    )


def _turn_in(message: Fields, ids: CallIds) -> Turn:
    role = message.needed_text("role")
    if role not in ROLE_OF:
        expected = ", ".join(ROLE_OF)
        raise InvalidRequest(
            f"{message.at('role')}: expected one of {expected}, got {role!r}",
            param=message.at("role"),
        )
    if role == "tool":
        return _result_in(message, ids)
    parts: list[Part] = []
    if thinking := message.text("thinking"):
        parts.append(Reasoning(thinking))
    parts.extend(images_in(message))
    if content := message.text("content"):
        parts.append(Text(content))
    parts.extend(_call_in(call, ids) for call in message.objects("tool_calls"))
    return Turn(ROLE_OF[role], tuple(parts), extras=known(message))


def _result_in(message: Fields, ids: CallIds) -> Turn:
    name = message.text("tool_name") or ""
    call_id = message.text("tool_call_id") or ids.next_result(name)
    ids.answered(call_id)
    parts: list[Part] = [*images_in(message)]
    if content := message.text("content"):
        parts.append(Text(content))
    result = ToolResult(call_id, tuple(parts), name=name or ids.name_of(call_id))
    return Turn("user", (result,), author="tool", extras=known(message))


def _call_in(call: Fields, ids: CallIds) -> ToolCall:
    function = call.object("function")
    if function is None:
        raise call.missing("function")
    name = function.needed_text("name")
    arguments = _arguments_in(function)
    call_id = call.text("id") or ids.next_call()
    ids.called(call_id, name)
    # Where the call stands in the list says what these two say.
    call.text("type")
    function.integer("index")
    extras = known(call)
    if rest := known(function):
        extras["function"] = rest
    return ToolCall(call_id, name, arguments, extras=extras)


def _arguments_in(function: Fields) -> str:
    value = function.raw("arguments")
    if value is None:
        return "{}"
    if isinstance(value, str) and object_of(value) is not None:
        return value
    if isinstance(value, dict):
        return encode_text(value)
    raise wrong_type(function.at("arguments"), "an object", value)


def tool_in(tool: Fields) -> Tool:
    kind = tool.text("type") or "function"
    function = tool.object("function")
    if kind != "function":
        name = (function and function.text("name")) or tool.text("name") or ""
        return HostedTool(kind, tool.value, NAME, name=name)
    if function is None:
        raise tool.missing("function")
    name = function.needed_text("name")
    description = function.text("description") or ""
    parameters = function.schema("parameters")
    strict = function.flag("strict")
    extras = known(tool)
    if rest := known(function):
        extras["function"] = rest
    return FunctionTool(name, description, parameters, strict, extras=extras)


def reasoning_in(fields: Fields) -> ReasoningSettings:
    think = fields.raw("think")
    if think is None or think == "":
        return ReasoningSettings()
    if isinstance(think, bool):
        return ReasoningSettings(mode="on" if think else "off")
    if isinstance(think, str) and think in THINK_LEVELS:
        return ReasoningSettings(effort=think)
    levels = ", ".join(f'"{level}"' for level in THINK_LEVELS)
    raise InvalidRequest(f"think: expected true, false or one of {levels}", param="think")


def _output_in(fields: Fields) -> OutputFormat | None:
    form = fields.raw("format")
    if form is None or form == "":
        return None
    if form == "json":
        return OutputFormat("json")
    if isinstance(form, dict):
        return OutputFormat("schema", schema=form)
    raise InvalidRequest('format: expected "json" or a JSON schema', param="format")
