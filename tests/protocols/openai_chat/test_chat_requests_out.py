"""Neutral requests as bodies for OpenAI-compatible hosts."""

import base64
from decimal import Decimal
from typing import Any

import pytest

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
    ProtocolName,
    ReasoningSettings,
    Request,
    Sampling,
    ToolChoice,
    Turn,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.codec import CODEC

OPENAI = "api.openai.com"
AZURE = "x.openai.azure.com"
ROUTER = "openrouter.ai"
MARK = {"type": "ephemeral"}
BILLING = Opaque("billing-header", {"type": "text", "text": "x"}, "anthropic")


def write(
    *turns: Turn,
    protocol: ProtocolName = "anthropic",
    host: str = "",
    model: str = "m",
    max_output: int | None = None,
    **fields: Any,
) -> tuple[Any, tuple[str, ...]]:
    losses = Losses()
    request = Request(protocol, "asked", turns, **fields)
    body = CODEC.request_out(request, Target(model, host=host, max_output=max_output), losses)
    return body, losses.fields


def messages(*turns: Turn, **fields: Any) -> tuple[Any, tuple[str, ...]]:
    body, lost = write(*turns, **fields)
    return body["messages"], lost


def user(*parts: Part, **fields: Any) -> Turn:
    return Turn("user", parts, **fields)


def assistant(*parts: Part, **fields: Any) -> Turn:
    return Turn("assistant", parts, **fields)


def system(*parts: Part, **fields: Any) -> Turn:
    return Turn("system", parts, **fields)


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


PDF = Media("file", data="AA==", mime="application/pdf", name="a.pdf")


@pytest.mark.parametrize(
    ("media", "part"),
    [
        (PDF, {"type": "file", "file": {"filename": "a.pdf",
                                        "file_data": "data:application/pdf;base64,AA=="}}),
        (Media("file", data="AA==", mime="application/pdf"),
         {"type": "file", "file": {"filename": "document.pdf",
                                   "file_data": "data:application/pdf;base64,AA=="}}),
        (Media("file", data="AA==", name="x"),
         {"type": "file", "file": {"filename": "x", "file_data": "AA=="}}),
        (Media("file", data=base64.b64encode(b"\xff").decode(), mime="text/plain"),
         {"type": "file", "file": {"filename": "file",
                                   "file_data": "data:text/plain;base64,/w=="}}),
        (Media("audio", data="AA==", mime="audio/x-wav"),
         {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}),
        (Media("audio", data="AA==", mime="audio/mp3"),
         {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}}),
    ],
)  # fmt: skip
def test_media_have_their_parts(media: Media, part: dict[str, Any]) -> None:
    [message], lost = messages(user(media))
    assert (message["content"], lost) == ([part], ())


@pytest.mark.parametrize(
    ("media", "text"),
    [
        (Media("file", text="words", name="a.txt"), "a.txt\nwords"),
        (Media("file", data=base64.b64encode(b"a,b").decode(), mime="text/csv"), "a,b"),
    ],
)
def test_text_files_are_text(media: Media, text: str) -> None:
    [message], lost = messages(user(media))
    assert (message["content"], lost) == (text, ())


@pytest.mark.parametrize(
    ("media", "field"),
    [
        (Media("video", url="https://e.org/a.mp4"), "messages.video"),
        (Media("image", file_id="file_1"), "messages.image"),
        (Media("audio", data="AA==", mime="audio/flac"), "messages.audio"),
        (Media("audio", url="https://e.org/a.mp3", mime="audio/mpeg"), "messages.audio"),
        (Media("file", url="https://e.org/a.pdf"), "messages.file"),
    ],
)
def test_media_that_chat_cannot_hold_are_losses(media: Media, field: str) -> None:
    [message], lost = messages(user(Text("see"), media))
    assert (message["content"], lost) == ("see", (field,))


def test_what_a_result_holds_beside_its_text_is_carried_or_lost() -> None:
    film = Media("video", url="https://e.org/a.mp4")
    reference = Opaque("tool_reference", {}, "anthropic")
    found, lost = messages(user(ToolResult("c", (Text("x"), film, reference))))
    assert found == [{"role": "tool", "tool_call_id": "c", "content": "x"}]
    assert lost == ("messages.video", "messages.tool_reference")


