"""A Chat body read and written again for a Chat host is the same body.

Canonical forms, which say the same: no nulls; an only text part as its string; `tool_calls` for
`function_call`; `stop` as a list; `reasoning_content` for `reasoning`; a cache mark on the part.
"""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.neutral.losses import Losses
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.codec import CODEC

TEXT = st.text(max_size=8)
SAID = st.text(min_size=1, max_size=8)
NAME = st.sampled_from(["get_weather", "sh", "mcp__a__b"])
EXTRA = st.dictionaries(st.sampled_from(["x_one", "x_two"]), st.integers() | SAID, max_size=2)
MARK = st.sampled_from([{}, {"cache_control": {"type": "ephemeral"}},
                        {"cache_control": {"type": "ephemeral", "ttl": "1h"}}])  # fmt: skip
DATA = st.sampled_from(["AA==", "////", "aGk="])


def merged(*parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {k: v for part in found for k, v in part.items()})


def fixed(**fields: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in fields.items()}
    )


TEXT_PART = merged(fixed(type="text", text=SAID), MARK, EXTRA)
IMAGE = fixed(url=DATA.map(lambda data: f"data:image/png;base64,{data}") | st.just("https://e.org"))
MEDIA_PART = st.one_of(
    merged(fixed(type="image_url", image_url=IMAGE), MARK, EXTRA),
    merged(fixed(type="input_audio",
                 input_audio=fixed(data=DATA, format=st.sampled_from(["wav", "mp3"])))),
    fixed(type="file", file=fixed(filename="a.pdf", file_data="data:application/pdf;base64,AA==")),
    fixed(type="file", file=fixed(file_id="file-1")),
    fixed(type="file", file=fixed(file_id="file-1", filename="b")),
    fixed(type="video_url", video_url=fixed(url="https://e.org/v.mp4")),
    merged(fixed(type="x_hologram", data=SAID), EXTRA),
)  # fmt: skip
CONTENT = TEXT | st.lists(TEXT_PART | MEDIA_PART, min_size=2, max_size=4)
CALL = st.one_of(
    merged(fixed(id=SAID, type="function", function=fixed(name=NAME, arguments=SAID)), EXTRA),
    fixed(id=SAID, type="custom", custom=fixed(name=NAME, input=TEXT)),
    fixed(id=SAID, type="function", function=fixed(name=NAME, arguments="{}"),
          extra_content=fixed(google=fixed(thought_signature=SAID))),
)  # fmt: skip
CITED = fixed(type="url_citation",
              url_citation=fixed(url="u", title=SAID, start_index=0, end_index=1))  # fmt: skip
