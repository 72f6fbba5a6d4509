"""Each refusal of the Gemini fake, tripped once."""

from __future__ import annotations

import json

import pytest
from tests.fakes import GeminiFake
from tests.fakes_tests.asking import Body, changed, get, post

TWO, THREE = "gemini-2.5-pro", "gemini-3-pro"
USER = {"role": "user", "parts": [{"text": "echo: hi"}]}
GOOD: Body = {"contents": [USER]}
CALL = {"functionCall": {"name": "f", "args": {}}}
RESPONSE = {"functionResponse": {"name": "f", "response": {"output": "done"}}}


def path(model: str = TWO, verb: str = "generateContent") -> str:
    return f"/v1beta/models/{model}:{verb}"


def model(*parts: Body) -> Body:
    return {"role": "model", "parts": list(parts)}


def user(*parts: Body) -> Body:
    return {"role": "user", "parts": list(parts)}


def turns(*contents: Body) -> Body:
    return {"contents": [USER, *contents]}


def part(**fields: object) -> Body:
    return {"contents": [user(fields)]}


def config(**fields: object) -> Body:
    return {"generationConfig": fields}


def thinking(**fields: object) -> Body:
    return config(thinkingConfig=fields)


def declared(**fields: object) -> Body:
    return {"tools": [{"functionDeclarations": [{"name": "f", **fields}]}]}


def parameters(**fields: object) -> Body:
    return declared(parameters={"type": "OBJECT", "properties": {"a": fields}})


def calling(**fields: object) -> Body:
    return {**declared(), "toolConfig": {"functionCallingConfig": fields}}


