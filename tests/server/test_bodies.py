"""Request bodies: what is wrong with one is told in the client's shape, whatever was sent."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import brotli
import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.running import KEY, app_of, asked, running

POSTS = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/responses/compact",
    "/backend-api/codex/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1beta/models/echo:generateContent",
    "/v1beta/models/echo:streamGenerateContent",
    "/v1beta/models/echo:streamGenerateContent?alt=sse",
    "/v1beta/models/echo:countTokens",
    "/v1beta/models/echo:embedContent",
    "/v1beta/models/echo:batchEmbedContents",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/embeddings",
    "/api/show",
]


def message_of(path: str, document: Any) -> str:
    """The error's text, from where the path's protocol has it."""
    if path.startswith("/api/"):
        assert list(document) == ["error"]
        text = document["error"]
    else:
        if "/messages" in path:
            assert document["type"] == "error"
        elif "/v1beta/" in path:
            if isinstance(document, list):
                (document,) = document
            assert set(document["error"]) >= {"code", "message", "status"}
        else:
            assert set(document["error"]) == {"message", "type", "param", "code"}
        text = document["error"]["message"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"model": "echo",}',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"model": "\xff"}',
        b'{"model": "\\ud800"}',
        b"[" * 100_000,
        b'{"model":"echo","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"[]",
        b'"text"',
        b"7",
        b"null",
        b"NaN",
        b'{"model": 1e999999999999}',
        b'{"model": {"a": 1}, "messages": "x", "input": 7, "contents": 1, "prompt": {}}',
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_what_is_no_request_is_a_4xx_in_the_clients_shape(path: str, body: bytes) -> None:
    answer = await asked(app_of(), "POST", path, body)
    assert 400 <= answer.status < 500, answer.body[:300]
    assert len(message_of(path, answer.json)) > 5


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/chat/completions", {"messages": []}, "model: required"),
        ("/v1/chat/completions", {"model": 5, "messages": []}, "model: expected a string"),
        ("/v1/chat/completions", {"model": "echo"}, "messages"),
        (
            "/v1/chat/completions",
            {"model": "echo", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
        ),
        (
            "/v1/chat/completions",
            {"model": "echo", "messages": [], "stream": "yes"},
            "stream: expected a boolean",
        ),
        ("/v1/messages", {"model": "echo", "max_tokens": "x", "messages": []}, "max_tokens"),
        ("/v1/messages", {"model": "echo", "max_tokens": 5, "messages": [7]}, "messages[0]"),
        ("/v1/responses", {"model": "echo", "input": [{"type": 7}]}, "input[0].type"),
        ("/v1beta/models/echo:generateContent", {"contents": [{"parts": 3}]}, "contents[0].parts"),
        ("/api/chat", {"model": "echo", "messages": [{"role": 1}]}, "messages[0].role"),
    ],
)
async def test_the_error_says_which_field_is_wrong(
    path: str, body: dict[str, Any], words: str
) -> None:
    answer = await asked(app_of(), "POST", path, json.dumps(body).encode())
    assert answer.status == 400
    assert words in message_of(path, answer.json)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat"])
async def test_an_unknown_model_names_the_nearest_and_the_line_that_would_serve_it(
    path: str,
) -> None:
    body: dict[str, object] = {"model": "echo-thinkin"}
    body["messages"] = [{"role": "user", "content": "x"}]
    body |= {"max_tokens": 5} if path == "/v1/messages" else {}
    answer = await asked(app_of(), "POST", path, json.dumps(body).encode())
    assert answer.status == 404
    words = message_of(path, answer.json)
    assert "nearest: echo-thinking, echo" in words
    assert 'aliases: {"echo-thinkin": echo-thinking}' in words


async def test_a_key_that_stands_twice_is_refused_by_name() -> None:
    body = b'{"model":"echo","messages":[],"model":"echo"}'
    answer = await asked(app_of(), "POST", "/v1/chat/completions", body)
    assert answer.status == 400
    assert answer.json["error"]["message"] == 'the key "model" stands twice in the body'


CHAT = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "Hi"}]}).encode()


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "": bytes,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
    "deflate,identity, zstd": lambda data: zstandard.compress(zlib.compress(data)),
}


@pytest.mark.parametrize("encoding", ENCODERS)
async def test_compressed_bodies_are_read(encoding: str) -> None:
    answer = await asked(
        app_of(),
        "POST",
        "/v1/chat/completions",
        ENCODERS[encoding](CHAT),
        headers={"content-encoding": encoding},
    )
    assert answer.status == 200, answer.body


async def test_deflate_may_come_without_its_zlib_frame() -> None:
    path, headers = "/v1/chat/completions", {"content-encoding": "deflate"}
    answer = await asked(app_of(), "POST", path, raw_deflate(CHAT), headers=headers)
    assert answer.status == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("damage", [lambda b: b[:-6], lambda b: b"\x00\x01" + b[2:], lambda b: b""])
async def test_a_damaged_body_is_refused(encoding: str, damage: Callable[[bytes], bytes]) -> None:
    body = damage(ENCODERS[encoding](CHAT))
    answer = await asked(
        app_of(), "POST", "/v1/messages", body, headers={"content-encoding": encoding}
    )
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(f"the body is not valid {encoding}")


async def test_an_unknown_encoding_is_refused_by_name() -> None:
    headers = {"content-encoding": "lzma"}
    answer = await asked(app_of(), "POST", "/api/chat", CHAT, headers=headers)
    assert answer.status == 400
    assert answer.json["error"].startswith("content-encoding 'lzma' is not supported; use gzip")


def bomb(encoding: str) -> bytes:
    size = 256 * 1024 * 1024
    if encoding == "br":
        return bytes(brotli.compress(bytes(size), quality=3))
    if encoding == "zstd":
        return zstandard.compress(bytes(size))
    return ENCODERS[encoding](bytes(size))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_what_would_expand_beyond_the_limit_is_413_and_costs_no_memory(
    encoding: str,
) -> None:
    body = bomb(encoding)
    app = app_of(max_body_mb=1)
    assert len(body) < 1024 * 1024
    tracemalloc.start()
    try:
        answer = await asked(
            app, "POST", "/v1/messages", body, headers={"content-encoding": encoding}
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status == 413
    assert answer.json["error"]["type"] == "request_too_large"
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat"])
async def test_a_body_over_the_limit_is_413_before_it_is_whole(path: str, chunked: bool) -> None:
    piece = b" " * 100_000

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield piece

    app = app_of(max_body_mb=1)
    async with running(app) as address, httpx.AsyncClient(trust_env=False) as http:
        content = pieces() if chunked else piece * 12
        headers = {"x-api-key": KEY}
        answer = await http.post(f"http://{address}{path}", content=content, headers=headers)
        assert answer.status_code == 413
        words = message_of(path, answer.json())
        assert words == "the body is larger than 1 MB; raise max-body-mb to allow it"
        again = await http.get(f"http://{address}/v1/models", headers=headers)
        assert again.status_code == 200


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        "echo user assistant system tool text function image_url data:image/png;base64,AA== auto "
        "message function_call input_text tool_use tool_result call_1".split()
    )
)
NAMES = st.sampled_from(
    "model messages input contents prompt role content parts text type tools tool_choice function "
    "name parameters stream system max_tokens stop n options format thinking reasoning images "
    "tool_calls id call_id arguments output input_schema generationConfig systemInstruction "
    "functionCall functionResponse inlineData image_url source tool_use_id previous_response_id "
    "response_format text stream_options instructions keep_alive metadata store include".split()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("path", POSTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, VALUES, max_size=8), st.booleans())
def test_no_body_makes_the_gateway_fail(path: str, body: dict[str, Any], named: bool) -> None:
    if named:
        body = {**body, "model": "echo"}
    data = json.dumps(body).encode()

    async def ask() -> None:
        answer = await asked(app_of(), "POST", path, data)
        assert 200 <= answer.status < 500, (data, answer.body)
        if answer.status >= 400:
            message_of(path, answer.json)

    asyncio.run(ask())
