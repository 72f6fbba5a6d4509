"""One request being served: its body read as far as needed. Its form for each target is the matter
of `forms.py`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, TypeVar

import msgspec

from dragoman.config.groups import DEFAULT_GROUP
from dragoman.errors import ContextTooLong, InvalidRequest
from dragoman.exchange.carried import Carried
from dragoman.exchange.incoming import Finish, Incoming, Outcome
from dragoman.exchange.policies import Policed
from dragoman.exchange.prepared import Prepared
from dragoman.exchange.remembered import Remembered
from dragoman.neutral.json import JsonObject, decode
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Request, Turn
from dragoman.policy.group_policy import GroupPolicy
from dragoman.protocols.codec import StreamEncoder
from dragoman.protocols.framing.splice import Spans
from dragoman.routing.affinity import session_of
from dragoman.routing.served import Target

if TYPE_CHECKING:
    from dragoman.exchange.recording import Recording

_NO_POLICIES: Mapping[str, GroupPolicy] = {}

T = TypeVar("T")


class Job:
    """Reads the routing fields at once, everything else when a target asks for it.

    `caller` is in the group that counts, `model` the name without it; `written_model` is what the
    client wrote, and is told. `policy`: what the group does to the request, if anything. `forms`:
    those that were made; `losses`: what reading the request lost.
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
        self.seal_key = seal_key
        self._remembered = remembered
        self.carried = Carried(incoming, self, seal_key, remembered)
        self.forms: dict[tuple[object, ...], Prepared] = {}
        self._request: Request | None = None
        self.losses = Losses()
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
        self.policed = Policed(self.policy, self.model) if self.policy else None

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
            request = self.incoming.codec.request_in(body, self.losses)
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
        self.forms = {}
        self.gathered = gathered
        self.carried = Carried(self.incoming, self, self.seal_key, self._remembered, further=True)

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
        request = self.policed.unaimed(self.request) if self.policed else self.request
        if target.thinking is None:
            return request
        return msgspec.structs.replace(request, reasoning=target.thinking)

    def too_long(self) -> ContextTooLong | None:
        """Why no model but those for long conversations may be asked; None where any may. A body
        that only its own upstream can read is left to that."""
        if self.policed is None or not self.policed.policy.max_context:
            return None
        try:
            return self.policed.too_long(self.request)
        except InvalidRequest:
            return None

    @property
    def several_choices(self) -> bool:
        """Whether the answer may hold more than one."""
        return b'"candidateCount"' in self.incoming.body or self.spans.value("n") not in (None, 1)

    def finish(self, document: JsonObject | None, *, passed: bool) -> None:
        """Tells whoever waits for it that the answer has come to its end."""
        if self.incoming.on_finish is not None:
            self.incoming.on_finish(Finish(document, self.outcome.account, passed))
