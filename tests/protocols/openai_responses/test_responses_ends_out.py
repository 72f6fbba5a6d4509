"""How streams to Responses clients end, and what their responses echo."""

from typing import Any

import httpx2
import pytest
from openai import OpenAI
from tests.protocols.openai_responses.bodies import EVERYTHING
from tests.protocols.openai_responses.reading import ANSWER, encoded, kinds, part, read, reply, sent

from dragoman.errors import Broken, InvalidRequest, UpstreamRefused
from dragoman.neutral.events import (
    Finished,
    HostedProgress,
    PartEnded,
    PartStarted,
    Ping,
    TextDelta,
)
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Text,
    ToolCall,
)
from dragoman.neutral.responses import fold
from dragoman.protocols.openai_responses.codec import CODEC
from dragoman.protocols.openai_responses.events_out import Encoder


@pytest.mark.parametrize(
    ("stop", "kind", "details"),
    [
        ("end", "completed", None),
        ("tool-call", "completed", None),
        ("stop-sequence", "completed", None),
        ("pause", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("context-full", "incomplete", {"reason": "max_output_tokens"}),
        ("refusal", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_stop_reasons_end_the_stream(stop: Any, kind: str, details: Any) -> None:
    found, _ = encoded(Finished(stop))
    assert kinds(found) == ["created", "in_progress", kind]
    response = found[-1]["response"]
    assert (response["status"], response["incomplete_details"]) == (kind, details)
    whole = CODEC.answer_out(fold([Finished(stop)]), reply())
    assert whole == response


def test_other_choices_pings_and_progress_are_not_told() -> None:
    assert (
        sent(
            PartStarted(0, Text(""), choice=1),
            TextDelta(0, "b", choice=1),
            PartEnded(0, choice=1),
            Ping(),
            HostedProgress(0, {}, "responses"),
            TextDelta(9, "of nothing"),
        )
        == []
    )


def test_a_part_that_never_ended_is_ended() -> None:
    found, _ = encoded(
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        PartStarted(1, ToolCall("c", "f", "")),
        Finished("end"),
    )
    assert [item["type"] for item in found[-1]["response"]["output"]] == [
        "message",
        "function_call",
    ]


def test_the_response_echoes_the_request() -> None:
    request = CODEC.request_in(EVERYTHING, Losses())
    encoder = Encoder(reply(request))
    encoder.finish()
    response: Any = encoder.response
    assert (response["id"], response["object"], response["created_at"]) == (
        "resp_1",
        "response",
        1700,
    )
    assert (response["model"], response["error"]) == ("gpt-x", None)
    assert response["instructions"] == "Be brief."
    assert response["tools"] == EVERYTHING["tools"]
    assert response["tool_choice"] == EVERYTHING["tool_choice"]
    assert response["parallel_tool_calls"] is True
    assert (response["temperature"], response["top_p"]) == (0, 1)
    assert response["max_output_tokens"] == 5
    assert response["reasoning"] == {"effort": "none", "summary": "auto"}
    assert response["text"] == {
        "format": {
            "type": "json_schema",
            "name": "n",
            "schema": {"type": "object"},
            "strict": True,
        },
        "verbosity": "medium",
    }
    assert response["metadata"] == {"a": "b"}
    assert response["previous_response_id"] == "resp_1"
    assert (response["store"], response["truncation"]) == (True, "auto")
    assert response["service_tier"] == "flex"


def test_the_defaults_are_echoed_where_nothing_was_said() -> None:
    body: Any = {
        "model": "m",
        "input": "x",
        "text": {"format": {"type": "json_object"}},
        "store": False,
    }
    request = CODEC.request_in({**body}, Losses())
    response = CODEC.answer_out(fold([Finished("end")]), reply(request))
    assert response["text"] == {"format": {"type": "json_object"}, "verbosity": "medium"}
    assert (response["instructions"], response["metadata"], response["store"]) == (None, {}, False)
    assert (response["tool_choice"], response["tools"]) == ("auto", [])
    assert response["usage"] == {
        "input_tokens": 0,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 0,
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UpstreamRefused("slow", status=429), "rate_limit_exceeded"),
        (UpstreamRefused("busy", status=529), "server_is_overloaded"),
        (InvalidRequest("bad"), "invalid_prompt"),
        (Broken("cut"), "server_error"),
    ],
)
def test_a_failure_is_response_failed_and_never_a_regular_end(error: Any, code: str) -> None:
    encoder = Encoder(reply())
    begun = encoder.encode(part(0, Text(""), TextDelta(0, "a"))[:2])
    found = read(begun + encoder.fail(error))
    assert found[-1]["type"] == "response.failed"
    assert found[-1]["response"]["status"] == "failed"
    assert found[-1]["response"]["error"] == {"code": code, "message": error.message}
    assert encoder.response is None


def test_a_failure_before_anything_is_told_after_created() -> None:
    assert kinds(read(Encoder(reply()).fail(Broken("cut")))) == ["created", "in_progress", "failed"]


def test_a_ping_is_a_comment() -> None:
    assert Encoder(reply()).ping() == b": keepalive\n\n"


def test_the_official_sdk_reads_the_stream() -> None:
    encoder = Encoder(reply())
    data = encoder.encode(ANSWER[:6]) + encoder.ping() + encoder.encode(ANSWER[6:])
    data += encoder.finish()
    answer = httpx2.Response(200, headers={"content-type": encoder.content_type}, content=data)
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: answer))
    with (
        OpenAI(api_key="k", base_url="http://gateway/v1", http_client=http) as client,
        client.responses.stream(model="gpt-x", input="x") as stream,
    ):
        deltas = [e.delta for e in stream if e.type == "response.output_text.delta"]
        final: Any = stream.get_final_response()
    assert "".join(deltas) == final.output_text == "Hi there"
    assert final.output[2].arguments == '{"a": "it\'s"}'
    assert final.usage.total_tokens == 13
