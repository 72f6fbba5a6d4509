"""Reasoning state belongs to the account that made it: it goes back there, waits for it a while,
and is left out, and named as lost, when another account takes over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.exchange.accounts import BETA, Accounts
from tests.fakes import serve
from tests.server.running import Answered, app_of, asked

from dragoman.server.app import App

LOOK = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
KEYS = ["key-a", "key-b", "key-c"]


class Conversation:
    """A client in the middle of its work: it sends everything back, with a result for each call."""

    def __init__(self, app: App, protocol: str) -> None:
        self.app = app
        self.protocol = protocol
        self.turns: list[Any] = [{"role": "user", "content": "Look around."}]

    async def goes_on(self, **headers: str) -> Answered:
        if self.protocol == "anthropic":
            return await self._as_anthropic(headers)
        return await self._as_responses(headers)

    async def _as_anthropic(self, headers: dict[str, str]) -> Answered:
        thinking = {"type": "enabled", "budget_tokens": 1024}
        body = {"model": "m", "max_tokens": 4000, "messages": self.turns, "tools": [LOOK]}
        data = json.dumps({**body, "thinking": thinking}).encode()
        given = {"x-claude-code-session-id": "one-session", "anthropic-beta": BETA, **headers}
        answer = await asked(self.app, "POST", "/v1/messages", data, headers=given)
        if answer.status == 200:
            content = answer.json["content"]
            result = {"type": "tool_result", "tool_use_id": content[-1]["id"], "content": "a tree"}
            self.turns.append({"role": "assistant", "content": content})
            self.turns.append({"role": "user", "content": [result]})
        return answer

    async def _as_responses(self, headers: dict[str, str]) -> Answered:
        tool = {"type": "function", "name": "look", "parameters": {"type": "object"}}
        body = {"model": "m", "input": self.turns, "tools": [tool], "store": False}
        reasoning = {"effort": "high", "summary": "auto"}
        data = json.dumps(
            {**body, "reasoning": reasoning, "include": ["reasoning.encrypted_content"]}
        )
        answer = await asked(
            self.app, "POST", "/v1/responses", data.encode(), headers={"session-id": "s", **headers}
        )
        if answer.status == 200:
            self.turns += answer.json["output"]
            call_id = answer.json["output"][-1]["call_id"]
            self.turns.append(
                {"type": "function_call_output", "call_id": call_id, "output": "a tree"}
            )
        return answer


def app_at(url: str, keys: list[str] = KEYS, **settings: object) -> App:
    upstream = {
        "name": "up",
        "protocol": "anthropic",
        "base-url": url,
        "keys": keys,
        "models": [{"name": "claude-opus-4-5", "alias": "m"}],
    }
    changes: dict[str, Any] = {
        "disable_cooling": False,
        "max_retry_interval": 5,
        "request_retry": 2,
        **settings,
    }
    return app_of([upstream], **changes)


@pytest.fixture
async def accounts() -> AsyncIterator[tuple[Accounts, str]]:
    fake = Accounts()
    async with serve(fake) as url:
        yield fake, url


PROTOCOLS = pytest.mark.parametrize("protocol", ["anthropic", "responses"])


@PROTOCOLS
async def test_state_goes_back_to_the_account_that_made_it(
    accounts: tuple[Accounts, str], protocol: str
) -> None:
    fake, url = accounts
    talk = Conversation(app_at(url), protocol)
    other = Conversation(talk.app, protocol)
    for _ in range(3):
        assert (await talk.goes_on()).headers.get("x-dragoman-dropped") is None
        assert fake.makers == [fake.keys[-1]] * len(fake.makers)
        await other.goes_on(x_claude_code_session_id="other")
    assert fake.keys[0] == fake.keys[2] == fake.keys[4]


@PROTOCOLS
async def test_an_account_whose_limit_ends_soon_is_waited_for_and_gets_its_state(
    accounts: tuple[Accounts, str], protocol: str
) -> None:
    fake, url = accounts
    talk = Conversation(app_at(url), protocol)
    await talk.goes_on()
    first = fake.keys[0]
    fake.out[first] = "0.3"
    answer = await talk.goes_on()
    assert answer.status == 200
    assert answer.headers.get("x-dragoman-dropped") is None
    assert fake.keys == [first, first, first]
    assert len(fake.seen[-1][1]) == 1


@PROTOCOLS
async def test_when_it_rests_for_long_another_takes_over_without_the_state_and_keeps_on(
    accounts: tuple[Accounts, str], protocol: str
) -> None:
    fake, url = accounts
    talk = Conversation(app_at(url), protocol)
    await talk.goes_on()
    first = fake.keys[0]
    fake.out[first] = "300"
    answer = await talk.goes_on()
    assert answer.status == 200
    assert "reasoning state" in answer.headers["x-dragoman-dropped"]
    second = fake.keys[-1]
    assert second != first
    assert fake.seen[-1] == (second, ())
    before = len(fake.seen)
    for _ in range(2):
        later = await talk.goes_on()
        assert later.status == 200
    assert fake.keys[before:] == [second, second]
    assert fake.makers == [second, second]


async def test_a_body_written_anew_for_its_own_protocol_keeps_the_client_s_betas(
    accounts: tuple[Accounts, str],
) -> None:
    fake, url = accounts
    talk = Conversation(app_at(url), "anthropic")
    await talk.goes_on()
    fake.out[fake.keys[0]] = "300"
    await talk.goes_on()
    assert fake.betas == [BETA] * len(fake.betas)


async def test_state_of_an_unknown_account_is_offered_to_each_then_left_out(
    accounts: tuple[Accounts, str],
) -> None:
    fake, url = accounts
    talk = Conversation(app_at(url, routing={"session-affinity": False}), "anthropic")
    await talk.goes_on()
    fake.seen.clear()
    assert (await talk.goes_on()).headers.get("x-dragoman-dropped") is None
    stranger = Conversation(app_at(url, ["key-x"]), "anthropic")
    stranger.turns = talk.turns
    answer = await stranger.goes_on()
    assert answer.status == 200
    assert "reasoning state" in answer.headers["x-dragoman-dropped"]
    assert fake.keys[-2:] == ["key-x", "key-x"]
    before = len(fake.seen)
    assert (await stranger.goes_on()).status == 200
    assert len(fake.seen) == before + 1
