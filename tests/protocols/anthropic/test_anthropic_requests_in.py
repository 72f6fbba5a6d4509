"""Client bodies as neutral requests: turns, and what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.anthropic.reading import read

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    Opaque,
    Text,
)
from dragoman.neutral.requests import (
    Request,
    Sampling,
    Turn,
)
from dragoman.protocols.anthropic.requests_in import count_request_in, request_in


def refusal_of(**fields: Json) -> tuple[str, str | None]:
    with pytest.raises(InvalidRequest) as caught:
        read(**fields)
    return caught.value.message, caught.value.param


def test_a_plain_request_is_read() -> None:
    request = read(temperature=Decimal("0.5"), top_p=1, top_k=3, stop_sequences=["a"], stream=True)
    assert request == Request(
        protocol="anthropic",
        model="claude-opus-5-5",
        turns=(Turn("user", (Text("hi"),)),),
        sampling=Sampling(
            max_tokens=100, temperature=Decimal("0.5"), top_p=1, top_k=3, stop=("a",)
        ),
        stream=True,
    )


def test_max_tokens_is_required_and_positive() -> None:
    with pytest.raises(InvalidRequest, match="max_tokens: required field is missing"):
        request_in({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, Losses())
    assert refusal_of(max_tokens=0) == (
        "max_tokens: must be greater than 0, got 0",
        "max_tokens",
    )


def test_a_token_count_needs_no_max_tokens() -> None:
    body: JsonObject = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": []}
    request = count_request_in(body, Losses())
    assert request.sampling.max_tokens is None
    assert request.tools == ()


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content[0]"),
        ({"model": None}, "model"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [{"description": "d"}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "cache_control": 1}]}, "tools[0].cache_control"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(fields: JsonObject, path: str) -> None:
    assert refusal_of(**fields)[1] == path


@pytest.mark.parametrize("kind", ["image", "document"])
def test_media_without_a_source_are_refused(kind: str) -> None:
    content: Json = [{"type": kind}]
    assert refusal_of(messages=[{"role": "user", "content": content}])[0] == (
        "messages[0].content[0].source: required field is missing"
    )


def test_the_system_prompt_leads_as_a_turn_of_its_own() -> None:
    request = read(system=[{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}])
    assert request.turns[0] == Turn("system", (Text("a", cache=CacheMark()),), author="top")
    assert read(system="b").turns[0] == Turn("system", (Text("b"),), author="top")


def test_the_billing_header_is_opaque_to_everybody_else() -> None:
    text = "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=sdk-cli;"
    marked: JsonObject = {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
    request = read(system=[{"type": "text", "text": text}, marked])
    assert request.turns[0].parts == (
        Opaque("billing-header", {"type": "text", "text": text}, "anthropic"),
        Opaque("billing-header", marked, "anthropic"),
    )


def test_fact_6_system_messages_keep_their_place_and_their_output_config() -> None:
    request = read(
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "env", "output_config": {"effort": "medium"}},
        ]
    )
    assert request.turns[1] == Turn(
        "system",
        (Text("env"),),
        author="system",
        extras={"output_config": {"effort": "medium"}},
    )


def test_empty_content_is_a_turn_without_parts() -> None:
    assert read(messages=[{"role": "user", "content": ""}]).turns == (Turn("user", ()),)


_ODD: st.SearchStrategy[Json] = st.sampled_from(
    [None, True, 5, Decimal("0.5"), "x", [], [1], {}, {"type": "x"}, [{}], [{"type": "text"}]]
)
_NAMES = (
    "model messages max_tokens system tools tool_choice thinking output_config metadata speed "
    "service_tier stop_sequences temperature stream output_format"
).split()
_BLOCK_NAMES = (
    "type text source content input id name tool_use_id is_error cache_control citations title "
    "thinking signature data tool_name"
).split()
_TYPES = (
    "text image document thinking redacted_thinking tool_use tool_result server_tool_use "
    "search_result tool_reference compaction web_search_tool_result someday"
).split()


@given(
    st.dictionaries(st.sampled_from(_NAMES), _ODD, max_size=3),
    st.dictionaries(st.sampled_from(_BLOCK_NAMES), _ODD, max_size=4),
    st.sampled_from(_TYPES),
)
def test_odd_bodies_are_read_or_refused_with_a_path(
    fields: JsonObject, block: JsonObject, kind: str
) -> None:
    content: Json = [{"type": kind, **block}]
    messages: Json = [{"role": "user", "content": content}]
    path: str | None = "read"
    try:
        read(**{"messages": messages} | fields)
    except InvalidRequest as error:
        path = error.param
    assert path
