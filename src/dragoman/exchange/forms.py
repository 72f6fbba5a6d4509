"""A request's form for each target, each made once: the client's bytes with what must change, or a
body converted; then payload rules, then what the kind of host needs."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.errors import InvalidRequest, LossRefused
from dragoman.exchange import headers
from dragoman.exchange.as_asked import rewrites
from dragoman.exchange.as_text import AS_TEXT, sends_text
from dragoman.exchange.carried import ANYBODY, Account
from dragoman.exchange.convert import rendered, speaks_openai
from dragoman.exchange.direct import without_usage
from dragoman.exchange.job import Job
from dragoman.exchange.policies import Goal
from dragoman.exchange.prepared import Prepared
from dragoman.neutral.edits import Edit, SetField
from dragoman.neutral.json import encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings
from dragoman.policy.payload import PayloadRules, Sent
from dragoman.protocols.anthropic.wire import model_version
from dragoman.protocols.codec import Codec
from dragoman.protocols.codec import Target as RenderTarget
from dragoman.protocols.framing.splice import Spans
from dragoman.reasoning.passage import Seals
from dragoman.reasoning.suffix import parse_suffix
from dragoman.reasoning.vendors import takes_as_it_is, vendor_of
from dragoman.routing.served import Target
from dragoman.upstreams.http import Headers
from dragoman.upstreams.shapes import Draft

_OPENAI_ONLY = (b'"additional_tools"', b'"namespace"', b'"custom"', b'"compaction_trigger"')
_USAGE_ASKED = b'{"include_usage":true}'
_ACCEPT = {True: "text/event-stream", False: "application/json"}

_NO_WISH = ReasoningSettings()


def prepared_for(
    job: Job,
    target: Target,
    codec: Codec,
    account: Account = ANYBODY,
    *,
    strict: bool,
    payload: PayloadRules | None = None,
) -> Prepared:
    """The request as this target and account are to get it; `payload` has the last word on its
    body.

    Raises:
        InvalidRequest, LossRefused.
    """
    asked = target.thinking or _NO_WISH
    strange = account.strange and job.carried.bare
    whose = account.mark if job.carried.bound else ""
    wish = (asked.mode, asked.effort, asked.budget)
    key = (target.host.name, target.model, *wish, whose, strange)
    if key not in job.forms:
        because = _must_convert(job, target, codec, strange=strange)
        as_text = sends_text(job.incoming.body, target, job.policy, forced=job.caller.compat)
        if because or as_text:
            because = "; ".join(filter(None, (because, AS_TEXT if as_text else "")))
            prepared = _converted(
                job, target, codec, account, because, as_text=as_text, strict=strict
            )
        else:
            prepared = _direct(job, target, codec, strict=strict)
        if payload is not None:
            prepared = _ruled(job, prepared, target, codec, payload)
        if target.host.shape is not None and target.host.shape.draft is not None:
            prepared = _drafted(job, prepared, target, codec, target.host.shape.draft)
        job.forms[key] = prepared
    return job.forms[key]


def _must_convert(job: Job, target: Target, codec: Codec, *, strange: bool) -> str:
    """Why the client's own bytes cannot go to this target; "" where they can."""
    incoming = job.incoming
    body = incoming.body
    if codec.name != incoming.codec.name:
        return f"the client speaks {incoming.codec.name}, the upstream {codec.name}"
    if job.gathered is not None:
        return "it is a further turn"
    if incoming.convert:
        return "this path's bodies are not the upstream's own"
    if target.thinking is not None:
        return "a thinking suffix is to be written into it"
    if job.carried.sealed:
        return "it holds sealed reasoning state of another upstream"
    if target.host.own_words:
        return ""
    if strange or job.carried.left_behind:
        return "it holds reasoning state that another account made"
    if codec.name == "responses" and not speaks_openai(target.host.hostname):
        found = any(mark in body for mark in _OPENAI_ONLY)
        return "it may hold tools that only OpenAI's own hosts take" if found else ""
    if codec.name == "openai":
        vendor = vendor_of(target.host.hostname, target.model)
        as_it_is = vendor is None or takes_as_it_is(vendor, job.spans.value, body)
        return "" if as_it_is else "this host has other words for thinking"
    if codec.name == "anthropic" and _another_claude(job.model, target.model):
        return "the model is of another generation, which takes other fields"
    return ""


def _direct(job: Job, target: Target, codec: Codec, *, strict: bool) -> Prepared:
    incoming = job.incoming
    host = target.host
    spans, losses = job.spans, Losses()
    for loss in incoming.lost:
        losses.add(loss.field, loss.reason)
    edits: tuple[Edit, ...] = ()
    if job.policed is not None:
        body, edits = job.policed.on_bytes(
            spans.body, spans.raw, Goal(codec, _rendered_for(target)), losses
        )
        spans = spans if body is spans.body else Spans(body)
    _refuse_losses(losses, host.name, strict=strict)
    changes: dict[str, bytes] = {}
    if not incoming.in_url and target.model != job.written_model:
        changes["model"] = encode(target.model)
    told = rewrites(target, codec.name, incoming.naming, job.written_model, job.spans)
    if codec.name == "openai" and job.stream and host.request_usage and _hides_usage(job):
        changes["stream_options"] = _usage_options(job)
        told = (without_usage, *told)
    return Prepared(
        path=codec.path(target.model, job.stream),
        query=_without_alt(headers.forwarded_query(incoming.query)),
        headers=[
            *headers.with_defaults(
                headers.same_protocol(incoming.headers, host.hostname, host.withheld),
                codec.headers,
            ),
            ("content-type", "application/json"),
        ],
        body=spans.replaced(changes) if changes else spans.body,
        lost=losses.entries,
        edits=edits,
        rewrites=told,
    )


