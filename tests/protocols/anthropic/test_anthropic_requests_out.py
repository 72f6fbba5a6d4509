"""Upstream bodies: what came in as Messages leaves as it came; foreign requests are fitted."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    Hints,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Request,
    Sampling,
    ToolChoice,
    Turn,
)
from dragoman.protocols.anthropic.requests_in import request_in
from dragoman.protocols.anthropic.requests_out import request_out
from dragoman.protocols.codec import Target

TARGET = Target("claude-sonnet-4-5")
MARK: JsonObject = {"type": "ephemeral"}
HI = Turn("user", (Text("hi"),))


def again(body: JsonObject, target: Target | None = None) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    request = request_in(body, losses)
    return request_out(request, target or Target(str(body["model"])), losses), losses.fields


def foreign(
    *turns: Turn, target: Target = TARGET, **fields: object
) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    values = {"protocol": "openai", "model": "m", "turns": turns or (HI,), **fields}
    request = Request(**values)  # type: ignore[arg-type]  # built from keywords
    return request_out(request, target, losses), losses.fields


def user_blocks(*parts: Part) -> tuple[Json, tuple[str, ...]]:
    body, lost = foreign(Turn("user", parts))
    messages = body["messages"]
    assert isinstance(messages, list)
    assert isinstance(messages[0], dict)
    return messages[0]["content"], lost


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


def test_leading_system_turns_become_the_system_prompt_with_marks() -> None:
    body, lost = foreign(
        Turn("system", (Text("a"),), author="developer"),
        Turn("system", (Text("b"),)),
        HI,
        tools=(FunctionTool("f", "d", {"type": "object"}),),
        stream=True,
        hints=Hints(cache_key="k", session="s", user="me", store=True),
    )
    assert lost == ()
    assert body == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 32000,
        "stream": True,
        "metadata": {"user_id": "me"},
        "tools": [
            {
                "name": "f",
                "description": "d",
                "input_schema": {"type": "object"},
                "cache_control": MARK,
            }
        ],
        "system": [
            {"type": "text", "text": "a"},
            {"type": "text", "text": "b", "cache_control": MARK},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": MARK}]}
        ],
    }


def test_case_1_and_2_results_stand_together_at_the_front_of_their_turn() -> None:
    body, lost = foreign(
        HI,
        Turn("assistant", (Text("go"),)),
        Turn("assistant", (ToolCall("a", "f", '{"x": 1.0}'), ToolCall("b", "g", "{}"))),
        Turn("system", (Text("be quick"),), author="developer"),
        Turn("user", (ToolResult("a", (Text("1"),)),)),
        Turn("user", (ToolResult("b", (), is_error=True), Text("next"))),
    )
    assert lost == ()
    assert body["messages"] == [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "go"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": Decimal("1.0")}},
                {"type": "tool_use", "id": "b", "name": "g", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "1"},
                {"type": "tool_result", "tool_use_id": "b", "is_error": True},
                {
                    "type": "text",
                    "text": "<system-reminder>\nbe quick\n</system-reminder>",
                },
                {"type": "text", "text": "next", "cache_control": MARK},
            ],
        },
    ]


def test_case_8_system_only_input_still_gets_a_user_message() -> None:
    body, _ = foreign(Turn("system", (Text("a"), Media("image", url="u"))))
    assert body["system"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "[image omitted]", "cache_control": MARK},
    ]
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Proceed.", "cache_control": MARK}]}
    ]


def test_case_16_empty_text_and_empty_turns_leave_nothing_behind() -> None:
    body, lost = foreign(
        HI,
        Turn("assistant", (Text(" "), Refusal(""))),
        Turn("user", (Text("there"),)),
        Turn("assistant", (Text("I was "),)),
    )
    assert lost == ()
    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "hi"},
                {"type": "text", "text": "there", "cache_control": MARK},
            ],
        },
        {"role": "assistant", "content": "I was"},
    ]


def test_a_conversation_the_model_opened_gets_a_user_message_first() -> None:
    body, _ = foreign(Turn("assistant", (Text("Welcome"),)), HI)
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[:2] == [
        {"role": "user", "content": "Proceed."},
        {"role": "assistant", "content": "Welcome"},
    ]


def test_a_document_in_mid_conversation_system_turns_is_no_reminder() -> None:
    body, _ = foreign(HI, Turn("system", (Media("file", url="u"),)))
    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "hi"},
                {
                    "type": "document",
                    "source": {"type": "url", "url": "u"},
                    "cache_control": MARK,
                },
            ],
        }
    ]


PNG = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("part", "block", "lost"),
    [
        (
            Media("image", data=PNG),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            (),
        ),
        (
            Media("image", data="/9j/", mime="image/JPG; x", detail="low"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"},
            },
            ("messages.detail",),
        ),
        (
            Media("image", url="https://e.x/a", detail="auto"),
            {"type": "image", "source": {"type": "url", "url": "https://e.x/a"}},
            (),
        ),
        (
            Media("image", data="Qk0=", mime="image/bmp"),
            {"type": "text", "text": "[image omitted]"},
            ("messages.image",),
        ),
        (
            Media("audio", data="x", mime="audio/wav"),
            {"type": "text", "text": "[audio omitted]"},
            ("messages.audio",),
        ),
        (
            Media("file", data="JVBERi0xLg==", name="a"),
            {
                "type": "document",
                "title": "a",
                "source": {
                    "type": "base64",
                    "media_type": "application/pdf",
                    "data": "JVBERi0xLg==",
                },
            },
            (),
        ),
        (
            Media("file", data="eA==", name="a.PDF"),
            {
                "type": "document",
                "title": "a.PDF",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "eA=="},
            },
            (),
        ),
        (
            Media("file", data="w6k=", mime="text/markdown"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "é"},
            },
            (),
        ),
        (
            Media("file", text="plain"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "plain"},
            },
            (),
        ),
        (
            Media("file", data="//79", mime="application/json", name="j"),
            {"type": "text", "text": "[file j omitted]"},
            ("messages.file",),
        ),
        (
            Media("file", data="x", mime="application/zip", name="z.zip"),
            {"type": "text", "text": "[file z.zip omitted]"},
            ("messages.file",),
        ),
        (
            Media("file", url="u", mime="text/csv"),
            {"type": "text", "text": "[file omitted]"},
            ("messages.file",),
        ),
        (
            Media("file", file_id="file-1"),
            {"type": "text", "text": "[file omitted]"},
            ("messages.file",),
        ),
        (Refusal("no"), {"type": "text", "text": "no"}, ()),
        (HostedResult("i", "code_execution", "ran"), {"type": "text", "text": "ran"}, ()),
    ],
)
def test_each_foreign_part_is_a_block(part: Part, block: JsonObject, lost: tuple[str, ...]) -> None:
    content, seen = user_blocks(part, Text("."))
    assert isinstance(content, list)
    assert content[0] == block
    assert seen == lost


def test_parts_of_strangers_leave_no_block() -> None:
    content, lost = user_blocks(
        HostedCall("i", "web_search", protocol="responses", raw={}),
        HostedResult("i", "web_search"),
        Opaque("billing-header", {}, "openai"),
        Opaque("item_reference", {}, "responses"),
        Text("x", extras={"id": "1", "name": "bob", "annotations": [], "empty": None}),
    )
    assert content == [{"type": "text", "text": "x", "cache_control": MARK}]
    assert lost == ("messages.item_reference", "messages.name")


def test_blocks_of_our_own_in_a_foreign_request_are_whole() -> None:
    call: JsonObject = {"type": "server_tool_use", "id": "i"}
    content, lost = user_blocks(
        HostedCall("i", "web_search", protocol="anthropic", raw=call),
        Opaque("someday", {"type": "someday"}, "anthropic"),
        Text("x"),
    )
    assert isinstance(content, list)
    assert content[:2] == [call, {"type": "someday"}]
    assert lost == ()


def test_images_of_the_model_are_named_in_its_turn() -> None:
    body, lost = foreign(HI, Turn("assistant", (Media("image", url="u"),)), HI)
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[1] == {"role": "assistant", "content": "[image omitted]"}
    assert lost == ("messages.image",)


def test_thinking_of_strangers_stays_behind() -> None:
    own = ReasoningState("sig", "anthropic")
    body, lost = foreign(
        HI,
        Turn(
            "assistant",
            (
                Reasoning("r"),
                Reasoning("q", ReasoningState("x", "responses")),
                Reasoning("mine", own, cache=CacheMark()),
                Reasoning(state=ReasoningState("data", "anthropic"), redacted=True),
                Text("a", state=ReasoningState("g", "gemini")),
            ),
        ),
        HI,
    )
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[1] == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "mine", "signature": "sig"},
            {"type": "redacted_thinking", "data": "data"},
            {"type": "text", "text": "a"},
        ],
    }
    assert lost == ("reasoning", "reasoning state")


def test_a_signature_that_stood_on_a_call_is_lost_for_its_text_is_gone() -> None:
    own = ReasoningState("sig", "anthropic")
    body, lost = foreign(
        HI,
        Turn("assistant", (ToolCall("a", "f", "{}", state=own),)),
        Turn("user", (ToolResult("a", (Text("1"),)),)),
        Turn("assistant", (Reasoning("t", own), ToolCall("c", "f", ""))),
        Turn("user", (ToolResult("c", (Text("3"),)),)),
        reasoning=ReasoningSettings(budget=2048),
    )
    messages = body["messages"]
    assert isinstance(messages, list)
    call: JsonObject = {"type": "tool_use", "name": "f", "input": {}}
    assert messages[1] == {"role": "assistant", "content": [{**call, "id": "a"}]}
    assert messages[3] == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "t", "signature": "sig"},
            {**call, "id": "c"},
        ],
    }
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert lost == ("reasoning state",)


def test_input_that_is_no_object_is_wrapped() -> None:
    body, _ = foreign(HI, Turn("assistant", (ToolCall("a", "f", "ls -l"),)))
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[1] == {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {"input": "ls -l"}}],
    }


def test_foreign_tools_are_declared() -> None:
    body, lost = foreign(
        tools=(
            FunctionTool("f", strict=True, deferred=True, extras={"more": 1}),
            CustomTool("c", "free text"),
            HostedTool("web_search", {"type": "web_search"}, "responses"),
            HostedTool("web_fetch", {"urlContext": {}}, "gemini"),
            HostedTool("image_generation", {}, "responses"),
            HostedTool("bash", {"type": "bash_20250124", "name": "bash"}, "anthropic"),
        ),
        tool_choice=ToolChoice("auto", parallel=True, extras={"hint": 1}),
    )
    text: JsonObject = {"type": "string"}
    assert body["tools"] == [
        {"name": "f", "input_schema": {"type": "object", "properties": {}}, "strict": True},
        {
            "name": "c",
            "description": "free text",
            "input_schema": {
                "type": "object",
                "properties": {"input": text},
                "required": ["input"],
            },
        },
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "bash_20250124", "name": "bash", "cache_control": MARK},
    ]
    assert body["tool_choice"] == {"type": "auto"}
    assert lost == ("tools.more", "tools.image_generation", "tool_choice.hint")


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice(), None),
        (ToolChoice(parallel=True), None),
        (ToolChoice(parallel=False), {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("none", parallel=False), {"type": "none"}),
        (ToolChoice("required"), {"type": "any"}),
        (ToolChoice("named", name="f"), {"type": "tool", "name": "f"}),
    ],
)
def test_foreign_tool_choices_are_written(choice: ToolChoice, written: Json) -> None:
    body, _ = foreign(tools=(FunctionTool("f"),), tool_choice=choice)
    assert body.get("tool_choice") == written
    assert "tool_choice" not in foreign(tool_choice=choice)[0]


def test_only_allowed_tools_are_declared() -> None:
    body, _ = foreign(
        tools=(FunctionTool("f"), FunctionTool("g")),
        tool_choice=ToolChoice("required", allowed=("g",)),
    )
    assert body["tools"] == [
        {"name": "g", "input_schema": {"type": "object", "properties": {}}, "cache_control": MARK}
    ]


def test_strict_tools_need_a_model_that_has_them() -> None:
    body, lost = foreign(tools=(FunctionTool("f", strict=True),), target=Target("glm-5"))
    assert isinstance(body["tools"], list)
    assert body["tools"][0] == {
        "name": "f",
        "input_schema": {"type": "object", "properties": {}},
        "cache_control": MARK,
    }
    assert lost == ("tools.strict",)


@pytest.mark.parametrize(
    ("target", "asked", "limit", "lost"),
    [
        (Target("m"), None, 32000, ()),
        (Target("m", max_output=8000), None, 8000, ()),
        (Target("claude-3-opus-20240229"), None, 4096, ()),
        (Target("claude-3-5-haiku-latest"), None, 8192, ()),
        (Target("claude-sonnet-4-20250514"), None, 32000, ()),
        (Target("m", max_output=8000), 9000, 8000, ("max_tokens",)),
        (Target("m", max_output=8000), 10, 10, ()),
    ],
)
def test_max_tokens_are_invented_and_limited(
    target: Target, asked: int | None, limit: int, lost: tuple[str, ...]
) -> None:
    body, seen = foreign(target=target, sampling=Sampling(max_tokens=asked))
    assert body["max_tokens"] == limit
    assert seen == lost


@pytest.mark.parametrize(
    ("model", "sampling", "written", "lost"),
    [
        ("m", Sampling(temperature=Decimal("1.5"), top_p=1), (1, 1, None), ("temperature",)),
        ("m", Sampling(temperature=-1, top_k=4), (0, None, 4), ("temperature",)),
        (
            "claude-opus-4-1",
            Sampling(temperature=1, top_p=Decimal("0.9")),
            (1, None, None),
            ("top_p",),
        ),
        (
            "claude-3-7-sonnet-20250219",
            Sampling(temperature=1, top_p=Decimal("0.9")),
            (1, Decimal("0.9"), None),
            (),
        ),
        ("claude-opus-4-1", Sampling(top_p=Decimal("0.9")), (None, Decimal("0.9"), None), ()),
        (
            "claude-opus-4-7",
            Sampling(temperature=1, top_p=1, top_k=1),
            (None, None, None),
            ("temperature", "top_p", "top_k"),
        ),
        ("claude-fable-5", Sampling(top_k=1), (None, None, None), ("top_k",)),
    ],
)
def test_sampling_is_fitted_to_the_model(
    model: str, sampling: Sampling, written: tuple[Json, ...], lost: tuple[str, ...]
) -> None:
    body, seen = foreign(target=Target(model), sampling=sampling)
    assert (body.get("temperature"), body.get("top_p"), body.get("top_k")) == written
    assert seen == lost


def test_sampling_is_fitted_to_thinking() -> None:
    body, lost = foreign(
        sampling=Sampling(temperature=1, top_k=1, top_p=Decimal("0.5")),
        reasoning=ReasoningSettings(mode="adaptive", summary="detailed", effort="high"),
    )
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "high"}
    assert (body.get("temperature"), body["top_p"]) == (None, Decimal("0.95"))
    assert lost == ("temperature", "top_k", "top_p")
    body, lost = foreign(reasoning=ReasoningSettings(mode="adaptive", summary="none"))
    assert body["thinking"] == {"type": "adaptive", "display": "omitted"}
    assert lost == ()


def test_what_messages_cannot_say_is_a_loss() -> None:
    body, lost = foreign(
        sampling=Sampling(
            seed=1,
            n=2,
            logprobs=True,
            top_logprobs=3,
            logit_bias={"1": 1},
            min_p=1,
            frequency_penalty=1,
            presence_penalty=1,
            repeat_penalty=1,
            stop=("\n", "END"),
        ),
        hints=Hints(
            user="u" * 257,
            service_tier="flex",
            verbosity="low",
            previous_response_id="r",
            modalities=("TEXT", "audio"),
        ),
        extras={"client_metadata": {}, "safety_settings": [1]},
    )
    assert body["stop_sequences"] == ["END"]
    assert lost == (
        "safety_settings",
        "stop",
        "min_p",
        "frequency_penalty",
        "presence_penalty",
        "repeat_penalty",
        "seed",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "n",
        "user",
        "service_tier",
        "verbosity",
        "previous_response_id",
        "modalities",
    )


def test_a_default_is_no_loss() -> None:
    _, lost = foreign(
        sampling=Sampling(n=1, frequency_penalty=0, logprobs=False, stop=("END",)),
        hints=Hints(modalities=("text",), store=False),
    )
    assert lost == ()


@pytest.mark.parametrize(
    ("tier", "fields"),
    [
        ("priority", {"speed": "fast"}),
        ("default", {"service_tier": "standard_only"}),
        ("auto", {}),
    ],
)
def test_service_tiers_have_their_words(tier: str, fields: JsonObject) -> None:
    body, lost = foreign(hints=Hints(service_tier=tier))
    assert {k: v for k, v in body.items() if k in ("speed", "service_tier")} == fields
    assert lost == ()


@pytest.mark.parametrize(
    ("settings", "limit", "thinking", "max_tokens", "lost"),
    [
        (ReasoningSettings(), 9, None, 9, ()),
        (ReasoningSettings(mode="off"), 9, {"type": "disabled"}, 9, ()),
        (ReasoningSettings(mode="on"), 9, None, 9, ("reasoning",)),
        (ReasoningSettings(effort="minimal"), 9, None, 9, ("reasoning.effort",)),
        (
            ReasoningSettings(budget=2000),
            4000,
            {"type": "enabled", "budget_tokens": 2000},
            4000,
            (),
        ),
        (
            ReasoningSettings(budget=8000),
            4000,
            {"type": "enabled", "budget_tokens": 3000},
            4000,
            ("reasoning.budget",),
        ),
        (
            ReasoningSettings(budget=512),
            1000,
            {"type": "enabled", "budget_tokens": 1024},
            2048,
            ("max_tokens", "reasoning.budget"),
        ),
    ],
)
def test_thinking_is_fitted_to_the_limit(
    settings: ReasoningSettings, limit: int, thinking: Json, max_tokens: int, lost: tuple[str, ...]
) -> None:
    body, seen = foreign(reasoning=settings, sampling=Sampling(max_tokens=limit))
    assert body.get("thinking") == thinking
    assert body["max_tokens"] == max_tokens
    assert seen == lost


def test_results_of_no_call_break_nothing() -> None:
    orphan = Turn("user", (ToolResult("a", (Text("1"),)),))
    body, lost = foreign(orphan, reasoning=ReasoningSettings(budget=2048))
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert lost == ()


def test_a_model_without_prefill_is_asked_to_go_on() -> None:
    body, lost = foreign(HI, Turn("assistant", (Text("I was "),)), target=Target("claude-opus-4-6"))
    messages = body["messages"]
    assert isinstance(messages, list)
    asked = "Go on from exactly where your last message ends."
    assert messages[1:] == [
        {"role": "assistant", "content": "I was"},
        {"role": "user", "content": [{"type": "text", "text": asked, "cache_control": MARK}]},
    ]
    assert lost == ("messages.prefill",)
    assert foreign(HI, target=Target("claude-opus-4-6"))[1] == ()


def test_tools_called_before_stay_declared_when_the_client_offers_none() -> None:
    body, lost = foreign(
        HI,
        Turn("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))),
        Turn("user", (ToolResult("a", ()), ToolResult("b", ()))),
    )
    assert body["tools"] == [
        {"name": "f", "input_schema": {"type": "object"}, "cache_control": MARK}
    ]
    assert body["tool_choice"] == {"type": "none"}
    assert lost == ()


def test_a_model_that_cannot_think_is_not_told_to_stop() -> None:
    body, _ = foreign(target=Target("claude-3-5-sonnet"), reasoning=ReasoningSettings(mode="off"))
    assert "thinking" not in body


def test_a_forced_call_turns_thinking_off() -> None:
    body, lost = foreign(
        tools=(FunctionTool("f"),),
        tool_choice=ToolChoice("required"),
        reasoning=ReasoningSettings(mode="adaptive"),
    )
    assert "thinking" not in body
    assert lost == ("reasoning",)


def test_our_own_client_loses_its_thinking_where_the_last_calls_came_unsigned() -> None:
    body: JsonObject = {
        "model": "m",
        "max_tokens": 9000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "messages": [
            {"role": "user", "content": "Go."},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "unsigned"},
                    {"type": "tool_use", "id": "a", "name": "get", "input": {}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]},
        ],
    }
    sent, lost = again(body)
    assert "thinking" not in sent
    assert "thinking" in lost


def test_a_budget_is_left_out_where_the_last_calls_came_unsigned() -> None:
    loop = (
        HI,
        Turn("assistant", (ToolCall("a", "f", "{}"),)),
        Turn("user", (ToolResult("a", (Text("1"),)),)),
    )
    body, lost = foreign(*loop, reasoning=ReasoningSettings(budget=2048))
    assert "thinking" not in body
    assert lost == ("reasoning",)
    body, lost = foreign(*loop, reasoning=ReasoningSettings(mode="adaptive"))
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    begun = Turn("assistant", (Text("I"),))
    body, lost = foreign(HI, begun, reasoning=ReasoningSettings(budget=2048))
    assert ("thinking" in body, lost) == (False, ("reasoning",))


SCHEMA: JsonObject = {"type": "object", "properties": {}}
FORM = OutputFormat("schema", schema=SCHEMA, extras={"more": 1})


def test_a_schema_is_native_where_the_model_has_it() -> None:
    body, lost = foreign(output=FORM, reasoning=ReasoningSettings(effort="low"))
    assert body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": SCHEMA},
    }
    assert lost == ("response_format.more",)


def answer_tool(**more: Json) -> JsonObject:
    return {
        "name": "dragoman_structured_output",
        "description": "Gives the answer. Call it once, as the last step.",
        "input_schema": SCHEMA,
        **more,
    }


def test_an_old_model_answers_through_a_forced_tool() -> None:
    output = OutputFormat("schema", schema=SCHEMA)
    body, lost = foreign(output=output, target=Target("claude-sonnet-4-0"))
    assert body["tools"] == [answer_tool(cache_control=MARK)]
    assert body["tool_choice"] == {
        "type": "tool",
        "name": "dragoman_structured_output",
        "disable_parallel_tool_use": True,
    }
    assert lost == ()


def test_beside_other_tools_one_of_them_or_the_answer_is_forced() -> None:
    output = OutputFormat("schema", schema=SCHEMA)
    old, tools = Target("claude-3-7-sonnet"), (FunctionTool("f"),)
    body, _ = foreign(output=output, target=old, tools=tools)
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    body, _ = foreign(output=output, target=old, tools=tools, tool_choice=ToolChoice("none"))
    assert body["tool_choice"] == {
        "type": "tool",
        "name": "dragoman_structured_output",
        "disable_parallel_tool_use": True,
    }
    body, _ = foreign(output=output, target=old, tools=tools, tool_choice=ToolChoice("required"))
    assert body["tool_choice"] == {"type": "any"}
    assert isinstance(body["tools"], list)
    assert len(body["tools"]) == 1


@pytest.mark.parametrize(
    ("output", "model", "told"),
    [
        (OutputFormat("json"), "claude-sonnet-4-5", ""),
        (
            OutputFormat("schema", schema={"type": "array"}),
            "claude-3-opus",
            ' It must match this JSON Schema: {"type":"array"}',
        ),
    ],
)
def test_json_without_a_usable_schema_is_asked_for(
    output: OutputFormat, model: str, told: str
) -> None:
    body, lost = foreign(output=output, target=Target(model))
    asked = "Answer with one JSON object and nothing else, without a code fence." + told
    assert body["system"] == [{"type": "text", "text": asked, "cache_control": MARK}]
    assert lost == ("response_format",)


def test_plain_text_output_needs_no_word() -> None:
    assert foreign(output=OutputFormat("text")) == foreign()


def test_the_clients_own_cache_marks_come_first_and_four_are_the_most() -> None:
    marked = Text("m", cache=CacheMark("1h"))
    body, lost = foreign(
        Turn("system", (marked, marked)),
        Turn("user", (marked, Text("end"))),
        tools=(FunctionTool("f"),),
    )
    one_hour: JsonObject = {"type": "ephemeral", "ttl": "1h"}
    kept: JsonObject = {"type": "text", "text": "m", "cache_control": one_hour}
    assert body["system"] == [kept, kept]
    assert body["messages"] == [
        {
            "role": "user",
            "content": [kept, {"type": "text", "text": "end", "cache_control": MARK}],
        }
    ]
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    body, _ = foreign(Turn("user", (marked,) * 6))
    plain: JsonObject = {"type": "text", "text": "m"}
    assert body["messages"] == [{"role": "user", "content": [plain, plain, *[kept] * 4]}]
    assert lost == ()


def test_a_mark_inside_a_result_is_moved_onto_it() -> None:
    inside = (Text("1", cache=CacheMark()), Text("2"))
    content, _ = user_blocks(ToolResult("a", inside), Text("end"))
    assert content == [
        {
            "type": "tool_result",
            "tool_use_id": "a",
            "content": [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}],
            "cache_control": MARK,
        },
        {"type": "text", "text": "end", "cache_control": MARK},
    ]


def test_rendering_twice_gives_the_same_body() -> None:
    tools = (HostedTool("bash", {"type": "bash_20250124", "name": "bash"}, "anthropic"),)
    request = Request("openai", "m", (HI,), tools=tools)
    first = request_out(request, TARGET, Losses())
    assert request_out(request, TARGET, Losses()) == first
    assert tools[0].raw == {"type": "bash_20250124", "name": "bash"}
