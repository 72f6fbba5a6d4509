"""The repair retry of compat mode: a further turn of its own, of which the client sees the calls
alone; and where compat mode is in force."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.test_compat_end_to_end import (
    ARGUMENTS,
    PLAIN_STOPS,
    TOOL_STOPS,
    frames,
    read,
    read_anthropic,
    with_tool,
)
from tests.exchange.test_keepalives import quick
from tests.exchange.world import World, asking, path_of, upstream, world
from tests.fakes import ChatFake, Fake, serve
from tests.fakes.dialects import dragoman
from tests.fakes.refusal import Refusal
from tests.fakes.script import FRESH, Play, Seen
from tests.fakes.text_only import mark_in, pieces, refuse_tools

from dragoman.cli.explain import Asker, run

REPAIRS = {"tools": {"repair-retry": True}}


class Scripted:
    """A model that gives these answers in turn; in them, CALL is a call, BROKEN the same without
    its ends, FAIL a refusal, CUT a connection that breaks; HANG never says anything, STALL falls
    silent."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.seen: list[Seen] = []

    def __call__(self, seen: Seen) -> Play:
        self.seen.append(seen)
        mark = mark_in(seen.system)
        call = dragoman("Edit", ARGUMENTS, mark)
        broken = call.replace(f"</arg-{mark}>", "").replace(f"</call-{mark}>", "")
        text = self._answers.pop(0).replace("CALL", call).replace("BROKEN", broken)
        if text == "FAIL":
            raise Refusal("told to fail", status=500)
        fault = next((one for one in ("CUT", "HANG", "STALL") if text.endswith(one)), "")
        return Play(pieces(text.removesuffix(fault)), fault=fault.lower() or None)


async def asked(
    model: Scripted, client: str, *, stream: bool, group: dict[str, Any]
) -> tuple[World, tuple[str, list[Any], str]]:
    fake = ChatFake(says=model)
    async with (
        serve(fake) as url,
        world(upstream("openai", url, "gpt-4o>m"), groups={"g": group}, request_retry=0) as there,
    ):
        body = with_tool(client, asking(client, "m", "edit it", stream=stream))
        answer = await there.post(f"/g/compat{path_of(client, 'm', stream=stream)}", body)
        assert answer.status_code == 200, answer.text
        return there, read(client, answer, stream=stream)


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("client", TOOL_STOPS)
async def test_a_broken_call_is_asked_for_once_more(client: str, stream: bool) -> None:
    model = Scripted("I edit. BROKEN and so", "Sorry! CALL")
    there, found = await asked(model, client, stream=stream, group=REPAIRS)
    assert found == ("I edit.", [("Edit", ARGUMENTS)], TOOL_STOPS[client])
    assert "was not finished" in model.seen[1].text
    (outcome,) = there.outcomes
    assert outcome.attempts == 2
    assert outcome.usage.tokens_in == 2 * FRESH + 2 * 16


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("second", ["I can't.", "BROKEN", "FAIL", "A CUT"])
async def test_without_a_repair_the_call_stays_text(second: str, stream: bool) -> None:
    model = Scripted("I edit. BROKEN", second)
    _, (text, calls, stop) = await asked(model, "anthropic", stream=stream, group=REPAIRS)
    assert (calls, stop) == ([], "end_turn")
    assert text.startswith("I edit. <call-")
    assert len(model.seen) == 2


@pytest.mark.parametrize("second", ["HANG", "So. STALL"])
async def test_a_further_turn_is_waited_for_with_keepalives_and_ends_with_its_client(
    second: str,
) -> None:
    fake = ChatFake(says=Scripted("I edit. BROKEN", second))
    groups = {"default": REPAIRS}
    async with (
        serve(fake) as url,
        world(upstream("openai", url, "gpt-4o>m"), groups=groups) as there,
    ):
        quick(there)
        body = with_tool("anthropic", asking("anthropic", "m", "edit it", stream=True))
        async with there.stream("/compat/v1/messages", body) as answer:
            lines = answer.aiter_lines()
            while "I edi" not in await anext(lines):
                pass
            for _ in range(3):
                while await anext(lines) != "event: ping":
                    pass
            assert len(fake.requests) == 2
        await asyncio.wait_for(fake.disconnected.wait(), 5)


@pytest.mark.parametrize("client", PLAIN_STOPS)
async def test_the_retry_is_off_by_default(client: str) -> None:
    model = Scripted("I edit. BROKEN")
    _, (text, calls, stop) = await asked(model, client, stream=True, group={})
    assert (calls, stop) == ([], PLAIN_STOPS[client])
    assert text.startswith("I edit. <call-")


