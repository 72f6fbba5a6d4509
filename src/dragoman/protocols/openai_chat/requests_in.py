"""A client's Chat Completions body as a neutral request.

https://platform.openai.com/docs/api-reference/chat/create (November 2026), with the fields that
compatible clients send. What is not known here stays in `extras`.
"""

from __future__ import annotations

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Hints, OutputFormat, Request, Sampling, Turn
from dragoman.protocols.openai_chat.parts_in import History, extras_of
from dragoman.protocols.openai_chat.reasoning_fields import reasoning_in
from dragoman.protocols.openai_chat.tools import choice_in, tools_in
from dragoman.protocols.openai_chat.wire import NAME


def request_in(body: JsonObject, losses: Losses) -> Request:
    """The request, whole: a Chat client has nothing that the neutral form cannot hold.

    Raises:
        InvalidRequest: a field is missing or of the wrong type; `param` is its path.
    """
    fields = Fields(body)
    model = fields.needed_text("model")
    turns = turns_in(fields)
    tools, choice = tools_in(fields), choice_in(fields)
    sampling, reasoning = sampling_in(fields), reasoning_in(fields)
    output, stray_format = _output(fields)
    hints, stream = _hints(fields), fields.flag("stream") or False
    options = fields.object("stream_options")
    asked = options.flag("include_usage") if options is not None else None
    extras = extras_of(fields)
    extras.update(stray_format)
    if options is not None and (stray := extras_of(options)):
        extras["stream_options"] = stray
    return Request(
        protocol=NAME,
        model=model,
        turns=turns,
        tools=tools,
        tool_choice=choice,
        sampling=sampling,
        reasoning=reasoning,
        output=output,
        hints=hints,
        stream=stream,
        include_usage=not stream or bool(asked),
        extras=extras,
    )


def turns_in(body: Fields) -> tuple[Turn, ...]:
    messages = body.objects("messages")
    if body.value.get("messages") is None:
        raise body.missing("messages")
    if not messages:
        raise InvalidRequest("messages: at least one message is needed", param="messages")
    history = History()
    return tuple(history.turn(message, index) for index, message in enumerate(messages))


def sampling_in(body: Fields) -> Sampling:
    old, new = body.integer("max_tokens"), body.integer("max_completion_tokens")
    return Sampling(
        max_tokens=old if new is None else new,
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        top_k=body.integer("top_k"),
        min_p=body.number("min_p"),
        frequency_penalty=body.number("frequency_penalty"),
        presence_penalty=body.number("presence_penalty"),
        repeat_penalty=body.number("repetition_penalty"),
        seed=body.integer("seed"),
        stop=tuple(body.texts("stop") or ()),
        n=body.integer("n"),
        logprobs=body.flag("logprobs"),
        top_logprobs=body.integer("top_logprobs"),
        logit_bias=body.schema("logit_bias"),
    )


def _output(body: Fields) -> tuple[OutputFormat | None, JsonObject]:
    """The format, or the field as it is when its type is a host's own (a grammar, a regex)."""
    wire = body.object("response_format")
    if wire is None:
        return None, {}
    kind = wire.needed_text("type")
    if kind == "text":
        return OutputFormat("text", extras=extras_of(wire)), {}
    if kind == "json_object":
        schema = wire.schema("schema")
        if schema is None:
            return OutputFormat("json", extras=extras_of(wire)), {}
        return OutputFormat("schema", schema=schema, extras=extras_of(wire)), {}
    if kind != "json_schema":
        return None, {"response_format": wire.value}
    inner = wire.object("json_schema")
    if inner is None:
        raise wire.missing("json_schema")
    output = OutputFormat(
        "schema",
        schema=inner.schema("schema"),
        name=inner.text("name") or "",
        description=inner.text("description") or "",
        strict=inner.flag("strict"),
        extras=extras_of(inner),
    )
    return output, {}


def _hints(body: Fields) -> Hints:
    return Hints(
        cache_key=body.text("prompt_cache_key"),
        user=body.text("user"),
        service_tier=body.text("service_tier"),
        verbosity=body.text("verbosity"),
        store=body.flag("store"),
        modalities=tuple(body.texts("modalities") or ()),
    )
