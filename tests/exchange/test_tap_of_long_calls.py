"""The tap on bytes that pass unread, where the middle of a long tool call is never opened."""

import json

import pytest

from dragoman.exchange.direct import BareClient, Direct
from dragoman.neutral.requests import Request
from dragoman.protocols.codec import Origin, Reply
from dragoman.protocols.openai_chat.codec import CODEC


def frame(delta: dict[str, object], finish: str | None = None, usage: object = None) -> bytes:
    choices = [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}]
    chunk = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": choices}
    return f"data: {json.dumps({**chunk, 'usage': usage})}\n\n".encode()


def piece(**function: str) -> dict[str, object]:
    head = {"id": "call_1", "type": "function"} if "name" in function else {}
    return {"tool_calls": [{"index": 0, **head, "function": function}]}


@pytest.mark.parametrize("step", [1, 17, 100_000])
def test_a_call_longer_than_what_is_kept_passes_and_its_usage_is_read(step: int) -> None:
    stream = b"".join(
        [
            frame({"role": "assistant", "content": "I'll call it."}),
            frame(piece(name="f", arguments="")),
            *[frame(piece(arguments=c)) for c in '{"text": "long enough to be forgotten"}'],
            frame({}, "tool_calls"),
            frame({}, usage={"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}),
            b"data: [DONE]\n\n",
        ]
    )
    reply = Reply(Request("openai", "m", ()), "m", str, float, 0)
    decoder = CODEC.stream_in(Origin(str, gaps=True))
    tap = Direct("openai", decoder, BareClient(CODEC, reply), "text/event-stream")
    out = b"".join(tap.feed(stream[at : at + step]) for at in range(0, len(stream), step))
    assert out + tap.finish() == stream
    assert tap.failed is None
    assert (tap.usage.tokens_in, tap.usage.tokens_out) == (5, 7)
