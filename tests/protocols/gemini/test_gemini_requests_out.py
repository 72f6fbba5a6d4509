"""Neutral requests of every protocol as generateContent bodies."""

from __future__ import annotations

from typing import cast

import msgspec
import pytest

from dragoman.neutral.json import Json, JsonObject, decode, encode
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
    Tool,
    ToolChoice,
    Turn,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.requests_out import request_out

HELLO = Turn("user", (Text("hello"),))
GEMINI_25 = Target("gemini-2.5-pro", max_output=65536)
GEMINI_3 = Target("google/gemini-3-pro-preview")


def write(request: Request, target: Target = GEMINI_25) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    body = decode(encode(request_out(request, target, losses)))
    assert isinstance(body, dict)
    return body, losses.fields


def chat(*turns: Turn) -> Request:
    return Request(protocol="openai", model="m", turns=turns)


def contents(*turns: Turn, target: Target = GEMINI_25) -> tuple[list[Json], tuple[str, ...]]:
    body, losses = write(chat(*turns), target)
    return cast("list[Json]", body["contents"]), losses


def parts_after_hello(*parts: Part) -> tuple[Json, tuple[str, ...]]:
    """The model's parts, with a call's result after them so that they are no prefill."""
    turns = (HELLO, Turn("assistant", parts), HELLO)
    written, losses = contents(*turns)
    middle = written[1]
    assert isinstance(middle, dict)
    return (middle["parts"] if middle["role"] == "model" else None), losses


def test_a_tool_loop_has_all_results_in_one_user_content_with_the_functions_names() -> None:
    written, losses = contents(
        Turn("system", (Text("be brief"),)),
        HELLO,
        Turn("assistant", (Text("ok"), ToolCall("c1", "f", '{"n": 1.50}'))),
        Turn("assistant", (ToolCall("c2", "g", "{}"),)),
        Turn(
            "user",
            (
                ToolResult("c1", (Text('{ "a": 1 }'),)),
                ToolResult("c2", (Text("bad"),), is_error=True),
            ),
        ),
        Turn("user", (Text("go on"),)),
    )
    assert written == [
        {"role": "user", "parts": [{"text": "hello"}]},
        {
            "role": "model",
            "parts": [
                {"text": "ok"},
                {"functionCall": {"id": "c1", "name": "f", "args": {"n": decode("1.50")}}},
                {"functionCall": {"id": "c2", "name": "g", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "f", "response": {"a": 1}}},
                {"functionResponse": {"id": "c2", "name": "g", "response": {"error": "bad"}}},
                {"text": "go on"},
            ],
        },
    ]
    assert losses == ()


def test_arguments_are_spliced_byte_for_byte_and_other_text_is_wrapped() -> None:
    request = chat(
        HELLO,
        Turn("assistant", (ToolCall("c", "f", '{"q":"it\'s  é", "n":1e5}'),)),
        Turn("user", (ToolResult("c", (Text("r"),)),)),
    )
    assert b'"args":{"q":"it\'s  \xc3\xa9", "n":1e5}' in encode(
        request_out(request, GEMINI_25, Losses())
    )
    [_, model, _], _ = contents(
        HELLO,
        Turn("assistant", (ToolCall("c", "f", "not json"),)),
        Turn("user", (ToolResult("c", (Text("r"),)),)),
    )
    assert model == {
        "role": "model",
        "parts": [{"functionCall": {"id": "c", "name": "f", "args": {"input": "not json"}}}],
    }


def test_an_image_in_a_result_stands_beside_the_response() -> None:
    result = ToolResult("c", (Text("a"), Text("b"), Media("image", data="AA==")), name="f")
    written, losses = contents(
        HELLO, Turn("assistant", (ToolCall("c", "f", "{}"),)), Turn("user", (result,))
    )
    assert written[2] == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "c", "name": "f", "response": {"output": "a\nb"}}},
            {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
        ],
    }
    assert losses == ()


