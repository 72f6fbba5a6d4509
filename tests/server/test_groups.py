"""Groups by path, by name, and what is refused: over every protocol's routes."""

from __future__ import annotations

import json
from typing import Any

import bcrypt
import pytest
from tests.fakes import ChatFake, serve
from tests.server.running import Answered, app_of, asked

from dragoman.amp import paths
from dragoman.config.groups import RESERVED_GROUPS
from dragoman.server import routes_amp, table, websocket
from dragoman.server.app import App
from dragoman.server.management import ROOT

GROUPS: dict[str, Any] = {
    "qwen": {"models": {"claude-*": "echo", "gpt-5": "echo"}},
    "bare": {},
    "old": {"disabled": True},
}
CHAT = {"messages": [{"role": "user", "content": "hello"}]}
MESSAGES = {"max_tokens": 100, **CHAT}
PREFIXES = ["", "/compat", "/compat_mode"]
ROUTES: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"model": "claude-x", **CHAT}),
    ("/v1/completions", {"model": "claude-x", "prompt": "hello"}),
    ("/v1/responses", {"model": "claude-x", "input": "hello"}),
    ("/v1/messages", {"model": "claude-x", **MESSAGES}),
    ("/v1/messages/count_tokens", {"model": "claude-x", **CHAT}),
    ("/openai/v1/chat/completions", {"model": "claude-x", **CHAT}),
    ("/backend-api/codex/responses", {"model": "claude-x", "input": "hello"}),
    ("/v1/responses/compact", {"model": "claude-x", "input": "hello"}),
    ("/api/provider/anthropic/v1/messages", {"model": "claude-x", **MESSAGES}),
    ("/api/provider/openai/v1/responses", {"model": "claude-x", "input": "hello"}),
    ("/anthropic/v1/messages", {"model": "claude-x", **MESSAGES}),
    ("/v1beta/models/claude-x:generateContent", {"contents": [{"parts": [{"text": "hello"}]}]}),
    ("/v1beta/models/claude-x:countTokens", {"contents": [{"parts": [{"text": "hello"}]}]}),
    ("/api/chat", {"model": "claude-x", "stream": False, **CHAT}),
    ("/api/generate", {"model": "claude-x", "prompt": "hello", "stream": False}),
]


def grouped() -> App:
    return app_of(groups=GROUPS, active_group="qwen")


async def post(app: App, path: str, body: dict[str, Any]) -> Answered:
    return await asked(app, "POST", path, json.dumps(body).encode())


@pytest.mark.parametrize(("path", "body"), ROUTES, ids=[path for path, _ in ROUTES])
async def test_a_group_stands_in_front_of_every_route(path: str, body: dict[str, Any]) -> None:
    app = grouped()
    for prefix in PREFIXES:
        for group in ("/qwen", "/switch"):
            answer = await post(app, group + prefix + path, body)
            assert answer.status == 200, answer.body
    assert (await post(app, path, body)).status == 404  # claude-x is the group's alone
    assert (await post(app, "/bare" + path, body)).status == 404


@pytest.mark.parametrize("way", ["/compat", "/compat_mode"])
async def test_compat_alone_is_the_default_group(way: str) -> None:
    body = {"model": "echo", **CHAT}
    assert (await post(grouped(), f"{way}/v1/chat/completions", body)).status == 200
    answer = await post(grouped(), f"{way}/qwen/v1/chat/completions", body)
    assert answer.json["error"]["message"] == (
        f"POST {way}/qwen/v1/chat/completions is not served here"
    )


