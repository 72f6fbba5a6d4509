"""Parts of Gemini clients' contents."""

from tests.protocols.gemini.reading import read

from dragoman.neutral.json import JsonObject, decode
from dragoman.neutral.parts import (
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    Turn,
)


def parts_of(*parts: JsonObject) -> tuple[object, ...]:
    return read({"contents": [{"role": "user", "parts": list(parts)}]}).turns[0].parts


def test_calls_without_ids_get_their_place_and_results_pair_by_order_and_name() -> None:
    call: JsonObject = {"functionCall": {"name": "a", "args": {"x": 1}}}
    other: JsonObject = {"functionCall": {"name": "b"}}
    request = read(
        {
            "contents": [
                {"role": "model", "parts": [call, other, call]},
                {
                    "role": "function",
                    "parts": [
                        {"functionResponse": {"name": "b", "response": {"output": "B"}}},
                        {"functionResponse": {"name": "a", "response": {"output": "A1"}}},
                        {"functionResponse": {"response": {"output": "A2"}}},
                        {"functionResponse": {"name": "a", "response": {"output": "orphan"}}},
                    ],
                },
            ]
        }
    )
    assert request.turns == (
        Turn(
            "assistant",
            (
                ToolCall("call_at_1", "a", '{"x":1}'),
                ToolCall("call_at_2", "b", "{}"),
                ToolCall("call_at_3", "a", '{"x":1}'),
            ),
        ),
        Turn(
            "user",
            (
                ToolResult("call_at_2", (Text("B"),), name="b"),
                ToolResult("call_at_1", (Text("A1"),), name="a"),
                ToolResult("call_at_3", (Text("A2"),)),
                ToolResult("call_at_0", (Text("orphan"),), name="a"),
            ),
            author="function",
        ),
    )


def test_an_id_pairs_first_and_an_invented_one_falls_back_to_the_name() -> None:
    """Gemini CLI invents an id for the result of a call that came without one."""
    request = read(
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {"functionCall": {"name": "sh", "args": {}}},
                        {"functionCall": {"id": "real", "name": "sh", "args": {}}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {"functionResponse": {"id": "real", "name": "sh", "response": {}}},
                        {"functionResponse": {"id": "sh_17_0", "name": "sh", "response": {}}},
                        {"functionResponse": {"id": "stranger", "name": "sh"}},
                    ],
                },
            ]
        }
    )
    assert request.turns[1].parts == (
        ToolResult("real", (Text("{}"),), name="sh"),
        ToolResult("call_at_1", (Text("{}"),), name="sh"),
        ToolResult("stranger", (Text(""),), name="sh"),
    )


def test_results_are_read_as_text_an_error_or_the_object_they_are() -> None:
    def result(response: JsonObject) -> object:
        return parts_of({"functionResponse": {"id": "i", "name": "f", "response": response}})[0]

    assert result({"output": "plain"}) == ToolResult("i", (Text("plain"),), name="f")
    assert result({"error": "bad"}) == ToolResult("i", (Text("bad"),), name="f", is_error=True)
    assert result({"name": "f", "content": '{"a":1}'}) == ToolResult(
        "i", (Text('{"a":1}'),), name="f", wire={"response": "content"}
    )
    assert result({"name": "g", "content": "x"}) == ToolResult(
        "i", (Text('{"name":"g","content":"x"}'),), name="f"
    )
    assert result({"name": "f", "content": 5}) == ToolResult(
        "i", (Text('{"name":"f","content":5}'),), name="f"
    )
    assert result({"output": '{ "a": 1 }'}) == ToolResult("i", (Text('{ "a": 1 }'),), name="f")
    assert result({"output": '{"a":1}'}) == ToolResult(
        "i", (Text('{"a":1}'),), name="f", wire={"response": "output"}
    )
    assert result({"result": "r"}) == ToolResult(
        "i", (Text("r"),), name="f", wire={"response": "result"}
    )
    assert result({"output": 5}) == ToolResult("i", (Text('{"output":5}'),), name="f")


