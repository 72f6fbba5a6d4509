"""What every attempt needs, streamed or whole: sending, the stages of its answer, headers back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

import msgspec

from dragoman.exchange.as_asked import casing_of
from dragoman.exchange.attempts import Attempt
from dragoman.exchange.calling import called
from dragoman.exchange.failures import refusal, web_page
from dragoman.exchange.incoming import Incoming, Outcome
from dragoman.exchange.job import Job
from dragoman.exchange.prepared import Prepared, call_of
from dragoman.exchange.remembered import Remembered, Remembering, remembers
from dragoman.exchange.repair import Repair
from dragoman.exchange.stages import Stage
from dragoman.neutral.requests import ProtocolName, Request
from dragoman.policy.group_policy import GroupPolicy
from dragoman.policy.payload import PayloadRules
from dragoman.protocols.codec import Codec, Origin
from dragoman.protocols.codec import Reply as RenderReply
from dragoman.reasoning.sealing import StateSealer, needs_sealing
from dragoman.toolcalls.restoring import ToolRestorer
from dragoman.toolcalls.text.answer import CallReading, TextCalls
from dragoman.toolcalls.text.dialects import forms_of
from dragoman.toolcalls.text.history import Told
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.http import Headers, HttpClient
from dragoman.upstreams.shapes import Shape


class Options(msgspec.Struct, frozen=True):
    """The settings the exchange reads."""

    strict_conversion: bool = False
    keepalive_s: float = 15
    passthrough_headers: bool = False
    seal_key: bytes = b""
    payload: PayloadRules | None = None
    agents_apart: bool = False
    """Subagents have conversations of their own."""
    bootstrap_rounds: int = 0
    """Further rounds of a streamed request, before anything was sent."""
    log_bodies: bool = False
    """Of every request, whatever its group and key."""
    policies: Mapping[str, GroupPolicy] = {}
    """What groups do to their requests; a group that does nothing has none."""


def job_of(incoming: Incoming, outcome: Outcome, options: Options, remembered: Remembered) -> Job:
    """A request under these settings."""
    return Job(
        incoming,
        outcome,
        options.seal_key,
        remembered,
        options.policies,
        agents_apart=options.agents_apart,
    )


class Sender:
    """One per process."""

    def __init__(self, http: HttpClient, remembered: Remembered) -> None:
        self._http = http
        self._remembered = remembered

    async def send(self, job: Job, prepared: Prepared, attempt: Attempt, codec: Codec) -> Answer:
        """A 200 answer, unread; whoever takes it closes it.

        Raises:
            UpstreamFault: any other answer, or none.
        """
        target, client = attempt.target, job.incoming.headers
        host = target.host
        recording = job.recording
        answer, credential = await called(
            self._http,
            attempt.credential,
            lambda one: call_of(prepared, target, one, client),
            host.shape,
            job.incoming.line,
            None if recording is None else recording.hearing(attempt),
        )
        if answer.status == 200:
            fault = web_page(answer, codec, host.name)
            if fault is None:
                return _shaped(answer, host.shape, codec, stream=job.stream)
            answer.close()
            raise fault
        try:
            raise await refusal(answer, codec, host, credential)
        finally:
            answer.close()

    def stages(
        self, job: Job, prepared: Prepared, upstream: ProtocolName, options: Options
    ) -> list[Stage]:
        """What stands between a converted answer's events and the client's renderer."""
        stages: list[Stage] = []
        assert prepared.conversion is not None
        if (told := prepared.conversion.told) is not None and told.reads:
            stages.append(_text_calls(job, told))
        if not prepared.conversion.names.is_identity:
            stages.append(Stage(ToolRestorer(prepared.conversion.names).apply))
        casing = casing_of(job.incoming.naming, job.spans)
        if casing is not None:
            stages.append(Stage(casing.apply))
        client = job.incoming.codec.name
        if remembers(client):
            stages.append(Stage(Remembering(self._remembered, job.caller.owner).apply))
        if needs_sealing(client, upstream):
            stages.append(Stage(StateSealer(client, options.seal_key).apply))
        job.outcome.dropped = prepared.losses
        return stages


def _shaped(answer: Answer, shape: Shape | None, codec: Codec, *, stream: bool) -> Answer:
    if shape is not None and shape.answer is not None:
        change = shape.answer(codec.name, stream)
        if change is not None:
            answer.through(change)
    return answer


def _text_calls(job: Job, told: Told) -> Stage:
    """Calls read from text; with the repair of one that cannot be read, where the group wants it.
    A turn that repairs is not repaired itself."""
    policy = job.policy
    mends = policy is not None and policy.repair_retry and not job.several_choices
    mends = mends and job.gathered is None
    forms = forms_of(told.mark, policy.dialects if policy else ())
    calls = TextCalls(CallReading(told.offer, forms, new_id, mends))
    return Repair(calls, told.mark).stage if mends else Stage(calls.apply, calls.finish)


def reply_for(job: Job) -> RenderReply:
    """What the client's renderer must know of the request."""
    return _reply(job.request, job.written_model)


def bare_reply(job: Job) -> RenderReply:
    """The same without reading the request: enough for an error or a keepalive."""
    return _reply(Request(job.incoming.codec.name, job.model, ()), job.written_model)


def _reply(request: Request, model: str) -> RenderReply:
    return RenderReply(request, model, new_id, time.monotonic, int(time.time()))


def own_headers(job: Job, attempt: Attempt, losses: tuple[str, ...]) -> Headers:
    """Ours: who answered, with which credential (its number, never its key), after how many
    attempts, and what was lost."""
    out = [
        ("x-dragoman-model", _header_safe(attempt.target.model)),
        ("x-dragoman-upstream", _header_safe(attempt.target.host.name)),
        ("x-dragoman-credential", str(attempt.credential.index)),
        ("x-dragoman-attempts", str(job.outcome.attempts)),
    ]
    if losses:
        out.append(("x-dragoman-dropped", _header_safe(", ".join(losses))[:2000]))
    return out


def origin_of(attempt: Attempt) -> Origin:
    return Origin(new_id, attempt.target.host.name, attempt.account.mark)


def new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(12)


def _header_safe(value: str) -> str:
    return "".join(sign if " " <= sign <= "~" else "?" for sign in value)