async def test_a_name_tells_a_group_over_the_paths() -> None:
    app = grouped()
    for path in ("/v1/messages", "/bare/v1/messages", "/qwen/v1/messages"):
        answer = await post(app, path, {"model": "qwen@claude-x", **MESSAGES})
        assert (answer.status, answer.json["model"]) == (200, "qwen@claude-x")
    answer = await post(app, "/qwen/v1/messages", {"model": "default@echo", **MESSAGES})
    assert answer.headers["x-dragoman-model"] == "echo"
    url = "/v1beta/models/qwen@claude-x:generateContent"
    answer = await post(app, url, {"contents": [{"parts": [{"text": "hello"}]}]})
    assert answer.status == 200
    body = {"model": "qwen@claude-x", **CHAT}
    assert (await post(app, "/v1/messages/count_tokens", body)).status == 200
    shown = await asked(app, "GET", "/v1/models/qwen@gpt-5")
    assert shown.json["id"] == "gpt-5"


async def test_embeddings_are_a_groups_too() -> None:
    fake = ChatFake()
    (model,) = fake.embedding_models[:1]
    async with serve(fake) as url:
        upstream = {"name": "up", "protocol": "openai", "base-url": url, "keys": ["up-key"],
                    "models": [model]}  # fmt: skip
        app = app_of([upstream], groups={"vec": {"models": {"embed": model}}})
        for path, name in (("/v1/embeddings", "vec@embed"), ("/vec/v1/embeddings", "embed")):
            answer = await post(app, path, {"model": name, "input": "x"})
            assert answer.status == 200, answer.body
        assert (await post(app, "/vec/v1/embeddings", {"model": model, "input": "x"})).status == 404
        await app.gateway.close()
    assert {request.json["model"] for request in fake.requests} == {model}


async def test_an_unknown_group_is_a_404_in_the_clients_shape_that_names_the_groups() -> None:
    app = grouped()
    message = "there is no group 'nosuch'; this key may use: default, qwen, bare"
    answer = await post(app, "/nosuch/v1/messages", {"model": "echo", **MESSAGES})
    assert (answer.status, answer.json["error"]["type"]) == (404, "not_found_error")
    assert answer.json["error"]["message"] == message
    answer = await post(app, "/nosuch/v1beta/models/echo:generateContent", {})
    assert (answer.status, answer.json["error"]["status"]) == (404, "NOT_FOUND")
    answer = await post(app, "/nosuch/api/chat", {"model": "echo", **CHAT})
    assert (answer.status, answer.json) == (404, {"error": message})
    answer = await post(app, "/v1/chat/completions", {"model": "nosuch@echo", **CHAT})
    assert answer.status == 404
    assert answer.json["error"]["message"].endswith(
        "There is no group 'nosuch' either; this key may use: default, qwen, bare"
    )


async def test_a_disabled_group_is_a_403_by_path_name_and_list() -> None:
    app = grouped()
    message = "group 'old' is disabled; this key may use: default, qwen, bare"
    for path, model in (("/old/v1/messages", "echo"), ("/v1/messages", "old@echo")):
        answer = await post(app, path, {"model": model, **MESSAGES})
        assert (answer.status, answer.json["error"]["message"]) == (403, message)
    assert (await asked(app, "GET", "/old/v1/models")).status == 403


async def test_a_disabled_default_closes_what_names_no_group() -> None:
    app = app_of(groups={**GROUPS, "default": {"disabled": True}})
    assert (await post(app, "/v1/messages", {"model": "echo", **MESSAGES})).status == 403
    assert (await asked(app, "GET", "/v1/models")).status == 403
    answer = await post(app, "/v1/messages", {"model": "qwen@claude-x", **MESSAGES})
    assert answer.status == 200


async def test_a_second_group_in_a_name_is_no_group_that_is_not_there() -> None:
    answer = await post(grouped(), "/v1/messages", {"model": "bare@qwen@echo", **MESSAGES})
    assert answer.status == 404
    assert "There is no group" not in answer.json["error"]["message"]


async def test_a_default_group_of_wildcards_alone_lists_nothing_and_is_ready() -> None:
    app = app_of(groups={"default": {"models": {"any-*": "echo"}}})
    assert (await asked(app, "GET", "/v1/models")).json["data"] == []
    assert (await asked(app, "GET", "/health/ready", key="")).status == 200
    assert (await post(app, "/v1/messages", {"model": "any-x", **MESSAGES})).status == 200
    assert (await post(app, "/v1/messages", {"model": "echo", **MESSAGES})).status == 404


