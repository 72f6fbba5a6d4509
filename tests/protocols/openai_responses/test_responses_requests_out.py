"""Foreign requests rendered for a Responses upstream, and our own for servers that know less."""

from tests.protocols.openai_responses.rendering import ASKED, foreign, items, render, said

from dragoman.neutral.parts import (
    CacheMark,
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    FunctionTool,
    ReasoningSettings,
    Request,
    ToolChoice,
    Turn,
)


def test_a_plain_foreign_request_never_stores_and_asks_for_encrypted_reasoning() -> None:
    body, lost = render(foreign(stream=True))
    assert body == {
        "model": "gpt",
        "input": [said("Hi")],
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
    }
    assert lost == ()


def test_leading_system_turns_are_the_instructions_and_later_ones_stay() -> None:
    body, _ = render(
        foreign(
            Turn("system", (Text("A"), Text("B")), "top"),
            Turn("system", (Text("C"),), "developer"),
            ASKED,
            Turn("system", (Text("now"),)),
        )
    )
    assert body["instructions"] == "A\n\nB\n\nC"
    assert body["input"] == [said("Hi"), said("now", "developer")]


def test_a_request_of_system_turns_alone_keeps_them_in_the_input() -> None:
    body, _ = render(foreign(Turn("system", (Text("A"),), "system")))
    assert "instructions" not in body
    assert body["input"] == [said("A", "system")]


def test_a_tool_loop_is_items_with_the_ids_as_given() -> None:
    body, lost = render(
        foreign(
            ASKED,
            Turn(
                "assistant",
                (
                    Text(""),
                    Text("Looking"),
                    ToolCall("toolu_1", "f", '{"a": "it\'s"}'),
                    ToolCall("toolu_2", "g", "free", "custom"),
                    Text("Done"),
                ),
            ),
            Turn(
                "user",
                (
                    ToolResult("toolu_1", (Text("one"), Text("two"))),
                    ToolResult("toolu_2", (Text("bad"),), kind="custom", is_error=True),
                    Text("go on"),
                ),
            ),
        )
    )
    assert body["input"] == [
        said("Hi"),
        said("Looking", "assistant"),
        {"type": "function_call", "call_id": "toolu_1", "name": "f", "arguments": '{"a": "it\'s"}'},
        {"type": "custom_tool_call", "call_id": "toolu_2", "name": "g", "input": "free"},
        said("Done", "assistant"),
        {"type": "function_call_output", "call_id": "toolu_1", "output": "one\ntwo"},
        {"type": "custom_tool_call_output", "call_id": "toolu_2", "output": "Error: bad"},
        said("go on"),
    ]
    assert lost == ()


def test_an_image_in_a_result_makes_its_output_a_list() -> None:
    image = Media("image", data="AAAA", mime="image/jpeg")
    out, lost = items(
        ToolResult("c", (Text("see"), image)),
        ToolResult("d", (image,), is_error=True),
        ToolResult("e", ()),
        ToolResult("f", (Opaque("tool_reference", {}, "anthropic"),)),
    )
    picture = {"type": "input_image", "image_url": "data:image/jpeg;base64,AAAA"}
    assert [item["output"] for item in out] == [
        [{"type": "input_text", "text": "see"}, picture],
        [{"type": "input_text", "text": "Error:"}, picture],
        "",
        "",
    ]
    assert lost == ("messages.tool_reference",)


def test_media_are_written_by_kind() -> None:
    out, lost = items(
        Media("image", data="AA"),
        Media("image", url="https://x/y.png", detail="low"),
        Media("file", data="JVBE", mime="application/pdf"),
        Media("file", data="JVBE", mime="application/zip", name="a.zip"),
        Media("file", data="eHg=", mime="application/json"),
        Media("file", url="https://x/y.pdf"),
        Media("file", text="plain"),
        Media("audio", data="AA", mime="audio/mpeg"),
        Media("audio", url="https://x/a.wav"),
        Media("video", data="AA", mime="video/mp4"),
        Media("image", file_id="file_9"),
        Refusal("no"),
    )
    assert out[0]["content"] == [
        {"type": "input_image", "image_url": "data:image/png;base64,AA"},
        {"type": "input_image", "image_url": "https://x/y.png", "detail": "low"},
        {
            "type": "input_file",
            "file_data": "data:application/pdf;base64,JVBE",
            "filename": "document.pdf",
        },
        {
            "type": "input_file",
            "file_data": "data:application/zip;base64,JVBE",
            "filename": "a.zip",
        },
        {
            "type": "input_file",
            "file_data": "data:application/json;base64,eHg=",
            "filename": "document",
        },
        {"type": "input_file", "file_url": "https://x/y.pdf"},
        {"type": "input_text", "text": "plain"},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
        {"type": "input_text", "text": "no"},
    ]
    assert lost == ("messages.audio", "messages.video", "messages.image")


