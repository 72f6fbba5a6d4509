"""Accounts whose token changes: asked for before a call, and once more when it is not taken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from tests.exchange.world import World, asking, path_of, upstream, world
from tests.fakes import ChatFake, serve

from dragoman.errors import ErrorKind, UpstreamRefused
from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import Headers
from dragoman.upstreams.listing import ask


class Tokens:
    """A source with these tokens, one after another."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.refusals: list[Headers] = []

    async def headers(self) -> Headers:
        if not self.tokens:
            raise UpstreamRefused("the login is over", status=401, kind=ErrorKind.AUTHENTICATION)
        return [("authorization", f"Bearer {self.tokens[0]}")]

    async def refused(self, sent: Headers) -> bool:
        self.refusals.append(sent)
        if len(self.tokens) < 2:
            return False
        del self.tokens[0]
        return True


@asynccontextmanager
async def before(url: str, tokens: Tokens, model: str = "small") -> AsyncIterator[World]:
    """A gateway whose one upstream is opened by `tokens`."""
    async with world(upstream("openai", url, model, keys=[])) as here:
        configured = here.gateway.configured
        models = configured.written[0]
        opened = msgspec.structs.replace(models.host.credentials[0], source=tokens)
        host = msgspec.structs.replace(models.host, credentials=(opened,))
        target = msgspec.structs.replace(models.targets[0], host=host)
        configured.written[0] = msgspec.structs.replace(models, host=host, targets=(target,))
        configured.serve([])
        yield here


def test_the_users_own_header_goes_over_that_of_the_source() -> None:
    credential = Credential(0, "label", (("x-team", "blue"), ("authorization", "own")))
    opened = credential.opened_by([("authorization", "Bearer t"), ("x-account", "a")])
    assert opened.sent([]) == {"authorization": "own", "x-account": "a", "x-team": "blue"}


async def test_a_token_is_asked_for_before_each_call() -> None:
    fake = ChatFake(key="first", models=["small"])
    async with serve(fake) as url, before(url, tokens := Tokens("first")) as here:
        for stream in (False, True):
            body = asking("anthropic", "small", "echo: hi", stream=stream)
            reply = await here.post(path_of("anthropic", "small", stream=stream), body)
            assert (reply.status_code, "hi" in reply.text) == (200, True)
        fake.key = "second"
        tokens.tokens = ["second"]
        reply = await here.post("/v1/chat/completions", asking("openai", "small", "x", stream=True))
        assert reply.status_code == 200
    assert tokens.refusals == []


async def test_a_token_that_is_not_taken_is_renewed_and_the_call_made_once_more() -> None:
    fake = ChatFake(key="second", models=["small"])
    async with serve(fake) as url, before(url, tokens := Tokens("first", "second")) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", "small", "x", stream=True))
    assert reply.status_code == 200
    assert tokens.refusals == [[("authorization", "Bearer first")]]
    assert [asked.header("authorization") for asked in fake.requests] == [
        "Bearer first",
        "Bearer second",
    ]
    assert here.outcomes[0].attempts == 1


async def test_a_second_refusal_is_the_answer_and_does_not_hold_the_token() -> None:
    fake = ChatFake(key="third", models=["small"])
    async with serve(fake) as url, before(url, tokens := Tokens("first", "second")) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", "small", "x", stream=True))
    assert reply.status_code == 401
    assert "second" not in reply.text
    assert len(fake.requests) == 2
    assert len(tokens.refusals) == 1


async def test_a_token_with_nothing_newer_is_not_tried_again() -> None:
    fake = ChatFake(key="other", models=["small"])
    async with serve(fake) as url, before(url, Tokens("first")) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", "small", "x", stream=True))
    assert reply.status_code == 401
    assert len(fake.requests) == 1


async def test_an_account_that_cannot_be_opened_is_a_failed_attempt() -> None:
    async with serve(ChatFake()) as url, before(url, Tokens()) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", "small", "x", stream=True))
    assert reply.status_code == 401
    assert "the login is over" in reply.text


async def test_why_an_account_cannot_be_opened_is_told_without_its_address() -> None:
    class Over(Tokens):
        async def headers(self) -> Headers:
            raise UpstreamRefused("account ann.b@example.com (codex): log in again", status=401)

    async with serve(ChatFake()) as url, before(url, Over()) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", "small", "x", stream=True))
    assert reply.json()["error"]["message"] == "account … (codex): log in again"


async def test_embeddings_and_model_lists_are_opened_by_the_token_too() -> None:
    fake = ChatFake(key="second", models=["small"])
    model = fake.embedding_models[0]
    async with serve(fake) as url, before(url, Tokens("first", "second"), model) as here:
        reply = await here.post("/v1/embeddings", {"model": model, "input": "x"})
        assert reply.status_code == 200
        found = await ask(here.gateway.http, here.gateway.configured.written[0].host)
    assert "small" in [entry.id for entry in found]
