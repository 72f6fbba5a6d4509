"""A request for text on its way: attempted until one answer commits, then relayed or folded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import msgspec

from dragoman.errors import DragomanError, UpstreamFault
from dragoman.exchange import attempts, headers
from dragoman.exchange.attempts import Attempt, Attempts, AttemptSettings, Work
from dragoman.exchange.channels import Converted
from dragoman.exchange.direct import Direct
from dragoman.exchange.failures import account_is_out, kept_elsewhere
from dragoman.exchange.incoming import Incoming, Outcome, Reply
from dragoman.exchange.job import Job
from dragoman.exchange.recording import Recording
from dragoman.exchange.relay import Source, relayed
from dragoman.exchange.remembered import Remembered
from dragoman.exchange.sending import Options, Sender, bare_reply, job_of
from dragoman.exchange.side_requests import SideRequests
from dragoman.exchange.streams import Open, open_stream
from dragoman.exchange.turns import TurnsSource, with_further_turns
from dragoman.exchange.whole import Whole, told, whole_answer
from dragoman.observe.body_log import BodyLog
from dragoman.protocols.codec import StreamEncoder
from dragoman.routing.decisions import Pools
from dragoman.routing.names import Names
from dragoman.upstreams.http import HttpClient


class Exchange:
    """One per process. `names`, `options`, `pools` and `settings` give them as they are now."""

    def __init__(
        self,
        http: HttpClient,
        names: Callable[[], Names],
        options: Callable[[], Options],
        remembered: Remembered,
        pools: Callable[[], Pools],
        settings: Callable[[], AttemptSettings] = AttemptSettings,
        body_log: BodyLog | None = None,
    ) -> None:
        self._options = options
        self.remembered = remembered
        self._body_log = body_log
        self._sender = Sender(http, remembered)
        self._attempts = Attempts(names, pools, settings)
        self.side = SideRequests(http, self._attempts)

    async def generate(self, incoming: Incoming, outcome: Outcome) -> Reply:
        """Answers a request for text, streamed or whole.

        Raises:
            DragomanError: nothing has been sent; render it in the client's protocol.
        """
        options = self._options()
        job = job_of(incoming, outcome, options, self.remembered)
        if self._body_log is None or not (options.log_bodies or job.logs_bodies):
            return await self._answered(job, options)
        recording = job.recording = Recording(self._body_log, job)
        try:
            reply = await self._answered(job, options)
        except DragomanError as error:
            recording.refused(error)
            raise
        return await recording.replied(reply)

    async def _answered(self, job: Job, options: Options) -> Reply:
        incoming = job.incoming
        if not job.stream:
            return await self._whole(job, options)
        if not options.keepalive_s:
            return await _streaming(await self._opened(job, options), options)
        opening = asyncio.ensure_future(self._opened(job, options))
        try:
            done, _ = await asyncio.wait({opening}, timeout=options.keepalive_s)
        except asyncio.CancelledError:
            await _abandoned(opening)
            raise
        if done:
            return await _streaming(opening.result(), options)
        encoder = incoming.codec.stream_out(bare_reply(job))
        body = await _begun(_late(opening, encoder, options, job))
        return Reply(200, [("content-type", encoder.content_type)], body)

    async def _whole(self, job: Job, options: Options) -> Reply:
        async def answered(job: Job) -> Whole:
            async def run(attempt: Attempt) -> Whole:
                whole = await whole_answer(self._sender, job, attempt, options)
                job.carried.served(attempt.account)
                return whole

            return await self._attempts.over(_request(job), Work(run))

        try:
            whole = await answered(job)
        except DragomanError as error:
            other = self._released(job, error, options)
        else:
            if whole.follower is not None:
                whole = await with_further_turns(whole, whole.follower, job, answered)
            return told(job, whole)
        return await self._whole(other, options)

    async def _opened(self, job: Job, options: Options) -> Open:
        async def opened(job: Job) -> Open:
            async def run(attempt: Attempt) -> Open:
                found = await open_stream(self._sender, job, attempt, options)
                job.carried.served(attempt.account)
                return found

            asking = _request(job, options.bootstrap_rounds)
            return await self._attempts.over(asking, Work(run, Open.close))

        try:
            found = await opened(job)
        except DragomanError as error:
            other = self._released(job, error, options)
        else:
            channel = found.source.channel
            if not isinstance(channel, Converted) or not channel.may_follow:
                return found
            source = TurnsSource(found.source, channel, job, opened)
            return msgspec.structs.replace(found, source=source)
        return await self._opened(other, options)

    def _released(self, job: Job, error: DragomanError, options: Options) -> Job:
        """The same request without need of the account that could not answer it.

        Raises:
            DragomanError: it needs none, or cannot do without.
        """
        incoming = job.incoming
        if not incoming.pinned or not account_is_out(error):
            raise error
        other = incoming.instead() if incoming.instead is not None else None
        if other is None:
            raise kept_elsewhere(error) from error
        again = job_of(other, job.outcome, options, self.remembered)
        again.recording = job.recording
        return again


def _request(job: Job, further_rounds: int = 0) -> attempts.Request:
    incoming = job.incoming
    return attempts.Request(
        job.model,
        job.outcome,
        job.caller,
        incoming.pinned,
        job.session,
        job.carried.held,
        incoming.naming,
        job.too_long(),
        further_rounds,
    )


async def _streaming(found: Open, options: Options) -> Reply:
    source = found.source
    back = headers.set_header(found.headers, {"content-type": source.channel.content_type})
    return Reply(200, back, await _begun(_relay(found, options)))


async def _begun(body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """A body past its first, empty piece: closing one that was never begun would close nothing
    behind it."""
    await anext(body)
    return body


def _relay(found: Open, options: Options) -> AsyncGenerator[bytes, None]:
    settle = _settler(found.job, found.attempt)
    return relayed(found.source, found.first, options.keepalive_s, settle)


async def _late(
    opening: asyncio.Future[Open], encoder: StreamEncoder, options: Options, job: Job
) -> AsyncGenerator[bytes, None]:
    """Keepalives while no attempt has become the answer, then the answer or the error."""
    try:
        yield b""
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
        relay = _relay(found, options)
        try:
            async for data in relay:
                if data:
                    yield data
        finally:
            await relay.aclose()
    finally:
        await _abandoned(opening)


async def _abandoned(opening: asyncio.Future[Open]) -> None:
    """Ends an attempt nobody waits for; what it had opened is closed."""
    if not opening.done():
        opening.cancel()
    await asyncio.wait({opening})
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().close()


def _settler(job: Job, attempt: Attempt) -> Callable[[Source], None]:
    def settle(source: Source) -> None:
        channel = source.channel
        attempt.close()
        job.outcome.usage = channel.usage
        if channel.failed is not None:
            job.outcome.error = channel.failed.message
            job.outcome.status = channel.failed.status
            if isinstance(channel.failed, UpstreamFault):
                attempt.broke(channel.failed)
        elif job.incoming.on_finish is not None:
            job.finish(channel.document(), passed=isinstance(channel, Direct))

    return settle
