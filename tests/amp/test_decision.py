"""Where a model request of Amp's goes: here, by a mapping, to ampcode.com, or nowhere."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.amp.asking import CLIENTS, body_of, documents_of, models_in, path_of
from tests.exchange.world import KEY, World, upstream, world
from tests.fakes import ChatFake, serve
from tests.fakes.ampcode import KEY as UP_KEY
from tests.fakes.ampcode import AmpcodeFake

NOWHERE = "http://127.0.0.1:9"
streamed = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


class Both:
    """A gateway with one model `local-model` of its own, before a fake ampcode.com."""

    def __init__(self, here: World, local: ChatFake, fake: AmpcodeFake) -> None:
        self.here = here
        self.local = local
        self.fake = fake

    async def ask(self, model: str, text: str = "echo: hello", *, stream: bool = False) -> Any:
        body = body_of("anthropic", model, text, stream=stream)
        return await self.here.post(path_of("anthropic", model, stream=stream), body)

    async def way(self, model: str, text: str = "echo: hello") -> tuple[int, str, str]:
        """Status, who answered, and the model it was asked for."""
        reply = await self.ask(model, text)
        outcome = self.here.outcomes[-1]
        return reply.status_code, outcome.upstream, outcome.served


@contextlib.asynccontextmanager
async def both(
    *mappings: dict[str, Any], keepalive_s: int = 15, cooling: bool = False, **ampcode: Any
) -> AsyncIterator[Both]:
    local = ChatFake(models=["local-model", "other-model"])
    fake = AmpcodeFake(foreign=(KEY,))
    async with serve(local) as local_url, serve(fake) as url:
        settings = {
            "upstream-url": url,
            "upstream-api-key": UP_KEY,
            "model-mappings": list(mappings),
            **{name.replace("_", "-"): value for name, value in ampcode.items()},
        }
        one = upstream("openai", local_url, "local-model", "other-model", name="here")
        more = {
            "streaming": {"keepalive-seconds": keepalive_s},
            "disable-cooling": not cooling,
        }
        async with world(one, ampcode=settings, timeouts={"first-byte": 2}, **more) as here:
            yield Both(here, local, fake)


# -- the order


async def test_a_model_that_is_served_here_is_served_here_whatever_the_mappings_say() -> None:
    async with both({"from": "local-model", "to": "other-model"}) as two:
        assert await two.way("local-model") == (200, "here", "local-model")
        assert two.fake.asked == []


async def test_forced_mappings_go_before_what_is_served_here() -> None:
    mapping = {"from": "local-model", "to": "other-model"}
    async with both(mapping, force_model_mappings=True) as two:
        assert await two.way("local-model") == (200, "here", "other-model")
        assert await two.way("other-model") == (200, "here", "other-model")


async def test_a_model_that_nobody_serves_goes_to_its_mapping() -> None:
    async with both({"from": "claude-opus", "to": "local-model"}) as two:
        assert await two.way("Claude-Opus") == (200, "here", "local-model")
        assert two.here.outcomes[-1].mapped == "local-model"
        assert two.fake.asked == []


async def test_a_mapping_to_what_nobody_serves_is_none() -> None:
    async with both({"from": "only-there", "to": "nobody-serves-it"}) as two:
        assert await two.way("only-there") == (200, "ampcode.com", "only-there")


async def test_a_mapping_may_be_a_chain() -> None:
    async with both({"from": "m", "to": ["nobody-serves-it", "other-model"]}) as two:
        assert await two.way("m") == (200, "here", "other-model")


async def test_without_ampcode_the_client_gets_its_protocols_own_error() -> None:
    async with both(upstream_url="") as two:
        reply = await two.ask("only-there")
        told = reply.json()
        assert (reply.status_code, told["type"]) == (404, "error")
        assert told["error"]["type"] == "not_found_error"
        assert "only-there" in told["error"]["message"]


async def test_other_routes_know_no_mapping_and_no_ampcode() -> None:
    async with both({"from": "claude-opus", "to": "local-model"}) as two:
        body = body_of("openai", "claude-opus", "hi", stream=False)
        assert (await two.here.post("/v1/chat/completions", body)).status_code == 404
        assert two.fake.asked == []


# -- suffixes


@pytest.mark.parametrize(
    ("asked", "to", "effort"),
    [
        ("m(high)", "local-model", "high"),
        ("m(high)", "local-model(low)", "low"),
        ("m()", "local-model", None),
        ("m", "local-model(low)", "low"),
    ],
)
async def test_the_suffix_is_kept_and_the_targets_own_wins(
    asked: str, to: str, effort: str | None
) -> None:
    async with both({"from": "m", "to": to}) as two:
        reply = await two.ask(asked)
        assert (reply.status_code, reply.json()["model"]) == (200, asked)
        assert two.local.last["model"] == "local-model"
        assert two.local.last.get("reasoning_effort") == effort


# -- ampcode.com


@streamed
@pytest.mark.parametrize("client", CLIENTS)
async def test_ampcode_gets_the_clients_bytes_and_the_client_its_answer(
    client: str, stream: bool
) -> None:
    body = json.dumps(body_of(client, "only-there", "echo: hello", stream=stream)).encode()
    headers = {
        "x-forwarded-for": "10.0.0.1", "x-stainless-os": "Linux", "sec-ch-ua": "x",
        "referer": "x", "x-amp-thread-id": "T-1", "x-goog-api-key": "placeholder",
    }  # fmt: skip
    async with both() as two:
        reply = await two.here.post(path_of(client, "only-there", stream=stream), body, **headers)
        assert (reply.status_code, two.fake.leaks) == (200, []), reply.text
        assert models_in(documents_of(reply.content)) == {"only-there"}
        assert reply.headers["x-dragoman-upstream"] == "ampcode.com"
        asked = two.fake.models[client].requests[-1]
        assert asked.body == body
        assert asked.header("x-api-key") == UP_KEY
        assert asked.header("authorization") == f"Bearer {UP_KEY}"
        assert asked.header("x-amp-thread-id") == "T-1"
        assert (
            two.fake.asked[0].path == path_of(client, "only-there", stream=stream).partition("?")[0]
        )
        outcome = two.here.outcomes[-1]
        assert (outcome.upstream, outcome.converted) == ("ampcode.com", False)
        assert (outcome.usage.tokens_out or 0) > 0


async def test_ampcode_counts_tokens_of_its_own_models() -> None:
    async with both() as two:
        body = body_of("anthropic", "only-there", "hi", stream=False)
        path = "/api/provider/anthropic/v1/messages/count_tokens"
        reply = await two.here.post(path, {k: body[k] for k in ("model", "messages")})
        assert (reply.status_code, "x-dragoman-estimate" in reply.headers) == (200, False)
        assert two.fake.asked[0].path == path
        assert two.here.outcomes[-1].upstream == "ampcode.com"


@pytest.mark.parametrize(
    ("method", "shape"),
    [
        ("POST", "openai/v1/images/generations"),
        ("GET", "google/v1beta1/publishers/google/models"),
        ("POST", "google/v1beta1/publishers/google/models/m:predict"),
    ],
)
async def test_a_shape_that_is_none_of_ours_is_ampcodes(method: str, shape: str) -> None:
    async with both() as two:
        url = f"{two.here.url}/api/provider/{shape}"
        headers = {"authorization": f"Bearer {KEY}"}
        reply = await two.here.client.request(method, url, headers=headers)
        assert (two.fake.asked[0].path, two.fake.leaks) == (f"/api/provider/{shape}", [])
        assert two.fake.asked[0].header("x-api-key") == UP_KEY
        reply = await two.here.client.request(method, url)
        assert (reply.status_code, len(two.fake.asked)) == (401, 1)
    async with both(upstream_url="") as two:
        url = f"{two.here.url}/api/provider/{shape}"
        assert (await two.here.client.request(method, url, headers=headers)).status_code == 404


async def test_ampcodes_error_is_the_clients() -> None:
    async with both() as two:
        reply = await two.ask("nowhere-at-all")
        assert (reply.status_code, reply.json()["error"]["type"]) == (404, "not_found_error")
        reply = await two.ask("only-there", "fail 402")
        assert reply.status_code == 402
        reply = await two.ask("only-there", "echo: again")
        assert reply.status_code == 200


async def test_an_ampcode_that_is_down_is_told_in_the_clients_protocol() -> None:
    async with both(upstream_url=NOWHERE) as two:
        reply = await two.ask("only-there")
        assert (reply.status_code, reply.json()["type"]) == (500, "error")
        assert "upstream ampcode.com" in reply.json()["error"]["message"]


async def test_a_suffix_is_written_into_what_ampcode_gets() -> None:
    async with both() as two:
        body = body_of("anthropic", "only-there(1024)", "echo: hi", stream=False)
        body["max_tokens"] = 4000
        reply = await two.here.post(path_of("anthropic", "", stream=False), body)
        assert reply.status_code == 200, reply.text
        assert two.fake.models["anthropic"].last["model"] == "only-there"
        thinking = {"type": "enabled", "budget_tokens": 1024}
        assert two.fake.models["anthropic"].last["thinking"] == thinking


async def test_foreign_reasoning_state_does_not_reach_ampcode() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "dgm1.of-another"}
    body = {
        "model": "only-there",
        "max_tokens": 100,
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [thought, {"type": "text", "text": "yes"}]},
            {"role": "user", "content": "echo: hello"},
        ],
    }
    async with both() as two:
        reply = await two.here.post("/api/provider/anthropic/v1/messages", body)
        assert reply.status_code == 200, reply.text
        assert b"dgm1." not in two.fake.models["anthropic"].requests[-1].body


# -- failures


@pytest.mark.parametrize("text", ["fail 429", "fail 500", "fail 401", "cut"])
async def test_a_failing_model_of_ones_own_spends_no_credits(text: str) -> None:
    async with both({"from": "only-there", "to": "local-model"}) as two:
        status, who, _ = await two.way("only-there", text)
        assert (status >= 400, who) == (True, "here")
        assert two.fake.asked == []


@pytest.mark.parametrize("willing", [False, True])
async def test_a_model_that_rests_is_no_reason_for_ampcode_unless_it_is_said(willing: bool) -> None:
    mapping = {"from": "only-there", "to": "local-model"}
    async with both(mapping, fallback_on_failure=willing, cooling=True) as two:
        two.local.key = "another"
        await two.way("local-model")
        two.local.key = "up-key"
        two.local.requests.clear()
        two.fake.asked.clear()
        status, who, _ = await two.way("only-there")
        assert (status == 200, who) == ((True, "ampcode.com") if willing else (False, ""))
        assert (len(two.fake.asked), two.local.requests) == (int(willing), [])


@streamed
async def test_with_fallback_on_failure_ampcode_answers_for_it(stream: bool) -> None:
    mapping = {"from": "only-there", "to": "local-model"}
    async with both(mapping, fallback_on_failure=True) as two:
        two.local.key = "another"
        reply = await two.ask("only-there", "echo: hello", stream=stream)
        assert reply.status_code == 200, reply.text
        assert two.here.outcomes[-1].upstream == "ampcode.com"
        assert two.here.outcomes[-1].attempts == 2


async def test_what_is_wrong_with_the_request_itself_goes_nowhere_else() -> None:
    mapping = {"from": "only-there", "to": "local-model"}
    async with both(mapping, fallback_on_failure=True) as two:
        status, who, _ = await two.way("only-there", "fail 400")
        assert (status, who, two.fake.asked) == (400, "here", [])


async def test_a_fallback_also_comes_after_the_first_keepalive() -> None:
    mapping = {"from": "only-there", "to": "local-model"}
    silent = body_of("anthropic", "only-there", "hang", stream=True)
    async with both(mapping, keepalive_s=1, fallback_on_failure=True) as two:
        two.fake.models["anthropic"].key = "none has it"
        path = path_of("anthropic", "only-there", stream=True)
        reply = await two.here.post(path, silent)
        assert reply.status_code == 200
        assert reply.text.startswith("event: ping")
        assert two.here.outcomes[-1].upstream == "ampcode.com"
        assert "invalid x-api-key" in reply.text


async def test_a_closed_group_never_spends_credits() -> None:
    fake = AmpcodeFake()
    async with (
        serve(fake) as url,
        world(
            {"name": "echo", "protocol": "echo"},
            ampcode={"upstream-url": url, "upstream-api-key": UP_KEY},
            groups={"team": {"models": {"mine": "echo"}}},
        ) as here,
    ):
        messages = path_of("anthropic", "", stream=False)
        for path, model, status in (
            (messages, "only-there", 404),
            (messages, "mine", 200),
            ("/api/provider/openai/v1/images/generations", "only-there", 403),
        ):
            body = body_of("anthropic", model, "hi", stream=False)
            reply = await here.post("/team" + path, body)
            assert reply.status_code == status, reply.text
    assert fake.asked == []
