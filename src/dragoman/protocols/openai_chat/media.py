"""Images, audio, video and files, as content parts hold them, both ways."""

from __future__ import annotations

import base64
import binascii

from dragoman.errors import Broken
from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.parts import CacheMark, Media, MediaKind, Text
from dragoman.protocols.openai_chat.wire import (
    AUDIO_FORMATS,
    AUDIO_MIMES,
    FILE_MIMES,
    SOUND_MIMES,
)

_MARK = {"type", "ttl"}


def media_of_url(kind: MediaKind, url: str, *, detail: str = "", name: str = "") -> Media:
    """A data URL's content, or a link to fetch."""
    head, comma, data = url.partition(",")
    if head.startswith("data:") and comma and head.endswith(";base64"):
        mime = head[len("data:") : -len(";base64")]
        return Media(kind, data=data, mime=mime, detail=detail, name=name)
    return Media(kind, url=url, detail=detail, name=name)


def sound_of(chunks: list[str]) -> Media:
    """What the model said aloud, put together from base64 pieces. A stream is always raw PCM."""
    try:
        data = base64.b64encode(b"".join(map(base64.b64decode, chunks))).decode()
    except binascii.Error as error:
        raise Broken("the upstream's audio is no base64") from error
    mimes = (mime for start, mime in SOUND_MIMES.items() if data.startswith(start))
    return Media("audio", data=data, mime=next(mimes, "audio/pcm"))


def data_url(media: Media) -> str:
    """The media as one URL, whatever form it has."""
    return f"data:{media.mime};base64,{media.data}" if media.data else media.url


def image_in(part: Fields) -> Media:
    value = part.raw("image_url")
    if isinstance(value, str):
        return media_of_url("image", value)
    if value is None:
        raise part.missing("image_url")
    image = Fields(value, part.at("image_url"))
    return media_of_url("image", image.needed_text("url"), detail=image.text("detail") or "")


def video_in(part: Fields) -> Media:
    value = part.raw("video_url")
    if value is None:
        raise part.missing("video_url")
    return media_of_url("video", Fields(value, part.at("video_url")).needed_text("url"))


def audio_in(part: Fields) -> Media:
    audio = part.object("input_audio")
    if audio is None:
        raise part.missing("input_audio")
    wire = audio.text("format") or "wav"
    mime = AUDIO_MIMES.get(wire, f"audio/{wire}")
    return Media("audio", data=audio.needed_text("data"), mime=mime)


def file_in(part: Fields) -> Media:
    file = part.object("file")
    if file is None:
        raise part.missing("file")
    name = file.text("filename") or ""
    file_id = file.text("file_id")
    if file_id is not None:
        return Media("file", file_id=file_id, name=name)
    data = file.needed_text("file_data")
    if data.startswith(("data:", "http://", "https://")):
        return media_of_url("file", data, name=name)
    mime = FILE_MIMES.get(name.rpartition(".")[2].lower(), "")
    return Media("file", data=data, mime=mime, name=name)


def image_out(media: Media) -> JsonObject:
    image: JsonObject = {"url": data_url(media)}
    if media.detail:
        image["detail"] = media.detail
    return {"type": "image_url", "image_url": image}


def video_out(media: Media) -> JsonObject:
    return {"type": "video_url", "video_url": {"url": data_url(media)}}


def audio_out(media: Media) -> JsonObject:
    wire = AUDIO_FORMATS.get(media.mime) or media.mime.rpartition("/")[2]
    return {"type": "input_audio", "input_audio": {"data": media.data, "format": wire}}


def file_out(media: Media) -> JsonObject:
    if media.file_id:
        file: JsonObject = {"file_id": media.file_id}
        if media.name:
            file["filename"] = media.name
        return {"type": "file", "file": file}
    name = media.name or ("document.pdf" if media.mime == "application/pdf" else "file")
    bare = media.data and not media.mime
    return {
        "type": "file",
        "file": {"filename": name, "file_data": media.data if bare else data_url(media)},
    }


def text_of_file(media: Media) -> Text | None:
    """A file of plain text as a text part: no host takes text files as files."""
    text = media.text
    if not text and media.data and media.mime.partition(";")[0].startswith("text/"):
        try:
            text = base64.b64decode(media.data, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return None
    if not text:
        return None
    return Text(f"{media.name}\n{text}" if media.name else text, cache=media.cache)


def cache_in(value: Json) -> CacheMark | None:
    """A `cache_control` of the one shape there is; anything else is left to its own protocol."""
    if isinstance(value, dict) and value.get("type") == "ephemeral" and value.keys() <= _MARK:
        ttl = value.get("ttl")
        if ttl is None or isinstance(ttl, str):
            return CacheMark(ttl)
    return None


def cache_out(mark: CacheMark) -> JsonObject:
    return {"type": "ephemeral"} if mark.ttl is None else {"type": "ephemeral", "ttl": mark.ttl}