def test_a_chat_clients_own_parts_are_written_as_they_were() -> None:
    parts = (
        Media("file", file_id="file-1"),
        Media("file", file_id="file-2", name="b"),
        Media("audio", data="AA==", mime="audio/flac"),
        Media("video", url="https://e.org"),
    )
    [message], lost = messages(user(*parts), protocol="openai", host=OPENAI)
    assert message["content"] == [
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_id": "file-2", "filename": "b"}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "flac"}},
        {"type": "video_url", "video_url": {"url": "https://e.org"}},
    ]
    assert lost == ()


def test_a_chat_clients_own_hosted_choice_is_written_back() -> None:
    choice = ToolChoice(mode="named", name="web_search_preview", kind="hosted", extras={"x": 1})
    body, lost = write(tool_choice=choice, protocol="openai")
    assert body["tool_choice"] == {"type": "web_search_preview", "x": 1}
    assert lost == ()


def test_openrouter_fetches_files_and_takes_pictures_and_cache_marks() -> None:
    mark = CacheMark("1h")
    found, lost = messages(
        system(Text("s", cache=CacheMark())),
        user(Media("file", url="https://e.org/a.pdf"), Text("b", cache=mark)),
        assistant(Media("image", data="AA==", mime="image/png")),
        user(ToolResult("c", (Text("x"),), cache=mark), ToolResult("d", (), cache=mark)),
        host=ROUTER,
    )
    cached = {"type": "ephemeral", "ttl": "1h"}
    file = {"filename": "file", "file_data": "https://e.org/a.pdf"}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    assert found == [
        {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": MARK}]},
        {"role": "user", "content": [
            {"type": "file", "file": file},
            {"type": "text", "text": "b", "cache_control": cached}]},
        {"role": "assistant", "content": "", "images": [picture]},
        {"role": "tool", "tool_call_id": "c", "content": [
            {"type": "text", "text": "x", "cache_control": cached}]},
        {"role": "tool", "tool_call_id": "d", "content": [
            {"type": "text", "text": "", "cache_control": cached}]},
    ]  # fmt: skip
    assert lost == ()


def test_other_hosts_take_neither_cache_marks_nor_the_models_pictures() -> None:
    tool = FunctionTool("f", cache=CacheMark())
    body, lost = write(
        user(Text("b", cache=CacheMark())),
        assistant(Text("a"), Media("image", data="AA==", mime="image/png")),
        tools=(tool,),
    )
    assert body["messages"] == [
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "a"},
    ]
    assert lost == ("cache_control", "messages.image")
    routed, _ = write(tools=(tool,), host=ROUTER)
    assert routed["tools"][0]["cache_control"] == MARK


def test_tools_are_declared_plainly() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    body, lost = write(
        tools=(
            FunctionTool("f", "d", {"type": "object", "x": 1}, strict=True),
            FunctionTool("g", strict=False, extras={"eager_input_streaming": True}),
            CustomTool("c", "e", {"type": "grammar", "syntax": "lark", "definition": "x"}),
            CustomTool("t", grammar={"type": "text"}),
            CustomTool("n"),
            HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic"),
        )
    )
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
    assert body["tools"] == [
        {"type": "function", "function": {
            "name": "f", "description": "d", "parameters": {"type": "object", "x": 1},
            "strict": True}},
        {"type": "function", "function": {"name": "g", "parameters": schema}},
        {"type": "custom", "custom": {"name": "c", "description": "e", "format": grammar}},
        {"type": "custom", "custom": {"name": "t", "format": {"type": "text"}}},
        {"type": "custom", "custom": {"name": "n"}},
    ]  # fmt: skip
    assert lost == ("tools.eager_input_streaming", "tools.web_search")


def test_a_conversation_that_nothing_is_left_of_still_asks() -> None:
    request = Request("anthropic", "m", (Turn("assistant", (Reasoning("hm"),)),))
    body = CODEC.request_out(request, Target("gpt-5", host="api.openai.com"), Losses())
    assert body["messages"] == [{"role": "user", "content": "Proceed."}]


