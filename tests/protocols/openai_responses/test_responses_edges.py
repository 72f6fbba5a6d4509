"""Errors, listings, counts and compaction of the Responses protocol."""
# ruff: noqa: E501  a table of bodies reads better a row a line

from typing import Any

import pytest
from tests.protocols.openai_responses.bodies import CODEX_LITE

from dragoman.errors import (
    Broken,
    DragomanError,
    ErrorKind,
    Forbidden,
    InvalidRequest,
    TimedOut,
    TooLarge,
    Unauthenticated,
    UnknownModel,
    Unreachable,
    UpstreamRefused,
)
from dragoman.neutral.events import Finished, PartEnded, PartStarted, UsageSeen
from dragoman.neutral.json import JsonObject
from dragoman.neutral.listings import ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Opaque, Text, ToolCall
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Reply, Target
from dragoman.protocols.openai_responses.codec import CODEC
from dragoman.protocols.openai_responses.compaction import (
    compact_out,
    compaction_events,
    compaction_prompt,
    wants_compaction,
)
from dragoman.protocols.openai_responses.listings import count_out
from dragoman.protocols.openai_responses.wire import is_openai_host


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (InvalidRequest("m", param="p"), 400, "invalid_request_error", None),
        (Unauthenticated("m"), 401, "authentication_error", "invalid_api_key"),
        (Forbidden("m"), 403, "permission_error", None),
        (UnknownModel("m"), 404, "invalid_request_error", "model_not_found"),
        (TooLarge("m"), 413, "invalid_request_error", None),
        (UpstreamRefused("m", status=404), 404, "invalid_request_error", None),
        (UpstreamRefused("m", status=408), 408, "timeout", "timeout"),
        (TimedOut("m"), 504, "timeout", "timeout"),
        (UpstreamRefused("m", status=429), 429, "rate_limit_error", "rate_limit_exceeded"),
        (UpstreamRefused("m", status=529), 503, "server_error", "server_is_overloaded"),
        (UpstreamRefused("m", status=503, code="own"), 503, "server_error", "own"),
        (UpstreamRefused("m", status=500), 500, "server_error", "internal_server_error"),
        (Unreachable("m"), 502, "server_error", "bad_gateway"),
        (
            UpstreamRefused("m", status=413, kind=ErrorKind.CONTEXT_LENGTH),
            400,
            "invalid_request_error",
            "context_length_exceeded",
        ),
    ],
)
def test_errors_are_told_in_openais_shape(
    error: DragomanError, status: int, kind: str, code: str | None
) -> None:
    assert CODEC.error_out(error) == (
        status,
        {"error": {"message": "m", "type": kind, "param": error.param, "code": code}},
    )


