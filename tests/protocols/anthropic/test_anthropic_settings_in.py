"""Tools, settings and hints of client bodies."""

import pytest
from tests.protocols.anthropic.reading import read

from dragoman.neutral.json import JsonObject
from dragoman.neutral.parts import (
    CacheMark,
)
from dragoman.neutral.requests import (
    FunctionTool,
    Hints,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    ToolChoice,
)


def test_tools_are_functions_or_hosted() -> None:
    schema: JsonObject = {"type": "object", "properties": {}}
    search: JsonObject = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    bash: JsonObject = {"type": "bash_20250124", "name": "bash"}
    toolset: JsonObject = {"type": "mcp_toolset", "mcp_server_name": "s"}
    request = read(
        tools=[
            {
                "name": "f",
                "description": "d",
                "input_schema": schema,
                "strict": True,
                "defer_loading": True,
                "eager_input_streaming": True,
                "input_examples": [{}],
                "cache_control": {"type": "ephemeral"},
            },
            {"type": "custom", "name": "g"},
            search,
            bash,
            toolset,
        ]
    )
    assert request.tools == (
        FunctionTool(
            "f",
            "d",
            schema,
            strict=True,
            deferred=True,
            cache=CacheMark(),
            extras={"eager_input_streaming": True, "input_examples": [{}]},
        ),
        FunctionTool("g"),
        HostedTool("web_search", search, "anthropic", name="web_search"),
        HostedTool("bash", bash, "anthropic", name="bash"),
        HostedTool("mcp", toolset, "anthropic"),
    )


@pytest.mark.parametrize(
    ("choice", "read_as"),
    [
        ({"type": "auto"}, ToolChoice("auto")),
        (
            {"type": "any", "disable_parallel_tool_use": True},
            ToolChoice("required", parallel=False),
        ),
        ({"type": "none"}, ToolChoice("none")),
        (
            {"type": "tool", "name": "f", "disable_parallel_tool_use": False, "more": 1},
            ToolChoice("named", name="f", parallel=True, extras={"more": 1}),
        ),
    ],
)
def test_tool_choices_are_read(choice: JsonObject, read_as: ToolChoice) -> None:
    assert read(tool_choice=choice).tool_choice == read_as


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        (
            {"thinking": {"type": "enabled", "budget_tokens": 31999, "display": "omitted"}},
            ReasoningSettings(budget=31999, summary="none"),
        ),
        ({"thinking": {"type": "enabled"}}, ReasoningSettings(mode="on")),
        (
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "high"},
            },
            ReasoningSettings(mode="adaptive", effort="high", summary="auto"),
        ),
        ({"thinking": {"type": "disabled"}}, ReasoningSettings(mode="off")),
        (
            {"thinking": {"type": "between_tools"}},
            ReasoningSettings(mode="on", extras={"type": "between_tools"}),
        ),
        (
            {"thinking": {"type": "adaptive", "display": "new"}},
            ReasoningSettings(mode="adaptive", extras={"display": "new"}),
        ),
        ({"output_config": {"effort": "low"}}, ReasoningSettings(effort="low")),
    ],
)
def test_thinking_settings_are_read(fields: JsonObject, settings: ReasoningSettings) -> None:
    assert read(**fields).reasoning == settings


def test_output_formats_are_read_from_either_place() -> None:
    form: JsonObject = {"type": "json_schema", "schema": {"type": "object"}}
    expected = OutputFormat("schema", schema={"type": "object"})
    assert read(output_config={"format": form}).output == expected
    assert read(output_format=form).output == expected
    assert read(output_config={"format": {"type": "new"}}).output == OutputFormat(
        "text", extras={"type": "new"}
    )


def test_claude_code_names_its_session_in_the_user_id() -> None:
    user = '{"device_id":"d","account_uuid":"","session_id":"s-1"}'
    assert read(metadata={"user_id": user}).hints == Hints(user=user, session="s-1")
    assert read(metadata={"user_id": "user_a_account__session_s-2"}).hints.session == "s-2"
    assert read(metadata={"user_id": "somebody"}).hints.session is None
    assert read(metadata={"user_id": '{"session_id":5}'}).hints.session is None


def test_fast_speed_is_the_priority_tier() -> None:
    assert read(speed="fast").hints.service_tier == "priority"
    both = read(speed="fast", service_tier="auto")
    assert (both.hints.service_tier, both.extras) == ("priority", {"service_tier": "auto"})
    assert read(service_tier="standard_only").hints.service_tier == "default"
    assert read(speed="standard").extras == {"speed": "standard"}


def test_what_only_messages_understands_is_kept() -> None:
    request = read(
        context_management={"edits": []},
        betas=["b"],
        container="c",
        mcp_servers=[],
        cache_control={"type": "ephemeral"},
        metadata={"user_id": "u", "more": 1},
        output_config={"effort": "low", "task_budget": {}},
    )
    assert request.extras == {
        "context_management": {"edits": []},
        "betas": ["b"],
        "container": "c",
        "mcp_servers": [],
        "cache_control": {"type": "ephemeral"},
        "metadata": {"more": 1},
        "output_config": {"task_budget": {}},
    }
