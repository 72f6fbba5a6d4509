import pytest

from dragoman.neutral.estimate import json_tokens, request_tokens, text_tokens
from dragoman.neutral.json import Json
from dragoman.neutral.parts import (
    HostedCall,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import CustomTool, FunctionTool, HostedTool, Request, Tool, Turn

SEVENTY = "word: " * 11 + "word"


def test_ascii_is_cheap_and_other_characters_are_dear() -> None:
    assert text_tokens("") == 0
    assert text_tokens(SEVENTY) == 20
    assert text_tokens("中" * 10) == pytest.approx(11)
    assert text_tokens(SEVENTY + "é🚀") == pytest.approx(22.2)


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        (Text(SEVENTY), 20),
        (Reasoning(SEVENTY), 20),
        (Refusal(SEVENTY), 20),
        (ToolCall("1", SEVENTY, SEVENTY), 40),
        (ToolResult("1", (Text(SEVENTY), Media("image", data="A" * 9_000))), 1_520),
        (Media("image", data="A" * 9_000), 1_500),
        (Media("audio", url="u"), 1_000),
        (Media("video", url="u"), 3_000),
        (Media("file", file_id="f"), 3_000),
        (Media("file", text=SEVENTY), 20),
        (HostedCall("1", "web_search", raw=SEVENTY[:68]), 20),
        (Opaque("x", SEVENTY[:68], "gemini"), 20),
    ],
)
def test_each_part_costs_its_text_or_a_flat_price(part: Part, tokens: int) -> None:
    assert request_tokens(Request("openai", "m", (Turn("user", (part,)),))) == tokens + 4


@pytest.mark.parametrize(
    ("tool", "tokens"),
    [
        (FunctionTool(SEVENTY[:35], SEVENTY[:35]), 20),
        (FunctionTool(SEVENTY, parameters={"a": SEVENTY[:62]}), 40),
        (CustomTool(SEVENTY[:35], SEVENTY[:35]), 20),
        (HostedTool("x", {"a": SEVENTY[:62]}, "anthropic"), 20),
    ],
)
def test_tools_cost_their_names_descriptions_and_schemas(tool: Tool, tokens: int) -> None:
    assert request_tokens(Request("openai", "m", (), tools=(tool,))) == tokens


def test_no_request_is_free() -> None:
    assert request_tokens(Request("openai", "m", ())) == 1


def test_a_body_of_any_protocol_costs_its_texts_and_media_as_an_image() -> None:
    text = "a word and " * 35
    body: Json = {"messages": [{"role": "user", "content": text}], "max_tokens": 1000, "x": None}
    assert json_tokens(body) == round(len(text) / 3.5 + 4 / 3.5)
    assert json_tokens({"data": "A" * 100_000}) == 1500
    assert json_tokens(["A" * 2001, "A" * 2000]) == round(1500 + 2000 / 3.5)
    assert json_tokens("a b" + "c" * 3498) == 1000