def test_a_choice_is_not_written_where_no_tool_is_left() -> None:
    search = HostedTool("web_search", {"type": "web_search"}, "responses")
    choice = ToolChoice(mode="auto", parallel=True)
    body, lost = write(tools=(search,), tool_choice=choice)
    assert body == {"model": "m", "messages": []}
    assert lost == ("tools.web_search",)


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (ToolChoice(), {}),
        (ToolChoice(mode="required", parallel=False),
         {"tool_choice": "required", "parallel_tool_calls": False}),
        (ToolChoice(mode="named", name="f"),
         {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
        (ToolChoice(mode="named", name="c", kind="custom"),
         {"tool_choice": {"type": "custom", "custom": {"name": "c"}}}),
    ],
)  # fmt: skip
def test_choices_are_written(choice: ToolChoice, wire: dict[str, Any]) -> None:
    body, lost = write(tools=(FunctionTool("f"),), tool_choice=choice)
    assert {key: body[key] for key in body if "tool_" in key} == wire
    assert lost == ()


def test_a_tool_that_another_host_would_run_cannot_be_forced() -> None:
    choice = ToolChoice(mode="named", name="web_search", kind="hosted")
    body, lost = write(tools=(FunctionTool("f"),), tool_choice=choice)
    assert "tool_choice" not in body
    assert lost == ("tool_choice",)


def test_allowed_tools_are_a_list_for_openai_and_the_only_tools_elsewhere() -> None:
    tools = (FunctionTool("a"), FunctionTool("b"), CustomTool("c"))
    choice = ToolChoice(mode="required", allowed=("b", "c"))
    body, lost = write(tools=tools, tool_choice=choice, protocol="gemini")
    names = [tool[tool["type"]]["name"] for tool in body["tools"]]
    assert (names, body["tool_choice"], lost) == (["b", "c"], "required", ())
    openai, _ = write(
        tools=tools, tool_choice=ToolChoice(allowed=("b", "c")), protocol="gemini", host=OPENAI
    )
    assert len(openai["tools"]) == 3
    assert openai["tool_choice"] == {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [
            {"type": "function", "function": {"name": "b"}},
            {"type": "custom", "custom": {"name": "c"}}]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "model", "key"),
    [
        ("", "m", "max_tokens"),
        (ROUTER, "openai/gpt-5.1", "max_completion_tokens"),
        (ROUTER, "openai/gpt-4o", "max_tokens"),
        ("", "o4-mini", "max_completion_tokens"),
        ("", "olmo", "max_tokens"),
        (OPENAI, "gpt-4o", "max_completion_tokens"),
        (AZURE, "mine", "max_completion_tokens"),
    ],
)
def test_the_token_limit_has_the_name_the_host_knows(host: str, model: str, key: str) -> None:
    body, _ = write(host=host, model=model, sampling=Sampling(max_tokens=9))
    assert {k: v for k, v in body.items() if k.startswith("max_")} == {key: 9}


def test_the_token_limit_is_lowered_to_what_the_model_can_write() -> None:
    sampling = Sampling(max_tokens=128000)
    assert write(sampling=sampling, max_output=8192)[0]["max_tokens"] == 8192
    assert write(sampling=sampling, max_output=200000)[0]["max_tokens"] == 128000


SAMPLING = Sampling(
    None, Decimal("0.10"), 1, 3, Decimal("0.1"), 0, 1, Decimal("1.1"), 7,
    ("a", "b", "c", "d", "e"), 2, True, 3, {"1": 5},
)  # fmt: skip


def test_sampling_goes_out_whole_where_the_host_takes_it() -> None:
    body, lost = write(sampling=SAMPLING, host=ROUTER)
    assert body == {
        "model": "m", "messages": [], "temperature": Decimal("0.10"), "top_p": 1, "top_k": 3,
        "min_p": Decimal("0.1"), "frequency_penalty": 0, "presence_penalty": 1,
        "repetition_penalty": Decimal("1.1"), "seed": 7, "stop": ["a", "b", "c", "d", "e"],
        "n": 2, "logprobs": True, "top_logprobs": 3, "logit_bias": {"1": 5},
    }  # fmt: skip
    assert lost == ()


def test_settings_openai_does_not_have_go_to_hosts_known_to_take_them() -> None:
    sampling = Sampling(top_k=64, min_p=Decimal("0.1"))
    plain = {"model": "m", "messages": []}
    assert write(sampling=sampling) == (plain, ("top_k", "min_p"))
    asked = {**plain, "top_k": 64, "min_p": Decimal("0.1")}
    assert write(sampling=sampling, protocol="openai") == (asked, ())


