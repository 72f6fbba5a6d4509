"""Images as Ollama carries them: bare base64 beside the text, their type told by their first bytes.

A data URL is tolerated on the way in (clients send them) and comes back as bare base64.
"""

from __future__ import annotations

from dragoman.neutral.json import Fields, wrong_type
from dragoman.neutral.parts import Media

_MIME_OF_START = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
)
"""Keyed by the base64 text of each format's magic bytes."""


def sniffed_mime(data: str) -> str:
    """The image type the base64 text begins as; "" when it is none we know."""
    for start, mime in _MIME_OF_START:
        if data.startswith(start):
            return mime
    # RIFF????WEBP: bytes 8 to 11 begin inside base64 character 10.
    if data.startswith("UklGR") and data[11:16] == "XRUJQ":
        return "image/webp"
    return ""


def images_in(fields: Fields) -> list[Media]:
    images: list[Media] = []
    for index, item in enumerate(fields.items("images") or []):
        if not isinstance(item, str):
            raise wrong_type(f"{fields.at('images')}[{index}]", "a base64 string", item)
        images.append(image_in(item))
    return images


def image_in(text: str) -> Media:
    if text.startswith("data:"):
        head, _, data = text.partition(",")
        mime = head.removeprefix("data:").partition(";")[0]
        return Media("image", data=data, mime=mime or sniffed_mime(data))
    return Media("image", data=text, mime=sniffed_mime(text))
