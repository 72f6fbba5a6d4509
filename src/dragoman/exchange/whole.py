"""Answers that are not streamed: read to their end, then passed on or folded."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.exchange import headers
from dragoman.exchange.attempts import Attempt
from dragoman.exchange.forms import prepared_for
from dragoman.exchange.incoming import Reply
from dragoman.exchange.job import Job
from dragoman.exchange.sending import (
    Options,
    Sender,
    new_id,
    origin_of,
    own_headers,
    reply_for,
)
from dragoman.exchange.stages import Follower, Stage, follower_in, staged
from dragoman.neutral.events import Event, Failed, Started, UsageSeen
from dragoman.neutral.json import JsonObject, decode, encode
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import NO_USAGE, Usage
from dragoman.upstreams import echo
from dragoman.upstreams.http import Headers


class Whole(msgspec.Struct, frozen=True):
    """An answer read to its end: its bytes where they pass, else its events, which further turns
    may join."""

    headers: Headers
    events: list[Event]
    data: bytes | None = None
    usage: Usage = NO_USAGE
    follower: Follower | None = None
    behind: Sequence[Stage] = ()


async def whole_answer(sender: Sender, job: Job, attempt: Attempt, options: Options) -> Whole:
    """
    Raises:
        DragomanError: the attempt failed.
    """
    target = attempt.target
    codec = target.host.spoken_with(job.incoming.codec.name)
    if codec is None:
        events = list(echo.answer(job.asked(target), target.model, new_id))
        return Whole(own_headers(job, attempt, ()), events)
    prepared = prepared_for(
        job,
        target,
        codec,
        attempt.account,
        strict=options.strict_conversion,
        payload=options.payload,
    )
    answer = await sender.send(job, prepared, attempt, codec)
    try:
        data = await answer.read_all()
    finally:
        answer.close()
    events = codec.answer_in(data, origin_of(attempt))
    usage = _usage_of(events)
    back = headers.back(answer.headers, everything=options.passthrough_headers)
    back += own_headers(job, attempt, prepared.losses)
    if prepared.conversion is not None:
        stages = sender.stages(job, prepared, codec.name, options)
        return Whole(back, staged(stages, events), None, usage, *follower_in(stages))
    job.outcome.usage = usage
    for rewrite in prepared.rewrites:
        data = rewrite(data)
    if job.incoming.on_finish is not None:
        job.finish(_document(data), passed=True)
    return Whole(back, events, data)


def told(job: Job, whole: Whole) -> Reply:
    """The answer in the client's protocol."""
    data = _folded(job, whole.events) if whole.data is None else whole.data
    return Reply(200, whole.headers, data)


def _folded(job: Job, events: list[Event]) -> bytes:
    response = fold(events)
    job.outcome.usage = response.usage
    job.outcome.converted = True
    document = job.incoming.codec.answer_out(response, reply_for(job))
    job.finish(document, passed=False)
    return encode(document)


def _document(data: bytes) -> JsonObject | None:
    value = decode(data)
    return value if isinstance(value, dict) else None


def _usage_of(events: list[Event]) -> Usage:
    """
    Raises:
        DragomanError: the answer is none, or an error with status 200.
    """
    usage = NO_USAGE
    for event in events:
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, UsageSeen | Started):
            usage = usage.updated(event.usage)
    return usage