def test_openai_itself_takes_less() -> None:
    body, lost = write(sampling=SAMPLING, host=OPENAI)
    assert body["stop"] == ["a", "b", "c", "d"]
    assert {"top_k", "min_p", "repetition_penalty"}.isdisjoint(body)
    assert lost == ("top_k", "min_p", "repeat_penalty", "stop_sequences")
    assert write(sampling=SAMPLING, host=OPENAI, protocol="openai")[1] == (
        "top_k", "min_p", "repetition_penalty", "stop",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "wire", "lost"),
    [
        (ReasoningSettings(), {}, ()),
        (ReasoningSettings(mode="off"), {"reasoning_effort": "none"}, ()),
        (ReasoningSettings(effort="high", summary="auto"), {"reasoning_effort": "high"}, ()),
        (ReasoningSettings(mode="adaptive", effort="low"), {"reasoning_effort": "low"}, ()),
        (ReasoningSettings(mode="on"), {}, ("thinking",)),
        (ReasoningSettings(budget=9, extras={"x": 1}), {}, ("thinking", "thinking.x")),
    ],
)
def test_reasoning_is_an_effort(
    settings: ReasoningSettings, wire: dict[str, Any], lost: tuple[str, ...]
) -> None:
    body, found = write(reasoning=settings)
    assert {k: v for k, v in body.items() if k.startswith("reason")} == wire
    assert found == lost


def test_a_chat_clients_other_reasoning_wishes_are_written_back() -> None:
    settings = ReasoningSettings(effort="low", summary="none", extras={"x": 1})
    body, lost = write(reasoning=settings, protocol="openai")
    assert body["reasoning_effort"] == "low"
    assert body["reasoning"] == {"x": 1, "exclude": True}
    assert lost == ()


@pytest.mark.parametrize(
    ("output", "wire"),
    [
        (OutputFormat("json"), {"type": "json_object"}),
        (OutputFormat("schema", {"type": "object"}),
         {"type": "json_schema",
          "json_schema": {"name": "response", "schema": {"type": "object"}}}),
        (OutputFormat("schema", None, "n", "d", True),
         {"type": "json_schema",
          "json_schema": {"name": "n", "description": "d", "strict": True}}),
        (OutputFormat("text"), None),
    ],
)  # fmt: skip
def test_output_formats_are_written(output: OutputFormat, wire: Any) -> None:
    body, lost = write(output=output)
    assert (body.get("response_format"), lost) == (wire, ())


def test_output_extras_of_others_are_losses() -> None:
    assert write(output=OutputFormat("json", extras={"x": 1}))[1] == ("output.x",)


def test_hints_go_where_they_are_known() -> None:
    hints = Hints(
        cache_key="k", user="u" * 64, service_tier="flex", verbosity="low", store=False,
        modalities=("text", "image"), session="s",
    )  # fmt: skip
    body, lost = write(hints=hints, protocol="responses")
    assert {k: v for k, v in body.items() if k not in {"model", "messages"}} == {
        "user": "u" * 64,
        "modalities": ["text", "image"],
    }
    assert lost == ("prompt_cache_key", "verbosity", "service_tier")
    openai, lost = write(hints=hints, protocol="responses", host=OPENAI)
    assert (openai["prompt_cache_key"], openai["verbosity"]) == ("k", "low")
    assert openai["service_tier"] == "flex"
    assert lost == ()


def test_hints_that_cannot_be_carried_are_losses() -> None:
    hints = Hints(
        user="u" * 65, previous_response_id="r", service_tier="auto", modalities=("text",)
    )
    body, lost = write(hints=hints)
    assert body == {"model": "m", "messages": []}
    assert lost == ("metadata.user_id", "previous_response_id")
    assert write(hints=Hints(user="u" * 65), protocol="gemini")[1] == ("user",)
    assert write(hints=Hints(service_tier="standard_only"), host=OPENAI)[1] == ("service_tier",)


def test_a_stream_always_asks_for_usage() -> None:
    body, lost = write(stream=True, include_usage=False, extras={"context_management": {}})
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert lost == ("context_management",)


def test_a_system_turn_of_an_own_client_keeps_its_role() -> None:
    found, _ = messages(
        system(Text("a"), author="developer"), system(Text("b")), user(), protocol="openai"
    )
    assert found == [
        {"role": "developer", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "user", "content": ""},
    ]