REFUSED: dict[str, tuple[Body, str]] = {
    "unknown field": ({"messages": []}, 'Unknown name "messages": Cannot find field.'),
    "unknown setting": (config(max_tokens=1), "Unknown name \"max_tokens\" at 'generation_config'"),
    "no contents": ({"contents": []}, "contents is not specified"),
    "role": ({"contents": [{"role": "system", "parts": [{"text": "x"}]}]}, "valid role"),
    "no parts": ({"contents": [{"role": "user", "parts": []}]}, "parts must not be empty"),
    "empty part": (part(thought=True), "must have one initialized field"),
    "two data": (part(text="a", inlineData={}), "oneof field 'data' is already set"),
    "text type": (part(text=1), "TYPE_STRING"),
    "unknown part": (part(type="text", text="a"), 'Unknown name "type"'),
    "inline type": (part(inlineData={"mimeType": "x/y", "data": "aGk="}), "Unsupported MIME"),
    "inline data": (part(inlineData={"mimeType": "image/png", "data": "data:x"}), "Base64"),
    "file": (part(fileData={"mimeType": "image/png"}), "file_uri: must not be empty"),
    "system of images": (
        {"systemInstruction": user({"fileData": {"fileUri": "x"}})},
        "only text parts",
    ),
    "call name": (turns(model({"functionCall": {"name": "a b"}})), "Invalid function name"),
    "call args": (turns(model({"functionCall": {"name": "f", "args": "{}"}})), "Struct"),
    "response name": (
        turns(model(CALL), user({"functionResponse": {"response": {}}})),
        "Name cannot be empty",
    ),
    "response text": (
        turns(model(CALL), user({"functionResponse": {"name": "f", "response": "done"}})),
        "function_response.response' (type.googleapis.com/google.protobuf.Struct)",
    ),
    "call of a user": ({"contents": [USER, user(CALL)]}, "only allowed in model turns"),
    "call first": ({"contents": [model(CALL), user(RESPONSE)]}, "immediately after a user turn"),
    "fewer responses": (
        turns(model(CALL, CALL), user(RESPONSE)),
        "number of function response parts is equal to the number of function call parts",
    ),
    "response of nothing": (turns(user(RESPONSE)), "immediately after a function call turn"),
    "call without response": (turns(model(CALL)), "followed by function responses"),
    "another name": (
        turns(model(CALL), user({"functionResponse": {"name": "g", "response": {}}})),
        "names match the function calls",
    ),
    "another id": (
        turns(model(CALL), user({"functionResponse": {**RESPONSE["functionResponse"], "id": "z"}})),
        "Function response id z",
    ),
    "made-up signature": (
        turns(model({"text": "a", "thoughtSignature": "bWFkZQ=="}), USER),
        "Corrupted thought signature",
    ),
    "temperature": (config(temperature=3), "must be in [0, 2]"),
    "limit": (config(maxOutputTokens=-1), "must be > 0"),
    "six stops": (config(stopSequences=list("abcdef")), "at most 5"),
    "candidates": (config(candidateCount=9), "range [1, 8]"),
    "schema without type": (config(responseSchema={"type": "STRING"}), "response_mime_type"),
    "two schemas": (config(responseSchema={}, responseJsonSchema={}), "Only one of"),
    "budget and level": (
        thinking(thinkingBudget=1024, thinkingLevel="LOW"),
        "only set only one of thinking budget and thinking level",
    ),
    "level of 2.5": (thinking(thinkingLevel="LOW"), "not supported for this model"),
    "level": (thinking(thinkingLevel="XHIGH"), "thinking_level"),
    "budget": (thinking(thinkingBudget=50_000), "The thinking budget 50000 is invalid"),
    "no thinking of a pro": (thinking(thinkingBudget=0), "only works in thinking mode"),
    "function name": ({"tools": [{"functionDeclarations": [{"name": "1a"}]}]}, "start with a"),
    "function twice": (
        {"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]},
        "Duplicate function declaration",
    ),
    "function field": (declared(strict=True), 'Unknown name "strict"'),
    "two parameters": (
        declared(parameters={"type": "OBJECT"}, parametersJsonSchema={}),
        "only one of parameters",
    ),
    "$schema": (declared(parameters={"type": "OBJECT", "$schema": "x"}), 'Unknown name "$schema"'),
    "additionalProperties": (
        declared(parameters={"type": "OBJECT", "additionalProperties": False}),
        'Unknown name "additionalProperties"',
    ),
    "exclusiveMinimum": (parameters(type="INTEGER", exclusiveMinimum=0), '"exclusiveMinimum"'),
    "type list": (parameters(type=["string", "null"]), ".type'"),
    "no type": (parameters(description="x"), "must be specified"),
    "enum of numbers": (parameters(type="INTEGER", enum=[1]), "only allowed for STRING type"),
    "format": (parameters(type="STRING", format="uri"), "only 'enum' and 'date-time'"),
    "items": (parameters(type="ARRAY"), "items: missing field"),
    "required": (
        declared(parameters={"type": "OBJECT", "properties": {}, "required": ["a"]}),
        "property is not defined: a",
    ),
    "inner union": (parameters(anyOf=[{"type": "x"}]), "any_of[0].type"),
    "property name": (
        declared(parameters={"type": "OBJECT", "properties": {"a b": {"type": "STRING"}}}),
        "property name 'a b' is invalid",
    ),
    "property name of JSON Schema": (
        declared(parametersJsonSchema={"anyOf": [{"properties": {"-x": {}}}]}),
        "property name '-x' is invalid",
    ),
    "search and functions": (
        {"tools": [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]},
        "cannot be combined",
    ),
    "mode": (calling(mode="REQUIRED"), "mode' (REQUIRED)"),
    "names in AUTO": (calling(mode="AUTO", allowedFunctionNames=["f"]), "mode is ANY"),
    "stranger": (calling(mode="ANY", allowedFunctionNames=["g"]), "'g' is not declared"),
    "ANY of nothing": (
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        "without function_declarations",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_the_gemini_fake_refuses(name: str) -> None:
    change, message = REFUSED[name]
    answer = await post(GeminiFake(), path(), changed(GOOD, change))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert message in error["message"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")


async def test_gemini_three_needs_the_signature_of_its_calls() -> None:
    fake = GeminiFake()
    bare = turns(model(CALL), user(RESPONSE))
    answer = await post(fake, path(THREE), bare)
    assert "is missing a thought_signature" in answer.json()["error"]["message"]
    skipped = {**CALL, "thoughtSignature": "skip_thought_signature_validator"}
    assert (await post(fake, path(THREE), turns(model(skipped), user(RESPONSE)))).status_code == 200

    asked = {"contents": [user({"text": 'call f {"a": 1}'})], **declared()}
    parts = (await post(fake, path(THREE), asked)).json()["candidates"][0]["content"]["parts"]
    own = parts[-1]
    replayed = turns(model(own), user(RESPONSE))
    assert (await post(fake, path(THREE), replayed)).status_code == 200
    moved = {**CALL, "thoughtSignature": own["thoughtSignature"]}
    answer = await post(fake, path(THREE), turns(model(moved), user(RESPONSE)))
    assert "Thought signature is not valid for function call f" in answer.text


async def test_a_stream_without_alt_sse_is_one_json_array() -> None:
    answer = await post(GeminiFake(), path(verb="streamGenerateContent"), GOOD)
    chunks = json.loads(answer.text)
    assert [c["candidates"][0].get("finishReason") for c in chunks] == [None, "STOP"]
    assert chunks[-1]["usageMetadata"]["totalTokenCount"] == 146


async def test_the_key_is_read_from_header_and_query() -> None:
    bare = {"x-goog-api-key": ""}
    assert (await post(GeminiFake(), f"{path()}?key=up-key", GOOD, bare)).status_code == 200
    answer = await post(GeminiFake(), path(), GOOD, {"x-goog-api-key": "no"})
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


async def test_counting_embedding_and_listing() -> None:
    fake = GeminiFake()
    assert (await post(fake, path(verb="countTokens"), GOOD)).json() == {"totalTokens": 116}
    name = "gemini-embedding-001"
    one = {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 2}
    answer = await post(fake, path(name, "embedContent"), one)
    assert answer.json() == {"embedding": {"values": [0.125, 0.25]}}
    many = {"requests": [{**one, "model": f"models/{name}"}] * 2}
    answer = await post(fake, path(name, "batchEmbedContents"), many)
    assert answer.json() == {"embeddings": [{"values": [0.125, 0.25]}] * 2}
    answer = await post(fake, path(name, "batchEmbedContents"), {"requests": [one]})
    assert answer.status_code == 400
    answer = await post(fake, path(name, "embedContent"), {"content": {}})
    assert answer.status_code == 400
    listed = (await get(fake, "/v1beta/models")).json()["models"]
    assert [entry["name"] for entry in listed][-1] == f"models/{name}"
    assert (await get(fake, "/v1/models/nobody")).status_code == 404
