"""Tools and settings of foreign requests, and our own bodies for servers that know less."""

from typing import Any

import msgspec
import pytest
from tests.protocols.openai_responses.bodies import CODEX_LITE, CODEX_PLAIN
from tests.protocols.openai_responses.rendering import (
    ASKED,
    OPENAI,
    OTHER,
    foreign,
    render,
)

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Opaque,
    Reasoning,
    ReasoningState,
    Text,
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
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_responses.codec import CODEC


def test_tools_are_functions_that_are_not_strict_unless_asked() -> None:
    search = HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic")
    fetch = HostedTool("web_fetch", {"type": "web_fetch_20250910"}, "anthropic")
    body, lost = render(
        foreign(
            tools=(
                FunctionTool("f", "Does f", {"type": "object"}),
                FunctionTool("g", strict=True),
                CustomTool("c", "Free", {"type": "text"}),
                CustomTool("d"),
                search,
                fetch,
            ),
            tool_choice=ToolChoice("named", "f", parallel=False),
        )
    )
    assert body["tools"] == [
        {
            "type": "function",
            "name": "f",
            "description": "Does f",
            "parameters": {"type": "object"},
            "strict": False,
        },
        {
            "type": "function",
            "name": "g",
            "parameters": {"type": "object", "properties": {}},
            "strict": True,
        },
        {"type": "custom", "name": "c", "description": "Free", "format": {"type": "text"}},
        {"type": "custom", "name": "d"},
        {"type": "web_search"},
    ]
    assert body["tool_choice"] == {"type": "function", "name": "f"}
    assert body["parallel_tool_calls"] is False
    assert lost == ("tools.web_fetch",)


@pytest.mark.parametrize(
    ("choice", "expected", "lost"),
    [
        (ToolChoice("none"), "none", ()),
        (ToolChoice("named", "web_search", "hosted"), {"type": "web_search"}, ()),
        (ToolChoice("named", "maps", "hosted"), None, ("tool_choice",)),
        (
            ToolChoice(allowed=("f", "c")),
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}],
            },
            (),
        ),
    ],
)
def test_a_tool_choice_is_written(choice: ToolChoice, expected: Any, lost: Any) -> None:
    tools = (FunctionTool("f"), CustomTool("c"))
    body, found = render(foreign(tools=tools, tool_choice=choice))
    assert body.get("tool_choice") == expected
    assert found == lost


def test_without_tools_no_choice_is_written() -> None:
    body, _ = render(foreign(tool_choice=ToolChoice("auto", parallel=True)))
    assert "tool_choice" not in body
    assert "parallel_tool_calls" not in body


@pytest.mark.parametrize(
    ("settings", "expected", "include"),
    [
        (ReasoningSettings(), None, True),
        (ReasoningSettings(mode="off"), {"effort": "none"}, False),
        (ReasoningSettings(effort="none"), {"effort": "none"}, False),
        (ReasoningSettings(effort="high"), {"effort": "high", "summary": "auto"}, True),
        (ReasoningSettings(effort="low", summary="none"), {"effort": "low"}, True),
        (ReasoningSettings(mode="on"), {"summary": "auto"}, True),
        (ReasoningSettings(summary="detailed"), {"summary": "detailed"}, True),
    ],
)
def test_reasoning_settings_are_written(
    settings: ReasoningSettings, expected: Any, include: bool
) -> None:
    body, lost = render(foreign(reasoning=settings))
    assert body.get("reasoning") == expected
    assert ("include" in body) is include
    assert lost == ()


def test_sampling_is_written_and_what_responses_lacks_is_lost() -> None:
    sampling = Sampling(
        max_tokens=5,
        temperature=1,
        top_p=1,
        top_k=4,
        seed=3,
        stop=("x",),
        n=2,
        logprobs=True,
        top_logprobs=2,
        frequency_penalty=0,
    )
    body, lost = render(foreign(sampling=sampling))
    assert body["max_output_tokens"] == 16
    assert (body["temperature"], body["top_p"], body["top_logprobs"]) == (1, 1, 2)
    assert body["include"] == ["reasoning.encrypted_content", "message.output_text.logprobs"]
    assert lost == ("top_k", "seed", "stop", "n")


def test_the_models_limit_bounds_the_output() -> None:
    request = foreign(sampling=Sampling(max_tokens=128000, logprobs=True, n=1))
    body, lost = render(request, Target("gpt", host="api.openai.com", max_output=8192))
    assert body["max_output_tokens"] == 8192
    assert "top_logprobs" not in body
    assert lost == ()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (OutputFormat("json"), {"type": "json_object"}),
        (OutputFormat("text"), {"type": "text"}),
        (
            OutputFormat("schema", {"type": "object"}),
            {
                "type": "json_schema",
                "name": "response",
                "schema": {"type": "object"},
                "strict": False,
            },
        ),
        (
            OutputFormat("schema", None, "n", "d", True),
            {"type": "json_schema", "name": "n", "schema": {}, "description": "d", "strict": True},
        ),
    ],
)
def test_an_output_format_is_written(output: OutputFormat, expected: JsonObject) -> None:
    body, _ = render(foreign(output=output, hints=Hints(verbosity="low")))
    assert body["text"] == {"format": expected, "verbosity": "low"}


