"""Amp's model routes over real sockets: every shape under every name, and mapped models."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.amp.asking import CLIENTS, body_of, documents_of, models_in, path_of
from tests.exchange.world import upstream, world
from tests.fakes import FAKES, serve
from tests.server.running import app_of, asked

CHAT = {"model": "echo", "messages": [{"role": "user", "content": "Hello there"}]}
GENAI = {"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]}
streamed = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google", "kimi", "any-name.at-all"])
@pytest.mark.parametrize("root", ["", "v1/"])
@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("chat/completions", CHAT),
        ("completions", {"model": "echo", "prompt": "Hello there"}),
        ("responses", {"model": "echo", "input": "Hello there"}),
        ("messages", {**CHAT, "max_tokens": 50}),
    ],
)
async def test_a_route_is_known_by_its_shape_whatever_the_provider(
    provider: str, root: str, shape: str, body: dict[str, Any]
) -> None:

    path = f"/api/provider/{provider}/{root}{shape}"
    answer = await asked(app_of(), "POST", path, json.dumps(body).encode())
    assert answer.status == 200, answer.body
    assert b"Hello there" in answer.body


@pytest.mark.parametrize(
    "shape",
    [
        "v1beta/models/echo:generateContent",
        "v1/models/echo:generateContent",
        "v1beta1/publishers/google/models/echo:generateContent",
        "v1beta1/publishers/google/models/echo:streamGenerateContent?alt=sse",
        "v1beta1/projects/p/locations/l/publishers/google/models/echo:generateContent",
    ],
)
async def test_googles_forms_are_known_under_any_name(shape: str) -> None:

    for provider in ("google", "vertex"):
        path = f"/api/provider/{provider}/{shape}"
        answer = await asked(app_of(), "POST", path, json.dumps(GENAI).encode())
        assert answer.status == 200, answer.body
        assert b'"text":"Hello' in answer.body


@pytest.mark.parametrize(
    ("path", "key", "id_"),
    [
        ("anthropic/models", "data", "echo"),
        ("openai/v1/models", "data", "echo"),
        ("groq/models", "data", "echo"),
        ("google/v1beta/models", "models", "models/echo"),
        ("google/v1/models", "models", "models/echo"),
        ("other/v1beta/models", "models", "models/echo"),
    ],
)
async def test_models_are_listed_in_the_providers_shape(path: str, key: str, id_: str) -> None:
    listed = (await asked(app_of(), "GET", f"/api/provider/{path}")).json[key]
    assert listed[0].get("id", listed[0].get("name")) == id_


async def test_tokens_are_counted_also_for_a_mapped_model() -> None:
    mapped = {"model-mappings": [{"from": "claude-x", "to": "echo"}]}

    for root in ("v1/", ""):
        answer = await asked(
            app_of(ampcode=mapped),
            "POST",
            f"/api/provider/anthropic/{root}messages/count_tokens",
            json.dumps({**CHAT, "model": "claude-x"}).encode(),
        )
        assert (answer.status, answer.json["input_tokens"] > 0) == (200, True)


async def test_a_shape_that_is_none_is_not_found_and_a_key_is_needed() -> None:
    answer = await asked(app_of(), "POST", "/api/provider/openai/v1/nothing", b"{}")
    assert (answer.status, answer.json["error"]["type"]) == (404, "invalid_request_error")
    answer = await asked(app_of(), "POST", "/api/provider//v1/responses", b"{}")
    assert answer.status == 404
    answer = await asked(app_of(), "POST", "/api/provider/x/v1/messages", b"{}", key="wrong")
    assert (answer.status, answer.json["type"]) == (401, "error")


@streamed
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("server", list(FAKES))
async def test_a_mapped_model_of_any_protocol_answers_under_the_name_asked_for(
    client: str, server: str, stream: bool
) -> None:
    fake = FAKES[server](models=["served-model"])
    mappings = [{"from": "Asked-Model", "to": "served-model"}]
    async with (
        serve(fake) as url,
        world(upstream(server, url, "served-model"), ampcode={"model-mappings": mappings}) as here,
    ):
        body = body_of(client, "asked-model", "echo: hello", stream=stream)
        reply = await here.post(path_of(client, "asked-model", stream=stream), body)
    assert reply.status_code == 200, reply.text
    assert models_in(documents_of(reply.content)) == {"asked-model"}
    assert here.outcomes[-1].served == "served-model"
