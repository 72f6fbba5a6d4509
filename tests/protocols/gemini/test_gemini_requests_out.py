"""Neutral turns of every protocol as generateContent contents."""

from __future__ import annotations

from typing import cast

from tests.protocols.gemini.rendering import GEMINI_25, HELLO, chat, write

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
    Turn,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.requests_out import request_out

GEMINI_3 = Target("google/gemini-3-pro-preview")


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
