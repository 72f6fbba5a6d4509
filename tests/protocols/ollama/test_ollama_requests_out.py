import base64

import pytest

from dragoman.neutral.json import JsonObject
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
from dragoman.protocols.ollama.codec import CODEC

TARGET = Target(model="qwen3")
HELLO = Turn("user", (Text("hello"),))


def write(request: Request, target: Target = TARGET) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    return CODEC.request_out(request, target, losses), losses.fields


def messages(*turns: Turn) -> tuple[object, tuple[str, ...]]:
    body, lost = write(Request("anthropic", "claude", turns))
    return body["messages"], lost


def user(*parts: Part) -> tuple[object, tuple[str, ...]]:
    return messages(Turn("user", parts))


def test_a_plain_foreign_request_says_its_model_stream_and_window() -> None:
    assert write(Request("openai", "gpt", (HELLO,))) == (
        {
            "model": "qwen3",
            "messages": [{"role": "user", "content": "hello"}],
            "stream": False,
            "options": {"num_ctx": 8192},
        },
        (),
    )


def test_leading_system_turns_become_one_message_and_later_ones_stay_in_place() -> None:
    assert messages(
        Turn("system", (Text("one"), Text("two")), author="top"),
        Turn("system", (Text("three"),), extras={"name": "x"}),
        HELLO,
        Turn("system", (Text("four"),)),
    ) == (
        [
            {"role": "system", "content": "one\ntwo\nthree"},
            {"role": "user", "content": "hello"},
            {"role": "system", "content": "four"},
        ],
        ("messages.name",),
    )


def test_a_foreign_tool_round_keeps_thinking_ids_names_and_exact_arguments() -> None:
    assert messages(
        HELLO,
        Turn(
            "assistant",
            (
                Reasoning("first"),
                Reasoning("second"),
                Text("I look."),
                ToolCall("toolu_1", "read", '{"path":"it\'s","n":12345678901234567890123}'),
                ToolCall("toolu_2", "apply_patch", "*** Begin", kind="custom"),
            ),
        ),
        Turn(
            "user",
            (
                ToolResult("toolu_1", (Text("a"), Text("b"))),
                ToolResult("toolu_2", (Text("no such file"),), is_error=True),
                Text("go on"),
            ),
        ),
    ) == (
        [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": "I look.",
                "thinking": "first\n\nsecond",
                "tool_calls": [
                    {
                        "function": {
                            "name": "read",
                            "arguments": {"path": "it's", "n": 12345678901234567890123},
                        },
                        "id": "toolu_1",
                    },
                    {
                        "function": {"name": "apply_patch", "arguments": {"input": "*** Begin"}},
                        "id": "toolu_2",
                    },
                ],
            },
            {"role": "tool", "content": "a\nb", "tool_name": "read"},
            {"role": "tool", "content": "Error: no such file", "tool_name": "apply_patch"},
            {"role": "user", "content": "go on"},
        ],
        (),
    )


def test_results_out_of_order_say_which_call_they_answer() -> None:
    assert messages(
        Turn("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))),
        Turn("user", (ToolResult("b", (Text("2"),)), ToolResult("a", (Text("1"),)))),
    )[0] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"function": {"name": "f", "arguments": {}}, "id": "a"},
                {"function": {"name": "f", "arguments": {}}, "id": "b"},
            ],
        },
        {"role": "tool", "content": "2", "tool_name": "f", "tool_call_id": "b"},
        {"role": "tool", "content": "1", "tool_name": "f"},
    ]


def test_images_of_tool_results_follow_the_last_of_them_in_user_messages() -> None:
    picture = Media("image", data="iVBOR", mime="image/png")
    assert messages(
        Turn("assistant", (ToolCall("a", "see", "{}"),)),
        Turn("user", (ToolResult("a", (Text("seen"), picture)), ToolResult("z", (picture,)))),
    ) == (
        [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"function": {"name": "see", "arguments": {}}, "id": "a"}],
            },
            {"role": "tool", "content": "seen", "tool_name": "see"},
            {"role": "tool", "content": "", "tool_call_id": "z"},
            {
                "role": "user",
                "content": "[image from the result of see]",
                "images": ["iVBOR"],
            },
            {
                "role": "user",
                "content": "[image from the result of the tool]",
                "images": ["iVBOR"],
            },
        ],
        (),
    )


