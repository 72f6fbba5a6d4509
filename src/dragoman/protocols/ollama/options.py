"""The `options` object, both ways (https://docs.ollama.com/modelfile#parameter).

A `num_predict` of 0 or less means no limit, which is also Ollama's default: it reads as absent.
Options of Ollama's own (num_ctx, mirostat …) stay in the request's extras under "options".
"""

from __future__ import annotations

from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.requests import Sampling

_NUMBERS = (
    "temperature",
    "top_p",
    "min_p",
    "frequency_penalty",
    "presence_penalty",
    "repeat_penalty",
)
_INTEGERS = ("top_k", "seed")


def sampling_in(body: Fields) -> tuple[Sampling, JsonObject]:
    """The sampling settings of a body, and the options no other protocol knows."""
    options = body.object("options") or Fields({}, "options")
    limit = options.integer("num_predict")
    sampling = Sampling(
        max_tokens=limit if limit is not None and limit > 0 else None,
        temperature=options.number("temperature"),
        top_p=options.number("top_p"),
        top_k=options.integer("top_k"),
        min_p=options.number("min_p"),
        frequency_penalty=options.number("frequency_penalty"),
        presence_penalty=options.number("presence_penalty"),
        repeat_penalty=options.number("repeat_penalty"),
        seed=options.integer("seed"),
        stop=tuple(options.texts("stop") or ()),
        logprobs=body.flag("logprobs"),
        top_logprobs=body.integer("top_logprobs"),
    )
    return sampling, known(options)


def known(fields: Fields) -> JsonObject:
    """What nobody read, without its nulls, which say no more than absence."""
    return {key: value for key, value in fields.rest().items() if value is not None}


def options_out(sampling: Sampling, max_output: int | None) -> JsonObject:
    """The options for these settings; `max_output` bounds what is asked for."""
    options: JsonObject = {}
    if sampling.max_tokens is not None:
        options["num_predict"] = min(sampling.max_tokens, max_output or sampling.max_tokens)
    for key in (*_NUMBERS, *_INTEGERS):
        value: Json = getattr(sampling, key)
        if value is not None:
            options[key] = value
    if sampling.stop:
        options["stop"] = list(sampling.stop)
    return options
