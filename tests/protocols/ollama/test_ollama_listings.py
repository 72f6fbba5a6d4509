import pytest

from dragoman.errors import (
    Broken,
    ErrorKind,
    InvalidRequest,
    UnknownModel,
)
from dragoman.neutral.json import JsonObject
from dragoman.neutral.listings import EmbeddingResponse, ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import EmbeddingRequest
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Target
from dragoman.protocols.ollama.codec import CODEC, GENERATE
from dragoman.protocols.ollama.listings import running_out, shown_in, version_out

ENTRY = ModelEntry(
    id="moonshotai/kimi-k2",
    created_s=1_795_231_135,
    context_tokens=131_072,
    capabilities=("completion", "tools"),
)
DIGEST = "db4302c13bbea0432dd04dbffeb610efd048077e9c5d352f133c2a14ffd073e9"
DETAILS = {
    "parent_model": "",
    "format": "",
    "family": "kimi",
    "families": ["kimi"],
    "parameter_size": "",
    "quantization_level": "",
}


def test_the_codec_knows_its_place() -> None:
    assert (CODEC.name, CODEC.base_path, CODEC.auth, CODEC.headers) == (
        "ollama",
        "/api",
        "bearer",
        (),
    )
    assert CODEC.path("m", False) == "/chat"
    assert CODEC.models_path == "/tags"
    assert CODEC.embed_path is not None
    assert CODEC.embed_path("m") == "/embed"


def test_tags_list_each_model_with_a_digest_that_never_changes() -> None:
    assert CODEC.models_out([ENTRY]) == {
        "models": [
            {
                "name": "moonshotai/kimi-k2",
                "model": "moonshotai/kimi-k2",
                "size": 0,
                "digest": DIGEST,
                "details": DETAILS,
                "modified_at": "2026-11-21T03:18:55Z",
            }
        ]
    }


def test_everything_served_counts_as_running() -> None:
    assert running_out([ENTRY, ModelEntry(id="x")])["models"] == [
        {
            "name": "moonshotai/kimi-k2",
            "model": "moonshotai/kimi-k2",
            "size": 0,
            "digest": DIGEST,
            "details": DETAILS,
            "expires_at": "2318-01-01T00:00:00Z",
            "size_vram": 0,
            "context_length": 131_072,
        },
        {
            "name": "x",
            "model": "x",
            "size": 0,
            "digest": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
            "details": {**DETAILS, "family": "x", "families": ["x"]},
            "expires_at": "2318-01-01T00:00:00Z",
            "size_vram": 0,
            "context_length": 0,
        },
    ]


def test_show_tells_real_capabilities_and_the_context_length() -> None:
    assert CODEC.model_out(ENTRY) == {
        "license": "",
        "modelfile": "FROM moonshotai/kimi-k2",
        "parameters": "num_ctx 131072",
        "template": "",
        "details": DETAILS,
        "model_info": {
            "general.architecture": "kimi",
            "general.basename": "moonshotai/kimi-k2",
            "kimi.context_length": 131_072,
        },
        "capabilities": ["completion", "tools"],
        "modified_at": "2026-11-21T03:18:55Z",
    }


def test_show_of_a_model_nobody_knows_promises_completion_only() -> None:
    body = CODEC.model_out(ModelEntry(id="2.5-x"))

    assert body["capabilities"] == ["completion"]
    assert body["parameters"] == ""
    assert body["model_info"] == {"general.architecture": "unknown", "general.basename": "2.5-x"}
    known = CODEC.model_out(ModelEntry(id="2.5-x", family="gemma3"))["details"]
    assert known == {**DETAILS, "family": "gemma3", "families": ["gemma3"]}


def test_the_version_is_told() -> None:
    assert version_out("0.13.0") == {"version": "0.13.0"}