@pytest.mark.parametrize(
    ("part", "message", "lost"),
    [
        (
            Media("image", data="iVBOR"),
            {"role": "user", "content": "", "images": ["iVBOR"]},
            (),
        ),
        (
            Media("image", url="data:image/png;base64,iVBOR"),
            {"role": "user", "content": "", "images": ["iVBOR"]},
            (),
        ),
        (
            Media("file", data="iVBOR", mime="image/png"),
            {"role": "user", "content": "", "images": ["iVBOR"]},
            (),
        ),
        (
            Media("image", url="https://x.test/a.png"),
            {"role": "user", "content": "[image: https://x.test/a.png]"},
            ("image url",),
        ),
        (
            Media("image", file_id="file-1"),
            {"role": "user", "content": "[image: file-1]"},
            ("image url",),
        ),
        (
            Media("audio", data="AAAA", mime="audio/wav"),
            {"role": "user", "content": "[audio: audio/wav]"},
            ("audio",),
        ),
        (
            Media("video", url="https://x.test/v"),
            {"role": "user", "content": "[video: https://x.test/v]"},
            ("video",),
        ),
        (Media("video"), {"role": "user", "content": "[video]"}, ("video",)),
        (
            Media("file", data="JVBERi0=", mime="application/pdf", name="a.pdf"),
            {"role": "user", "content": "[file: a.pdf application/pdf]"},
            ("file",),
        ),
        (
            Media("file", text="plain", name="a.txt"),
            {"role": "user", "content": "[file: a.txt]\nplain"},
            (),
        ),
        (
            Media("file", data=base64.b64encode("é".encode()).decode(), mime="text/csv"),
            {"role": "user", "content": "é"},
            (),
        ),
        (
            Media("file", data="//8=", mime="text/plain"),
            {"role": "user", "content": "[file: text/plain]"},
            ("file",),
        ),
        (
            Media("file", data="!", mime="text/plain"),
            {"role": "user", "content": "[file: text/plain]"},
            ("file",),
        ),
        (Refusal("I will not"), {"role": "user", "content": "I will not"}, ()),
        (
            HostedResult("1", "code_execution", text="42", raw={}, protocol="anthropic"),
            {"role": "user", "content": "42"},
            (),
        ),
    ],
)
def test_each_kind_of_content_goes_where_ollama_can_hold_it(
    part: Part, message: JsonObject, lost: tuple[str, ...]
) -> None:
    assert user(part) == ([message], lost)


@pytest.mark.parametrize(
    ("part", "lost"),
    [
        (Text(""), ()),
        (HostedCall("1", "web_search", raw={}, protocol="anthropic"), ()),
        (HostedResult("1", "web_search", raw={}, protocol="anthropic"), ()),
        (Opaque("compaction", {}, "responses"), ("compaction",)),
        (Reasoning(redacted=True), ()),
    ],
)
def test_a_message_that_nothing_is_left_of_is_not_sent(part: Part, lost: tuple[str, ...]) -> None:
    assert user(part) == ([], lost)


def test_what_rides_on_parts_is_reported_and_citations_are_silent() -> None:
    state = ReasoningState("sig", "anthropic")
    _, lost = messages(
        Turn(
            "assistant",
            (
                Reasoning("t", state=state),
                Text("x", citations=(Citation(url="https://x.test"),), extras={"foo": 1}),
            ),
        ),
        Turn("user", (ToolResult("a", (Text("r", cache=CacheMark("1h")),), extras={"bar": 1}),)),
    )

    assert lost == ("reasoning state", "messages.foo", "messages.bar", "cache_control")


def test_every_setting_ollama_has_is_carried() -> None:
    body, lost = write(
        Request(
            "openai",
            "gpt",
            (HELLO,),
            sampling=Sampling(
                max_tokens=64_000,
                temperature=1,
                top_p=1,
                top_k=3,
                min_p=0,
                frequency_penalty=0,
                presence_penalty=2,
                repeat_penalty=1,
                seed=5,
                stop=("a", "b"),
                n=1,
                logprobs=True,
                top_logprobs=2,
            ),
            output=OutputFormat("schema", schema={"type": "object"}, name="answer", strict=True),
            stream=True,
        ),
        Target(model="m", max_output=8_192),
    )

    assert (body, lost) == (
        {
            "model": "m",
            "messages": [{"role": "user", "content": "hello"}],
            "options": {
                "num_predict": 8_192,
                "temperature": 1,
                "top_p": 1,
                "min_p": 0,
                "frequency_penalty": 0,
                "presence_penalty": 2,
                "repeat_penalty": 1,
                "top_k": 3,
                "seed": 5,
                "stop": ["a", "b"],
                "num_ctx": 16_384,
            },
            "format": {"type": "object"},
            "logprobs": True,
            "top_logprobs": 2,
            "stream": True,
        },
        (),
    )


def test_what_ollama_lacks_is_reported_by_field() -> None:
    _, lost = write(
        Request(
            "openai",
            "gpt",
            (HELLO,),
            tool_choice=ToolChoice(parallel=False, extras={"c": 1}),
            sampling=Sampling(n=2, logit_bias={"1": 2}),
            reasoning=ReasoningSettings(extras={"r": 1}),
            output=OutputFormat("text", extras={"o": 1}),
            hints=Hints(
                user="u", service_tier="flex", verbosity="low", modalities=("text", "audio")
            ),
            extras={"metadata": {}, "prediction": {}},
        )
    )

    assert set(lost) == {
        "parallel_tool_calls",
        "metadata",
        "prediction",
        "user",
        "service_tier",
        "verbosity",
        "modalities",
        "reasoning.r",
        "tool_choice.c",
        "response_format.o",
        "n",
        "logit_bias",
    }


