"""Model lists both ways, token counts, and the codec's fixed words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import Broken
from dragoman.neutral.json import encode
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.anthropic.codec import CODEC
from dragoman.protocols.anthropic.listings import count_out, model_out, models_in, models_out


def test_a_model_list_is_read() -> None:
    body = encode(
        {
            "data": [
                {
                    "type": "model",
                    "id": "claude-x",
                    "display_name": "Claude X",
                    "created_at": "2025-02-19T00:00:01Z",
                    "max_input_tokens": 200000,
                    "max_tokens": 64000,
                    "capabilities": {
                        "image_input": {"supported": True},
                        "thinking": {"supported": False},
                    },
                },
                {"id": "local", "object": "model", "created": 7, "owned_by": "me"},
                {"id": "bare", "created_at": "soon", "display_name": 4, "max_tokens": True},
                {"name": "no id"},
                "no object",
            ],
            "has_more": False,
        }
    )
    assert models_in(body) == [
        ModelEntry(
            "claude-x",
            owner="anthropic",
            display_name="Claude X",
            created_s=1739923201,
            context_tokens=200000,
            output_tokens=64000,
            capabilities=("completion", "tools", "vision"),
        ),
        ModelEntry("local", owner="me", created_s=7),
        ModelEntry("bare", owner="anthropic"),
    ]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"models":[]}'])
def test_what_is_no_model_list_is_broken(body: bytes) -> None:
    with pytest.raises(Broken, match="the upstream's model list"):
        models_in(body)


def test_a_model_list_is_written_in_anthropics_shape() -> None:
    full = ModelEntry(
        "a", display_name="A", created_s=1709210096, context_tokens=5, output_tokens=4
    )
    assert models_out([full, ModelEntry("b")]) == {
        "data": [
            {
                "type": "model",
                "id": "a",
                "display_name": "A",
                "created_at": "2024-02-29T12:34:56Z",
                "max_input_tokens": 5,
                "max_tokens": 4,
            },
            {
                "type": "model",
                "id": "b",
                "display_name": "b",
                "created_at": "1970-01-01T00:00:00Z",
            },
        ],
        "has_more": False,
        "first_id": "a",
        "last_id": "b",
    }
    assert models_out([]) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@given(st.integers(min_value=1, max_value=4_000_000_000))
def test_any_time_survives_the_list(created_s: int) -> None:
    entry = ModelEntry("m", owner="anthropic", display_name="m", created_s=created_s)
    assert models_in(encode({"data": [model_out(entry)]})) == [entry]


def test_a_token_count_is_one_number() -> None:
    assert count_out(42) == {"input_tokens": 42}


def test_the_codec_says_where_and_how_messages_are_sent() -> None:
    assert (CODEC.name, CODEC.base_path, CODEC.auth) == ("anthropic", "/v1", "x-api-key")
    assert CODEC.headers == (("anthropic-version", "2023-06-01"),)
    assert CODEC.path("claude-x", True) == "/messages"
    assert CODEC.models_path == "/models"
    assert CODEC.embed_path is None
