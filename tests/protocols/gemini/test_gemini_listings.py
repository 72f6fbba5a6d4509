"""Model lists, embeddings, counts and paths."""

from __future__ import annotations

import pytest

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.json import JsonObject
from dragoman.neutral.listings import EmbeddingResponse, ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import EmbeddingRequest
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.codec import CODEC, count_out
from dragoman.protocols.gemini.listings import (
    embed_in,
    embed_out,
    models_in,
    models_out,
    vectors_in,
    vectors_out,
)


def test_models_are_listed_in_googles_shape() -> None:
    assert models_out(
        [
            ModelEntry(
                "a/x",
                owner="acme",
                display_name="X",
                context_tokens=10,
                output_tokens=5,
                capabilities=("completion", "thinking"),
            ),
            ModelEntry("e", capabilities=("embedding",)),
        ]
    ) == {
        "models": [
            {
                "name": "models/a/x",
                "version": "a/x",
                "displayName": "X",
                "description": "a/x by acme",
                "inputTokenLimit": 10,
                "outputTokenLimit": 5,
                "supportedGenerationMethods": [
                    "generateContent",
                    "streamGenerateContent",
                    "countTokens",
                ],
                "thinking": True,
            },
            {
                "name": "models/e",
                "version": "e",
                "displayName": "e",
                "description": "e by dragoman",
                "supportedGenerationMethods": ["embedContent", "batchEmbedContents"],
            },
        ]
    }


def test_an_upstreams_models_are_read() -> None:
    body = b"""{"models": [
        {"name": "models/g", "displayName": "G", "inputTokenLimit": 9, "outputTokenLimit": 4,
         "supportedGenerationMethods": ["generateContent"], "thinking": true, "topK": 64},
        {"name": "models/e", "supportedGenerationMethods": ["embedContent"]},
        {"name": "plain"}]}"""
    assert models_in(body) == [
        ModelEntry("g", "google", "G", 0, 9, 4, ("completion", "thinking")),
        ModelEntry("e", "google", capabilities=("embedding",)),
        ModelEntry("plain", "google", capabilities=("completion",)),
    ]
    assert models_in(b"{}") == []
    with pytest.raises(Broken, match="model list is not readable"):
        models_in(b"<html>")


def test_an_embed_request_is_one_input_or_a_batch() -> None:
    one: JsonObject = {"model": "m", "content": {"parts": [{"text": "a"}, {"text": "b"}]}}
    assert embed_in({**one, "task_type": "T", "title": "t", "outputDimensionality": 3, "x": 1}) == (
        EmbeddingRequest("gemini", "m", ("ab",), 3, "T", "t", single=True, extras={"x": 1})
    )
    batch: JsonObject = {"model": "models/m", "requests": [one, one], "y": 2}
    assert embed_in(batch) == EmbeddingRequest("gemini", "m", ("ab", "ab"), extras={"y": 2})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"model": "m"}, "content: required field is missing"),
        ({"model": "m", "requests": []}, "requests: required field is missing"),
        (
            {
                "model": "m",
                "requests": [
                    {"content": {"parts": []}},
                    {"content": {"parts": []}, "taskType": "T"},
                ],
            },
            "requests[1]: every request of a batch must have the same settings",
        ),
    ],
)
def test_a_wrong_embed_request_says_where(body: JsonObject, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        embed_in(body)
    assert caught.value.message == message


def test_embeddings_are_asked_for_in_a_batch() -> None:
    losses = Losses()
    own = EmbeddingRequest("gemini", "m", ("a", "b"), 3, "T", "t", extras={"x": 1})
    shared: JsonObject = {
        "model": "models/up",
        "taskType": "T",
        "title": "t",
        "outputDimensionality": 3,
        "x": 1,
    }
    assert embed_out(own, Target("up"), losses) == {
        "requests": [
            {**shared, "content": {"parts": [{"text": "a"}]}},
            {**shared, "content": {"parts": [{"text": "b"}]}},
        ]
    }
    assert not losses
    foreign = EmbeddingRequest("openai", "m", ("a",), extras={"user": "u"})
    assert embed_out(foreign, Target("up"), losses) == {
        "requests": [{"model": "models/up", "content": {"parts": [{"text": "a"}]}}]
    }
    assert losses.fields == ("user",)
    tokens = EmbeddingRequest("openai", "m", ([1, 2],))
    with pytest.raises(InvalidRequest, match=r"input\[0\]: Gemini embeds text, not tokens"):
        embed_out(tokens, Target("up"), losses)


def test_vectors_are_read_and_written_as_one_or_many() -> None:
    many = vectors_in(
        b'{"embeddings":[{"values":[0.5,1]},{"values":[]}],"usageMetadata":{"promptTokenCount":4}}'
    )
    assert many == EmbeddingResponse(((0.5, 1.0), ()), usage=Usage(tokens_in=4))
    one = vectors_in(b'{"embedding":{"values":[0.5]}}')
    assert one == EmbeddingResponse(((0.5,),))
    batch = EmbeddingRequest("gemini", "m", ("a",))
    single = EmbeddingRequest("gemini", "m", ("a",), single=True)
    assert vectors_out(one, batch, "m") == {"embeddings": [{"values": [0.5]}]}
    assert vectors_out(one, single, "m") == {"embedding": {"values": [0.5]}}
    assert vectors_out(EmbeddingResponse(()), single, "m") == {"embedding": {"values": []}}
    with pytest.raises(Broken, match="holds no embeddings"):
        vectors_in(b"{}")
    with pytest.raises(Broken, match="embeddings are not readable"):
        vectors_in(b'{"embeddings":5}')


def test_a_count_is_total_tokens() -> None:
    assert count_out(7) == {"totalTokens": 7}


def test_paths_hold_the_model_and_the_method() -> None:
    assert CODEC.path("gemini-3-pro", False) == "/models/gemini-3-pro:generateContent"
    assert CODEC.path("models/x", True) == "/models/x:streamGenerateContent?alt=sse"
    assert CODEC.path("tunedModels/a b", False) == "/tunedModels/a%20b:generateContent"
    assert CODEC.path("google/x?y", False) == "/models/google/x%3Fy:generateContent"
    assert CODEC.embed_path is not None
    assert CODEC.embed_path("e") == "/models/e:batchEmbedContents"
