"""What is particular to Qwen, Kimi, xAI, Copilot and Vertex, beyond that they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import World, asking, path_of, world
from tests.fakes import GeminiFake, serve
from tests.fakes.fake import Route
from tests.subscriptions.folder import before, write
from tests.subscriptions.hosts import GrokHost
from tests.subscriptions.test_every_client_reaches_every_subscription import (
    CLAUDE_CODE,
    MODELS,
    host_of,
)
from tests.upstreams.raw_host import raw_host, whole

from dragoman import __version__
from dragoman.accounts.records import Account, Contents
from dragoman.upstreams.subscriptions import copilot, kimi, qwen, vertex, xai


def account(**fields: Any) -> Account:
    return Account("a.json", "x", "x", fields=Contents(fields))


async def chat(here: World, provider: str, **headers: str) -> Any:
    body = asking("openai", MODELS[provider], "hi", stream=False)
    return await here.post("/v1/chat/completions", body, **headers)


async def test_kimi_gets_the_clients_own_name_with_ours_behind_it(tmp_path: Path) -> None:
    write(tmp_path, "kimi", 1)
    host = host_of("kimi")
    async with before(tmp_path, {"kimi": host}) as here:
        assert (await chat(here, "kimi", **CLAUDE_CODE)).status_code == 200
    own = CLAUDE_CODE["user-agent"]
    assert host.requests[0].header("user-agent") == f"{own} dragoman/{__version__}"
    assert host.requests[0].json["model"] == "k2.5"


async def test_whom_kimi_does_not_know_is_told_so_and_no_account_rests(tmp_path: Path) -> None:
    write(tmp_path, "kimi")
    host = host_of("kimi")
    async with before(tmp_path, {"kimi": host}, disable_cooling=False) as here:
        refused = await chat(here, "kimi", **{"user-agent": "curl/8"})
        served = await chat(here, "kimi", **CLAUDE_CODE)
    assert refused.status_code == 403
    assert "only available for Coding Agents" in refused.text
    assert served.status_code == 200
    assert len(host.chat.refusals) == 1, "another account would be told the same"


@pytest.mark.parametrize(
    ("model", "there"),
    [("kimi-k2.5", "k2.5"), ("kimi-for-coding", "kimi-for-coding"), ("kimi-k3[1m]", "k3")],
)
def test_kimis_models_have_their_own_names_there(model: str, there: str) -> None:
    assert kimi.model_there(model) == there


async def test_grok_is_told_dragomans_name_and_one_conversation_has_one_id(tmp_path: Path) -> None:
    write(tmp_path, "xai", 1)
    host = host_of("xai")
    async with before(tmp_path, {"xai": host}) as here:
        for _ in range(2):
            assert (await chat(here, "xai", **{"x-session-id": "c"})).status_code == 200
    got = dict(host.requests[0].headers)
    assert got["x-grok-client-identifier"] == "dragoman"
    assert got["x-grok-client-version"] == __version__
    assert len({request.header("x-grok-conv-id") for request in host.requests}) == 1


async def test_a_grok_login_that_may_use_the_api_goes_there_without_the_other_hosts_headers(
    tmp_path: Path,
) -> None:
    write(tmp_path, "xai", 1, using_api=True)
    host = GrokHost(models=[MODELS["xai"]])
    host.api = True
    host.open_to("xai-token-0")
    async with before(tmp_path, {"xai": host}) as here:
        assert (await chat(here, "xai")).status_code == 200
    assert host.requests[0].header("x-xai-token-auth") is None


@pytest.mark.parametrize(
    ("fields", "base"),
    [
        ({}, {}),
        ({"base_url": "https://cli-chat-proxy.grok.com/v1"}, "https://cli-chat-proxy.grok.com/v1"),
        ({"using_api": True}, "https://api.x.ai/v1"),
        ({"using_api": True, "base_url": xai.BASE}, "https://api.x.ai/v1"),
        ({"using_api": True, "base_url": "https://eu.x.ai/v1/"}, "https://eu.x.ai/v1"),
    ],
)
def test_a_grok_login_says_where_it_goes(fields: dict[str, Any], base: Any) -> None:
    assert xai.facts_of(account(**fields)) == ({"base": base} if base else {})


async def test_a_version_that_xai_does_not_take_is_explained(tmp_path: Path) -> None:
    async def script(exchange: Any) -> None:
        while await exchange.request() is not None:
            await exchange.send(whole(b'{"error":"Please upgrade your client"}', status=426))

    write(tmp_path, "xai", 1)
    async with raw_host(script) as host:
        clients = {"xai": {"base-url": f"{host.url}/v1"}}
        async with before(tmp_path, {}, oauth_clients=clients) as here:
            reply = await chat(here, "xai")
    assert reply.status_code == 426
    assert "using_api: true goes to xAI's API instead" in reply.text


async def test_copilot_is_told_who_asks_and_whether_a_person_did(tmp_path: Path) -> None:
    write(tmp_path, "copilot", 1)
    host = host_of("copilot")
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    async with before(tmp_path, {"copilot": host}) as here:
        for messages in (turns[:1], turns, [{"role": "user", "content": [image]}]):
            body = {"model": MODELS["copilot"], "messages": messages, "tools": tools}
            reply = await here.post("/v1/chat/completions", body, **{"user-agent": "zed/1"})
            assert reply.status_code == 200, reply.text
    told = [(r.header("x-initiator"), r.header("copilot-vision-request")) for r in host.requests]
    assert told == [("user", None), ("agent", None), ("user", "true")]
    assert host.requests[0].header("editor-version") == f"dragoman/{__version__}"
    assert host.requests[0].header("copilot-integration-id") is None


def test_the_places_that_files_name_are_read() -> None:
    assert copilot.facts_of(account(base_url="https://api.business.githubcopilot.com/")) == {
        "base": "https://api.business.githubcopilot.com"
    }
    assert qwen.facts_of(account(resource_url="portal.qwen.ai")) == {"base": qwen.BASE}
    assert qwen.facts_of(account(resource_url="https://x.example/v1")) == {
        "base": "https://x.example/v1"
    }
    assert qwen.facts_of(account()) == {}


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("", "https://us-central1-aiplatform.googleapis.com"),
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
    ],
)
def test_a_service_account_goes_to_its_own_location(location: str, host: str) -> None:
    key = {"project_id": "robots"}
    facts = vertex.facts_of(account(service_account=key, location=location))
    place = f"/v1/projects/robots/locations/{location or 'us-central1'}/publishers/google"
    assert facts == {"base": host + place}


async def test_a_vertex_api_key_block_is_served_without_a_login() -> None:
    class KeyedVertex(GeminiFake):
        def routes(self) -> list[Route]:
            place = "/v1/publishers/google/models/(.+)"
            return [
                ("POST", f"{place}:generateContent", self._generate),
                ("POST", f"{place}:streamGenerateContent", self._generate),
            ]

    host = KeyedVertex(key="vk-1", models=["gemini-2.5-pro"])
    async with serve(host) as url:
        models = [{"name": "gemini-2.5-pro", "alias": "vertex-pro"}]
        block = {"api-key": "vk-1", "base-url": url, "models": models}
        async with world(vertex_api_key=[block]) as here:
            for client, stream in (("openai", False), ("gemini", True)):
                body = asking(client, "vertex-pro", "echo: bread", stream=stream)
                reply = await here.post(path_of(client, "vertex-pro", stream=stream), body)
                assert (reply.status_code, "bread" in reply.text) == (200, True), reply.text


async def test_requests_go_through_the_accounts_own_proxy(tmp_path: Path) -> None:
    """An HTTP proxy sees the whole address of a plain request's target, or its CONNECT."""
    lines: list[str] = []

    async def script(exchange: Any) -> None:
        asked = await exchange.request()
        if asked is not None:
            lines.append(asked.line)
            await exchange.send(whole(b"no", status=502))

    async with raw_host(script) as proxy:
        write(tmp_path, "vertex", 1, proxy_url=proxy.url)
        host = host_of("vertex")
        async with before(tmp_path, {"vertex": host}) as here:
            reply = await chat(here, "vertex")
    assert reply.status_code == 502
    assert lines
    assert host.requests == []