def test_gemini_3_gets_the_skip_mark_on_the_first_unsigned_call_of_a_step_only() -> None:
    real = ReasoningState("real", "gemini")
    foreign = ReasoningState("theirs", "anthropic")
    done = Turn("user", (ToolResult("c", (Text("r"),)),))
    turns = (
        HELLO,
        Turn("assistant", (Text("t"), ToolCall("c", "f", "{}"), ToolCall("d", "f", "{}"))),
        done,
        Turn("assistant", (ToolCall("c", "f", "{}"), ToolCall("d", "f", "{}", state=real))),
        done,
        Turn("assistant", (ToolCall("c", "f", "{}", state=foreign),)),
        done,
        Turn("assistant", (Text("done"),)),
        HELLO,
    )

    def signatures(target: Target) -> tuple[list[Json], tuple[str, ...]]:
        written, losses = contents(*turns, target=target)
        found: list[Json] = []
        for content in written:
            assert isinstance(content, dict)
            parts = content["parts"]
            assert isinstance(parts, list)
            if content["role"] == "model":
                found.append([cast("JsonObject", part).get("thoughtSignature") for part in parts])
        return found, losses

    skip = "skip_thought_signature_validator"
    assert signatures(GEMINI_3) == (
        [[None, skip, None], [None, "real"], [skip], [None]],
        ("reasoning state",),
    )
    assert signatures(GEMINI_25) == (
        [[None, None, None], [None, "real"], [None], [None]],
        ("reasoning state",),
    )


def test_a_state_that_travelled_on_thinking_returns_to_its_call() -> None:
    state = ReasoningState("sig", "gemini", call_id="c")
    parts, losses = parts_after_hello(
        Reasoning("seen", state),
        Reasoning("", state),
        ToolCall("c", "f", "{}"),
        ToolCall("d", "f", "{}"),
    )
    assert parts == [
        {"text": "seen", "thought": True},
        {"functionCall": {"id": "c", "name": "f", "args": {}}, "thoughtSignature": "sig"},
        {"functionCall": {"id": "d", "name": "f", "args": {}}},
    ]
    assert losses == ()


def test_thinking_goes_back_only_with_geminis_own_signature() -> None:
    own = ReasoningState("sig", "gemini")
    parts, losses = parts_after_hello(
        Reasoning("a", own),
        Reasoning("", own),
        Reasoning("b"),
        Reasoning("c", ReasoningState("x", "anthropic")),
        Text("t"),
    )
    assert parts == [
        {"text": "a", "thought": True, "thoughtSignature": "sig"},
        {"text": "", "thoughtSignature": "sig"},
        {"text": "t"},
    ]
    assert losses == ("reasoning",)


def test_a_trailing_prefill_is_lost_and_the_first_content_is_the_users() -> None:
    user_blank = {"role": "user", "parts": [{"text": " "}]}
    assert contents(HELLO, Turn("assistant", (Text("{"),))) == (
        [{"role": "user", "parts": [{"text": "hello"}]}],
        ("prefill",),
    )
    assert contents(Turn("system", (Text("s"),))) == ([user_blank], ())
    written, losses = contents(Turn("assistant", (ToolCall("c", "f", "{}"),)))
    assert written[0] == user_blank
    assert len(written) == 2
    assert losses == ()


def test_a_system_turn_in_mid_conversation_is_a_reminder_in_the_users_content() -> None:
    system = Turn("system", (Text("now"), Refusal("then"), Media("image", data="AA==")))
    assert contents(HELLO, system) == (
        [
            {
                "role": "user",
                "parts": [
                    {"text": "hello"},
                    {"text": "<system-reminder>\nnow\n\nthen\n</system-reminder>"},
                ],
            }
        ],
        ("system",),
    )


def test_turns_that_hold_nothing_for_gemini_leave_no_content() -> None:
    assert contents(HELLO, Turn("assistant", (Reasoning("hm"),)), Turn("system", (Text("s"),))) == (
        [
            {
                "role": "user",
                "parts": [
                    {"text": "hello"},
                    {"text": "<system-reminder>\ns\n</system-reminder>"},
                ],
            }
        ],
        ("reasoning",),
    )


def test_leading_system_turns_are_the_instruction_and_hold_text_only() -> None:
    body, losses = write(
        chat(
            Turn("system", (Text("a"), Text(""), Media("image", data="AA=="))),
            Turn("system", (Text("b", cache=CacheMark()),), extras={"name": "x"}),
            HELLO,
        )
    )
    assert body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert losses == ("system", "cache_control", "system.name")


