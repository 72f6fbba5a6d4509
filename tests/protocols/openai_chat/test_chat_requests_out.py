"""Neutral turns as messages for OpenAI-compatible hosts."""

import pytest
from tests.protocols.openai_chat.rendering import OPENAI, ROUTER, assistant, messages, system, user

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    Citation,
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
    Request,
    Turn,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.codec import CODEC

BILLING = Opaque("billing-header", {"type": "text", "text": "x"}, "anthropic")


def test_leading_system_turns_are_one_message_and_later_ones_keep_their_place() -> None:
    found, lost = messages(
        system(BILLING, Text("a"), author="top"),
        system(Text("b"), author="developer"),
        user(Text("hi")),
        system(Text("now"), extras={"output_config": {}}),
        user(Text("go")),
    )
    assert found == [
        {"role": "system", "content": "a\n\nb"},
        {"role": "user", "content": "hi"},
        {"role": "system", "content": "now"},
        {"role": "user", "content": "go"},
    ]
    assert lost == ("messages.output_config",)


def test_a_system_prompt_that_says_nothing_is_no_message() -> None:
    found, lost = messages(system(BILLING), user(Text("hi")))
    assert (found, lost) == ([{"role": "user", "content": "hi"}], ())


def test_a_tool_turn_of_claude_code_answers_each_call_before_the_users_text() -> None:
    found, lost = messages(
        user(Text("run")),
        assistant(
            Reasoning("hm", state=ReasoningState("sig", "anthropic")),
            Text("Let me."),
            ToolCall("toolu_1", "Bash", '{"command": "it\'s"}'),
            ToolCall("toolu_2", "Read", "{}"),
        ),
        user(
            ToolResult("toolu_1", (Text("no such file"),), is_error=True),
            ToolResult("toolu_2", (Text("a"), Media("image", data="AA==", mime="image/png"))),
            Text("and?"),
        ),
    )
    assert found == [
        {"role": "user", "content": "run"},
        {
            "role": "assistant",
            "content": "Let me.",
            "reasoning_content": "hm",
            "tool_calls": [
                {"id": "toolu_1", "type": "function",
                 "function": {"name": "Bash", "arguments": '{"command": "it\'s"}'}},
                {"id": "toolu_2", "type": "function",
                 "function": {"name": "Read", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "toolu_1", "content": "Error: no such file"},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "a"},
        {"role": "user", "content": [
            {"type": "text", "text": "Output of tool call toolu_2:"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "text", "text": "and?"},
        ]},
    ]  # fmt: skip
    assert lost == ("reasoning state",)


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        ((), "Error:"),
        ((Text("Error: bad"),), "Error: bad"),
        ((Text("bad"), Text("worse")), "Error: bad\nworse"),
    ],
)
def test_a_failed_result_says_so_once(parts: tuple[Part, ...], content: str) -> None:
    [message], _ = messages(user(ToolResult("c", parts, is_error=True)))
    assert message == {"role": "tool", "tool_call_id": "c", "content": content}


def test_a_result_of_pictures_only_points_to_the_next_message() -> None:
    picture = Media("image", url="https://e.org/a.png", detail="high")
    found, _ = messages(user(ToolResult("c", (picture,), name="shot")))
    assert found == [
        {"role": "tool", "tool_call_id": "c", "content": "The output follows in the next message."},
        {"role": "user", "content": [
            {"type": "text", "text": "Output of tool call c:"},
            {"type": "image_url", "image_url": {"url": "https://e.org/a.png", "detail": "high"}},
        ]},
    ]  # fmt: skip
    own, _ = messages(
        user(
            ToolResult("c", (picture,), name="shot", is_error=True, wire={"named": True}),
            author="tool",
        ),
        protocol="openai",
    )
    assert own == [{"role": "tool", "tool_call_id": "c", "name": "shot", "content": [
        {"type": "text", "text": "Error:"},
        {"type": "image_url", "image_url": {"url": "https://e.org/a.png", "detail": "high"}},
    ]}]  # fmt: skip


