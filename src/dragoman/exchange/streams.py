"""Opening a stream: an attempt's answer up to its commit point, and where the rest comes from."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import msgspec

from dragoman.exchange import headers
from dragoman.exchange.attempts import Attempt
from dragoman.exchange.channels import Converted
from dragoman.exchange.direct import BareClient, Direct
from dragoman.exchange.forms import prepared_for
from dragoman.exchange.job import Job
from dragoman.exchange.relay import EventSource, HttpSource, Source, opened
from dragoman.exchange.sending import (
    Options,
    Sender,
    bare_reply,
    new_id,
    origin_of,
    own_headers,
    reply_for,
)
from dragoman.exchange.stages import Stage
from dragoman.neutral.events import Event
from dragoman.protocols.codec import Codec, Origin
from dragoman.upstreams import echo
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.http import Headers

_SSE_PROTOCOLS = frozenset({"openai", "responses", "anthropic"})


class Open(msgspec.Struct, frozen=True):
    """An attempt that became the answer: its first bytes, and where the rest comes from. `job`:
    what it answers."""

    job: Job
    attempt: Attempt
    source: Source
    first: bytes
    headers: Headers

    async def close(self) -> None:
        self.attempt.close()
        await self.source.close()


async def open_stream(sender: Sender, job: Job, attempt: Attempt, options: Options) -> Open:
    """Reads up to the commit point.

    Raises:
        DragomanError: the attempt failed before it.
    """
    source, back = await _source(sender, job, attempt, options)
    try:
        first = await opened(source)
    except BaseException:
        await source.close()
        raise
    if job.outcome.first_token_s is None:
        job.outcome.first_token_s = time.monotonic() - job.outcome.started_at
    return Open(job, attempt, source, first, back)


async def _source(
    sender: Sender, job: Job, attempt: Attempt, options: Options
) -> tuple[Source, Headers]:
    target = attempt.target
    codec = target.host.spoken_with(job.incoming.codec.name)
    if codec is None:
        answer_events = echo.answer(job.asked(target), target.model, new_id)
        events = echo.paced(answer_events, target.host.words_per_second)
        return EventSource(events, _channel(job, None, [])), own_headers(job, attempt, ())
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
        return _read(sender, job, attempt, answer, options)
    except BaseException:
        answer.close()
        raise


def _read(
    sender: Sender, job: Job, attempt: Attempt, answer: Answer, options: Options
) -> tuple[Source, Headers]:
    """An answer's way to the client: passed on, converted, or read whole first."""
    codec = attempt.target.host.spoken_with(job.incoming.codec.name)
    assert codec is not None
    strict = options.strict_conversion
    prepared = prepared_for(job, attempt.target, codec, attempt.account, strict=strict)
    origin = origin_of(attempt)
    back = headers.back(answer.headers, everything=options.passthrough_headers)
    back += own_headers(job, attempt, prepared.losses)
    stages = sender.stages(job, prepared, codec.name, options) if prepared.conversion else []
    if codec.name in _SSE_PROTOCOLS and "json" in answer.header("content-type"):
        whole = _read_whole(answer, codec, origin)
        return EventSource(whole, _channel(job, None, stages)), back
    if prepared.conversion is not None:
        return HttpSource(answer, _channel(job, codec, stages, origin)), back
    channel = Direct(
        codec.name,
        codec.stream_in(msgspec.structs.replace(origin, gaps=True)),
        BareClient(job.incoming.codec, bare_reply(job)),
        answer.header("content-type"),
        prepared.rewrites,
        choices=job.several_choices,
    )
    return HttpSource(answer, channel), back


def _channel(
    job: Job, codec: Codec | None, stages: list[Stage], origin: Origin | None = None
) -> Converted:
    job.outcome.converted = True
    decoder = codec.stream_in(origin) if codec and origin else None
    encoder = job.gathered or job.incoming.codec.stream_out(reply_for(job))
    return Converted(decoder, encoder, stages)


async def _read_whole(answer: Answer, codec: Codec, origin: Origin) -> AsyncIterator[list[Event]]:
    """A host that ignored `stream` and answered whole."""
    try:
        data = await answer.read_all()
    finally:
        answer.close()
    yield codec.answer_in(data, origin)
