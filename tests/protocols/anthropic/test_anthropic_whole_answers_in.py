"""Upstream answers that come whole."""

import pytest
from tests.protocols.anthropic.upstream_streams import CITED, ORIGIN, STREAM, read, whole

from dragoman.errors import Broken
from dragoman.neutral.events import (
    Failed,
)
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    HostedCall,
)
from dragoman.neutral.responses import fold
from dragoman.protocols.anthropic.events_in import answer_in


def test_a_whole_answer_is_the_same_as_its_stream() -> None:
    content: Json = [
        {"type": "thinking", "thinking": "hm é", "signature": "SIG"},
        {"type": "redacted_thinking", "data": "RED"},
        {"type": "text", "text": "Hello 😀", "citations": [CITED]},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "Bash",
            "input": {"cmd": "it's"},
            "caller": {"a": 1},
        },
    ]
    usage: JsonObject = {
        "input_tokens": 10,
        "cache_read_input_tokens": 20,
        "cache_creation_input_tokens": 5,
        "cache_creation": {"ephemeral_1h_input_tokens": 3},
        "output_tokens": 9,
        "service_tier": "standard",
    }
    body = whole(content=content, usage=usage, stop_reason="tool_use")
    streamed = STREAM.replace(b'{\\"cmd\\": ', b'{\\"cmd\\":')
    assert fold(answer_in(body, ORIGIN)) == fold(read(streamed))


def test_a_whole_answer_keeps_its_hosted_blocks_and_its_extras() -> None:
    call: JsonObject = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    response = fold(
        answer_in(
            whole(content=[call], container={"id": "c"}, stop_sequence="X", stop_details=None),
            ORIGIN,
        )
    )
    (choice,) = response.choices
    assert choice.parts == (HostedCall("s", "web_search", "{}", raw=call, protocol="anthropic"),)
    assert (choice.stop, choice.stop_sequence) == ("end", "X")
    assert choice.extras == {"container": {"id": "c"}}


def test_an_error_as_a_whole_answer_fails() -> None:
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}'
    (failed,) = answer_in(body, ORIGIN)
    assert isinstance(failed, Failed)
    assert (failed.error.message, failed.error.status) == ("slow", 429)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "the upstream sent no Messages answer: "),
        (b"[]", "the upstream sent no Messages answer: not a JSON object"),
        (whole(content=["x"]), "the upstream sent no Messages answer: content[0] is not an object"),
        (
            whole(content=[{"type": "text", "text": 1}]),
            "the upstream sent no Messages answer: content[0].text: expected a string",
        ),
        (whole(stop_reason=None), "the upstream's answer was cut before its end"),
        (whole(content=None, stop_reason=None), "the upstream's answer was cut before its end"),
    ],
)
def test_a_whole_answer_that_is_none_is_broken(body: bytes, words: str) -> None:
    failed = answer_in(body, ORIGIN)[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Broken)
    assert failed.error.message.startswith(words)
