"""One neutral part as an upstream's content part, and what this host cannot take of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    HostedResult,
    Media,
    MediaKind,
    Opaque,
    Part,
    Refusal,
    Text,
)
from dragoman.neutral.requests import Request
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.media import (
    audio_out,
    cache_out,
    file_out,
    image_out,
    text_of_file,
    video_out,
)
from dragoman.protocols.openai_chat.wire import (
    AUDIO_FORMATS,
    NAME,
    TURNS_WORD,
    is_openai,
    is_openrouter,
)

_MEDIA: dict[MediaKind, Callable[[Media], JsonObject]] = {
    "image": image_out,
    "audio": audio_out,
    "video": video_out,
    "file": file_out,
}

_ATTRIBUTION = "billing-header"
"""Claude Code's first system block, which says nothing to a model: left out, and no loss."""


class PartWriter:
    """Writes parts for one request and host."""

    def __init__(self, request: Request, target: Target, losses: Losses) -> None:
        self.own = request.protocol == NAME
        self.openai = is_openai(target.host)
        self.router = is_openrouter(target.host)
        self.word = TURNS_WORD[request.protocol]
        self._losses = losses

    def parts(self, parts: Iterable[Part]) -> list[JsonObject]:
        return [wire for part in parts if (wire := self.part(part)) is not None]

    def part(self, part: Part) -> JsonObject | None:
        if isinstance(part, Text):
            return self._text(part)
        if isinstance(part, Media):
            return self._media(part)
        if isinstance(part, HostedResult):
            return {"type": "text", "text": part.text} if part.text else None
        if isinstance(part, Refusal):
            if not self.own:
                return {"type": "text", "text": part.text}
            return {"type": "refusal", "refusal": part.text, **part.extras}
        if isinstance(part, Opaque):
            if self.own and isinstance(part.raw, dict):
                return part.raw
            if part.kind != _ATTRIBUTION:
                self.lose(f"{self.word}.{part.kind}", "no such part in Chat")
        return None

    def marked(self, wire: JsonObject, mark: CacheMark | None) -> JsonObject:
        """The part with its cache mark, where the host takes marks."""
        if mark is not None:
            if self.own or self.router:
                wire["cache_control"] = cache_out(mark)
            else:
                self.lose("cache_control", "this host takes no cache marks")
        return wire

    def extras(self, wire: JsonObject, extras: JsonObject) -> JsonObject:
        """The part with what only this protocol's own clients say of it."""
        if self.own:
            wire.update(extras)
            return wire
        for key in extras:
            self.lose(f"{self.word}.{key}", "no such field in Chat")
        return wire

    def lose(self, field: str, reason: str) -> None:
        self._losses.add(field, reason)

    def _text(self, part: Text) -> JsonObject | None:
        if not part.text and not self.own:
            return None
        wire: JsonObject = {"type": "text", "text": part.text}
        return self.extras(self.marked(wire, part.cache), part.extras)

    def _media(self, media: Media) -> JsonObject | None:
        text = text_of_file(media) if media.kind == "file" and not self.own else None
        if text is not None:
            self.extras({}, media.extras)
            return self._text(text)
        refused = None if self.own else self._refused(media)
        if refused is not None:
            self.lose(f"{self.word}.{media.kind}", refused)
            return None
        wire = _MEDIA[media.kind](media)
        return self.extras(self.marked(wire, media.cache), media.extras)

    def _refused(self, media: Media) -> str | None:
        """Why a Chat host cannot take a foreign client's media."""
        if media.file_id:
            return "a file id of another protocol means nothing here"
        if media.kind == "video":
            return "Chat has no video"
        if media.kind == "audio" and (media.mime not in AUDIO_FORMATS or not media.data):
            return "Chat takes audio as inline wav or mp3 only"
        if media.kind == "file" and not media.data and not self.router:
            return "this host fetches no files by URL"
        return None


def content_out(parts: list[JsonObject], separator: str, *, keep: bool = False) -> Json:
    """Bare text as one string, anything else as parts. With `keep`, several texts stay parts."""
    texts: list[str] = []
    for part in parts:
        text = part.get("text")
        if part.get("type") != "text" or len(part) != 2 or not isinstance(text, str):
            return list(parts)
        texts.append(text)
    if keep and len(texts) > 1:
        return list(parts)
    return separator.join(texts)
