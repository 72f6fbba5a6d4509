"""Edits on an Ollama body in its bytes, where its own rules show."""

from __future__ import annotations

import json
from typing import Any

from dragoman.neutral.edits import AddSystem, AddUser, DropTools, Edit, PutSystem, SetField
from dragoman.neutral.losses import Losses
from dragoman.protocols.codec import Target
from dragoman.protocols.ollama.codec import CODEC

ASKS = {"role": "user", "content": "q"}


def after(body: dict[str, Any], *edits: Edit) -> dict[str, Any]:
    losses = Losses()
    data = json.dumps({"messages": [ASKS], **body}).encode()
    found: dict[str, Any] = json.loads(CODEC.editing.edited(data, edits, Target("m"), losses))
    assert not losses
    return found


def test_contents_stay_strings() -> None:
    given = {"messages": [{"role": "system", "content": "S"}, ASKS]}
    found = after(given, AddSystem("T"), AddUser("U"))
    assert found["messages"] == [
        {"role": "system", "content": "S\n\nT"},
        {"role": "user", "content": "U\n\nq"},
    ]


def test_images_beside_the_words_stay_and_an_image_alone_gets_the_text() -> None:
    image = {"role": "user", "images": ["eA=="]}
    assert after({"messages": [{**image, "content": "q"}]}, AddUser("T"))["messages"] == [
        {**image, "content": "T\n\nq"}
    ]
    assert after({"messages": [image]}, AddUser("T"))["messages"] == [{**image, "content": "T"}]


def test_a_content_of_blocks_is_left_alone_and_added_to() -> None:
    odd = [{"role": "system", "content": [{"type": "text", "text": "S"}]}, ASKS]
    found = after({"messages": odd}, AddSystem("T"))["messages"][0]["content"]
    assert found == [{"type": "text", "text": "S"}, {"type": "text", "text": "T"}]
    assert after({"messages": odd[:1]}, PutSystem("T"))["messages"][0]["content"] == found


def test_a_filter_takes_tools_out() -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("web", "read")]
    assert after({"tools": tools}, DropTools(("web",)))["tools"] == tools[1:]
    assert after({"tools": tools}, DropTools(("*",))) == {"messages": [ASKS]}
    assert after({}, DropTools(("web",))) == {"messages": [ASKS]}


def test_values_stand_in_the_options_beside_ollamas_own() -> None:
    given = {"options": {"num_ctx": 4096, "temperature": 1}}
    found = after(given, SetField("temperature", 0), SetField("max_tokens", 9))
    assert found["options"] == {"num_ctx": 4096, "temperature": 0, "num_predict": 9}
    assert after({}, SetField("top_k", 2))["options"] == {"top_k": 2}
