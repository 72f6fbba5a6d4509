"""What is noted of one request for the body log: what the client sent, what went to each upstream
and came back, and what the client got where that is something else.

Every note has the request's id, which the client is told as `x-dragoman-request`. Keys in headers
and addresses are masked here; the log itself takes them out of bodies.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from dragoman.errors import DragomanError, UpstreamFault
from dragoman.exchange.attempts import Attempt
from dragoman.exchange.calling import Send
from dragoman.exchange.incoming import Reply
from dragoman.exchange.job import Job
from dragoman.exchange.masking import masked_headers, masked_url
from dragoman.neutral.json import encode
from dragoman.observe.body_log import MAX_BODY, BodyLog, Note
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import Call

_NOBODYS = Credential(0, "", ())


class Recording:
    """One request's notes."""

    def __init__(self, log: BodyLog, job: Job) -> None:
        self._log = log
        self._job = job
        self._calls = 0
        incoming, caller = job.incoming, job.caller
        self._note(
            "client-request",
            {
                "protocol": incoming.codec.name,
                "key": caller.name,
                "group": caller.group,
                "model": job.written_model,
                "query": masked_url(f"?{incoming.query}")[1:],
                "headers": dict(masked_headers(incoming.headers, _NOBODYS)),
            },
            (incoming.body,),
        )

    def hearing(self, attempt: Attempt) -> Callable[[Send], Send]:
        """Makes of what makes an attempt's calls what also notes them and their answers."""

        def hearing(send: Send) -> Send:
            async def heard(call: Call) -> Answer:
                fields = self._called(call, attempt)
                try:
                    answer = await send(call)
                except UpstreamFault as error:
                    self._note("upstream-answer", fields | {"error": error.message}, ())
                    raise
                self._hear(answer, fields)
                return answer

            return heard

        return hearing

    def _hear(self, answer: Answer, fields: dict[str, object]) -> None:
        body = Body()
        shown = dict(masked_headers(answer.headers, _NOBODYS))
        fields = fields | {"status": answer.status, "headers": shown}

        def over(whole: bool) -> None:
            self._note("upstream-answer", fields | body.told(whole=whole), body.pieces)

        answer.listen(body.add, over)

    def _called(self, call: Call, attempt: Attempt) -> dict[str, object]:
        """Notes what goes out; what the answer's note is to begin with."""
        self._calls += 1
        target = attempt.target
        own = {"call": self._calls, "upstream": target.host.name, "model": target.model}
        shown = {
            "credential": attempt.credential.label,
            "method": call.method,
            "url": masked_url(call.url),
            "headers": dict(masked_headers(call.headers, attempt.credential)),
        }
        self._note("upstream-request", own | shown, (call.body,))
        return own

    def refused(self, error: DragomanError) -> None:
        """Nothing of an answer was sent."""
        status, body = self._job.incoming.codec.error_out(error)
        self._note("client-answer", {"status": status}, (encode(body),))

    async def replied(self, reply: Reply) -> Reply:
        """The same reply, its body noted unless it is the upstream's own, byte for byte."""
        if isinstance(reply.body, bytes):
            self._replied(reply.status, Body([reply.body]), whole=True)
            return reply
        body = self._heard(reply.status, reply.body)
        await anext(body)
        return Reply(reply.status, reply.headers, body)

    async def _heard(
        self, status: int, body: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        kept, whole = Body(), False
        try:
            async with aclosing(body):
                yield b""
                async for data in body:
                    kept.add(data)
                    yield data
            whole = True
        finally:
            self._replied(status, kept, whole=whole)

    def _replied(self, status: int, body: Body, *, whole: bool) -> None:
        if self._job.outcome.converted:
            fields = {"status": status} | body.told(whole=whole)
            self._note("client-answer", fields, body.pieces)

    def _note(self, what: str, fields: dict[str, object], body: tuple[bytes, ...]) -> None:
        told = {"id": self._job.incoming.id, "what": what, **fields}
        self._log.add(Note(told, body, time.time()))


class Body:
    """The pieces of a body as they pass."""

    def __init__(self, pieces: list[bytes] | None = None) -> None:
        self._pieces = pieces or []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= MAX_BODY:
            self._pieces.append(data)

    @property
    def pieces(self) -> tuple[bytes, ...]:
        return tuple(self._pieces)

    def told(self, *, whole: bool) -> dict[str, object]:
        """What there is to say of it, if anything."""
        if self._size > MAX_BODY:
            return {"cut": f"only the first of {self._size} bytes"}
        return {} if whole else {"cut": "ended before its end"}
