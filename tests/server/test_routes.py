"""Every route of the gateway answers, in the shape of its protocol."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.fakes import AnthropicFake, ChatFake, GeminiFake, serve
from tests.server.running import KEY, app_of, asked, running

CHAT = {"model": "echo", "messages": [{"role": "user", "content": "Hello there"}]}
GENAI = {"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]}
MESSAGES = {**CHAT, "max_tokens": 50}


def said(document: Any, *path: str | int) -> Any:
    for step in path:
        document = document[step]
    return document


GENERATING: list[tuple[str, dict[str, Any], tuple[str | int, ...]]] = [
    ("/v1/chat/completions", CHAT, ("choices", 0, "message", "content")),
    ("/v1/completions", {"model": "echo", "prompt": "Hello there"}, ("choices", 0, "text")),
    (
        "/v1/responses",
        {"model": "echo", "input": "Hello there"},
        ("output", 0, "content", 0, "text"),
    ),
    (
        "/backend-api/codex/responses",
        {"model": "echo", "input": "Hello there"},
        ("output", 0, "content", 0, "text"),
    ),
    ("/v1/messages", MESSAGES, ("content", 0, "text")),
    (
        "/v1beta/models/echo:generateContent",
        GENAI,
        ("candidates", 0, "content", "parts", 0, "text"),
    ),
    ("/v1/models/echo:generateContent", GENAI, ("candidates", 0, "content", "parts", 0, "text")),
    ("/api/chat", {**CHAT, "stream": False}, ("message", "content")),
    ("/api/generate", {"model": "echo", "prompt": "Hello there", "stream": False}, ("response",)),
]
PREFIX = {
    "/v1/messages": "/anthropic",
    "/v1beta/models/echo:generateContent": "/gemini",
    "/v1/models/echo:generateContent": "/gemini",
    "/api/chat": "/ollama",
    "/api/generate": "/ollama",
}


@pytest.mark.parametrize(("path", "body", "place"), GENERATING)
@pytest.mark.parametrize("form", ["{path}", "{prefix}{path}", "{path}/"])
async def test_text_comes_back_in_the_shape_of_each_route(
    path: str, body: dict[str, Any], place: tuple[str | int, ...], form: str
) -> None:
    whole = form.format(path=path, prefix=PREFIX.get(path, "/openai"))
    answer = await asked(app_of(), "POST", whole, json.dumps(body).encode())
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    assert said(answer.json, *place) == "Hello there"


STREAMS: list[tuple[str, dict[str, Any], str, bytes]] = [
    ("/v1/chat/completions", {**CHAT, "stream": True}, "text/event-stream", b"data: [DONE]\n\n"),
    ("/v1/messages", {**MESSAGES, "stream": True}, "text/event-stream", b"event: message_stop"),
    (
        "/v1/responses",
        {"model": "echo", "input": "Hello", "stream": True},
        "text/event-stream",
        b"event: response.completed",
    ),
    (
        "/v1beta/models/echo:streamGenerateContent?alt=sse",
        GENAI,
        "text/event-stream",
        b'"finishReason":"STOP"',
    ),
    ("/v1/models/echo:streamGenerateContent", GENAI, "application/json", b'"STOP"'),
    ("/api/chat", CHAT, "application/x-ndjson", b'"done":true'),
    (
        "/api/generate",
        {"model": "echo", "prompt": "Hello"},
        "application/x-ndjson",
        b'"done":true',
    ),
]


@pytest.mark.parametrize(("path", "body", "kind", "end"), STREAMS)
async def test_each_stream_has_its_type_and_its_end(
    path: str, body: dict[str, Any], kind: str, end: bytes
) -> None:
    answer = await asked(app_of(), "POST", path, json.dumps(body).encode())
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert end in answer.body
    if kind == "application/json":
        assert isinstance(answer.json, list)


@pytest.mark.parametrize(
    ("method", "path", "headers", "place", "value"),
    [
        ("GET", "/v1/models", {}, ("data", 0, "object"), "model"),
        ("GET", "/v1/models", {"anthropic-version": "2023-06-01"}, ("data", 0, "type"), "model"),
        ("GET", "/v1/models", {"x-goog-api-key": "x"}, ("models", 0, "name"), "models/echo"),
        ("GET", "/openai/v1/models", {}, ("object",), "list"),
        ("GET", "/anthropic/v1/models?limit=1000", {}, ("has_more",), False),
        ("GET", "/gemini/v1/models", {}, ("models", 0, "name"), "models/echo"),
        ("GET", "/gemini/v1beta/models", {}, ("models", 1, "name"), "models/echo-thinking"),
        ("GET", "/v1beta/models", {}, ("models", 0, "name"), "models/echo"),
        ("GET", "/v1beta/models/echo", {}, ("name",), "models/echo"),
        ("GET", "/v1/models/echo", {}, ("id",), "echo"),
        ("GET", "/v1/models/echo", {"anthropic-version": "2023-06-01"}, ("type",), "model"),
        ("GET", "/anthropic/v1/models/echo", {}, ("type",), "model"),
        ("GET", "/v1/models/echo", {"x-goog-api-key": "x"}, ("name",), "models/echo"),
        ("GET", "/gemini/v1/models/echo", {}, ("name",), "models/echo"),
        ("GET", "/openai/v1/models/echo", {"x-goog-api-key": "x"}, ("object",), "model"),
        ("GET", "/api/tags", {}, ("models", 0, "model"), "echo"),
        ("GET", "/ollama/api/tags", {}, ("models", 0, "model"), "echo"),
        ("GET", "/api/ps", {}, ("models",), []),
        ("GET", "/healthz", {}, ("status",), "ok"),
        ("GET", "/health", {}, ("status",), "ok"),
        ("GET", "/health/live", {}, ("status",), "ok"),
        ("GET", "/health/ready", {}, ("models",), 2),
    ],
)
async def test_lists_and_pages_come_in_the_asking_clients_shape(
    method: str, path: str, headers: dict[str, str], place: tuple[str | int, ...], value: object
) -> None:
    answer = await asked(app_of(), method, path, headers=headers)
    assert answer.status == 200, answer.body
    assert said(answer.json, *place) == value


@pytest.mark.parametrize("model", ["echo"])
async def test_show_tells_an_ollama_client_what_the_model_can_do(model: str) -> None:
    body = json.dumps({"model": model}).encode()
    answer = await asked(app_of(), "POST", "/api/show", body)
    assert answer.json["capabilities"] == ["completion", "tools", "thinking"]
    assert answer.json["model_info"]["echo.context_length"] == 131_072


@pytest.mark.parametrize("path", ["/", "/healthz", "/health", "/health/live", "/health/ready"])
async def test_greeting_and_health_need_no_key(path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = await asked(app_of(), method, path, key="", peer="203.0.113.7")
        assert answer.status == 200
        assert (answer.body == b"") is (method == "HEAD")


@pytest.mark.parametrize(
    "path", ["/api/hello", "/api/version", "/v1/models", "/v1beta/models", "/api/tags"]
)
async def test_head_is_get_without_the_body(path: str) -> None:
    answer = await asked(app_of(), "HEAD", path)
    whole = await asked(app_of(), "GET", path)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(whole.body))


async def test_hello_needs_no_key() -> None:
    assert (await asked(app_of(), "HEAD", "/api/hello", key="")).status == 200


async def test_without_models_the_gateway_is_not_ready() -> None:
    answer = await asked(app_of([]), "GET", "/health/ready")
    assert (answer.status, answer.json) == (503, {"status": "no models", "models": 0})


async def test_a_model_name_may_hold_slashes_and_colons_on_every_route() -> None:
    name = "vendor/echo:v1"
    echo = {"name": "e", "protocol": "echo", "models": [{"name": "echo", "alias": name}]}
    app = app_of([echo])
    body = json.dumps(GENAI).encode()
    for root in ("/v1beta/models/", "/v1/models/", "/gemini/v1beta/models/"):
        answer = await asked(app, "POST", f"{root}{name}:generateContent", body)
        assert answer.status == 200, answer.body
    for path in (f"/v1/models/{name}", f"/v1beta/models/{name}"):
        answer = await asked(app, "GET", path)
        assert answer.status == 200, answer.body
        assert name in answer.body.decode()
    shown = await asked(app, "POST", "/api/show", json.dumps({"model": name}).encode())
    assert shown.status == 200


SHAPES = {
    "openai": ("error", "message"),
    "anthropic": ("error", "message"),
    "gemini": ("error", "message"),
    "ollama": ("error",),
}


@pytest.mark.parametrize(
    ("method", "path", "shape"),
    [
        ("GET", "/nothing/here", "openai"),
        ("POST", "/v2/chat", "openai"),
        ("DELETE", "/v1/models", "openai"),
        ("GET", "/openai/nothing", "openai"),
        ("GET", "/v1/images/generations", "openai"),
        ("POST", "/anthropic/v1/nothing", "anthropic"),
        ("PUT", "/v1/messages/batches/x", "anthropic"),
        ("GET", "/gemini/nothing", "gemini"),
        ("POST", "/v1beta/models/echo:unknownAction", "gemini"),
        ("POST", "/v1beta/nothing", "gemini"),
        ("POST", "/api/nothing", "ollama"),
        ("GET", "/api/chat", "ollama"),
        ("GET", "/ollama/v1/models/x/y", "openai"),
        ("PATCH", "/v1/responses/resp_1", "openai"),
    ],
)
async def test_an_unknown_path_or_method_is_a_clear_404_in_the_right_shape(
    method: str, path: str, shape: str
) -> None:
    answer = await asked(app_of(), method, path, b"{}" if method != "GET" else b"")
    assert answer.status == 404, answer.body
    document = answer.json
    assert isinstance(said(document, *SHAPES[shape]), str)
    assert ("type" in document) is (shape == "anthropic")
    if shape == "gemini":
        assert document["error"]["status"] == "NOT_FOUND"


AUDIO = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n\x00\xff\r\n\xfe\r\n"
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-fake\r\n--b--\r\n'
)


class Passing(ChatFake):
    """Answers whatever it is asked with bytes of its own."""

    def routes(self) -> Any:
        return []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def answering(message: Any) -> None:
            if message["type"] == "http.response.start":
                kind = [(b"content-type", b"audio/x-odd"), (b"x-request-id", b"r1")]
                message = {**message, "status": 201, "headers": kind}
            elif message["type"] == "http.response.body":
                message = {**message, "body": b"\x00odd\xff" if message.get("body") else b""}
            await send(message)

        await super().__call__(scope, receive, answering)


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "upstream_path"),
    [
        ("POST", "/v1/audio/transcriptions", AUDIO, "multipart/form-data; boundary=b", ""),
        (
            "POST",
            "/openai/v1/images/generations",
            b'{ "model":"gpt-fake", "n": 1.0}',
            "application/json",
            "/v1/images/generations",
        ),
        ("POST", "/v1/moderations", b'{"model":"gpt-fake","input":"x"}', "application/json", ""),
        ("GET", "/v1/files?model=gpt-fake&limit=2", b"", "", "/v1/files"),
        ("DELETE", "/v1/files/file-1?model=gpt-fake", b"", "", "/v1/files/file-1"),
        ("GET", "/v1/files/a%20b%3Fc?model=gpt-fake", b"", "", "/v1/files/a b?c"),
    ],
)
async def test_unread_paths_pass_unchanged_in_both_directions(
    method: str, path: str, body: bytes, kind: str, upstream_path: str
) -> None:
    fake = Passing(models=["gpt-fake"])
    async with serve(fake) as url:
        upstream = {
            "name": "up",
            "protocol": "openai",
            "base-url": url,
            "keys": ["up-key"],
            "models": [{"name": "gpt-fake"}],
        }
        async with (
            running(app_of([upstream])) as address,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            answer = await client.request(
                method,
                f"http://{address}{path}",
                content=body or None,
                headers={"authorization": f"Bearer {KEY}"}
                | ({"content-type": kind} if kind else {}),
            )
    assert (answer.status_code, answer.content) == (201, b"\x00odd\xff")
    assert answer.headers["content-type"] == "audio/x-odd"
    (got,) = fake.requests
    assert (got.method, got.path, got.body) == (method, upstream_path or path, body)
    assert got.header("content-type") == (kind or None)
    assert got.header("authorization") == "Bearer up-key"
    assert KEY not in repr(got)


async def test_the_model_of_an_unread_path_is_an_alias_of_its_group_like_any_other() -> None:
    fake = Passing(models=["gpt-fake"])
    async with serve(fake) as url:
        upstream = {"name": "up", "protocol": "openai", "base-url": url, "models": ["gpt-fake"]}
        app = app_of([upstream], groups={"art": {"models": {"draw-*": "gpt-fake"}}})
        body = b'{"model":"art@draw-1","n":1}'
        answer = await asked(app, "POST", "/v1/images/generations", body)
        await app.gateway.close()
    assert answer.status == 201
    assert [got.body for got in fake.requests] == [b'{"model":"gpt-fake","n":1}']


async def test_an_unread_path_cannot_climb_out_of_the_upstreams_base() -> None:
    upstream = {
        "name": "up",
        "protocol": "openai",
        "base-url": "http://127.0.0.1:9",
        "models": [{"name": "m"}],
    }
    for path in ("/v1/files/../../admin", "/v1/./files", "/v1beta/../x"):
        answer = await asked(app_of([upstream]), "POST", path, b'{"model":"m"}')
        assert answer.status == 404, path


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/messages/count_tokens", CHAT, ("input_tokens",)),
        ("/v1beta/models/echo:countTokens", GENAI, ("totalTokens",)),
        ("/v1/models/echo:countTokens", {"generateContentRequest": GENAI}, ("totalTokens",)),
    ],
)
async def test_tokens_are_estimated_where_the_upstream_counts_otherwise(
    path: str, body: dict[str, Any], place: tuple[str, ...]
) -> None:
    answer = await asked(app_of(), "POST", path, json.dumps(body).encode())
    assert answer.status == 200, answer.body
    assert answer.headers["x-dragoman-estimate"] == "true"
    assert 1 < said(answer.json, *place) < 20


@pytest.mark.parametrize(
    ("fake", "path", "body"),
    [
        (AnthropicFake(models=["m"]), "/v1/messages/count_tokens", {**CHAT, "model": "m"}),
        (GeminiFake(models=["m"]), "/v1beta/models/m:countTokens", GENAI),
    ],
)
async def test_an_upstream_of_the_same_protocol_counts_itself(
    fake: AnthropicFake | GeminiFake, path: str, body: dict[str, Any]
) -> None:
    async with serve(fake) as url:
        upstream = {
            "name": "up",
            "protocol": fake.protocol,
            "base-url": url,
            "keys": ["up-key"],
            "models": [{"name": "m"}],
        }
        version = {"anthropic-version": "2023-06-01"}
        data = json.dumps(body).encode()
        answer = await asked(app_of([upstream]), "POST", path, data, headers=version)
    assert answer.status == 200, answer.body
    assert "x-dragoman-estimate" not in answer.headers
    assert [request.path for request in fake.requests] == [path]
