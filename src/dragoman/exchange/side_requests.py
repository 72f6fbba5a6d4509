"""Requests beside text: embeddings, an upstream's own token count, and paths that pass unread."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from urllib.parse import quote

import msgspec

from dragoman.errors import InvalidRequest, UnknownModel, UnknownRoute, UpstreamFault
from dragoman.exchange import attempts, headers
from dragoman.exchange.attempts import Attempt, Attempts, Work
from dragoman.exchange.calling import Called, called
from dragoman.exchange.failures import refusal
from dragoman.exchange.incoming import Incoming, Outcome, Reply
from dragoman.exchange.model_places import Unread
from dragoman.neutral.json import Fields, JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import EmbeddingRequest
from dragoman.protocols.codec import Codec
from dragoman.protocols.codec import Target as RenderTarget
from dragoman.protocols.framing.splice import Spans
from dragoman.routing.served import Target
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import Call, Headers, HttpClient
from dragoman.upstreams.shapes import Draft


class SideRequests:
    """Shares the exchange's HTTP client and attempts."""

    def __init__(self, http: HttpClient, attempts: Attempts) -> None:
        self._http = http
        self._attempts = attempts

    async def embed(self, incoming: Incoming, outcome: Outcome) -> Reply:
        """Vectors from an upstream of any protocol that has embeddings.

        Raises:
            DragomanError.
        """
        codec = incoming.codec
        assert codec.embed_in is not None
        body = _object(incoming.body)
        if incoming.model:
            body["model"] = incoming.model
        request = codec.embed_in(body)
        caller, model = incoming.caller.inside(request.model)
        outcome.group, outcome.model = caller.group, model

        async def run(attempt: Attempt) -> Reply:
            target, credential = attempt.target, attempt.credential
            return await self._embed_at(incoming, request, target, credential, outcome)

        asking = attempts.Request(model, outcome, caller, naming=incoming.naming)
        return await self._attempts.over(asking, Work(run))

    async def _embed_at(
        self,
        incoming: Incoming,
        request: EmbeddingRequest,
        target: Target,
        credential: Credential,
        outcome: Outcome,
    ) -> Reply:
        host, codec = target.host, target.host.codec
        if codec is not None and codec.name == "responses":
            codec = self._attempts.chat_codec
        if codec is None or codec.embed_out is None or codec.embed_path is None:
            raise UnknownModel(f"upstream {host.name} serves no embeddings", param="model")
        same = codec.name == incoming.codec.name and codec.embed_in is incoming.codec.embed_in
        if same:
            data = _renamed(incoming, target)
        else:
            goal = RenderTarget(target.model, host.name, host.hostname)
            data = encode(codec.embed_out(request, goal, Losses()))
        own = [("content-type", "application/json"), *codec.headers]
        path_of = incoming.codec.embed_path if same else codec.embed_path
        assert path_of is not None
        path = path_of(target.model)
        answer = await self._sent(incoming, target, credential, codec, "POST", path, own, data)
        try:
            found = await answer.read_all()
        finally:
            answer.close()
        if same:
            return Reply(200, headers.back(answer.headers, everything=False), found)
        assert codec.vectors_in is not None
        assert incoming.codec.vectors_out is not None
        vectors = codec.vectors_in(found)
        outcome.usage = vectors.usage
        return Reply(200, [], encode(incoming.codec.vectors_out(vectors, request, request.model)))

    async def count(self, incoming: Incoming, model: str, path: str) -> Reply | None:
        """An upstream's own count of the client's bytes; None when the model's first upstream
        speaks another protocol, does not count, or cannot be asked now."""
        target = self._attempts.resolve(*incoming.caller.inside(model), incoming.naming)[0]
        shape = target.host.shape
        codec = target.host.spoken_with(incoming.codec.name)
        if codec is None or codec.name != incoming.codec.name or (shape and not shape.counts):
            return None
        data = incoming.body if incoming.in_url else _renamed(incoming, target)
        host = target.host
        theirs = headers.same_protocol(incoming.headers, host.hostname, host.withheld)
        own = headers.with_defaults(theirs, codec.headers)
        own.append(("content-type", "application/json"))
        path, query = path.replace(f"/{model}:", f"/{target.model}:"), ""
        if shape is not None and shape.draft is not None:
            name, sent = codec.name, incoming.headers
            draft = Draft(target.model, name, name, False, path, query, own, data, sent, "")
            draft = shape.draft(draft)
            path, query, own, data = draft.path, draft.query, draft.headers, draft.body
        credential = self._attempts.credential(target)
        try:
            answer, _ = await self._called(
                incoming, target, credential, "POST", path, own, data, query
            )
            try:
                found = await answer.read_all()
            finally:
                answer.close()
        except UpstreamFault:
            return None
        return Reply(200, [], found) if answer.status == 200 else None

    async def pass_on(
        self, incoming: Incoming, method: str, unread: Unread, outcome: Outcome
    ) -> Reply:
        """The request as it is but for the model's name, to the first upstream of this protocol
        that serves the model.

        Raises:
            DragomanError.
        """
        if not unread.model:
            raise UnknownRoute("this path needs a model that tells which upstream it goes to")
        caller, model = incoming.caller.inside(unread.model)
        outcome.group, outcome.model = caller.group, model
        target = self._attempts.passing_target(incoming.codec.name, caller, model)
        unread = unread.with_model(target.model)
        own = [
            *headers.same_protocol(incoming.headers, target.host.hostname),
            *((n, v) for n, v in incoming.headers if n == "content-type"),
        ]
        path = quote(unread.path, safe="/:@!$&'()*+,;=~")
        query = headers.forwarded_query(unread.query)
        credential = self._attempts.credential(target)
        answer, _ = await self._called(
            incoming, target, credential, method, path, own, unread.body, query
        )
        back = headers.back(answer.headers, everything=True)
        back += [(n, v) for n, v in answer.headers if n == "content-type"]
        return Reply(answer.status, back, _streamed(answer))

    async def pass_to(self, incoming: Incoming, method: str, path: str, account: str) -> Reply:
        """The request as it is, to one account.

        Raises:
            DragomanError.
        """
        target, credential = self._attempts.account(account)
        own = headers.same_protocol(incoming.headers, target.host.hostname)
        query = headers.forwarded_query(incoming.query)
        answer, _ = await self._called(
            incoming, target, credential, method, path, own, incoming.body, query
        )
        try:
            data = await answer.read_all()
        finally:
            answer.close()
        return Reply(answer.status, headers.back(answer.headers, everything=False), data)

    async def _sent(
        self,
        incoming: Incoming,
        target: Target,
        credential: Credential,
        codec: Codec,
        method: str,
        path: str,
        own: Headers,
        data: bytes,
    ) -> Answer:
        answer, opened = await self._called(incoming, target, credential, method, path, own, data)
        if answer.status == 200:
            return answer
        try:
            raise await refusal(answer, codec, target.host, opened)
        finally:
            answer.close()

    async def _called(
        self,
        incoming: Incoming,
        target: Target,
        credential: Credential,
        method: str,
        path: str,
        own: Headers,
        data: bytes,
        query: str = "",
    ) -> Called:
        host = target.host

        def call(opened: Credential) -> Call:
            made = Call(
                upstream=host.name,
                method=method,
                url=host.url(path, query, opened.facts.get("base", "")),
                headers=headers.set_header(own, opened.sent(incoming.headers)),
                body=data,
                proxy=opened.proxy,
                deadlines=host.deadlines,
            )
            if host.shape is None or host.shape.call is None:
                return made
            return host.shape.call(made, opened.facts)

        return await called(self._http, credential, call, host.shape)


async def _streamed(answer: Answer) -> AsyncGenerator[bytes, None]:
    try:
        while data := await answer.read_some():
            yield data
    finally:
        answer.close()


def _object(body: bytes) -> JsonObject:
    try:
        return Fields(decode(body)).value
    except ValueError as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}") from None


def _renamed(incoming: Incoming, target: Target) -> bytes:
    """The client's bytes with the upstream's own model name, where the body carries one."""
    spans = Spans(incoming.body)
    if "model" not in spans.raw or spans.value("model") == target.model:
        return incoming.body
    return spans.replaced({"model": msgspec.json.encode(target.model)})
