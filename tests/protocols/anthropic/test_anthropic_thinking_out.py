"""Thinking in foreign requests: what goes back, and how its settings are fitted."""

import pytest
from tests.protocols.anthropic.rendering import HI, again, foreign

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    CacheMark,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    FunctionTool,
    ReasoningSettings,
    Sampling,
    ToolChoice,
    Turn,
)
from dragoman.protocols.codec import Target


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