def test_a_file_id_of_the_same_platform_is_kept() -> None:
    part = Media("file", file_id="file_1")
    body, lost = render(Request("openai", "m", (Turn("user", (part,)),)))
    assert body["input"] == [
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_file", "file_id": "file_1"}],
        }
    ]
    assert lost == ()


def test_assistant_history_keeps_citations_and_refusals_and_loses_images() -> None:
    out, lost = items(
        Text("see x", citations=(Citation(url="https://x", title="X"), Citation(quote="q"))),
        Refusal("no"),
        Media("image", data="AA"),
        role="assistant",
    )
    note = {
        "type": "url_citation",
        "url": "https://x",
        "title": "X",
        "start_index": 0,
        "end_index": 5,
    }
    assert out == [
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "see x", "annotations": [note]},
                {"type": "refusal", "refusal": "no"},
            ],
        }
    ]
    assert lost == ("messages.image",)


def test_only_reasoning_that_responses_wrote_goes_back() -> None:
    out, lost = items(
        Reasoning("mine", ReasoningState("BLOB", "responses")),
        Reasoning("", ReasoningState("ONLY", "responses"), redacted=True),
        Reasoning("theirs", ReasoningState("SIG", "anthropic")),
        Reasoning("bare"),
        role="assistant",
    )
    assert out == [
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "mine"}],
            "encrypted_content": "BLOB",
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "ONLY"},
    ]
    assert lost == ("reasoning state", "reasoning")


def test_states_on_texts_images_and_calls_are_a_loss() -> None:
    state = ReasoningState("S", "gemini")
    out, lost = items(
        Text("a", state=state),
        Media("image", url="u", state=state),
        ToolCall("c", "f", "{}", state=state),
    )
    assert len(out) == 2
    assert lost == ("reasoning state",)
    assert items(ToolCall("c", "f", "{}", state=state))[1] == ("reasoning state",)


def test_foreign_hosted_results_are_text_and_foreign_opaque_parts_a_loss() -> None:
    out, lost = items(
        HostedCall("s", "web_search", raw={}, protocol="anthropic"),
        HostedResult("s", "code_execution", "2", protocol="anthropic"),
        HostedResult("s", "web_search", "", protocol="anthropic"),
        Opaque("container_upload", {}, "anthropic"),
        Opaque("odd", {}, "anthropic", wire={"part": {}}),
        role="assistant",
    )
    assert out == [said("2", "assistant")]
    assert lost == ("messages.container_upload", "messages.odd")


def test_marks_and_fields_without_a_place_are_losses() -> None:
    body, lost = render(
        foreign(
            Turn("user", (Text("a", cache=CacheMark(), extras={"odd": 1}),), extras={"name": 1}),
            tools=(FunctionTool("f", cache=CacheMark(), extras={"eager": True}),),
            tool_choice=ToolChoice("auto", extras={"x": 1}),
            extras={"container": 1},
            reasoning=ReasoningSettings("adaptive", budget=5, extras={"display": 1}),
        )
    )
    assert body["input"] == [said("a")]
    assert lost == (
        "messages.cache_control",
        "messages.odd",
        "messages.name",
        "tools.cache_control",
        "tools.eager",
        "tool_choice.x",
        "reasoning.display",
        "reasoning.budget",
        "container",
    )


def test_a_conversation_of_which_nothing_is_left_still_asks() -> None:
    asked, lost = items()
    assert asked == [{"type": "message", "role": "user", "content": "Proceed."}]
    assert lost == ()
