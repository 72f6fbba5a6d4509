"""Legacy `/v1/completions` on top of chat."""

import json
from typing import Any

import pytest

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.events import (
    Event,
    Finished,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Reasoning, Text
from dragoman.neutral.requests import Request, Sampling, Turn
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_chat.codec import COMPLETIONS


def read(**body: Any) -> tuple[Request, tuple[str, ...]]:
    losses = Losses()
    return COMPLETIONS.request_in({"model": "m", **body}, losses), losses.fields


def reply(*, usage: bool = False) -> Reply:
    request = Request("openai", "m", (), stream=True, include_usage=usage)
    return Reply(request, "m", lambda prefix: f"{prefix}1", lambda: 0.0, 7)


@pytest.mark.parametrize(
    ("prompt", "text"), [("Once", "Once"), (["Once"], "Once"), ("", ""), ([""], "")]
)
def test_a_prompt_is_a_users_turn(prompt: Any, text: str) -> None:
    request, lost = read(prompt=prompt, max_tokens=5, stop="x", logprobs=2, echo=False)
    assert request.turns == (Turn("user", (Text(text),), author="user"),)
    assert request.sampling == Sampling(5, stop=("x",), logprobs=True, top_logprobs=2)
    assert lost == ()


def test_what_a_chat_cannot_do_is_lost() -> None:
    request, lost = read(prompt="a", suffix="b", echo=True, best_of=3)
    assert lost == ("suffix", "echo", "best_of")
    assert request.extras == {}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1]]}, "prompt"),
        ({"prompt": "a", "logprobs": True}, "logprobs"),
        ({"prompt": "a", "logprobs": "2"}, "logprobs"),
    ],
)
def test_wrong_prompts_are_named(body: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**body)
    assert caught.value.param == param


TOKEN: Any = {"token": "Hi", "logprob": -1, "top_logprobs": [{"token": "Ho", "logprob": -2}]}
BARE: Any = {"token": "!", "logprob": 0}
EVENTS: list[Event] = [
    Started(usage=Usage(tokens_in=3)),
    Ping(),
    PartStarted(0, Reasoning()),
    TextDelta(0, "hm"),
    PartEnded(0),
    PartStarted(1, Text("")),
    TextDelta(1, "Hi"),
    TextDelta(1, ""),
    LogprobsDelta(1, [TOKEN, BARE, 5]),
    PartEnded(1),
    UsageSeen(Usage(tokens_out=2)),
    Finished("end"),
]
LOGPROBS = {
    "tokens": ["Hi", "!"],
    "token_logprobs": [-1, 0],
    "top_logprobs": [{"Ho": -2}, {}],
    "text_offset": [0, 2],
}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
HEAD = {"id": "cmpl-1", "object": "text_completion", "created": 7, "model": "m"}


def test_a_stream_of_text_completions() -> None:
    encoder = COMPLETIONS.stream_out(reply(usage=True))
    data = encoder.encode(EVENTS) + encoder.finish()
    *chunks, done = data.decode().split("\n\n")[:-1]
    assert done == "data: [DONE]"
    base = {"text": "", "index": 0, "logprobs": None, "finish_reason": None}
    assert [json.loads(chunk[6:]) for chunk in chunks] == [
        {**HEAD, "choices": [{**base, "text": "Hi"}]},
        {**HEAD, "choices": [{**base, "logprobs": LOGPROBS}]},
        {**HEAD, "choices": [{**base, "finish_reason": "stop"}]},
        {**HEAD, "choices": [], "usage": USAGE},
    ]


def test_a_stream_ends_without_usage_for_who_did_not_ask() -> None:
    encoder = COMPLETIONS.stream_out(reply())
    assert encoder.finish() == b"data: [DONE]\n\n"
    assert encoder.ping() == b": keepalive\n\n"
    assert json.loads(encoder.fail(Broken("x"))[6:])["error"]["message"] == "x"


def test_a_whole_text_completion() -> None:
    assert COMPLETIONS.answer_out(fold(EVENTS), reply()) == {
        **HEAD,
        "choices": [
            {"text": "Hi", "index": 0, "logprobs": LOGPROBS, "finish_reason": "stop"},
        ],
        "usage": USAGE,
    }


@pytest.mark.parametrize(
    ("stop", "reason"),
    [("length", "length"), ("tool-call", "stop"), ("refusal", "content_filter")],
)
def test_stop_reasons_of_text_completions(stop: StopReason, reason: str) -> None:
    answer: Any = COMPLETIONS.answer_out(fold([Finished(stop)]), reply())
    assert answer["choices"] == [
        {"text": "", "index": 0, "logprobs": None, "finish_reason": reason}
    ]
