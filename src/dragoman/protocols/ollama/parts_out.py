"""Content parts as Ollama's messages hold them: one text, and images beside it.

Text parts are joined with a line end. Audio, video, and files that are no text become a
placeholder in the text and a loss; so do images by URL, which Ollama does not fetch.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
)


class Content:
    """The text and images of one message, collected part by part."""

    __slots__ = ("_losses", "images", "texts")

    def __init__(self, losses: Losses) -> None:
        self.texts: list[str] = []
        self.images: list[str] = []
        self._losses = losses

    def text(self) -> str:
        return "\n".join(self.texts)

    def add(self, part: Part) -> None:
        """Takes up any part that is content; calls, results and thinking are not."""
        match part:
            case Text(text=text) | Refusal(text=text) | HostedResult(text=text):
                if text:
                    self.texts.append(text)
            case Media():
                self._media(part)
            case Opaque(kind=kind):
                self._losses.add(kind, "only its own protocol understands this part")
            case _:
                assert isinstance(part, HostedCall | Reasoning)

    def _media(self, media: Media) -> None:
        data, mime = _inline(media)
        is_image = media.kind == "image" or mime.startswith("image/")
        if is_image and data:
            self.images.append(data)
            return
        text = media.text or (_decoded(data) if mime.startswith("text/") else "")
        if text:
            self.texts.append(f"[file: {media.name}]\n{text}" if media.name else text)
            return
        kind = "image" if is_image else media.kind
        place = media.url or media.file_id
        if is_image:
            self._losses.add("image url", "Ollama takes image data only")
        else:
            self._losses.add(kind, f"Ollama takes no {kind} input")
        shown = " ".join(word for word in (media.name, place or mime) if word)
        self.texts.append(f"[{kind}: {shown}]" if shown else f"[{kind}]")


def _inline(media: Media) -> tuple[str, str]:
    """The base64 data and type of a media part, also out of a data URL."""
    if media.data or not media.url.startswith("data:"):
        return media.data, media.mime
    head, _, data = media.url.partition(",")
    return data, head.removeprefix("data:").partition(";")[0]


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def note_losses(parts: Iterable[Part], losses: Losses, own: bool) -> None:
    """Reports what rides on parts and has no place here: cache marks, foreign state, extras."""
    for part in parts:
        if getattr(part, "cache", None) is not None:
            losses.add("cache_control", "Ollama has no cache marks; it caches prefixes by itself")
        if getattr(part, "state", None) is not None:
            losses.add("reasoning state", "Ollama's messages have no field for it")
        if not own:
            for key in getattr(part, "extras", ()):
                losses.add(f"messages.{key}", "no place for it in Ollama's messages")