async def test_lists_show_the_groups_own_names() -> None:
    app = grouped()
    listed = {}
    for group in ("", "/qwen", "/switch/compat", "/bare"):
        answer = await asked(app, "GET", f"{group}/v1/models")
        listed[group] = [entry["id"] for entry in answer.json["data"]]
    assert listed["/qwen"] == listed["/switch/compat"] == ["gpt-5"]
    assert listed[""] == listed["/bare"] != []
    gemini = await asked(app, "GET", "/qwen/v1beta/models")
    assert [one["name"] for one in gemini.json["models"]] == ["models/gpt-5"]
    ollama = await asked(app, "GET", "/qwen/api/tags")
    assert [one["name"] for one in ollama.json["models"]] == ["gpt-5"]


async def test_open_routes_are_behind_groups_that_are_there_alone() -> None:
    app = grouped()
    for path in ("/qwen", "/qwen/", "/qwen/api/hello", "/switch/api/hello", "/compat/api/hello"):
        assert (await asked(app, "GET", path, key="")).status == 200
    for path in ("/nosuch", "/nosuch/api/hello", "/v1/qwen", "/amp"):
        assert (await asked(app, "GET", path, key="")).status in (401, 404)
    assert (await asked(app, "GET", "/nosuch/v1/models", key="")).status == 401


async def test_the_management_api_is_behind_no_group() -> None:
    assert (await asked(grouped(), "GET", "/qwen/v0/management/config")).status == 404


@pytest.mark.parametrize("path", ["/qwen/v1/responses", "/switch/compat/v1/responses"])
async def test_a_websocket_path_has_groups_too(path: str) -> None:
    way = websocket.way_of(path)
    assert way is not None
    assert way.group in ("qwen", "switch")
    assert websocket.way_of("/openai/v1/responses") is not None
    for other in ("/v1/chat/completions", "/qwen/qwen/v1/responses", "/v1beta/v1/responses"):
        assert websocket.way_of(other) is None


def test_every_first_segment_that_is_served_is_a_reserved_name() -> None:
    served = {path.split("/")[1] for _, path in table._FIXED}
    served |= {path.split("/")[1] for path in websocket._PATHS}
    served |= set(table._PROTOCOLS) | {path[1:] for path in paths._FEEDS} | paths._PAGES
    served |= {ROOT.split("/")[1], routes_amp.ROOT.split("/")[1], "actors", "v1beta", "compat"}
    assert served - {""} <= RESERVED_GROUPS


async def test_the_active_group_is_told_and_changed_with_the_management_key() -> None:
    hashed = bcrypt.hashpw(b"letmein", bcrypt.gensalt(4)).decode()
    app = app_of(groups=GROUPS, remote_management={"secret-key": hashed})
    path, key = "/v0/management/active-group", {"x-management-key": "letmein"}

    async def put(body: object) -> Answered:
        return await asked(app, "PUT", path, json.dumps(body).encode(), headers=key, key="")

    assert (await asked(app, "GET", path)).status == 401
    told = await asked(app, "GET", path, headers=key, key="")
    assert told.json == {"active-group": "default"}
    message = {"model": "claude-x", **MESSAGES}
    assert (await post(app, "/switch/v1/messages", message)).status == 404
    assert (await put({"value": "qwen"})).json == {"status": "ok"}
    assert (await post(app, "/switch/v1/messages", message)).status == 200
    assert (await put("bare")).json == {"status": "ok"}
    told = await asked(app, "GET", path, headers=key, key="")
    assert told.json == {"active-group": "bare"}
    answer = await put({"value": "nosuch"})
    assert (answer.status, answer.json["message"]) == (404, "groups are: default, qwen, bare, old")
    assert (await put({"value": 1})).status == 400
    assert (await asked(app, "PUT", path, b"{", headers=key, key="")).status == 400