def test_media_is_inline_by_address_or_text() -> None:
    body, losses = contents(
        Turn(
            "user",
            (
                Media("audio", data="AA==", cache=CacheMark("1h")),
                Media("image", url="https://x.org/a/b.JPG?size=1", detail="high"),
                Media("file", url="https://x.org/noext"),
                Media("file", text="body", name="n.txt"),
                Media("file", file_id="file-1"),
                Media("image", data="BB==", detail="auto", extras={"e": 1}),
            ),
        )
    )
    assert body == [
        {
            "role": "user",
            "parts": [
                {"inlineData": {"mimeType": "audio/wav", "data": "AA=="}},
                {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.org/a/b.JPG?size=1"}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://x.org/noext"}},
                {"text": "n.txt\nbody"},
                {"inlineData": {"mimeType": "image/png", "data": "BB=="}},
            ],
        }
    ]
    assert losses == ("cache_control", "detail", "file_id", "messages.e")


def test_what_other_hosts_tools_did_goes_on_as_text() -> None:
    parts, losses = parts_after_hello(
        HostedCall("h", "web_search", raw={"type": "x"}, protocol="anthropic"),
        HostedResult("h", "code_execution", "found", protocol="anthropic"),
        HostedResult("h", "web_search", "", protocol="anthropic"),
        Refusal("no"),
        Refusal("", extras={"r": 1}),
        Opaque("container_upload", {"type": "container_upload"}, "anthropic"),
    )
    assert parts == [{"text": "found"}, {"text": "no"}]
    assert losses == ("messages.r", "messages.container_upload")


def with_tools(*tools: Tool) -> tuple[Json, tuple[str, ...]]:
    body, losses = write(msgspec.structs.replace(chat(HELLO), tools=tools))
    return body.get("tools"), losses


SEARCH = HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic")
FETCH = HostedTool("web_fetch", {"type": "web_fetch_20250910"}, "anthropic")


def test_foreign_functions_use_json_schema() -> None:
    assert with_tools(
        FunctionTool("f", "does", {"type": "object"}, strict=True),
        FunctionTool("g", cache=CacheMark(), extras={"e": 1}),
        CustomTool("patch"),
    ) == (
        [
            {
                "functionDeclarations": [
                    {
                        "name": "f",
                        "description": "does",
                        "parametersJsonSchema": {"type": "object"},
                    },
                    {"name": "g"},
                ]
            }
        ],
        ("tools.strict", "tools.e", "cache_control", "tools.patch"),
    )


def test_foreign_search_and_fetch_are_geminis_own_where_no_function_stands_beside_them() -> None:
    computer = HostedTool("computer", {"type": "computer"}, "anthropic", cache=CacheMark())
    assert with_tools(SEARCH, FETCH, computer) == (
        [{"googleSearch": {}}, {"urlContext": {}}],
        ("cache_control", "tools.computer"),
    )
    assert with_tools(SEARCH, FunctionTool("f"), FETCH, FunctionTool("g")) == (
        [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}],
        ("tools.web_search", "tools.web_fetch"),
    )
    assert with_tools(computer) == (None, ("cache_control", "tools.computer"))


def test_a_choice_without_functions_is_left_out() -> None:
    request = msgspec.structs.replace(
        chat(HELLO), tools=(SEARCH,), tool_choice=ToolChoice("auto", parallel=False)
    )
    body, losses = write(request)
    assert "toolConfig" not in body
    assert losses == ()


@pytest.mark.parametrize(
    ("choice", "config", "lost"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}, ()),
        (ToolChoice("none"), {"mode": "NONE"}, ()),
        (
            ToolChoice("required", allowed=("f",)),
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
            (),
        ),
        (ToolChoice("named", name="f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}, ()),
        (ToolChoice("auto", allowed=("f",)), {"mode": "AUTO"}, ("tool_choice",)),
        (ToolChoice("named", kind="hosted", name="w"), None, ("tool_choice",)),
        (ToolChoice(parallel=False), None, ("parallel_tool_calls",)),
        (ToolChoice(parallel=True, extras={"x": 1}), None, ("tool_choice.x",)),
    ],
)
def test_tool_choices_are_calling_modes(
    choice: ToolChoice, config: JsonObject | None, lost: tuple[str, ...]
) -> None:
    tools = (FunctionTool("f"),)
    request = msgspec.structs.replace(chat(HELLO), tools=tools, tool_choice=choice)
    body, losses = write(request)
    wanted = None if config is None else {"functionCallingConfig": config}
    assert body.get("toolConfig") == wanted
    assert losses == lost


