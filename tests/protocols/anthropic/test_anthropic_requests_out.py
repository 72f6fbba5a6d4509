"""Upstream bodies: what came in as Messages leaves as it came."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.anthropic.rendering import HI, MARK, TARGET, again

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import (
    CustomTool,
    HostedTool,
    Request,
)
from dragoman.protocols.anthropic.requests_out import request_out
from dragoman.protocols.codec import Target

CLAUDE_CODE: JsonObject = {
    "model": "claude-opus-5-5",
    "max_tokens": 128000,
    "stream": True,
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1;"},
        {"type": "text", "text": "You are an agent.", "cache_control": MARK},
    ],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<system-reminder>"},
                {"type": "text", "text": "Run it."},
            ],
        },
        {"role": "system", "content": "# Env", "output_config": {"effort": "medium"}},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm é😀", "signature": "U0lH"},
                {"type": "redacted_thinking", "data": "cmVk"},
                {"type": "text", "text": "Running."},
                {
                    "type": "server_tool_use",
                    "id": "srv",
                    "name": "web_search",
                    "input": {"query": "q"},
                },
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "srv",
                    "content": [{"type": "web_search_result", "url": "u", "title": "t"}],
                },
                {
                    "type": "text",
                    "text": "Found",
                    "citations": [{"type": "web_search_result_location", "url": "u"}],
                },
                {
                    "type": "tool_use",
                    "id": "toolu_1",
                    "name": "Bash",
                    "input": {"command": "printf 'A_%s\\n' 1", "timeout": Decimal("1.50")},
                    "cache_control": {"type": "ephemeral", "ttl": "1h"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [
                        {"type": "tool_reference", "tool_name": "WebSearch"},
                        {
                            "type": "image",
                            "source": {
                                "type": "base64",
                                "media_type": "image/png",
                                "data": "iVBOR",
                            },
                        },
                        {"type": "text", "text": "ok", "cache_control": MARK},
                    ],
                    "is_error": True,
                    "cache_control": MARK,
                },
                {"type": "document", "source": {"type": "url", "url": "u"}, "title": "T"},
                {"type": "image", "source": {"type": "file", "file_id": "f"}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                    "context": "c",
                    "citations": {"enabled": True},
                },
                {"type": "container_upload", "file_id": "f"},
                {"type": "text", "text": "Tool loaded.", "cache_control": None},
            ],
        },
    ],
    "tools": [
        {
            "name": "Bash",
            "description": "Runs",
            "input_schema": {"$schema": "https://json-schema.org/draft/2020-12/schema"},
            "eager_input_streaming": True,
            "cache_control": {"type": "ephemeral", "scope": "global"},
        },
        {
            "name": "DeferredToolPlaceholder",
            "input_schema": {"type": "object", "properties": {}},
            "defer_loading": True,
            "strict": False,
        },
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": False},
    "metadata": {"user_id": '{"session_id":"s"}'},
    "thinking": {"type": "adaptive", "display": "omitted"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {
        "effort": "medium",
        "format": {"type": "json_schema", "schema": {"type": "object"}},
        "task_budget": {"total": 5},
    },
    "speed": "fast",
    "service_tier": "auto",
    "temperature": Decimal("1.0"),
    "top_p": Decimal("0.9"),
    "top_k": 5,
    "stop_sequences": ["\n"],
    "cache_control": MARK,
}


def test_a_messages_request_leaves_as_it_came() -> None:
    body, lost = again(CLAUDE_CODE)
    assert body == CLAUDE_CODE
    assert lost == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 32000}, "max_tokens": 32000},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "enabled"}},
        {"thinking": {"type": "between_tools"}},
        {"thinking": {"type": "adaptive", "display": "summarized"}},
        {"output_config": {"format": {"type": "new", "more": 1}}},
        {"service_tier": "standard_only", "metadata": {"more": 1}},
        {"service_tier": "someday", "speed": "standard"},
        {"tool_choice": {"type": "tool", "name": "f"}, "tools": [{"type": "bash_20250124"}]},
        {"tool_choice": {"type": "none", "disable_parallel_tool_use": True}},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "system", "content": "only here"}]},
        {"system": "short"},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "new"}]},
                {"role": "assistant", "content": "half an answer "},
            ]
        },
    ],
)
def test_each_setting_of_messages_leaves_as_it_came(fields: JsonObject) -> None:
    plain: JsonObject = {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert again({**plain, **fields}) == ({**plain, **fields}, ())


def test_equal_forms_are_written_one_way() -> None:
    body, lost = again(
        {
            "model": "m",
            "max_tokens": 9,
            "stream": False,
            "stop_sequences": [],
            "output_format": {"type": "json_schema", "schema": {}},
            "tools": [{"type": "custom", "name": "f", "description": "", "defer_loading": False}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "i",
                            "content": [{"type": "text", "text": "ok"}],
                            "is_error": False,
                        }
                    ],
                }
            ],
        }
    )
    assert lost == ()
    assert body == {
        "model": "m",
        "max_tokens": 9,
        "output_config": {"format": {"type": "json_schema", "schema": {}}},
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
        "messages": [
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "i", "content": "ok"}],
            }
        ],
    }


def test_unsigned_and_foreign_thinking_never_goes_back_to_messages() -> None:
    base: JsonObject = {"model": "m", "max_tokens": 9}
    thinking: JsonObject = {"type": "thinking", "thinking": "t"}
    user: JsonObject = {"role": "user", "content": "hi"}
    body, lost = again(
        {**base, "messages": [user, {"role": "assistant", "content": [thinking]}, user]}
    )
    assert body["messages"] == [user, user]
    assert lost == ("reasoning",)


def test_a_custom_tool_put_into_a_messages_request_is_a_function() -> None:
    request = Request("anthropic", "m", (HI,), tools=(CustomTool("c"),))
    text: JsonObject = {"type": "string"}
    schema: JsonObject = {"type": "object", "properties": {"input": text}, "required": ["input"]}
    body = request_out(request, TARGET, Losses())
    assert body["tools"] == [{"name": "c", "input_schema": schema}]


def test_an_alias_may_lower_max_tokens() -> None:
    body, lost = again(CLAUDE_CODE, Target("claude-haiku-5", max_output=64000))
    assert (body["model"], body["max_tokens"]) == ("claude-haiku-5", 64000)
    assert lost == ("max_tokens",)


def test_an_older_model_gets_system_messages_as_reminders() -> None:
    user: JsonObject = {"role": "user", "content": "hi"}
    system: JsonObject = {"role": "system", "content": "env", "output_config": {"effort": "low"}}
    body, lost = again(
        {"model": "opus", "max_tokens": 9, "messages": [user, system]}, Target("claude-sonnet-4-5")
    )
    assert body["messages"] == [
        user,
        {"role": "user", "content": "<system-reminder>\nenv\n</system-reminder>"},
    ]
    assert lost == ("messages.output_config",)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_INPUT = st.dictionaries(st.text(max_size=4), _JSON, max_size=3)
_TEXT = st.text(min_size=1, max_size=8)
_BLOCK = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=8)}),
    st.fixed_dictionaries({"type": st.just("text"), "text": _TEXT, "cache_control": st.just(MARK)}),
    st.fixed_dictionaries(
        {"type": st.just("thinking"), "thinking": st.text(max_size=5), "signature": _TEXT}
    ),
    st.fixed_dictionaries(
        {"type": st.just("tool_use"), "id": _TEXT, "name": _TEXT, "input": _INPUT}
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("tool_result"),
            "tool_use_id": _TEXT,
            "content": _TEXT,
            "is_error": st.just(True),
        }
    ),
    st.fixed_dictionaries({"type": st.just("someday"), "more": _JSON}),
)
_MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system"]),
        "content": _TEXT | st.lists(_BLOCK, min_size=2, max_size=4),
    }
)


@given(messages=st.lists(_MESSAGE, min_size=1, max_size=4), extra=_JSON)
def test_any_messages_request_survives_the_hub(messages: list[Json], extra: Json) -> None:
    body: JsonObject = {"model": "m", "max_tokens": 5, "messages": messages, "someday": extra}
    assert again(body) == (body, ())


def test_rendering_twice_gives_the_same_body() -> None:
    tools = (HostedTool("bash", {"type": "bash_20250124", "name": "bash"}, "anthropic"),)
    request = Request("openai", "m", (HI,), tools=tools)
    first = request_out(request, TARGET, Losses())
    assert request_out(request, TARGET, Losses()) == first
    assert tools[0].raw == {"type": "bash_20250124", "name": "bash"}
