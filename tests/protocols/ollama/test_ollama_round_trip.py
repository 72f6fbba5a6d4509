"""A body read and written again is the body, up to what requests_in.py lists as the same."""

from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.json import JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.protocols.codec import Target
from dragoman.protocols.ollama.codec import CODEC, GENERATE


def again(body: JsonObject) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    request = CODEC.request_in(body, losses)
    return CODEC.request_out(request, Target(model=request.model), losses), losses.fields


texts = st.text(max_size=20)
said = st.text(min_size=1, max_size=20)
values = st.recursive(
    st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=3)
images = st.lists(st.sampled_from(["iVBORw0KGgoAAAA", "/9j/AAAA", "AAAA"]), min_size=1, max_size=2)
names = st.sampled_from(["read", "write", "exec"])
unknown = {"annotation": values}

calls = st.fixed_dictionaries(
    {
        "function": st.fixed_dictionaries(
            {"name": names, "arguments": objects}, optional={"description": said}
        )
    },
    optional={"id": st.sampled_from(["call_a", "call_b", "toolu_1"]), "thought": said},
)
messages = st.one_of(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user"]), "content": texts},
        optional={"images": images, **unknown},
    ),
    st.fixed_dictionaries(
        {"role": st.just("assistant"), "content": texts},
        optional={
            "thinking": said,
            "images": images,
            "tool_calls": st.lists(calls, min_size=1, max_size=3),
            **unknown,
        },
    ),
    st.fixed_dictionaries(
        {"role": st.just("tool"), "content": texts, "tool_name": names},
        optional={"images": images, **unknown},
    ),
)
tools = st.fixed_dictionaries(
    {
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": names},
            optional={
                "description": said,
                "parameters": objects,
                "strict": st.booleans(),
                "note": values,
            },
        ),
    },
    optional=unknown,
)
options = st.fixed_dictionaries(
    {},
    optional={
        "num_predict": st.integers(1, 9999),
        "temperature": st.integers(0, 2),
        "top_k": st.integers(1, 99),
        "seed": st.integers(),
        "stop": st.lists(texts, min_size=1, max_size=2),
        "num_ctx": st.integers(1, 9999),
        "mirostat": st.integers(0, 2),
    },
).filter(bool)
settings = {
    "options": options,
    "think": st.booleans() | st.sampled_from(["low", "medium", "high", "max"]),
    "format": st.just("json") | objects,
    "keep_alive": st.integers() | st.just("5m"),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "truncate": st.booleans(),
}
bodies = st.fixed_dictionaries(
    {
        "model": said,
        "messages": st.lists(messages, max_size=6),
        "stream": st.booleans(),
    },
    optional={"tools": st.lists(tools, min_size=1, max_size=3), **settings},
)


def without_nulls(body: JsonObject) -> JsonObject:
    value = decode(encode(body))
    assert isinstance(value, dict)
    return value


@given(bodies)
def test_a_chat_body_comes_back_as_it_was(body: JsonObject) -> None:
    assert again(without_nulls(body)) == (without_nulls(body), ())


@given(
    st.fixed_dictionaries(
        {"model": said, "prompt": texts, "stream": st.booleans()},
        optional={
            "system": said,
            "images": images,
            "suffix": said,
            "template": said,
            "context": st.lists(st.integers(), min_size=1, max_size=3),
            "raw": st.booleans(),
            **settings,
        },
    )
)
def test_a_generate_body_comes_back_as_it_was(body: JsonObject) -> None:
    losses = Losses()
    request = GENERATE.request_in(body, losses)

    assert GENERATE.request_out(request, Target(model=request.model), losses) == body
    assert losses.fields == ()


def test_what_reads_the_same_comes_back_in_its_plain_form() -> None:
    body: JsonObject = {
        "model": "m",
        "messages": [
            {"role": "user", "content": None, "images": []},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "call_0",
                        "type": "function",
                        "function": {"index": 0, "name": "f", "arguments": '{"a":1}'},
                    }
                ],
            },
            {"role": "tool", "content": "x", "tool_call_id": "call_0"},
        ],
        "tools": [{"function": {"name": "f", "description": ""}}],
        "options": {"stop": "x", "num_predict": -1},
        "format": "",
        "think": "",
    }

    assert again(body)[0] == {
        "model": "m",
        "messages": [
            {"role": "user", "content": ""},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
            },
            {"role": "tool", "content": "x", "tool_name": "f"},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "options": {"stop": ["x"]},
        "stream": True,
    }


def test_given_ids_and_a_tool_of_another_type_come_back() -> None:
    body: JsonObject = {
        "model": "m",
        "messages": [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "x1", "function": {"name": "f", "arguments": {}}},
                    {"id": "x2", "function": {"name": "f", "arguments": {}}},
                ],
            },
            {"role": "tool", "content": "2", "tool_name": "f", "tool_call_id": "x2"},
            {"role": "tool", "content": "?", "tool_call_id": "orphan"},
        ],
        "tools": [{"type": "web_search", "max": 3}],
        "stream": False,
    }

    assert again(body) == (body, ())
