"""Edits on a Gemini body in its bytes, in either spelling of its keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    PutSystem,
    ReplaceSystemText,
    SetField,
)
from dragoman.neutral.losses import Losses
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.codec import CODEC

ASKS = {"role": "user", "parts": [{"text": "q"}]}
WEB, READ = {"name": "web"}, {"name": "read"}


def after(body: dict[str, Any], *edits: Edit, told: tuple[str, ...] = ()) -> dict[str, Any]:
    losses = Losses()
    data = json.dumps(body).encode()
    found: dict[str, Any] = json.loads(CODEC.editing.edited(data, edits, Target("m"), losses))
    assert losses.fields == told
    return found


@pytest.mark.parametrize("key", ["systemInstruction", "system_instruction"])
@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ({"parts": [{"text": "S"}], "role": "user"},
         {"parts": [{"text": "S"}, {"text": "T"}], "role": "user"}),
        ({"role": "user"}, {"role": "user", "parts": [{"text": "T"}]}),
        ([{"text": "S"}], [{"text": "S"}, {"text": "T"}]),
        ("S", [{"text": "S"}, {"text": "T"}]),
    ],
)  # fmt: skip
def test_a_text_is_added_in_the_clients_own_spelling(
    key: str, given: object, becomes: object
) -> None:
    assert after({key: given}, AddSystem("T")) == {key: becomes}


@pytest.mark.parametrize("edit", [AddSystem("T"), PutSystem("T")])
def test_a_request_without_a_prompt_gets_one(edit: Edit) -> None:
    assert after({}, edit) == {"systemInstruction": {"parts": [{"text": "T"}]}}


def test_another_prompt_replaces_all_parts() -> None:
    given = {"system_instruction": {"parts": [{"text": "a"}, {"text": "b"}]}}
    assert after(given, PutSystem("T")) == {"system_instruction": {"parts": [{"text": "T"}]}}
    assert after({"systemInstruction": "S"}, PutSystem("T")) == {"systemInstruction": "T"}


def test_texts_are_replaced_and_an_empty_prompt_goes() -> None:
    given = {"systemInstruction": {"parts": [{"text": "a b"}, {"text": "a"}]}}
    found = after(given, ReplaceSystemText("a", ""))
    assert found == {"systemInstruction": {"parts": [{"text": " b"}]}}
    assert after({"systemInstruction": [{"text": "a"}]}, ReplaceSystemText("a", "")) == {}
    assert after({}, ReplaceSystemText("a", "")) == {}


def test_media_behind_a_result_are_no_words_of_the_user() -> None:
    result = {"functionResponse": {"name": "f", "response": {"output": "out"}}}
    image = {"inlineData": {"mimeType": "image/png", "data": "eA=="}}
    given = [ASKS, {"role": "model", "parts": []}, {"role": "user", "parts": [result, image]}]
    found = after({"contents": given}, AddUser("T"))["contents"]
    assert found == [{"role": "user", "parts": [{"text": "T"}, {"text": "q"}]}, *given[1:]]
    beside = {"parts": [result, image, {"text": "and?"}, image]}
    found = after({"contents": [ASKS, beside]}, AddUser("T"))["contents"][1]
    assert found == {"parts": [result, image, {"text": "T"}, {"text": "and?"}, image]}


def test_every_declaration_of_every_entry_is_looked_at() -> None:
    given = {
        "tools": [
            {"function_declarations": [READ, WEB]},
            {"functionDeclarations": [WEB], "googleSearch": {}},
            {"functionDeclarations": [WEB]},
            {"url_context": {}, "codeExecution": None},
        ]
    }
    found = after(given, DropTools(("web", "web_fetch")))
    assert found["tools"] == [{"function_declarations": [READ]}, {"googleSearch": {}}]
    searchless = after(given, DropTools(("googleSearch",)))["tools"]
    assert searchless[1] == {"functionDeclarations": [WEB]}
    assert after({}, DropTools(("web",))) == {}


@pytest.mark.parametrize(
    ("calling", "becomes", "told"),
    [
        ({"mode": "AUTO"}, {"mode": "AUTO"}, ()),
        ({"mode": "ANY", "allowedFunctionNames": ["web"]}, {"mode": "AUTO"}, ("tool_choice",)),
        ({"mode": "ANY", "allowed_function_names": ["web", "read"]},
         {"mode": "ANY", "allowed_function_names": ["read"]}, ()),
        ({"mode": "AUTO", "allowedFunctionNames": ["web"]}, {"mode": "NONE"}, ("tool_choice",)),
    ],
)  # fmt: skip
def test_a_choice_is_fitted_to_the_functions_that_are_left(
    calling: dict[str, Any], becomes: dict[str, Any], told: tuple[str, ...]
) -> None:
    config = {"function_calling_config": calling, "retrievalConfig": {"languageCode": "de"}}
    given = {"tools": [{"functionDeclarations": [WEB, READ]}], "toolConfig": config}
    found = after(given, DropTools(("web",)), told=told)
    assert found["toolConfig"] == {**config, "function_calling_config": becomes}


def test_without_tools_nothing_is_said_of_them() -> None:
    tools = [{"functionDeclarations": [WEB]}]
    config = {"functionCallingConfig": {"mode": "ANY"}}
    given = {"tools": tools, "tool_config": config}
    assert after(given, DropTools(("*",)), told=("tool_choice",)) == {}
    assert after({"tools": tools}, DropTools(("*",))) == {}


@pytest.mark.parametrize("key", ["generationConfig", "generation_config"])
def test_values_stand_in_the_configuration_in_the_clients_spelling(key: str) -> None:
    given = {key: {"max_output_tokens": 9, "topK": 40}}
    found = after(given, SetField("max_tokens", 5), SetField("top_p", 1))
    assert found == {key: {"max_output_tokens": 5, "topK": 40, "topP": 1}}