DETAIL = st.one_of(
    fixed(type="reasoning.text", text=SAID, signature=SAID, index=0),
    fixed(type="reasoning.summary", summary=SAID, data=SAID),
    fixed(type="reasoning.encrypted", data=SAID, id="rs"),
)
THOUGHT: st.SearchStrategy[Any] = st.one_of(
    st.just({}),
    fixed(reasoning_content=SAID),
    fixed(reasoning_details=st.lists(DETAIL, min_size=1, max_size=3)),
)
ASSISTANT = st.one_of(
    merged(fixed(role="assistant", content=TEXT), THOUGHT, EXTRA),
    merged(fixed(role="assistant", content=SAID, annotations=st.lists(CITED, min_size=1))),
    merged(fixed(role="assistant", content=SAID | st.none(),
                 tool_calls=st.lists(CALL, min_size=1, max_size=3)), THOUGHT),
    fixed(role="assistant", content=st.none(), refusal=SAID),
    fixed(role="assistant", content=SAID,
          images=st.lists(fixed(type="image_url", image_url=IMAGE), min_size=1)),
    fixed(role="assistant", content=st.tuples(
        TEXT_PART, fixed(type="refusal", refusal=SAID)).map(list)),
)  # fmt: skip
TOOL_TEXT = fixed(type="text", text=SAID)
MESSAGE = st.one_of(
    merged(fixed(role=st.sampled_from(["system", "developer", "user"]), content=CONTENT), EXTRA),
    ASSISTANT,
    merged(
        fixed(role="tool", tool_call_id=SAID,
              content=TEXT | st.lists(TOOL_TEXT, min_size=2, max_size=3)),
        EXTRA,
        st.just({}) | fixed(name=NAME),
    ),
)  # fmt: skip
SCHEMA = st.just({"type": "object", "properties": {"a": {"type": "string"}}})
TOOL = st.one_of(
    merged(fixed(type="function", function=merged(
        fixed(name=NAME, description=SAID, parameters=SCHEMA, strict=st.booleans()), EXTRA)),
        MARK, EXTRA),
    fixed(type="function", function=fixed(name=NAME)),
    fixed(type="custom", custom=fixed(name="exec", format=fixed(
        type="grammar", grammar=fixed(syntax="lark", definition=SAID)))),
    fixed(type="custom", custom=fixed(name="exec", description=SAID)),
    fixed(type="web_search_preview", search_context_size="low"),
)  # fmt: skip
CHOICE = st.one_of(
    st.sampled_from(["auto", "none", "required"]),
    fixed(type="function", function=fixed(name=NAME)),
    fixed(type="custom", custom=fixed(name="exec")),
    fixed(type="web_search_preview"),
    fixed(type="allowed_tools", allowed_tools=fixed(
        mode="auto", tools=st.just([{"type": "function", "function": {"name": "sh"}}]))),
)  # fmt: skip
FORMAT = st.one_of(
    fixed(type=st.sampled_from(["text", "json_object"])),
    fixed(type="json_schema", json_schema=merged(
        fixed(name=NAME, schema=SCHEMA, strict=st.booleans(), description=SAID), EXTRA)),
    fixed(type="x_grammar", grammar=SAID),
)  # fmt: skip
OPTIONAL = {
    "tools": st.lists(TOOL, min_size=1, max_size=3),
    "tool_choice": CHOICE,
    "parallel_tool_calls": st.booleans(),
    "max_tokens": st.integers(1, 9),
    "temperature": st.integers(0, 2),
    "top_p": st.integers(0, 1),
    "top_k": st.integers(0, 9),
    "min_p": st.integers(0, 1),
    "repetition_penalty": st.integers(0, 2),
    "frequency_penalty": st.integers(-2, 2),
    "presence_penalty": st.integers(-2, 2),
    "seed": st.integers(),
    "stop": st.lists(SAID, min_size=1, max_size=6),
    "n": st.integers(1, 3),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 5),
    "logit_bias": st.just({"1": -5}),
    "reasoning_effort": st.sampled_from(["none", "low", "xhigh"]),
    "reasoning": st.sampled_from([{"exclude": True}, {"x_one": 1}]),
    "response_format": FORMAT,
    "user": SAID,
    "service_tier": SAID,
    "prompt_cache_key": SAID,
    "verbosity": SAID,
    "store": st.booleans(),
    "modalities": st.just(["text", "audio"]),
    "audio": st.just({"voice": "alloy", "format": "wav"}),
    "metadata": st.dictionaries(SAID, SAID, max_size=2),
    "safety_identifier": SAID,
    "prediction": st.just({"type": "content", "content": "x"}),
    "web_search_options": st.just({"search_context_size": "low"}),
    "x_vendor": st.just({"a": [1, None]}),
}
STREAM = st.sampled_from([
    {},
    {"stream": True, "stream_options": {"include_usage": True}},
    {"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}},
])  # fmt: skip
BODY = merged(
    fixed(model="m", messages=st.lists(MESSAGE, min_size=1, max_size=4)),
    st.fixed_dictionaries({}, optional=OPTIONAL),
    STREAM,
)


EVERYTHING: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {
            "type": "ephemeral"}, "x_one": 1}, {"type": "x_hologram"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "a"},
                                          {"type": "refusal", "refusal": "no"}]},
        {"role": "assistant", "content": None, "refusal": "no"},
        {"role": "assistant", "content": "a", "annotations": [{"type": "file_citation"}],
         "audio": {"id": "audio_1"}},
    ],
    "tools": [
        {"type": "function", "x_one": 1, "function": {
            "name": "f", "strict": False, "x_two": 2, "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "g"}},
        {"type": "web_search_preview"},
    ],
    "web_search_options": {"search_context_size": "low"},
    "tool_choice": {"type": "allowed_tools", "allowed_tools": {
        "mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}},
    "response_format": {"type": "text"},
    "store": False,
    "service_tier": "flex",
}  # fmt: skip


@given(BODY)
@example(EVERYTHING)
def test_a_chat_body_for_a_chat_host_is_lossless(body: Any) -> None:
    losses = Losses()
    request = CODEC.request_in(body, losses)
    assert CODEC.request_out(request, Target("m", host="host.example"), losses) == body
    assert losses.entries == ()


def test_forms_that_mean_the_same_come_out_as_one() -> None:
    mark = {"type": "ephemeral"}
    body: Any = {
        "model": "alias",
        "stop": "END",
        "seed": None,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"}], "name": None},
            {"role": "system", "content": "s", "cache_control": mark},
            {"role": "assistant", "reasoning": "hm", "content": "",
             "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
            {"role": "tool", "tool_call_id": "c", "content": [
                {"type": "text", "text": "x", "cache_control": mark}, {"type": "text", "text": "y"},
            ]},
        ],
    }  # fmt: skip
    request = CODEC.request_in(body, Losses())
    assert CODEC.request_out(request, Target("served"), Losses()) == {
        "model": "served",
        "stop": ["END"],
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": mark}]},
            {"role": "assistant", "reasoning_content": "hm", "content": None, "tool_calls": [
                {"id": "call_2", "type": "function",
                 "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_2", "name": "f", "content": "1"},
            {"role": "tool", "tool_call_id": "c", "content": [
                {"type": "text", "text": "x"}, {"type": "text", "text": "y", "cache_control": mark},
            ]},
        ],
    }  # fmt: skip
