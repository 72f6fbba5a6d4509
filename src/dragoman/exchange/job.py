"""One request being served: its body read as far as needed, and its form for each target, each
made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, TypeVar

import msgspec

from dragoman.config.groups import DEFAULT_GROUP
from dragoman.errors import ContextTooLong, InvalidRequest, LossRefused
from dragoman.exchange import headers
from dragoman.exchange.as_asked import rewrites
from dragoman.exchange.as_text import AS_TEXT, sends_text
from dragoman.exchange.carried import ANYBODY, Account, Carried
from dragoman.exchange.convert import rendered, speaks_openai
from dragoman.exchange.direct import without_usage
from dragoman.exchange.incoming import Finish, Incoming, Outcome
from dragoman.exchange.policies import Goal, Policed
from dragoman.exchange.prepared import Prepared
from dragoman.exchange.remembered import Remembered
from dragoman.neutral.edits import Edit, SetField
from dragoman.neutral.json import JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings, Request, Turn
from dragoman.policy.group_policy import GroupPolicy
from dragoman.policy.payload import PayloadRules, Sent
from dragoman.protocols.anthropic.wire import model_version
from dragoman.protocols.codec import Codec, StreamEncoder
from dragoman.protocols.codec import Target as RenderTarget
from dragoman.protocols.framing.splice import Spans
from dragoman.reasoning.passage import Seals
from dragoman.reasoning.suffix import parse_suffix
from dragoman.reasoning.vendors import takes_as_it_is, vendor_of
from dragoman.routing.affinity import session_of
from dragoman.routing.served import Target
from dragoman.upstreams.http import Headers
from dragoman.upstreams.shapes import Draft

if TYPE_CHECKING:
    from dragoman.exchange.recording import Recording

_OPENAI_ONLY = (b'"additional_tools"', b'"namespace"', b'"custom"', b'"compaction_trigger"')
_USAGE_ASKED = b'{"include_usage":true}'
_ACCEPT = {True: "text/event-stream", False: "application/json"}

_NO_WISH = ReasoningSettings()
_NO_POLICIES: Mapping[str, GroupPolicy] = {}

T = TypeVar("T")


class Job:
    """Reads the routing fields at once, everything else when a target asks for it.

    `caller` is in the group that counts, `model` the name without it; `written_model` is what the
    client wrote, and is told. `policy`: what the group does to the request, if anything.
    """

    def __init__(
        self,
        incoming: Incoming,
        outcome: Outcome,
        seal_key: bytes,
        remembered: Remembered,
        policies: Mapping[str, GroupPolicy] = _NO_POLICIES,
        *,
        agents_apart: bool = False,
    ) -> None:
        self._agents_apart = agents_apart
        self.incoming = incoming
        self.outcome = outcome
        self._seal_key = seal_key
        self._remembered = remembered
        self.carried = Carried(incoming, self, seal_key, remembered)
        self._prepared: dict[tuple[object, ...], Prepared] = {}
        self._request: Request | None = None
        self._losses = Losses()
        self.gathered: StreamEncoder | None = None
        """What takes the events of a further turn."""
        self.spans = Spans(incoming.body)
        self.spans.positions()
        if incoming.in_url:
            self.written_model, self.stream = incoming.model, incoming.stream
        else:
            self.written_model = self._field("model", str, "a string", "")
            self.stream = self._field("stream", bool, "a boolean", incoming.stream)
            if not self.written_model:
                raise InvalidRequest("model: required field is missing", param="model")
        outcome.model = self.written_model
        outcome.stream = self.stream
        self.caller, self.model = incoming.caller.inside(self.written_model)
        outcome.group, outcome.model = self.caller.group, self.model
        self.policy = policies.get(self.caller.group)
        self.recording: Recording | None = None
        self._policed = Policed(self.policy, self.model) if self.policy else None

    def _field(self, key: str, kind: type[T], words: str, default: T) -> T:
        value = self.spans.value(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise InvalidRequest(f"{key}: expected {words}", param=key)
        return value

    @property
    def request(self) -> Request:
        """The whole body as a neutral request.

        Raises:
            InvalidRequest: names the field.
        """
        if self._request is None:
            try:
                body = decode(self.incoming.body)
            except ValueError as error:
                raise InvalidRequest(f"the body is not valid JSON: {error}") from None
            assert isinstance(body, dict)
            body["model"] = self.model
            if self.incoming.in_url:
                body["stream"] = self.stream
            request = self.incoming.codec.request_in(body, self._losses)
            self._request = self._remembered.recalled(request, self.caller.owner)
        return self._request

    def followed(self, turns: tuple[Turn, ...], gathered: StreamEncoder) -> Job:
        """The same request with its conversation gone on, for a further turn of the exchange."""
        further = copy(self)
        further.go_on(turns, gathered)
        return further

    def go_on(self, turns: tuple[Turn, ...], gathered: StreamEncoder) -> None:
        """Makes this the job of a further turn; for `followed`."""
        request = self.request
        self._request = msgspec.structs.replace(request, turns=(*request.turns, *turns))
        self._prepared = {}
        self.gathered = gathered
        self.carried = Carried(self.incoming, self, self._seal_key, self._remembered, further=True)

    @property
    def logs_bodies(self) -> bool:
        """Whether its group or key wants its bodies logged."""
        return self.caller.body_log or bool(self.policy and self.policy.body_log)

    def session(self) -> str:
        """What tells this conversation from any other; "" where nothing does."""
        found = session_of(self.incoming.headers, self.spans, apart=self._agents_apart)
        caller = self.caller
        group = f"{caller.group}@" if caller.group != DEFAULT_GROUP else ""
        return f"{caller.owner}/{group}{self.model}/{found}" if found else ""

    def asked(self, target: Target) -> Request:
        """The request as a target of this process is asked: with its suffix in force."""
        request = self._policed.unaimed(self.request) if self._policed else self.request
        if target.thinking is None:
            return request
        return msgspec.structs.replace(request, reasoning=target.thinking)

    def too_long(self) -> ContextTooLong | None:
        """Why no model but those for long conversations may be asked; None where any may. A body
        that only its own upstream can read is left to that."""
        if self._policed is None or not self._policed.policy.max_context:
            return None
        try:
            return self._policed.too_long(self.request)
        except InvalidRequest:
            return None

    @property
    def several_choices(self) -> bool:
        """Whether the answer may hold more than one."""
        return b'"candidateCount"' in self.incoming.body or self.spans.value("n") not in (None, 1)

    def prepared(
        self,
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
        strange = account.strange and self.carried.bare
        whose = account.mark if self.carried.bound else ""
        wish = (asked.mode, asked.effort, asked.budget)
        key = (target.host.name, target.model, *wish, whose, strange)
        if key not in self._prepared:
            because = self._must_convert(target, codec, strange=strange)
            as_text = sends_text(self.incoming.body, target, self.policy, forced=self.caller.compat)
            if because or as_text:
                because = "; ".join(filter(None, (because, AS_TEXT if as_text else "")))
                prepared = self._converted(
                    target, codec, account, because, as_text=as_text, strict=strict
                )
            else:
                prepared = self._direct(target, codec, strict=strict)
            if payload is not None:
                prepared = self._ruled(prepared, target, codec, payload)
            if target.host.shape is not None and target.host.shape.draft is not None:
                prepared = self._drafted(prepared, target, codec, target.host.shape.draft)
            self._prepared[key] = prepared
        return self._prepared[key]

    def finish(self, document: JsonObject | None, *, passed: bool) -> None:
        """Tells whoever waits for it that the answer has come to its end."""
        if self.incoming.on_finish is not None:
            self.incoming.on_finish(Finish(document, self.outcome.account, passed))

    def _must_convert(self, target: Target, codec: Codec, *, strange: bool) -> str:
        """Why the client's own bytes cannot go to this target; "" where they can."""
        incoming = self.incoming
        body = incoming.body
        if codec.name != incoming.codec.name:
            return f"the client speaks {incoming.codec.name}, the upstream {codec.name}"
        if self.gathered is not None:
            return "it is a further turn"
        if incoming.convert:
            return "this path's bodies are not the upstream's own"
        if target.thinking is not None:
            return "a thinking suffix is to be written into it"
        if self.carried.sealed:
            return "it holds sealed reasoning state of another upstream"
        if target.host.own_words:
            return ""
        if strange or self.carried.left_behind:
            return "it holds reasoning state that another account made"
        if codec.name == "responses" and not speaks_openai(target.host.hostname):
            found = any(mark in body for mark in _OPENAI_ONLY)
            return "it may hold tools that only OpenAI's own hosts take" if found else ""
        if codec.name == "openai":
            vendor = vendor_of(target.host.hostname, target.model)
            as_it_is = vendor is None or takes_as_it_is(vendor, self.spans.value, body)
            return "" if as_it_is else "this host has other words for thinking"
        if codec.name == "anthropic" and _another_claude(self.model, target.model):
            return "the model is of another generation, which takes other fields"
        return ""

    def _direct(self, target: Target, codec: Codec, *, strict: bool) -> Prepared:
        incoming = self.incoming
        host = target.host
        spans, losses = self.spans, Losses()
        for loss in incoming.lost:
            losses.add(loss.field, loss.reason)
        edits: tuple[Edit, ...] = ()
        if self._policed is not None:
            body, edits = self._policed.on_bytes(
                spans.body, spans.raw, Goal(codec, _rendered_for(target)), losses
            )
            spans = spans if body is spans.body else Spans(body)
        _refuse_losses(losses, host.name, strict=strict)
        changes: dict[str, bytes] = {}
        if not incoming.in_url and target.model != self.written_model:
            changes["model"] = encode(target.model)
        told = rewrites(target, codec.name, incoming.naming, self.written_model, self.spans)
        if codec.name == "openai" and self.stream and host.request_usage and self._hides_usage():
            changes["stream_options"] = self._usage_options()
            told = (without_usage, *told)
        return Prepared(
            path=codec.path(target.model, self.stream),
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

    def _hides_usage(self) -> bool:
        options = self.spans.value("stream_options")
        return not (isinstance(options, dict) and options.get("include_usage"))

    def _usage_options(self) -> bytes:
        raw = self.spans.raw.get("stream_options")
        if raw is None or bytes(raw) == b"null":
            return _USAGE_ASKED
        if not isinstance(self.spans.value("stream_options"), dict):
            raise InvalidRequest("stream_options: expected an object", param="stream_options")
        return Spans(bytes(raw)).replaced({"include_usage": b"true"})

    def _ruled(
        self, prepared: Prepared, target: Target, codec: Codec, payload: PayloadRules
    ) -> Prepared:
        incoming = self.incoming
        asked = (parse_suffix(self.model)[0], self.model)
        models = (target.model, target.name, *asked)
        kind = target.host.shape.kind if target.host.shape is not None else ""
        sent = Sent(models, codec.name, incoming.codec.name, incoming.headers, kind)
        body, changes = payload.applied(prepared.body, sent)
        if not changes:
            return prepared
        return msgspec.structs.replace(prepared, body=body, changes=changes)

    def _drafted(
        self, prepared: Prepared, target: Target, codec: Codec, draft: Callable[[Draft], Draft]
    ) -> Prepared:
        incoming = self.incoming
        done = draft(
            Draft(
                model=target.model,
                protocol=codec.name,
                client=incoming.codec.name,
                stream=self.stream,
                path=prepared.path,
                query=prepared.query,
                headers=prepared.headers,
                body=prepared.body,
                sent=incoming.headers,
                session=self.session(),
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
        self,
        target: Target,
        codec: Codec,
        account: Account,
        because: str,
        *,
        as_text: bool,
        strict: bool,
    ) -> Prepared:
        losses = Losses()
        request = self.request
        for loss in (*self.incoming.lost, *self._losses.entries):
            losses.add(loss.field, loss.reason)
        goal = _rendered_for(target, account)
        edits: tuple[Edit, ...] = ()
        if self._policed is not None:
            request, edits = self._policed.on_request(
                request, Goal(codec, goal, target.thinking), losses
            )
            wished = tuple(edit.field for edit in edits if isinstance(edit, SetField))
            goal = msgspec.structs.replace(goal, wished=wished)
        seals = Seals(self._seal_key, bare=not account.strange, left=self.carried.left_behind)
        secret = self._seal_key + self.caller.owner.encode() if as_text else None
        conversion = rendered(
            request, codec, goal, seals, losses, target.thinking, target.allowed, secret
        )
        _refuse_losses(losses, target.host.name, strict=strict)
        query, own_headers = self._own_words(target, codec)
        return Prepared(
            path=codec.path(target.model, self.stream),
            query=query,
            headers=own_headers,
            body=encode(conversion.body),
            conversion=conversion,
            because=because,
            lost=losses.entries,
            edits=edits,
        )

    def _own_words(self, target: Target, codec: Codec) -> tuple[str, Headers]:
        """Query and headers beside a body of ours; the client's too where it is still one of its
        protocol, for its betas belong to fields that stand in it still."""
        ours = [("accept", _ACCEPT[self.stream]), ("user-agent", "dragoman"), *codec.headers]
        kind = ("content-type", "application/json")
        incoming = self.incoming
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