def test_neighbouring_assistant_turns_are_one_message() -> None:
    found, lost = messages(
        assistant(Reasoning("a")),
        assistant(Reasoning(""), Reasoning("b")),
        assistant(Text("one "), extras={"phase": "x"}),
        assistant(Text("text")),
        assistant(ToolCall("c", "f", "{}")),
        assistant(Text("after")),
        protocol="responses",
    )
    assert found == [
        {
            "role": "assistant",
            "content": "one text\n\nafter",
            "reasoning_content": "a\n\nb",
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
        }
    ]
    assert lost == ("input.phase",)


def test_what_hosts_ran_is_text_and_refusals_are_text() -> None:
    found, lost = messages(
        assistant(
            Text("I'll search."),
            HostedCall("h", "code_execution", protocol="anthropic"),
            HostedResult("h", "code_execution", text="4"),
            HostedResult("h", "web_search"),
            Text(""),
            Text("So four.", citations=(Citation("https://e.org"),)),
            Refusal("No."),
            Opaque("search_result", {}, "anthropic"),
        )
    )
    assert found == [
        {"role": "assistant", "content": "I'll search.\n\n4\n\nSo four.\n\nNo."},
    ]
    assert lost == ("messages.search_result",)


def test_an_assistant_turn_with_nothing_to_carry_is_no_message() -> None:
    state = ReasoningState("x", "anthropic")
    found, lost = messages(
        assistant(Reasoning(redacted=True, state=state)), assistant(Text("")), user(Text("hi"))
    )
    assert found == [{"role": "user", "content": "hi"}]
    assert lost == ("reasoning state",)
    only, _ = messages(assistant(Reasoning("hm")))
    assert only == [{"role": "assistant", "content": "", "reasoning_content": "hm"}]


def test_openai_itself_takes_no_reasoning_back() -> None:
    found, lost = messages(assistant(Reasoning("hm"), Text("a")), host=OPENAI)
    assert found == [{"role": "assistant", "content": "a"}]
    assert lost == ("messages.reasoning",)


def test_reasoning_state_of_this_protocol_is_written_back_as_details() -> None:
    signed = ReasoningState('{"type":"reasoning.text","signature":"s"}', "openai")
    summed = ReasoningState('{"type":"reasoning.summary","data":"d"}', "openai")
    secret = ReasoningState('{"type":"reasoning.encrypted","data":"x"}', "openai")
    extra = ReasoningState('{"google":{"thought_signature":"t"}}', "openai")
    [message], lost = messages(
        assistant(
            Reasoning("a", state=signed),
            Reasoning("b", state=summed),
            Reasoning("c"),
            Reasoning(""),
            Reasoning(redacted=True, state=secret),
            ToolCall("c1", "f", "{}", state=extra),
            ToolCall("c2", "f", "{}", state=ReasoningState("x", "gemini"), cache=CacheMark()),
        ),
        host=ROUTER,
    )
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "signature": "s", "text": "a"},
        {"type": "reasoning.summary", "data": "d", "summary": "b"},
        {"type": "reasoning.text", "text": "c"},
        {"type": "reasoning.encrypted", "data": "x"},
    ]
    assert "reasoning_content" not in message
    assert message["content"] is None
    assert message["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "t"}}
    assert "extra_content" not in message["tool_calls"][1]
    assert lost == ("reasoning state", "cache_control")


def test_user_content_is_a_string_when_it_is_only_text() -> None:
    found, lost = messages(
        user(Text("a"), Text(""), Text("b")), user(Text("")), user(Text("c"), extras={"name": "x"})
    )
    assert [message["content"] for message in found] == ["a\nb", "", "c"]
    assert lost == ("messages.name",)


def test_a_conversation_that_nothing_is_left_of_still_asks() -> None:
    request = Request("anthropic", "m", (Turn("assistant", (Reasoning("hm"),)),))
    body = CODEC.request_out(request, Target("gpt-5", host="api.openai.com"), Losses())
    assert body["messages"] == [{"role": "user", "content": "Proceed."}]


def test_a_system_turn_of_an_own_client_keeps_its_role() -> None:
    found, _ = messages(
        system(Text("a"), author="developer"), system(Text("b")), user(), protocol="openai"
    )
    assert found == [
        {"role": "developer", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "user", "content": ""},
    ]
