"""The official Python client's own types accept what we write (ollama 0.6.3)."""

import ollama

from dragoman.neutral.events import (
    Event,
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.listings import EmbeddingResponse, ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Reasoning, Text, ToolCall
from dragoman.neutral.requests import EmbeddingRequest, FunctionTool, Request, Sampling, Turn
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Reply, Target
from dragoman.protocols.ollama.codec import CODEC, GENERATE
from dragoman.protocols.ollama.generate import load_answer
from dragoman.protocols.ollama.listings import running_out

EVENTS: list[Event] = [
    PartStarted(0, Reasoning()),
    TextDelta(0, "hm"),
    PartEnded(0),
    PartStarted(1, Text("")),
    TextDelta(1, "hi"),
    LogprobsDelta(1, [{"token": "hi", "logprob": -1, "bytes": None, "top_logprobs": []}]),
    PartEnded(1),
    PartStarted(2, ToolCall("call_1", "f", "")),
    InputDelta(2, '{"x":1}'),
    PartEnded(2),
    UsageSeen(Usage(tokens_in=3, tokens_out=4)),
    Finished("tool-call"),
]
REPLY = Reply(Request("ollama", "m", ()), "m", str, lambda: 0.0, 1_795_231_135)
ENTRY = ModelEntry(id="org/model-1", created_s=1, context_tokens=8_192, capabilities=("tools",))


def test_the_client_reads_our_chat_stream() -> None:
    encoder = CODEC.stream_out(REPLY)
    lines = (encoder.ping() + encoder.encode(EVENTS) + encoder.finish()).splitlines()
    answers = [ollama.ChatResponse.model_validate_json(line) for line in lines]

    assert [answer.done for answer in answers] == [False] * 5 + [True]
    assert [answer.message.thinking for answer in answers[:2]] == [None, "hm"]
    assert "".join(answer.message.content or "" for answer in answers) == "hi"
    calls = answers[4].message.tool_calls
    assert calls is not None
    assert (calls[0].function.name, calls[0].function.arguments) == ("f", {"x": 1})
    assert (answers[-1].done_reason, answers[-1].eval_count) == ("stop", 4)


def test_the_client_reads_our_whole_answers() -> None:
    response = fold(EVENTS)
    chat = ollama.ChatResponse.model_validate_json(encode(CODEC.answer_out(response, REPLY)))
    generated = ollama.GenerateResponse.model_validate_json(
        encode(GENERATE.answer_out(response, REPLY))
    )
    loaded = ollama.ChatResponse.model_validate(load_answer({}, "m", 0))

    assert (chat.message.content, chat.message.thinking, chat.done) == ("hi", "hm", True)
    assert (generated.response, generated.thinking, generated.done) == ("hi", "hm", True)
    assert loaded.done_reason == "load"


def test_the_client_reads_our_listings_and_vectors() -> None:
    tags = ollama.ListResponse.model_validate(CODEC.models_out([ENTRY]))
    running = ollama.ProcessResponse.model_validate(running_out([ENTRY]))
    shown = ollama.ShowResponse.model_validate(CODEC.model_out(ENTRY))
    assert CODEC.vectors_out is not None
    vectors = ollama.EmbedResponse.model_validate(
        CODEC.vectors_out(EmbeddingResponse(((0.5,),)), EmbeddingRequest("ollama", "m", ()), "m")
    )

    assert [model.model for model in tags.models] == ["org/model-1"]
    assert [model.context_length for model in running.models] == [8_192]
    assert shown.capabilities == ["tools"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["model.context_length"] == 8_192
    assert vectors.embeddings == [[0.5]]


def test_the_client_could_have_sent_what_we_render() -> None:
    request = Request(
        "anthropic",
        "m",
        (
            Turn("user", (Text("go"),)),
            Turn("assistant", (Reasoning("hm"), ToolCall("toolu_1", "f", '{"x":1}'))),
        ),
        tools=(FunctionTool("f", "d", {"type": "object", "properties": {}}),),
        sampling=Sampling(max_tokens=5, temperature=1, stop=("x",)),
    )
    body: JsonObject = CODEC.request_out(request, Target(model="m"), Losses())
    chat = ollama._types.ChatRequest.model_validate(body)

    assert chat.messages is not None
    assert len(chat.messages) == 2
    assert chat.stream is False