def test_an_upstreams_tags_become_entries() -> None:
    body = (
        b'{"models":[{"name":"qwen3:8b","model":"qwen3:8b","modified_at":'
        b'"2026-11-21T05:18:55.5+02:00","size":5,"details":{"family":"qwen3"},'
        b'"capabilities":["completion","tools"]},{"name":"old"},{"size":3},'
        b'{"model":"b","details":{"family":null}}]}'
    )

    assert CODEC.models_in(body) == [
        ModelEntry(
            id="qwen3:8b",
            owner="ollama",
            created_s=1_795_231_135,
            capabilities=("completion", "tools"),
            family="qwen3",
        ),
        ModelEntry(id="old", owner="ollama"),
        ModelEntry(id="b", owner="ollama"),
    ]
    assert CODEC.models_in(b'{"models":null}') == []


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"models":[1]}', b"\xff"])
def test_a_list_that_is_none_is_broken(body: bytes) -> None:
    with pytest.raises(Broken, match="the upstream's model list is not Ollama's"):
        CODEC.models_in(body)


def test_an_upstreams_show_adds_capabilities_and_context() -> None:
    entry = ModelEntry(id="q", capabilities=("completion",), context_tokens=1)
    body = (
        b'{"capabilities":["completion","vision",3],"model_info":'
        b'{"general.architecture":"qwen3","qwen3.context_length":40960}}'
    )

    assert shown_in(entry, body) == ModelEntry(
        id="q", capabilities=("completion", "vision"), context_tokens=40_960
    )
    for nothing in (
        b"{}",
        b'{"capabilities":3,"model_info":{"general.architecture":3}}',
        b'{"model_info":{"general.architecture":"a","a.context_length":"long"}}',
    ):
        assert shown_in(entry, nothing) == entry


@pytest.mark.parametrize("body", [b"x", b"[]"])
def test_a_show_that_is_no_object_is_broken(body: bytes) -> None:
    with pytest.raises(Broken, match="the upstream's model details are no"):
        shown_in(ENTRY, body)


def embed_in(body: JsonObject) -> EmbeddingRequest:
    assert CODEC.embed_in is not None
    return CODEC.embed_in(body)


def embed_out(request: EmbeddingRequest) -> tuple[JsonObject, tuple[str, ...]]:
    assert CODEC.embed_out is not None
    losses = Losses()
    return CODEC.embed_out(request, Target(model="e"), losses), losses.fields


@pytest.mark.parametrize(
    "body",
    [
        {"model": "e", "input": "one"},
        {"model": "e", "input": ["one"]},
        {"model": "e", "input": ["one", "two"], "dimensions": 3, "truncate": True},
        {"model": "e", "input": [], "keep_alive": "5m"},
    ],
)
def test_an_embed_body_comes_back_as_it_was(body: JsonObject) -> None:
    assert embed_out(embed_in(body)) == (body, ())


def test_an_embed_body_needs_an_input() -> None:
    with pytest.raises(InvalidRequest, match="input: required field is missing"):
        embed_in({"model": "e"})


def test_the_older_route_takes_one_prompt_and_gives_one_vector() -> None:
    assert GENERATE.embed_in is not None
    assert GENERATE.vectors_out is not None
    request = GENERATE.embed_in({"model": "e", "prompt": "one", "keep_alive": 1})

    assert request == EmbeddingRequest(
        "ollama", "e", ("one",), single=True, extras={"keep_alive": 1}
    )
    answer = EmbeddingResponse(((0.5, 1.0),))
    assert GENERATE.vectors_out(answer, request, "e") == {"embedding": [0.5, 1.0]}


def test_what_embeddings_cannot_carry_is_reported() -> None:
    request = EmbeddingRequest(
        "gemini", "g", ("a",), task="RETRIEVAL_QUERY", title="t", extras={"autoTruncate": True}
    )

    assert embed_out(request) == (
        {"model": "e", "input": ["a"]},
        ("autoTruncate", "task", "title"),
    )