def _hides_usage(job: Job) -> bool:
    options = job.spans.value("stream_options")
    return not (isinstance(options, dict) and options.get("include_usage"))


def _usage_options(job: Job) -> bytes:
    raw = job.spans.raw.get("stream_options")
    if raw is None or bytes(raw) == b"null":
        return _USAGE_ASKED
    if not isinstance(job.spans.value("stream_options"), dict):
        raise InvalidRequest("stream_options: expected an object", param="stream_options")
    return Spans(bytes(raw)).replaced({"include_usage": b"true"})


def _ruled(
    job: Job, prepared: Prepared, target: Target, codec: Codec, payload: PayloadRules
) -> Prepared:
    incoming = job.incoming
    asked = (parse_suffix(job.model)[0], job.model)
    models = (target.model, target.name, *asked)
    kind = target.host.shape.kind if target.host.shape is not None else ""
    sent = Sent(models, codec.name, incoming.codec.name, incoming.headers, kind)
    body, changes = payload.applied(prepared.body, sent)
    if not changes:
        return prepared
    return msgspec.structs.replace(prepared, body=body, changes=changes)


def _drafted(
    job: Job, prepared: Prepared, target: Target, codec: Codec, draft: Callable[[Draft], Draft]
) -> Prepared:
    incoming = job.incoming
    done = draft(
        Draft(
            model=target.model,
            protocol=codec.name,
            client=incoming.codec.name,
            stream=job.stream,
            path=prepared.path,
            query=prepared.query,
            headers=prepared.headers,
            body=prepared.body,
            sent=incoming.headers,
            session=job.session(),
        )
    )
    return msgspec.structs.replace(
        prepared,
        path=done.path,
        query=done.query,
        headers=done.headers,
        body=done.body,
        lost=(*prepared.lost, *done.lost),
    )


def _converted(
    job: Job,
    target: Target,
    codec: Codec,
    account: Account,
    because: str,
    *,
    as_text: bool,
    strict: bool,
) -> Prepared:
    losses = Losses()
    request = job.request
    for loss in (*job.incoming.lost, *job.losses.entries):
        losses.add(loss.field, loss.reason)
    goal = _rendered_for(target, account)
    edits: tuple[Edit, ...] = ()
    if job.policed is not None:
        request, edits = job.policed.on_request(request, Goal(codec, goal, target.thinking), losses)
        wished = tuple(edit.field for edit in edits if isinstance(edit, SetField))
        goal = msgspec.structs.replace(goal, wished=wished)
    seals = Seals(job.seal_key, bare=not account.strange, left=job.carried.left_behind)
    secret = job.seal_key + job.caller.owner.encode() if as_text else None
    conversion = rendered(
        request, codec, goal, seals, losses, target.thinking, target.allowed, secret
    )
    _refuse_losses(losses, target.host.name, strict=strict)
    query, own_headers = _own_words(job, target, codec)
    return Prepared(
        path=codec.path(target.model, job.stream),
        query=query,
        headers=own_headers,
        body=encode(conversion.body),
        conversion=conversion,
        because=because,
        lost=losses.entries,
        edits=edits,
    )


def _own_words(job: Job, target: Target, codec: Codec) -> tuple[str, Headers]:
    """Query and headers beside a body of ours; the client's too where it is still one of its
    protocol, for its betas belong to fields that stand in it still."""
    ours = [("accept", _ACCEPT[job.stream]), ("user-agent", "dragoman"), *codec.headers]
    kind = ("content-type", "application/json")
    incoming = job.incoming
    if incoming.convert or codec.name != incoming.codec.name:
        return "", [kind, *ours]
    theirs = headers.same_protocol(incoming.headers, target.host.hostname, target.host.withheld)
    query = _without_alt(headers.forwarded_query(incoming.query))
    return query, [kind, *headers.set_header(ours, dict(theirs))]


def _rendered_for(target: Target, account: Account = ANYBODY) -> RenderTarget:
    host = target.host
    return RenderTarget(target.model, host.name, host.hostname, credential=account.mark)


def _refuse_losses(losses: Losses, upstream: str, *, strict: bool) -> None:
    if strict and losses:
        raise LossRefused(losses.fields, f"upstream {upstream}")


def _another_claude(asked: str, model: str) -> bool:
    """Whether a request written for one Claude goes to one of another generation, which takes
    other fields (thinking, system turns, sampling): then it is fitted instead of passed."""
    version = model_version(model)
    return version is not None and asked != model and model_version(asked) != version


def _without_alt(query: str) -> str:
    """The client's query without `alt`, which the upstream's path already carries."""
    return "&".join(part for part in query.split("&") if part and not part.startswith("alt="))