@pytest.mark.parametrize(
    ("hints", "target", "expected", "lost"),
    [
        (Hints(user="u", session="s"), OPENAI, {"user": "u", "prompt_cache_key": "s"}, ()),
        (Hints(session="s"), OTHER, {}, ()),
        (Hints(cache_key="k"), OTHER, {"prompt_cache_key": "k"}, ()),
        (Hints(cache_key="k" * 65), OPENAI, {}, ("prompt_cache_key",)),
        (Hints(session="s" * 65), OPENAI, {}, ()),
        (Hints(user="u" * 65), OPENAI, {}, ("metadata.user_id",)),
        (Hints(service_tier="priority"), OPENAI, {"service_tier": "priority"}, ()),
        (Hints(service_tier="standard_only"), OPENAI, {}, ("service_tier",)),
        (Hints(modalities=("text", "audio")), OPENAI, {}, ("modalities",)),
    ],
)
def test_hints_are_written_where_they_fit(
    hints: Hints, target: Target, expected: Any, lost: Any
) -> None:
    body, found = render(foreign(hints=hints), target)
    plain, _ = render(foreign(), target)
    assert body == {**plain, **expected}
    assert found == lost


def test_chats_fields_of_the_same_meaning_are_kept() -> None:
    extras: JsonObject = {"metadata": {"a": "b"}, "web_search_options": {}}
    user = Hints(user="u" * 65)
    body, lost = render(Request("openai", "m", (ASKED,), extras=extras, hints=user))
    assert body["metadata"] == {"a": "b"}
    assert lost == ("user", "web_search_options")


def test_codex_bodies_reach_other_servers_without_the_items_they_refuse() -> None:
    request = CODEC.request_in(CODEX_LITE, Losses())
    trigger = Opaque("compaction_trigger", {"type": "compaction_trigger"}, "responses")
    turns = (*request.turns, Turn("user", (trigger,)))
    body, lost = render(msgspec.structs.replace(request, turns=turns), OTHER)
    sent = body["input"]
    assert isinstance(sent, list)
    kinds = [item.get("type") for item in sent if isinstance(item, dict)]
    assert "additional_tools" not in kinds
    assert "compaction_trigger" not in kinds
    tools = body["tools"]
    assert isinstance(tools, list)
    assert [t.get("name", t["type"]) for t in tools if isinstance(t, dict)] == [
        "wait",
        "web_search",
    ]
    assert lost == ("input.compaction_trigger", "tools.custom")
    assert "additional_tools" not in body


def test_namespaces_reach_other_servers_flat() -> None:
    body, lost = render(CODEC.request_in(CODEX_PLAIN, Losses()), OTHER)
    tools = body["tools"]
    assert isinstance(tools, list)
    assert [t.get("name") for t in tools if isinstance(t, dict)] == [
        "exec_command",
        "close_agent",
        "spawn",
        "spawn",
        None,
    ]
    assert "defer_loading" not in str(tools)
    assert "namespace" not in str(body["input"])
    assert lost == ()


def test_tools_that_a_policy_took_out_do_not_come_back_with_their_item() -> None:
    request = CODEC.request_in(CODEX_LITE, Losses())
    kept = tuple(tool for tool in request.tools if tool.name != "exec")
    body, _ = render(msgspec.structs.replace(request, tools=kept))
    first = body["input"][0] if isinstance(body["input"], list) else None
    assert isinstance(first, dict)
    assert str(first["tools"]).count("'name': 'wait'") == 1
    assert "'exec'" not in str(first["tools"])
    assert "tools" not in body


def test_a_state_of_another_protocol_takes_its_reasoning_item_out() -> None:
    body: JsonObject = {
        "model": "m",
        "input": [{"type": "reasoning", "summary": [], "encrypted_content": "dgm1.x"}],
    }
    request = CODEC.request_in(body, Losses())
    part = Reasoning("", ReasoningState("SIG", "anthropic"))
    opened = msgspec.structs.replace(request, turns=(Turn("assistant", (part,)),))
    rendered, lost = render(opened)
    assert rendered == {"model": "gpt"}
    assert lost == ("reasoning state",)


def test_injected_parts_join_the_message_before_them() -> None:
    request = CODEC.request_in({"model": "m", "input": "Hi"}, Losses())
    more = Turn("user", (*request.turns[0].parts, Text("more")))
    body, _ = render(msgspec.structs.replace(request, turns=(Turn("system", (Text("S"),)), more)))
    assert body == {
        "model": "gpt",
        "instructions": "S",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Hi"},
                    {"type": "input_text", "text": "more"},
                ],
            }
        ],
    }
