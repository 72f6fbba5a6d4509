"""Images that a tool result only tells as JSON: some clients write the list of parts they have as
text (cliproxyapi.md §6.3, case 15). Other text, JSON or not, stays text."""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.neutral.parts import Media, Part, Text

_TEXTS = frozenset(("text", "input_text", "output_text"))


def unwrapped(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts a result's only text spells out, when each is a text or an image; else the same."""
    if len(parts) != 1 or not isinstance(parts[0], Text) or "image" not in parts[0].text:
        return parts
    text = parts[0].text
    if not text.startswith(("[{", '{"')):
        return parts
    try:
        value = decode(text.encode())
    except ValueError:
        return parts
    told = [_part(item) for item in (value if isinstance(value, list) else [value])]
    found = tuple(part for part in told if part is not None)
    whole = len(found) == len(told) and any(isinstance(part, Media) for part in found)
    return found if whole else parts


def _part(item: Json) -> Part | None:
    if not isinstance(item, dict):
        return None
    kind, text = item.get("type"), item.get("text")
    if kind in _TEXTS and isinstance(text, str):
        return Text(text)
    if kind in ("input_image", "image_url"):
        return _of_url(item.get("image_url"))
    source = item.get("source")
    if kind == "image" and isinstance(source, dict):
        return _of_source(source)
    return None


def _of_url(url: Json) -> Media | None:
    if isinstance(url, dict):
        url = url.get("url")
    if not isinstance(url, str) or not url.startswith(("data:image/", "https://", "http://")):
        return None
    head, mark, data = url.partition(";base64,")
    if mark:
        return Media("image", data=data, mime=head.removeprefix("data:"))
    return None if head.startswith("data:") else Media("image", url=url)


def _of_source(source: JsonObject) -> Media | None:
    data, mime = source.get("data"), source.get("media_type")
    if isinstance(data, str) and data and isinstance(mime, str):
        return Media("image", data=data, mime=mime)
    return _of_url(source.get("url"))
