"""Tool results that tell their images as JSON text."""

from __future__ import annotations

import json

import pytest

from dragoman.neutral.json import Json
from dragoman.neutral.parts import Media, Part, Text
from dragoman.toolcalls.told_images import unwrapped

DATA_URL = "data:image/png;base64,AAAA"
IMAGE = Media("image", data="AAAA", mime="image/png")


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        ([{"type": "input_image", "image_url": DATA_URL}], (IMAGE,)),
        ({"type": "image_url", "image_url": {"url": DATA_URL}}, (IMAGE,)),
        (
            [
                {"type": "text", "text": "Here:"},
                {"type": "input_image", "image_url": "https://example.com/a.png"},
            ],
            (Text("Here:"), Media("image", url="https://example.com/a.png")),
        ),
        (
            [
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
                }
            ],
            (IMAGE,),
        ),
        (
            [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}],
            (Media("image", url="https://example.com/a.png"),),
        ),
    ],
)
def test_a_list_of_parts_told_as_text_is_its_parts(told: Json, parts: tuple[Part, ...]) -> None:
    assert unwrapped((Text(json.dumps(told)),)) == parts


@pytest.mark.parametrize(
    "text",
    [
        "an image",
        "[{ no JSON image",
        '{"note": "image"}',
        '[{"type": "text", "text": "image"}]',
        '[{"type": "input_image", "image_url": 7}]',
        '[{"type": "input_image", "image_url": "data:image/svg+xml,<svg/>"}]',
        '[{"type": "image", "source": "image"}]',
        '[{"type": "input_image", "image_url": "https://example.com/a.png"}, 7]',
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    parts = (Text(text),)
    assert unwrapped(parts) is parts


def test_a_result_of_several_parts_is_left_alone() -> None:
    parts = (Text("image"), IMAGE)
    assert unwrapped(parts) is parts
