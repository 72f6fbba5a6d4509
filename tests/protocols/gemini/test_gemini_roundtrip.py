"""A Gemini client's body, read and written again, is the same up to canonical equivalents."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.codec import CODEC


def again(body: JsonObject) -> JsonObject:
    losses = Losses()
    request = CODEC.request_in({"model": "m", "stream": True, **body}, losses)
    written = decode(encode(CODEC.request_out(request, Target("gemini-2.5-pro"), losses)))
    assert not losses
    assert isinstance(written, dict)
    return written


KEPT: list[JsonObject] = [
    {"contents": []},
    {"contents": [{"role": "function", "parts": []}, {"role": "model", "parts": [{"text": ""}]}]},
    {
        "contents": [
            {"role": "user", "parts": [{"text": "a"}], "note": 1},
            {"role": "user", "parts": []},
        ]
    },
    {"contents": [], "systemInstruction": {"parts": [{"text": "s"}], "x": 1}},
    {
        "contents": [],
        "tools": [
            {"googleSearch": {"timeRangeFilter": {}}},
            {
                "functionDeclarations": [
                    {
                        "name": "f",
                        "description": "d",
                        "parameters": {
                            "type": "OBJECT",
                            "properties": {"a": {"type": "STRING", "title": "A"}},
                        },
                        "behavior": "BLOCKING",
                    },
                    {"name": "g", "parametersJsonSchema": {"type": "object", "x": "OBJECT"}},
                ]
            },
            {"codeExecution": {}},
        ],
        "toolConfig": {
            "functionCallingConfig": {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
            "retrievalConfig": {"languageCode": "en"},
        },
    },
    {
        "contents": [],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["f"]}},
    },
    {
        "contents": [],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    },
    {
        "contents": [],
        "generationConfig": {
            "temperature": 0,
            "stopSequences": ["1", "2", "3", "4", "5", "6"],
            "maxOutputTokens": 9999999,
            "responseMimeType": "text/plain",
            "responseModalities": ["TEXT"],
            "speechConfig": {"voiceConfig": {}},
            "thinkingConfig": {
                "includeThoughts": True,
                "thinkingBudget": -1,
                "thinkingLevel": "XHIGH",
            },
        },
        "safetySettings": [],
        "cachedContent": "c",
        "labels": {"a": "b"},
    },
    {
        "contents": [],
        "generationConfig": {
            "responseMimeType": "application/json",
            "responseSchema": {"type": "ARRAY", "items": {"type": "INTEGER"}},
            "thinkingConfig": {"thinkingBudget": 0, "new": 1},
        },
    },
    {
        "contents": [
            {
                "role": "model",
                "parts": [
                    {"text": "t", "thought": True, "thoughtSignature": "s-_"},
                    {"text": "", "thought": True, "thoughtSignature": "s"},
                    {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "AA=="},
                    {"functionCall": {"id": "i", "name": "f", "args": {}, "willContinue": False}},
                    {"executableCode": {"language": "PYTHON", "code": "1"}},
                    {"codeExecutionResult": {"outcome": "OUTCOME_OK"}},
                    {"newPart": 1},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "f", "response": {"output": "x"}}},
                    {
                        "functionResponse": {
                            "id": "i",
                            "name": "f",
                            "response": {"error": "e"},
                            "scheduling": "S",
                        }
                    },
                    {"inlineData": {"mimeType": "image/png", "data": "AA==", "displayName": "n"}},
                    {"text": "and", "partMetadata": {"k": 1}},
                    {"inlineData": {"data": "AA=="}, "mediaResolution": {"level": "L"}},
                    {"fileData": {"fileUri": "https://x.org/a"}, "videoMetadata": {"fps": 1}},
                    {
                        "fileData": {"mimeType": "a/b", "fileUri": "files/1"},
                        "thoughtSignature": "z",
                    },
                ],
            },
        ]
    },
]


@pytest.mark.parametrize("body", KEPT)
def test_an_own_body_comes_back_whole(body: JsonObject) -> None:
    assert again(body) == body


leaf = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8)
values = st.recursive(
    leaf,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = cast(
    "st.SearchStrategy[JsonObject]", st.dictionaries(st.text(max_size=6), values, max_size=4)
)
names = st.sampled_from(["f", "g"])
wrappings = st.sampled_from(["output", "error", "result"])
wrapped = st.text(max_size=9) | st.sampled_from(['{"a":1}', "{}", '{ "a": 1 }', "[]"])


@st.composite
def conversations(draw: st.DrawFn) -> JsonObject:
    contents: list[Json] = []
    count = 0
    for _ in range(draw(st.integers(0, 3))):
        calls: list[Json] = [{"text": draw(st.text(max_size=9))}]
        results: list[Json] = []
        for _ in range(draw(st.integers(0, 3))):
            count += 1
            name, named = draw(names), draw(st.booleans())
            known: JsonObject = {"id": f"id{count}"} if named else {}
            args, response = draw(objects), draw(objects | st.builds(_wrapped, wrappings, wrapped))
            calls.append({"functionCall": {**known, "name": name, "args": args}})
            results.append({"functionResponse": {**known, "name": name, "response": response}})
        contents.append({"role": "model", "parts": calls})
        contents.append({"role": "user", "parts": [*results, {"text": draw(st.text(max_size=9))}]})
    return {"contents": contents}


def _wrapped(key: str, text: str) -> JsonObject:
    return {key: text}


@given(conversations())
def test_any_conversation_comes_back_whole(body: JsonObject) -> None:
    """Compared as JSON: a call and a result keep ids, order, names and every number."""
    assert again(body) == body


def test_a_result_wrapped_as_the_ai_sdk_wraps_it_comes_back_so() -> None:
    call: JsonObject = {"functionCall": {"id": "i", "name": "f", "args": {}}}
    response: JsonObject = {"name": "f", "content": '{"a":1}'}
    answer: JsonObject = {"functionResponse": {"id": "i", "name": "f", "response": response}}
    body: JsonObject = {
        "contents": [{"role": "model", "parts": [call]}, {"role": "user", "parts": [answer]}]
    }
    assert again(body) == body


def test_an_exact_number_in_a_result_and_in_arguments_survives() -> None:
    part = b'{"functionCall":{"name":"f","args":{"n":0.1000,"big":1e400}}}'
    body = cast("JsonObject", {"contents": [{"role": "model", "parts": [decode(part)]}]})
    assert again(body) == body


CANONICAL: list[tuple[JsonObject, JsonObject]] = [
    (
        {"contents": [{"parts": [{"text": "a", "thought": None}]}]},
        {"contents": [{"role": "user", "parts": [{"text": "a"}]}]},
    ),
    (
        {"contents": [], "systemInstruction": "s"},
        {"contents": [], "systemInstruction": {"parts": [{"text": "s"}]}},
    ),
    (
        {"contents": [], "generation_config": {"thinking_config": {"include_thoughts": False}}},
        {"contents": []},
    ),
    (
        {"contents": [], "tools": [{"functionDeclarations": [{"name": "f"}], "googleSearch": {}}]},
        {
            "contents": [],
            "tools": [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}],
        },
    ),
    (
        {"contents": [], "generationConfig": {"responseSchema": {"type": "string"}}},
        {
            "contents": [],
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseSchema": {"type": "STRING"},
            },
        },
    ),
]


@pytest.mark.parametrize(("body", "canonical"), CANONICAL)
def test_equivalent_spellings_come_back_in_one(body: JsonObject, canonical: JsonObject) -> None:
    assert again(body) == canonical