def test_media_beside_and_inside_a_response_belongs_to_the_nearest_result() -> None:
    image: JsonObject = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    picture = Media("image", data="AA==", mime="image/png")
    answer: JsonObject = {"functionResponse": {"id": "i", "name": "f", "response": {"output": "o"}}}
    with_media = ToolResult("i", (Text("o"), picture), name="f")
    assert parts_of(answer, image) == (with_media,)
    assert parts_of(image, answer) == (with_media,)
    assert parts_of(image, {"text": "t"}, image) == (picture, Text("t"), picture)
    assert parts_of(answer, {"text": "t"}, image) == (
        ToolResult("i", (Text("o"),), name="f"),
        Text("t"),
        picture,
    )
    assert parts_of(image) == (picture,)
    assert parts_of({"functionResponse": {"id": "i", "name": "f", "parts": [image]}}) == (
        ToolResult("i", (picture,), name="f"),
    )


def test_url_safe_base64_of_the_python_sdk_becomes_standard() -> None:
    assert parts_of(
        {"inlineData": {"mimeType": "image/png", "data": "-_8"}},
        {"inlineData": {"mimeType": "image/png", "data": "_w=="}},
    ) == (
        Media("image", data="+/8=", mime="image/png"),
        Media("image", data="/w==", mime="image/png"),
    )


def test_arguments_keep_their_numbers_exact() -> None:
    body = decode(b'{"functionCall":{"name":"f","args":{"n":12345678901234567890,"d":1.50}}}')
    assert isinstance(body, dict)
    [call] = parts_of(body)
    assert call == ToolCall("call_at_1", "f", '{"n":12345678901234567890,"d":1.50}')


def test_thoughts_signatures_and_unknown_parts_are_kept() -> None:
    assert parts_of(
        {"text": "hm", "thought": True},
        {"text": "", "thoughtSignature": "sig"},
        {"text": "t", "videoMetadata": {"fps": 1}, "thought": None},
        {"neverSeen": {"x": 1}},
        {},
    ) == (
        Reasoning("hm"),
        Text("", state=ReasoningState("sig", "gemini")),
        Text("t", extras={"videoMetadata": {"fps": 1}}),
        Opaque("neverSeen", {"neverSeen": {"x": 1}}, "gemini"),
        Opaque("part", {}, "gemini"),
    )


def test_files_by_url_and_files_kept_by_google_are_told_apart() -> None:
    kept = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    assert parts_of(
        {"fileData": {"fileUri": "https://example.org/a.mp4", "mimeType": "video/mp4"}},
        {"fileData": {"fileUri": kept, "mimeType": "audio/wav", "displayName": "a"}},
        {"fileData": {"fileUri": "gs://bucket/x"}},
    ) == (
        Media("video", url="https://example.org/a.mp4", mime="video/mp4"),
        Media("audio", file_id=kept, mime="audio/wav", name="a"),
        Media("file", file_id="gs://bucket/x"),
    )


def test_what_googles_own_tools_did_is_hosted_and_readable() -> None:
    run: JsonObject = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}
    ran: JsonObject = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}
    search: JsonObject = {
        "toolCall": {"id": "t", "toolType": "GOOGLE_SEARCH_WEB", "args": {"q": "x"}}
    }
    found: JsonObject = {"toolResponse": {"id": "t", "toolType": "ODD_TOOL", "response": {}}}
    assert parts_of(run, ran, search, found, ran) == (
        HostedCall(
            "code_at_1",
            "code_execution",
            '{"language":"python","code":"print(1)"}',
            run,
            "gemini",
        ),
        HostedResult(
            "code_at_1",
            "code_execution",
            "```python\nprint(1)\n```\n\n```\n1\n```",
            (),
            ran,
            "gemini",
        ),
        HostedCall("t", "web_search", '{"q":"x"}', search, "gemini"),
        HostedResult("t", "odd_tool", "", (), found, "gemini"),
        HostedResult("code_at_1", "code_execution", "```\n1\n```", (), ran, "gemini"),
    )