@pytest.mark.parametrize("text", ["I edit. CALL", "No tools."])
async def test_what_needs_no_repair_takes_one_turn(text: str) -> None:
    model = Scripted(text)
    there, _ = await asked(model, "openai", stream=True, group=REPAIRS)
    assert there.outcomes[0].attempts == 1


async def test_what_was_held_is_told_when_the_answer_breaks_off() -> None:
    model = Scripted("I edit. BROKENCUT")
    fake = ChatFake(says=model)
    async with serve(fake) as url, world(upstream("openai", url, "gpt-4o>m")) as there:
        body = with_tool("anthropic", asking("anthropic", "m", "edit it", stream=True))
        answer = await there.post("/compat/v1/messages", body)
    found = frames(answer)
    assert found[-1]["type"] == "error"
    text, calls, stop = read_anthropic(found)
    assert (calls, stop) == ([], "")
    assert text.startswith("I edit. <call-")


TOOL = with_tool("openai", asking("openai", "m", "Edit it.", stream=False))


async def sent(config: dict[str, Any], path: str, body: dict[str, Any], *models: Any) -> Any:
    """What a Chat upstream gets of a request."""
    fake: Fake = ChatFake()
    async with serve(fake) as url:
        one = {
            **upstream("openai", url),
            "models": list(models) or [{"name": "gpt-4o", "alias": "m"}],
        }
        async with world(one, **config) as there:
            await there.post(path, body)
    return fake.requests[-1].json


@pytest.mark.parametrize(
    ("group", "path", "models", "as_text"),
    [
        ({}, "/g", [], False),
        ({}, "/g/compat", [], True),
        ({"tools": {"mode": "compat"}}, "/g", [], True),
        ({"tools": {"mode": "native"}}, "/g", [], False),
        ({"tools": {"mode": "native"}}, "/g/compat_mode", [], True),
        ({}, "/g", [{"name": "gpt-4o", "alias": "m", "tools": False}], True),
        ({"tools": {"mode": "native"}}, "/g", [{"name": "gpt-4o", "alias": "m", "tools": False}],
         False),
    ],
)  # fmt: skip
async def test_who_decides_that_tools_go_as_text(
    group: dict[str, Any], path: str, models: list[Any], as_text: bool
) -> None:
    body = await sent({"groups": {"g": group}}, f"{path}/v1/chat/completions", TOOL, *models)
    assert ("tools" not in body) is as_text
    assert ("<call-" in json.dumps(body)) is as_text


def test_explain_says_that_tools_go_as_text(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    one = upstream("openai", "https://api.example.com/v1")
    settings = {
        "upstreams": [{**one, "models": [{"name": "gpt-4o", "alias": "m", "tools": False}]}],
        "discover": False,
        "data-dir": str(tmp_path / "data"),
    }
    config.write_text(json.dumps(settings))
    config.chmod(0o600)
    for protocol, because in (
        ("openai", "its tools are sent as text"),
        (
            "anthropic",
            "the client speaks anthropic, the upstream openai; its tools are sent as text",
        ),
    ):
        request = tmp_path / "request.json"
        request.write_text(
            json.dumps(with_tool(protocol, asking(protocol, "m", "Edit.", stream=False)))
        )
        run(config, "", Asker(), request=request, protocol=protocol, as_json=True)
        record = json.loads(capsys.readouterr().out)
        assert (record["way"], record["because"]) == ("converted", because)
        assert "<call-" in json.dumps(record["request"]["body"])


def test_the_model_without_tools_refuses_every_trace_of_them() -> None:
    with pytest.raises(Refusal, match="does not support tools"):
        refuse_tools(TOOL)
    with pytest.raises(Refusal, match="tool_use"):
        refuse_tools({"messages": [{"content": [{"type": "tool_use"}]}]})


async def test_a_request_without_tools_passes_as_it_is() -> None:
    plain = asking("openai", "gpt-4o", "Say so.", stream=False)
    body = await sent({}, "/compat/v1/chat/completions", plain, {"name": "gpt-4o"})
    assert body == plain


async def test_the_catalogue_knows_models_without_tools() -> None:
    fake = ChatFake(models=("gemma3:4b",), text_only=True)
    async with serve(fake) as url, world(upstream("openai", url, "gemma3:4b>m")) as there:
        answer = await there.post("/v1/chat/completions", TOOL)
        assert answer.status_code == 200
    assert fake.refusals == []


async def test_hosted_tools_are_told_as_dropped() -> None:
    body = with_tool("anthropic", asking("anthropic", "m", "Edit it.", stream=False))
    body["tools"].append({"type": "web_search_20250305", "name": "web_search"})
    fake = ChatFake(text_only=True)
    async with serve(fake) as url, world(upstream("openai", url, "gpt-4o>m")) as there:
        answer = await there.post("/compat/v1/messages", body)
        assert answer.headers["x-dragoman-dropped"] == "web_search"
    assert fake.refusals == []
