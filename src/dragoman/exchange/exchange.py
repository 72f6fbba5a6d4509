"""A request for text on its way: attempted until one answer commits, then relayed or folded."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec

from dragoman.errors import DragomanError
from dragoman.exchange import headers
from dragoman.exchange.attempts import Attempts
from dragoman.exchange.channels import Converted
from dragoman.exchange.direct import BareClient, Direct
from dragoman.exchange.failures import refusal, web_page
from dragoman.exchange.incoming import Incoming, Outcome, Reply
from dragoman.exchange.job import Job, Prepared, call_of
from dragoman.exchange.relay import EventSource, HttpSource, Source, opened, relayed
from dragoman.exchange.remembered import Remembered, Remembering, remembers
from dragoman.exchange.side_requests import SideRequests
from dragoman.exchange.stages import Stage, staged
from dragoman.neutral.events import Event, Failed, Started, UsageSeen
from dragoman.neutral.json import JsonObject, decode, encode
from dragoman.neutral.requests import ProtocolName, Request
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import NO_USAGE, Usage
from dragoman.protocols.codec import Codec, Origin, StreamEncoder
from dragoman.protocols.codec import Reply as RenderReply
from dragoman.reasoning.sealing import StateSealer, needs_sealing
from dragoman.routing.served import Served, Target
from dragoman.toolcalls.restoring import ToolRestorer
from dragoman.upstreams import echo
from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import Answer, Headers, HttpClient

T = TypeVar("T")

_SSE_PROTOCOLS = frozenset({"openai", "responses", "anthropic"})


class Options(msgspec.Struct, frozen=True):
    """The settings the exchange reads."""

    strict_conversion: bool = False
    keepalive_s: float = 15
    passthrough_headers: bool = False
    seal_key: bytes = b""


class Open(msgspec.Struct, frozen=True):
    """An attempt that became the answer: its first bytes, and where the rest comes from."""

    source: Source
    first: bytes
    headers: Headers


class Exchange:
    """One per process. `served` gives the names as they are now."""

    def __init__(
        self,
        http: HttpClient,
        served: Callable[[], Served],
        options: Callable[[], Options],
        remembered: Remembered,
    ) -> None:
        self._http = http
        self._options = options
        self._remembered = remembered
        self._attempts = Attempts(served)
        self.side = SideRequests(http, self._attempts)

    async def generate(self, incoming: Incoming, outcome: Outcome) -> Reply:
        """Answers a request for text, streamed or whole.

        Raises:
            DragomanError: nothing has been sent; render it in the client's protocol.
        """
        options = self._options()
        job = Job(incoming, outcome, options.seal_key, self._remembered)
        if not job.stream:
            return await self._over(job, options, self._whole)
        if not options.keepalive_s:
            return self._streaming(await self._over(job, options, self._open), options, job)
        opening = asyncio.ensure_future(self._over(job, options, self._open))
        try:
            done, _ = await asyncio.wait({opening}, timeout=options.keepalive_s)
        except asyncio.CancelledError:
            await _abandoned(opening)
            raise
        if done:
            return self._streaming(opening.result(), options, job)
        encoder = incoming.codec.stream_out(self._bare_reply(job))
        body = self._late(opening, encoder, options, job)
        return Reply(200, [("content-type", encoder.content_type)], body)

    async def _over(
        self,
        job: Job,
        options: Options,
        attempt: Callable[[Job, Target, Credential, Options], Awaitable[T]],
    ) -> T:
        async def one(target: Target, credential: Credential) -> T:
            return await attempt(job, target, credential, options)

        return await self._attempts.over(job.model, job.outcome, one, job.incoming.pinned)

    # -- whole answers

    async def _whole(
        self, job: Job, target: Target, credential: Credential, options: Options
    ) -> Reply:
        codec = target.host.codec
        if codec is None:
            events = list(echo.answer(job.request, target.model, _new_id))
            return Reply(200, self._own_headers(job, target, ()), self._folded(job, events, []))
        prepared = job.prepared(target, codec, strict=options.strict_conversion)
        answer = await self._send(prepared, target, credential, codec)
        try:
            data = await answer.read_all()
        finally:
            answer.close()
        events = codec.answer_in(data, _origin(target, credential))
        _refuse_failed(events)
        reply_headers = headers.back(answer.headers, everything=options.passthrough_headers)
        reply_headers += self._own_headers(job, target, prepared.losses)
        if prepared.conversion is None:
            job.outcome.usage = _usage_of(events)
            for rewrite in prepared.rewrites:
                data = rewrite(data)
            if job.incoming.on_finish is not None:
                job.finish(_document(data), passed=True)
            return Reply(200, reply_headers, data)
        stages = self._stages(job, prepared, codec.name, options)
        return Reply(200, reply_headers, self._folded(job, events, stages))

    def _folded(self, job: Job, events: list[Event], stages: list[Stage]) -> bytes:
        response = fold(staged(stages, events))
        job.outcome.usage = response.usage
        job.outcome.converted = True
        document = job.incoming.codec.answer_out(response, self._reply(job))
        job.finish(document, passed=False)
        return encode(document)

    # -- streams

    async def _open(
        self, job: Job, target: Target, credential: Credential, options: Options
    ) -> Open:
        source, back = await self._source(job, target, credential, options)
        try:
            first = await opened(source)
        except BaseException:
            await source.close()
            raise
        job.outcome.first_token_s = time.monotonic() - job.outcome.started_at
        return Open(source, first, back)

    async def _source(
        self, job: Job, target: Target, credential: Credential, options: Options
    ) -> tuple[Source, Headers]:
        codec = target.host.codec
        if codec is None:
            events = echo.paced(
                echo.answer(job.request, target.model, _new_id), target.host.words_per_second
            )
            return EventSource(events, self._channel(job, None, [])), self._own_headers(
                job, target, ()
            )
        prepared = job.prepared(target, codec, strict=options.strict_conversion)
        answer = await self._send(prepared, target, credential, codec)
        try:
            return self._read(job, prepared, answer, target, credential, options)
        except BaseException:
            answer.close()
            raise

    def _read(
        self,
        job: Job,
        prepared: Prepared,
        answer: Answer,
        target: Target,
        credential: Credential,
        options: Options,
    ) -> tuple[Source, Headers]:
        codec = target.host.codec
        assert codec is not None
        origin = _origin(target, credential)
        back = headers.back(answer.headers, everything=options.passthrough_headers)
        back += self._own_headers(job, target, prepared.losses)
        stages = self._stages(job, prepared, codec.name, options) if prepared.conversion else []
        if codec.name in _SSE_PROTOCOLS and "json" in answer.header("content-type"):
            whole = _read_whole(answer, codec, origin)
            return EventSource(whole, self._channel(job, None, stages)), back
        if prepared.conversion is not None:
            return HttpSource(answer, self._channel(job, codec, stages, origin)), back
        channel = Direct(
            codec.name,
            codec.stream_in(msgspec.structs.replace(origin, gaps=True)),
            BareClient(job.incoming.codec, self._bare_reply(job)),
            answer.header("content-type"),
            prepared.rewrites,
            choices=job.several_choices,
        )
        return HttpSource(answer, channel), back

    def _channel(
        self, job: Job, codec: Codec | None, stages: list[Stage], origin: Origin | None = None
    ) -> Converted:
        job.outcome.converted = True
        decoder = codec.stream_in(origin) if codec and origin else None
        return Converted(decoder, job.incoming.codec.stream_out(self._reply(job)), stages)

    def _streaming(self, opened_: Open, options: Options, job: Job) -> Reply:
        source = opened_.source
        back = headers.set_header(opened_.headers, {"content-type": source.channel.content_type})
        body = relayed(source, opened_.first, options.keepalive_s, _settler(job))
        return Reply(200, back, body)

    async def _late(
        self,
        opening: asyncio.Future[Open],
        encoder: StreamEncoder,
        options: Options,
        job: Job,
    ) -> AsyncGenerator[bytes, None]:
        """Keepalives while no attempt has become the answer, then the answer or the error."""
        try:
            yield encoder.ping()
            while not (await asyncio.wait({opening}, timeout=options.keepalive_s))[0]:
                yield encoder.ping()
            try:
                found = opening.result()
            except DragomanError as error:
                job.outcome.error = error.message
                job.outcome.status = error.status
                yield encoder.fail(error)
                return
            relay = relayed(found.source, found.first, options.keepalive_s, _settler(job))
            try:
                async for data in relay:
                    yield data
            finally:
                await relay.aclose()
        finally:
            await _abandoned(opening)

    # -- what both need

    async def _send(
        self, prepared: Prepared, target: Target, credential: Credential, codec: Codec
    ) -> Answer:
        answer = await self._http.send(call_of(prepared, target, credential))
        if answer.status == 200:
            fault = web_page(answer, codec, target.host.name)
            if fault is None:
                return answer
            answer.close()
            raise fault
        try:
            raise await refusal(answer, codec, target.host.name, credential)
        finally:
            answer.close()

    def _stages(
        self, job: Job, prepared: Prepared, upstream: ProtocolName, options: Options
    ) -> list[Stage]:
        stages: list[Stage] = []
        assert prepared.conversion is not None
        if not prepared.conversion.names.is_identity:
            stages.append(ToolRestorer(prepared.conversion.names).apply)
        client = job.incoming.codec.name
        if remembers(client):
            stages.append(Remembering(self._remembered, job.incoming.key).apply)
        if needs_sealing(client, upstream):
            stages.append(StateSealer(client, options.seal_key).apply)
        job.outcome.dropped = prepared.losses
        return stages

    def _reply(self, job: Job) -> RenderReply:
        return self._reply_for(job.request, job.model)

    def _bare_reply(self, job: Job) -> RenderReply:
        """For what is sent without the body having been read: keepalives and errors."""
        return self._reply_for(Request(job.incoming.codec.name, job.model, ()), job.model)

    def _reply_for(self, request: Request, model: str) -> RenderReply:
        return RenderReply(request, model, _new_id, time.monotonic, int(time.time()))

    def _own_headers(self, job: Job, target: Target, losses: tuple[str, ...]) -> Headers:
        out = [
            ("x-dragoman-model", _header_safe(target.model)),
            ("x-dragoman-upstream", _header_safe(target.host.name)),
            ("x-dragoman-attempts", str(job.outcome.attempts)),
        ]
        if losses:
            out.append(("x-dragoman-dropped", _header_safe(", ".join(losses))[:2000]))
        return out


async def _read_whole(answer: Answer, codec: Codec, origin: Origin) -> AsyncIterator[list[Event]]:
    """A host that ignored `stream` and answered whole."""
    try:
        data = await answer.read_all()
    finally:
        answer.close()
    yield codec.answer_in(data, origin)


async def _abandoned(opening: asyncio.Future[Open]) -> None:
    """Ends an attempt nobody waits for; what it had opened is closed."""
    if not opening.done():
        opening.cancel()
    await asyncio.wait({opening})
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().source.close()


def _settler(job: Job) -> Callable[[Source], None]:
    def settle(source: Source) -> None:
        channel = source.channel
        job.outcome.usage = channel.usage
        if channel.failed is not None:
            job.outcome.error = channel.failed.message
            job.outcome.status = channel.failed.status
        elif job.incoming.on_finish is not None:
            job.finish(channel.document(), passed=isinstance(channel, Direct))

    return settle


def _document(data: bytes) -> JsonObject | None:
    value = decode(data)
    return value if isinstance(value, dict) else None


def _usage_of(events: list[Event]) -> Usage:
    usage = NO_USAGE
    for event in events:
        if isinstance(event, UsageSeen | Started):
            usage = usage.updated(event.usage)
    return usage


def _refuse_failed(events: list[Event]) -> None:
    """An error in place of an answer, sent with status 200."""
    for event in events:
        if isinstance(event, Failed):
            raise event.error


def _origin(target: Target, credential: Credential) -> Origin:
    return Origin(_new_id, target.host.name, str(credential.index))


def _new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(12)


def _header_safe(value: str) -> str:
    return "".join(sign if " " <= sign <= "~" else "?" for sign in value)