def test_hints_that_only_help_caching_are_no_losses() -> None:
    hints = Hints(cache_key="k", session="s", store=False, modalities=("text",))

    assert write(Request("responses", "gpt", (HELLO,), hints=hints))[1] == ()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (None, None),
        (OutputFormat("text"), None),
        (OutputFormat("json"), "json"),
        (OutputFormat("schema"), "json"),
    ],
)
def test_the_format_is_json_or_a_schema(output: OutputFormat | None, expected: str | None) -> None:
    assert write(Request("openai", "gpt", (HELLO,), output=output))[0].get("format") == expected


@pytest.mark.parametrize(
    ("settings", "model", "think", "lost"),
    [
        (ReasoningSettings(), "qwen3", None, ()),
        (ReasoningSettings(mode="off", effort="high"), "qwen3", False, ()),
        (ReasoningSettings(mode="on"), "qwen3", True, ()),
        (ReasoningSettings(mode="adaptive"), "gpt-oss", True, ()),
        (ReasoningSettings(effort="low"), "qwen3", True, ()),
        (ReasoningSettings(effort="low"), "gpt-oss:20b", "low", ()),
        (ReasoningSettings(effort="minimal"), "hf.co/x/gpt-oss-20b", "low", ()),
        (ReasoningSettings(mode="adaptive", effort="max"), "gpt-oss:120b-cloud", "high", ()),
        (ReasoningSettings(effort="strange"), "gpt-oss", True, ()),
        (ReasoningSettings(budget=1024), "qwen3", True, ("thinking budget",)),
    ],
)
def test_think_is_a_level_only_for_models_that_have_levels(
    settings: ReasoningSettings, model: str, think: str | bool | None, lost: tuple[str, ...]
) -> None:
    body, reported = write(
        Request("openai", "gpt", (HELLO,), reasoning=settings), Target(model=model)
    )

    assert body.get("think") == think
    assert reported == lost


def test_our_own_level_goes_out_as_it_came() -> None:
    body, _ = write(Request("ollama", "m", (HELLO,), reasoning=ReasoningSettings(effort="max")))

    assert body["think"] == "max"


READ = FunctionTool("read", "Read", {"type": "object"}, strict=False)
BARE = FunctionTool("bare", cache=CacheMark(), strict=True, deferred=True, extras={"x": 1})


def test_tools_take_openais_shape() -> None:
    hosted = HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic", "web_search")
    body, lost = write(
        Request("anthropic", "c", (HELLO,), tools=(READ, BARE, hosted, CustomTool("exec")))
    )

    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "read",
                "description": "Read",
                "parameters": {"type": "object"},
            },
        },
        {
            "type": "function",
            "function": {
                "name": "bare",
                "description": "",
                "parameters": {"type": "object", "properties": {}},
            },
        },
    ]
    assert lost == ("cache_control", "tools.strict", "tools.x", "tools.web_search", "tools.exec")


@pytest.mark.parametrize(
    ("choice", "kept", "lost"),
    [
        (ToolChoice(), ["read", "write"], ()),
        (ToolChoice("auto", parallel=True), ["read", "write"], ()),
        (ToolChoice("auto", allowed=("write",)), ["write"], ()),
        (ToolChoice("none"), None, ()),
        (ToolChoice("required"), ["read", "write"], ("tool_choice",)),
        (ToolChoice("required", allowed=("read",)), ["read"], ("tool_choice",)),
        (ToolChoice("named", name="write"), ["write"], ("tool_choice",)),
    ],
)
def test_a_tool_choice_narrows_the_tools_as_far_as_it_can(
    choice: ToolChoice, kept: list[str] | None, lost: tuple[str, ...]
) -> None:
    tools = (FunctionTool("read"), FunctionTool("write"))
    body, reported = write(Request("openai", "g", (HELLO,), tools=tools, tool_choice=choice))

    shown = body.get("tools")
    names = None
    if isinstance(shown, list):
        names = [
            str(function["name"])
            for tool in shown
            if isinstance(tool, dict) and isinstance(function := tool["function"], dict)
        ]
    assert names == kept
    assert reported == lost


@pytest.mark.parametrize("field", ["suffix", "template", "context", "raw"])
def test_a_generate_only_field_is_a_loss_on_the_chat_route(
    field: str,
) -> None:
    body, lost = write(Request("ollama", "m", (HELLO,), extras={field: True, "keep_alive": 5}))

    assert body == {
        "model": "qwen3",
        "messages": [{"role": "user", "content": "hello"}],
        "keep_alive": 5,
        "stream": False,
    }
    assert lost == (field,)