@pytest.mark.parametrize(
    ("settings", "config", "lost"),
    [
        (ReasoningSettings(), None, ()),
        (ReasoningSettings(mode="off", summary="auto"), {"thinkingBudget": 0}, ()),
        (ReasoningSettings(budget=99), {"thinkingBudget": 99, "includeThoughts": True}, ()),
        (ReasoningSettings(mode="adaptive"), {"thinkingBudget": -1, "includeThoughts": True}, ()),
        (ReasoningSettings(mode="adaptive", summary="none"), {"thinkingBudget": -1}, ()),
        (ReasoningSettings(mode="on"), {"includeThoughts": True}, ()),
        (
            ReasoningSettings(mode="adaptive", effort="low"),
            {"thinkingLevel": "LOW", "includeThoughts": True},
            (),
        ),
        (
            ReasoningSettings(effort="max", summary="none"),
            {"thinkingLevel": "HIGH"},
            ("reasoning_effort",),
        ),
        (
            ReasoningSettings(effort="odd", summary="none"),
            {"thinkingLevel": "MEDIUM"},
            ("reasoning_effort",),
        ),
        (
            ReasoningSettings(summary="auto", extras={"context": "all_turns"}),
            {"includeThoughts": True},
            ("reasoning",),
        ),
        (
            ReasoningSettings(budget=9, effort="low"),
            {"thinkingBudget": 9, "includeThoughts": True},
            (),
        ),
    ],
)
def test_reasoning_settings_are_thinking_configs(
    settings: ReasoningSettings, config: JsonObject | None, lost: tuple[str, ...]
) -> None:
    body, losses = write(msgspec.structs.replace(chat(HELLO), reasoning=settings))
    wanted = None if config is None else {"thinkingConfig": config}
    assert body.get("generationConfig") == wanted
    assert losses == lost


def test_sampling_keeps_within_geminis_limits() -> None:
    sampling = Sampling(
        max_tokens=128000,
        top_k=5,
        n=2,
        seed=2**40,
        stop=("a", "b", "c", "d", "e", "f"),
        logprobs=True,
        top_logprobs=3,
        min_p=1,
        logit_bias={"1": 1},
    )
    body, losses = write(msgspec.structs.replace(chat(HELLO), sampling=sampling))
    assert body["generationConfig"] == {
        "maxOutputTokens": 65536,
        "topK": 5,
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 3,
        "stopSequences": ["a", "b", "c", "d", "e"],
    }
    assert losses == ("min_p", "logit_bias", "seed", "stop")
    small = Sampling(max_tokens=10, seed=3, stop=("a",))
    body, losses = write(msgspec.structs.replace(chat(HELLO), sampling=small))
    assert body["generationConfig"] == {"maxOutputTokens": 10, "seed": 3, "stopSequences": ["a"]}
    assert losses == ()


@pytest.mark.parametrize(
    ("output", "config"),
    [
        (OutputFormat("text"), None),
        (OutputFormat("json"), {"responseMimeType": "application/json"}),
        (
            OutputFormat("schema", {"type": "object"}, name="n", strict=True),
            {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
        ),
    ],
)
def test_output_formats_are_response_types(output: OutputFormat, config: JsonObject | None) -> None:
    body, losses = write(msgspec.structs.replace(chat(HELLO), output=output))
    assert body.get("generationConfig") == config
    assert losses == ()


def test_hints_that_would_change_the_answer_are_losses_and_the_rest_is_not() -> None:
    hints = Hints(
        cache_key="k",
        session="s",
        user="u",
        store=False,
        service_tier="flex",
        verbosity="low",
        previous_response_id="r",
        modalities=("text", "audio"),
    )
    body, losses = write(msgspec.structs.replace(chat(HELLO), hints=hints, extras={"metadata": {}}))
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "AUDIO"]}
    assert losses == ("verbosity", "service_tier", "previous_response_id", "metadata")
    plain = Hints(modalities=("text",), service_tier="auto")
    body, losses = write(msgspec.structs.replace(chat(HELLO), hints=plain))
    assert "generationConfig" not in body
    assert losses == ()
