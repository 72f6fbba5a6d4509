"""Foreign turns as messages: the system prompt, the order of results, what must stand first."""

from decimal import Decimal

from tests.protocols.anthropic.rendering import HI, MARK, foreign

from dragoman.neutral.parts import (
    Media,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    FunctionTool,
    Hints,
    ReasoningSettings,
    Turn,
)
from dragoman.protocols.codec import Target


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