@pytest.mark.parametrize(
    ("status", "body", "message", "kind", "code"),
    [
        (
            400,
            b'{"error":{"message":"bad","type":"invalid_request_error","param":"x","code":null}}',
            "bad",
            ErrorKind.INVALID,
            "invalid_request_error",
        ),
        (429, b'{"error":{"code":"insufficient_quota","message":"pay"}}', "pay", ErrorKind.BILLING, "insufficient_quota"),
        (400, b'{"error":{"code":"context_length_exceeded","message":"long"}}', "long", ErrorKind.CONTEXT_LENGTH, "context_length_exceeded"),
        (400, b'{"error":"exceeds the context window"}', "exceeds the context window", ErrorKind.CONTEXT_LENGTH, None),
        (403, b'{"detail":"not yours"}', "not yours", ErrorKind.PERMISSION, None),
        (401, b'{"detail":{"message":"who","code":"x"}}', "who", ErrorKind.AUTHENTICATION, "x"),
        (500, b'{"message":"oops"}', "oops", ErrorKind.SERVER, None),
        (502, b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>", ErrorKind.BAD_GATEWAY, None),
        (503, b"", "HTTP 503", ErrorKind.OVERLOADED, None),
        (500, b"[1]", "[1]", ErrorKind.SERVER, None),
        (500, b'{"x":1}', '{"x":1}', ErrorKind.SERVER, None),
        (500, b'{"error":{}}', "HTTP 500", ErrorKind.SERVER, None),
    ],
)  # fmt: skip
def test_an_upstreams_error_is_read(
    status: int, body: bytes, message: str, kind: ErrorKind, code: str | None
) -> None:
    error = CODEC.error_in(status, body)
    assert (error.status, error.message, error.kind, error.code) == (status, message, kind, code)
    assert error.body == body


def test_an_errors_param_and_reset_time_are_kept_and_long_bodies_cut() -> None:
    body = b'{"error":{"message":"m","param":"input","resets_in_seconds":30}}'
    error = CODEC.error_in(429, body)
    assert (error.param, error.retry_after_s) == ("input", 30.0)
    assert len(CODEC.error_in(500, b"x" * 9000).message) == 2000


def test_a_model_list_is_read() -> None:
    body = b"""{"data":[{"id":"a","owned_by":"me","created":5,"context_length":10,"display_name":"A"},
        {"slug":"b","context_window":20},{"name":"c"},7]}"""
    assert CODEC.models_in(body) == [
        ModelEntry("a", "me", "A", 5, 10),
        ModelEntry("b", "", context_tokens=20),
    ]
    assert CODEC.models_in(b'{"models":[{"slug":"b"}]}') == [ModelEntry("b", "")]
    assert CODEC.models_in(b'[{"id":"c"}]') == [ModelEntry("c", "")]


@pytest.mark.parametrize("body", [b"<html>", b'{"data":5}'])
def test_what_is_no_model_list_is_said(body: bytes) -> None:
    with pytest.raises(Broken, match="model list"):
        CODEC.models_in(body)


def test_a_model_list_is_written() -> None:
    entries = [ModelEntry("a", "me", created_s=5, context_tokens=10), ModelEntry("b")]
    assert CODEC.models_out(entries) == {
        "object": "list",
        "data": [
            {"id": "a", "object": "model", "created": 5, "owned_by": "me", "context_length": 10},
            {"id": "b", "object": "model", "created": 0, "owned_by": "dragoman"},
        ],
    }


def test_a_token_count_is_written() -> None:
    assert count_out(5) == {"object": "response.input_tokens", "input_tokens": 5}


def test_the_path_is_one_for_all() -> None:
    assert (CODEC.path("m", True), CODEC.base_path, CODEC.auth) == ("/responses", "/v1", "bearer")


@pytest.mark.parametrize(
    ("host", "whole"),
    [
        ("api.openai.com", True),
        ("chatgpt.com", True),
        ("me.openai.azure.com", True),
        ("eu.api.openai.com", True),
        ("localhost", False),
        ("notopenai.com", False),
    ],
)
def test_only_openais_hosts_speak_the_whole_dialect(host: str, whole: bool) -> None:
    assert is_openai_host(host) is whole


def compacting(*items: Any) -> JsonObject:
    listed = CODEX_LITE["input"]
    assert isinstance(listed, list)
    return {**CODEX_LITE, "input": [*listed, *items, {"type": "compaction_trigger"}]}


def test_a_trigger_asks_for_compaction() -> None:
    assert wants_compaction(CODEC.request_in(compacting(), Losses()))
    assert not wants_compaction(CODEC.request_in(CODEX_LITE, Losses()))


def test_the_compaction_prompt_keeps_the_conversation_and_takes_the_tools() -> None:
    request = compaction_prompt(CODEC.request_in(compacting(), Losses()))
    assert request.tools == ()
    assert [turn.role for turn in request.turns] == ["system", "user", "assistant", "user"]
    last = request.turns[-1].parts[-1]
    assert isinstance(last, Text)
    assert last.text.startswith("Write a hand-over summary of this conversation.")
    assert not wants_compaction(request)
    body = CODEC.request_out(request, Target("m", host="api.openai.com"), Losses())
    items = body["input"]
    assert isinstance(items, list)
    assert items[-1] == {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": last.text}],
    }
    assert [i["type"] for i in items[-2:] if isinstance(i, dict)] == [
        "custom_tool_call_output",
        "message",
    ]
    assert "additional_tools" not in str(body)


def test_the_compaction_prompt_follows_an_assistant_turn_as_its_own() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    body: Any = {"model": "m", "input": [call, {"type": "compaction_trigger"}]}
    request = compaction_prompt(CODEC.request_in({**body}, Losses()))
    assert [turn.role for turn in request.turns] == ["assistant", "user"]
    assert isinstance(request.turns[0].parts[0], ToolCall)


def test_a_compaction_answer_is_exactly_one_item() -> None:
    reply = Reply(CODEC.request_in(compacting(), Losses()), "m", lambda p: f"{p}1", lambda: 0.0, 9)
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "SEALED"}
    events = compaction_events("SEALED", "cmp_1", Usage(3, 4))
    assert events == [
        PartStarted(0, Opaque("compaction", {**item}, "responses")),
        PartEnded(0),
        UsageSeen(Usage(3, 4)),
        Finished("end"),
    ]
    encoder = CODEC.stream_out(reply)
    told = encoder.encode(events) + encoder.finish()
    assert told.count(b"event: response.output_item.done") == 1
    usage = {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 7,
    }
    assert compact_out("SEALED", Usage(3, 4), reply) == {
        "id": "resp_1",
        "object": "response.compaction",
        "created_at": 9,
        "output": [item],
        "usage": usage,
    }
