"""OpenAI's Responses routes: creation with a previous response, stored ones by id, compaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.exchange.incoming import Finish, Incoming, Reply
from dragoman.exchange.model_places import Unread
from dragoman.exchange.stored_responses import StoredResponses, conversation, items_of
from dragoman.neutral.json import Json, JsonObject, encode, wrong_type
from dragoman.neutral.losses import Loss
from dragoman.protocols.framing.splice import Spans
from dragoman.protocols.openai_responses.codec import CODEC
from dragoman.server.call import HttpCall
from dragoman.server.compaction import MARK, compacting, own_compaction
from dragoman.server.respond import json_reply
from dragoman.server.routes import Handler, Route, generated, incoming_of

if TYPE_CHECKING:
    from dragoman.server.gateway import Gateway


class Expanded(msgspec.Struct, frozen=True):
    """A creation's body without its previous response: `items` is the whole input, unless the
    account `way` keeps it and is therefore required."""

    body: bytes
    items: list[Json]
    way: str = ""
    previous: str = ""


def expanded(body: bytes, stored: StoredResponses, owner: str) -> Expanded:
    """Puts the conversation behind `previous_response_id` before the new input.

    Raises:
        InvalidRequest: not JSON, or the previous response is not known here.
    """
    spans = Spans(body)
    previous = previous_of(_json(spans, "previous_response_id"))
    items = items_of(_json(spans, "input"))
    if previous is None:
        return Expanded(body, items)
    kept = stored.previous(previous, owner)
    if kept.account:
        return Expanded(body, items, kept.account, previous)
    return joined(spans, conversation(kept), items)


def previous_of(value: Json) -> str | None:
    """The id of the response before.

    Raises:
        InvalidRequest: it is no string.
    """
    if value is None or isinstance(value, str):
        return value
    raise wrong_type("previous_response_id", "a string", value)


def joined(spans: Spans, before: list[Json], items: list[Json]) -> Expanded:
    """The body with an earlier conversation written out."""
    whole = [*before, *items]
    body = spans.replaced({"input": encode(whole), "previous_response_id": b"null"})
    return Expanded(body, whole)


def _json(spans: Spans, key: str) -> Json:
    return cast("Json", spans.value(key))


def keeper(
    stored: StoredResponses, body: bytes, items: list[Json], owner: str
) -> Callable[[Finish], None]:
    """Keeps the finished response unless the client said `store: false`."""
    spans = Spans(body)
    wanted = spans.value("store") is not False

    def keep(finish: Finish) -> None:
        response = finish.document
        if not wanted or response is None:
            return
        if finish.passed and response.get("store") is True:
            previous = previous_of(_json(spans, "previous_response_id")) or ""
            stored.keep_way(response, items, previous, finish.account, owner)
        else:
            stored.keep(response, items, owner)

    return keep


async def create(call: HttpCall) -> Reply:
    stored = call.gateway.stored
    ready = expanded(call.body, stored, call.caller.owner)
    incoming: Incoming = msgspec.structs.replace(
        incoming_of(call, CODEC),
        body=ready.body,
        on_finish=keeper(stored, ready.body, ready.items, call.caller.owner),
    )

    def kept(whole: Expanded) -> Callable[[Finish], None]:
        return keeper(stored, whole.body, whole.items, call.caller.owner)

    incoming = pinned(incoming, ready, stored, kept)
    return await generated(call, compacted(incoming, call.gateway))


def pinned(
    incoming: Incoming,
    ready: Expanded,
    stored: StoredResponses,
    kept: Callable[[Expanded], Callable[[Finish], None]],
) -> Incoming:
    """The request bound to the account that keeps its conversation, where one does. When that
    cannot answer, the conversation is written out for another, as far as there are copies; `kept`:
    what is then to become of the response."""
    if not ready.way:
        return incoming

    def released() -> Incoming | None:
        before = stored.copied(ready.previous, incoming.caller.owner)
        if before is None:
            return None
        whole = joined(Spans(incoming.body), before, ready.items)
        lost = (Loss("previous_response_id", "its account cannot answer; written out instead"),)
        return msgspec.structs.replace(
            incoming, body=whole.body, pinned="", instead=None, lost=lost, on_finish=kept(whole)
        )

    return msgspec.structs.replace(incoming, pinned=ready.way, instead=released)


def compacted(incoming: Incoming, gateway: Gateway) -> Incoming:
    """The request as one for a summary, where it asks for compaction and the upstream has none."""
    if MARK not in incoming.body:
        return incoming
    if own_compaction(gateway.names, incoming, _model(incoming.body)):
        return incoming
    codec = compacting(gateway.options.seal_key, alone=False)
    return msgspec.structs.replace(incoming, codec=codec, convert=True)


async def compact(call: HttpCall) -> Reply:
    """A conversation made short: by OpenAI's own hosts themselves, else by a summary."""
    incoming = incoming_of(call, CODEC)
    model = _model(call.body)
    if own_compaction(call.gateway.names, incoming, model):
        unread = Unread("/responses/compact", call.query, call.body, "application/json")
        assert call.outcome is not None
        return await call.gateway.exchange.side.pass_on(incoming, "POST", unread, call.outcome)
    codec = compacting(call.gateway.options.seal_key, alone=True)
    incoming = msgspec.structs.replace(incoming, codec=codec, convert=True)
    return await generated(call, incoming)


def _model(body: bytes) -> str:
    model = Spans(body).value("model")
    if not isinstance(model, str):
        raise InvalidRequest("model: expected a string", param="model")
    return model


def by_id(method: str, rest: str) -> Route | None:
    """Routes under /v1/responses/{id}."""
    if "/" in rest:
        return None
    if method == "GET":
        return Route(CODEC, _getting(rest))
    if method == "DELETE":
        return Route(CODEC, _deleting(rest))
    return None


def _getting(id_: str) -> Handler:
    async def handle(call: HttpCall) -> Reply:
        kept = call.gateway.stored.get(id_, call.caller.owner)
        if kept.account:
            return await _at_its_account(call, kept.account, id_)
        return Reply(200, [], kept.response)

    return handle


def _deleting(id_: str) -> Handler:
    async def handle(call: HttpCall) -> Reply:
        kept = call.gateway.stored.delete(id_, call.caller.owner)
        if kept.account:
            return await _at_its_account(call, kept.account, id_)
        gone: JsonObject = {"id": id_, "object": "response", "deleted": True}
        return json_reply(gone)

    return handle


async def _at_its_account(call: HttpCall, account: str, id_: str) -> Reply:
    incoming, path = incoming_of(call, CODEC), f"/responses/{id_}"
    return await call.gateway.exchange.side.pass_to(incoming, call.method, path, account)