def test_foreign_embeddings_without_extras_lose_nothing() -> None:
    assert embed_out(EmbeddingRequest("openai", "g", ("a",), single=True)) == (
        {"model": "e", "input": "a"},
        (),
    )


def test_token_lists_are_refused_by_their_path() -> None:
    with pytest.raises(InvalidRequest) as caught:
        embed_out(EmbeddingRequest("openai", "g", ("a", [1, 2])))

    assert caught.value.param == "input[1]"
    assert caught.value.message == ("input[1]: the model's upstream takes texts, not token lists")


def test_vectors_of_both_routes_are_read_and_written() -> None:
    assert CODEC.vectors_in is not None
    assert CODEC.vectors_out is not None
    answer = CODEC.vectors_in(
        b'{"model":"e","embeddings":[[0.5,1],[2,3]],"prompt_eval_count":4,"total_duration":9}'
    )

    assert answer == EmbeddingResponse(((0.5, 1.0), (2.0, 3.0)), "e", Usage(tokens_in=4))
    request = EmbeddingRequest("ollama", "e", ("a", "b"))
    assert CODEC.vectors_out(answer, request, "shown") == {
        "model": "shown",
        "embeddings": [[0.5, 1.0], [2.0, 3.0]],
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_count": 4,
    }
    single = CODEC.vectors_in(b'{"embedding":[1]}')
    assert single == EmbeddingResponse(((1.0,),))
    assert CODEC.vectors_out(single, request, "m") == {
        "model": "m",
        "embeddings": [[1.0]],
        "total_duration": 0,
        "load_duration": 0,
    }


@pytest.mark.parametrize("body", [b"x", b"{}", b'{"embeddings":"no"}', b"\xff"])
def test_an_answer_without_vectors_is_broken(body: bytes) -> None:
    assert CODEC.vectors_in is not None
    with pytest.raises(Broken, match="embeddings"):
        CODEC.vectors_in(body)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            404,
            b'{"error":"model \'x\' not found"}',
            (404, ErrorKind.NOT_FOUND, "model 'x' not found"),
        ),
        (
            500,
            b'{"error":"model \'x\' not found, try pulling it first"}',
            (404, ErrorKind.NOT_FOUND, "model 'x' not found, try pulling it first"),
        ),
        (
            400,
            b'{"error":"the input length exceeds the context length"}',
            (400, ErrorKind.CONTEXT_LENGTH, "the input length exceeds the context length"),
        ),
        (
            400,
            b'{"error":{"message":"prompt is too long"}}',
            (400, ErrorKind.CONTEXT_LENGTH, "prompt is too long"),
        ),
        (401, b'{"error":"unauthorized"}', (401, ErrorKind.AUTHENTICATION, "unauthorized")),
        (
            400,
            b'{"error":"qwen does not support tools"}',
            (400, ErrorKind.INVALID, "qwen does not support tools"),
        ),
        (429, b'{"message":"slow down"}', (429, ErrorKind.RATE_LIMIT, "slow down")),
        (500, b"plain text", (500, ErrorKind.SERVER, "plain text")),
        (404, b"404 page not found", (404, ErrorKind.NOT_FOUND, "404 page not found")),
        (500, b"x" * 3000, (500, ErrorKind.SERVER, "x" * 2000)),
        (400, b'{"error":5}', (400, ErrorKind.INVALID, '{"error":5}')),
        (400, b"[1]", (400, ErrorKind.INVALID, "[1]")),
        (502, b"", (502, ErrorKind.BAD_GATEWAY, "the upstream answered with status 502")),
    ],
)
def test_an_upstreams_error_is_told_by_its_words(
    status: int, body: bytes, expected: tuple[int, ErrorKind, str]
) -> None:
    error = CODEC.error_in(status, body)

    assert (error.status, error.kind, error.message) == expected
    assert error.body == body


def test_an_error_is_one_field_under_its_status() -> None:
    assert CODEC.error_out(UnknownModel("no model x")) == (404, {"error": "no model x"})
