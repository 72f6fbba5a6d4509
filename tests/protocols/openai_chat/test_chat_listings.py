"""Model lists and embeddings."""

import base64
import struct
from typing import Any

import pytest

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.listings import EmbeddingResponse, ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import EmbeddingRequest
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.codec import CODEC, COMPLETIONS


def embed_in(**body: Any) -> EmbeddingRequest:
    assert CODEC.embed_in is not None
    return CODEC.embed_in({"model": "m", **body})


def embed_out(request: EmbeddingRequest) -> tuple[Any, tuple[str, ...]]:
    assert CODEC.embed_out is not None
    losses = Losses()
    return CODEC.embed_out(request, Target("served"), losses), losses.fields


def vectors_in(body: bytes) -> EmbeddingResponse:
    assert CODEC.vectors_in is not None
    return CODEC.vectors_in(body)


def test_the_codec_knows_its_paths() -> None:
    assert CODEC.path("m", True) == "/chat/completions"
    assert COMPLETIONS.path("m", False) == "/completions"
    assert CODEC.embed_path is not None
    assert CODEC.embed_path("m") == "/embeddings"
    assert (CODEC.base_path, CODEC.models_path, CODEC.auth) == ("/v1", "/models", "bearer")


def test_model_lists_are_read_with_what_hosts_tell() -> None:
    data = b"""{"object": "list", "data": [
        {"id": "gpt", "object": "model", "created": 5, "owned_by": "openai"},
        {"id": "a/b", "name": "B", "context_length": 9, "created": 1.0,
         "top_provider": {"max_completion_tokens": 4, "context_length": 8},
         "supported_parameters": ["tools", "reasoning"],
         "architecture": {"input_modalities": ["text", "image"]}},
        {"id": "v", "max_model_len": 7, "max_output_tokens": true},
        {"object": "no id"}, 5]}"""
    assert CODEC.models_in(data) == [
        ModelEntry("gpt", "openai", created_s=5),
        ModelEntry("a/b", display_name="B", created_s=1, context_tokens=9, output_tokens=4,
                   capabilities=("completion", "tools", "thinking", "vision")),
        ModelEntry("v", context_tokens=7),
    ]  # fmt: skip
    assert CODEC.models_in(b'[{"id": "t"}]') == [ModelEntry("t")]
    assert CODEC.models_in(b'{"models": [{"id": "t"}]}') == [ModelEntry("t")]
    assert CODEC.models_in(b'{"data": []}') == []


@pytest.mark.parametrize("data", [b"<html>", b'{"data": 5}', b"{}", b"5"])
def test_what_is_no_model_list_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        CODEC.models_in(data)


def test_models_are_listed_as_openai_lists_them() -> None:
    plain = ModelEntry("m", created_s=5)
    full = ModelEntry("n", "o", "N", 6, 9, 4)
    assert CODEC.models_out([plain, full]) == {
        "object": "list",
        "data": [
            {"id": "m", "object": "model", "created": 5, "owned_by": "dragoman"},
            {"id": "n", "object": "model", "created": 6, "owned_by": "o", "name": "N",
             "context_length": 9, "max_completion_tokens": 4},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "inputs", "single"),
    [
        ("a", ("a",), True),
        (["a"], ("a",), False),
        (["a", "b"], ("a", "b"), False),
        ([1, 2], ([1, 2],), True),
        ([[1], [2]], ([1], [2]), False),
    ],
)
def test_every_form_of_input_comes_and_goes(value: Any, inputs: Any, single: bool) -> None:
    request = embed_in(input=value)
    assert (request.inputs, request.single) == (inputs, single)
    body, lost = embed_out(request)
    assert body == {"model": "served", "input": value, "encoding_format": "float"}
    assert lost == ()


def test_settings_of_embeddings_come_and_go() -> None:
    request = embed_in(
        input="a", dimensions=3, encoding_format="base64", user="u", truncate=None, x=1
    )
    assert request == EmbeddingRequest(
        "openai", "m", ("a",), 3, base64=True, single=True, extras={"x": 1, "user": "u"}
    )
    assert embed_out(request)[0] == {
        "model": "served",
        "input": "a",
        "dimensions": 3,
        "encoding_format": "base64",
        "x": 1,
        "user": "u",
    }


def test_settings_of_other_protocols_are_losses() -> None:
    request = EmbeddingRequest("gemini", "m", ("a",), task="RETRIEVAL", title="t", extras={"x": 1})
    body, lost = embed_out(request)
    assert body == {"model": "served", "input": ["a"], "encoding_format": "float"}
    assert lost == ("task", "title", "x")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": ["a", 5]}, "input[1]"),
        ({"input": [["a"]]}, "input[0]"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "a", "model": None}, "model"),
    ],
)
def test_wrong_embedding_requests_are_named(body: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        embed_in(**body)
    assert caught.value.param == param


def test_vectors_are_read_in_their_order_as_floats_or_base64() -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1.0))
    data = (
        b'{"model":"e","usage":{"prompt_tokens":4,"total_tokens":4},"data":['
        b'{"index":1,"embedding":[0.25,1]},{"index":0,"embedding":"' + packed + b'"}]}'
    )
    assert vectors_in(data) == EmbeddingResponse(
        ((0.5, -1.0), (0.25, 1.0)), "e", Usage(tokens_in=4, protocol="openai")
    )
    unnumbered = b'{"data":[{"index":-1,"embedding":[1]},{"index":-1,"embedding":[2]}]}'
    assert vectors_in(unnumbered).vectors == ((1.0,), (2.0,))


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"[]",
        b'{"data": 5}',
        b'{"data": [5]}',
        b'{"data": [{"embedding": null}]}',
        b'{"data": [{"embedding": ["x"]}]}',
        b'{"data": [{"embedding": "AAA="}]}',
        b'{"data": [{"embedding": "A"}]}',
    ],
)
def test_what_is_no_vector_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        vectors_in(data)


@pytest.mark.parametrize(
    ("as_base64", "embedding"),
    [(False, [0.5, -1.0]), (True, base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode())],
)
def test_vectors_are_answered_as_asked(as_base64: bool, embedding: Any) -> None:
    assert CODEC.vectors_out is not None
    answer = EmbeddingResponse(((0.5, -1.0),), "up", Usage(tokens_in=4))
    asked = EmbeddingRequest("openai", "m", ("a",), base64=as_base64)
    assert CODEC.vectors_out(answer, asked, "m") == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": embedding}],
        "model": "m",
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }
