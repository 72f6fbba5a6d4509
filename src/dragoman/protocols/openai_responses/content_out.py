"""Neutral content → content parts, as they stand in requests and in answers alike."""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Citation, Media, Part, Refusal, Text
from dragoman.protocols.openai_responses.wire import NAME

_DEFAULT_MIME = {"image": "image/png", "file": "application/pdf"}
_FILE_NAMES = {"application/pdf": "document.pdf", "text/plain": "document.txt"}


def annotation(citation: Citation, length: int) -> JsonObject | None:
    """A url_citation over the span it names, else over the `length` characters so far; None when
    there is no page to name."""
    if citation.protocol == NAME and isinstance(citation.raw, dict):
        return citation.raw
    if not citation.url:
        return None
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": 0 if citation.start is None else citation.start,
        "end_index": length if citation.end is None else citation.end,
    }


def annotations_of(text: Text) -> list[Json]:
    length = len(text.text)
    return [note for c in text.citations if (note := annotation(c, length)) is not None]


def data_url(media: Media) -> str:
    mime = media.mime or _DEFAULT_MIME.get(media.kind, "application/octet-stream")
    return f"data:{mime};base64,{media.data}"


class ContentOut:
    """Writes content parts of one request; notes what has no place in them."""

    def __init__(self, protocol: str, losses: Losses) -> None:
        self.own = protocol == NAME
        self._shares_files = protocol in {NAME, "openai"}
        self._losses = losses

    def part(self, part: Part, *, assistant: bool) -> JsonObject | None:
        """None: nothing to write (an empty text of a foreign assistant) or noted as lost."""
        if isinstance(part, Text):
            return self._text(part, assistant=assistant)
        if isinstance(part, Refusal):
            return self._refusal(part, assistant=assistant)
        if isinstance(part, Media):
            return self._media(part, assistant=assistant)
        kind = getattr(part, "kind", type(part).__name__)
        self._losses.add(f"messages.{kind}", "Responses has no such content")
        return None

    def note(self, part: Part) -> None:
        """Records a foreign part's marks and fields that have no place here."""
        if getattr(part, "cache", None) is not None:
            self._losses.add("messages.cache_control", "prompt caching is automatic here")
        if not self.own:
            for key in getattr(part, "extras", ()):
                self._losses.add(f"messages.{key}", "known to the client's own protocol only")

    def _state(self, part: Text | Media) -> None:
        if part.state is not None:
            self._losses.add("reasoning state", "Responses keeps state on reasoning items only")

    def _kept(self, part: Text | Refusal | Media) -> JsonObject:
        """What our own protocol had on this part beside its content."""
        if not self.own:
            return {}
        known = part.wire.get("part")
        extras = {k: v for k, v in part.extras.items() if k != "message"}
        return {**(known if isinstance(known, dict) else {}), **extras}

    def _text(self, part: Text, *, assistant: bool) -> JsonObject | None:
        self._state(part)
        if not self.own and assistant and not part.text:
            return None
        out: JsonObject = {"type": "output_text" if assistant else "input_text", "text": part.text}
        if assistant and (notes := annotations_of(part)):
            out["annotations"] = notes
        return {**out, **self._kept(part)}

    def _refusal(self, part: Refusal, *, assistant: bool) -> JsonObject:
        if assistant:
            return {"type": "refusal", "refusal": part.text, **self._kept(part)}
        return {"type": "input_text", "text": part.text}

    def _media(self, part: Media, *, assistant: bool) -> JsonObject | None:
        self._state(part)
        if assistant and not self.own:
            return self._lost(part, "an assistant message holds text only")
        if part.file_id and not self._shares_files:
            return self._lost(part, "a file id of another provider means nothing here")
        if part.kind == "image":
            return self._image(part)
        if part.kind == "file":
            return self._file(part)
        if part.kind == "audio" and part.data:
            form = part.mime.removeprefix("audio/") or "wav"
            sound: JsonObject = {"data": part.data, "format": _AUDIO_FORMATS.get(form, form)}
            return {"type": "input_audio", "input_audio": sound, **self._kept(part)}
        return self._lost(part, f"Responses takes no {part.kind} in this form")

    def _lost(self, part: Media, reason: str) -> JsonObject | None:
        self._losses.add(f"messages.{part.kind}", reason)
        return None

    def _image(self, part: Media) -> JsonObject:
        out: JsonObject = {"type": "input_image"}
        if part.file_id:
            out["file_id"] = part.file_id
        if url := data_url(part) if part.data else part.url:
            out["image_url"] = url
        if part.detail:
            out["detail"] = part.detail
        return {**out, **self._kept(part)}

    def _file(self, part: Media) -> JsonObject:
        if part.text:
            text = f"{part.name}\n{part.text}" if part.name else part.text
            return {"type": "input_text", "text": text}
        out: JsonObject = {"type": "input_file"}
        if part.data:
            bare = self.own and not part.mime
            out["file_data"] = part.data if bare else data_url(part)
        if part.url:
            out["file_url"] = part.url
        if part.file_id:
            out["file_id"] = part.file_id
        if part.name:
            out["filename"] = part.name
        elif part.data and not self.own:
            out["filename"] = _FILE_NAMES.get(part.mime or _DEFAULT_MIME["file"], "document")
        return {**out, **self._kept(part)}


_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}
