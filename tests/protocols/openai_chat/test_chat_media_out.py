"""Media and parts of a host's own for OpenAI-compatible hosts."""

import base64
from typing import Any

import pytest
from tests.protocols.openai_chat.rendering import (
    OPENAI,
    ROUTER,
    assistant,
    messages,
    system,
    user,
    write,
)

from dragoman.neutral.parts import (
    CacheMark,
    Media,
    Opaque,
    Text,
    ToolResult,
)
from dragoman.neutral.requests import (
    FunctionTool,
)

MARK = {"type": "ephemeral"}
PDF = Media("file", data="AA==", mime="application/pdf", name="a.pdf")


@pytest.mark.parametrize(
    ("media", "part"),
    [
        (PDF, {"type": "file", "file": {"filename": "a.pdf",
                                        "file_data": "data:application/pdf;base64,AA=="}}),
        (Media("file", data="AA==", mime="application/pdf"),
         {"type": "file", "file": {"filename": "document.pdf",
                                   "file_data": "data:application/pdf;base64,AA=="}}),
        (Media("file", data="AA==", name="x"),
         {"type": "file", "file": {"filename": "x", "file_data": "AA=="}}),
        (Media("file", data=base64.b64encode(b"\xff").decode(), mime="text/plain"),
         {"type": "file", "file": {"filename": "file",
                                   "file_data": "data:text/plain;base64,/w=="}}),
        (Media("audio", data="AA==", mime="audio/x-wav"),
         {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}),
        (Media("audio", data="AA==", mime="audio/mp3"),
         {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}}),
    ],
)  # fmt: skip
def test_media_have_their_parts(media: Media, part: dict[str, Any]) -> None:
    [message], lost = messages(user(media))
    assert (message["content"], lost) == ([part], ())


@pytest.mark.parametrize(
    ("media", "text"),
    [
        (Media("file", text="words", name="a.txt"), "a.txt\nwords"),
        (Media("file", data=base64.b64encode(b"a,b").decode(), mime="text/csv"), "a,b"),
    ],
)
def test_text_files_are_text(media: Media, text: str) -> None:
    [message], lost = messages(user(media))
    assert (message["content"], lost) == (text, ())


@pytest.mark.parametrize(
    ("media", "field"),
    [
        (Media("video", url="https://e.org/a.mp4"), "messages.video"),
        (Media("image", file_id="file_1"), "messages.image"),
        (Media("audio", data="AA==", mime="audio/flac"), "messages.audio"),
        (Media("audio", url="https://e.org/a.mp3", mime="audio/mpeg"), "messages.audio"),
        (Media("file", url="https://e.org/a.pdf"), "messages.file"),
    ],
)
def test_media_that_chat_cannot_hold_are_losses(media: Media, field: str) -> None:
    [message], lost = messages(user(Text("see"), media))
    assert (message["content"], lost) == ("see", (field,))


def test_what_a_result_holds_beside_its_text_is_carried_or_lost() -> None:
    film = Media("video", url="https://e.org/a.mp4")
    reference = Opaque("tool_reference", {}, "anthropic")
    found, lost = messages(user(ToolResult("c", (Text("x"), film, reference))))
    assert found == [{"role": "tool", "tool_call_id": "c", "content": "x"}]
    assert lost == ("messages.video", "messages.tool_reference")


def test_a_chat_clients_own_parts_are_written_as_they_were() -> None:
    parts = (
        Media("file", file_id="file-1"),
        Media("file", file_id="file-2", name="b"),
        Media("audio", data="AA==", mime="audio/flac"),
        Media("video", url="https://e.org"),
    )
    [message], lost = messages(user(*parts), protocol="openai", host=OPENAI)
    assert message["content"] == [
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_id": "file-2", "filename": "b"}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "flac"}},
        {"type": "video_url", "video_url": {"url": "https://e.org"}},
    ]
    assert lost == ()


def test_openrouter_fetches_files_and_takes_pictures_and_cache_marks() -> None:
    mark = CacheMark("1h")
    found, lost = messages(
        system(Text("s", cache=CacheMark())),
        user(Media("file", url="https://e.org/a.pdf"), Text("b", cache=mark)),
        assistant(Media("image", data="AA==", mime="image/png")),
        user(ToolResult("c", (Text("x"),), cache=mark), ToolResult("d", (), cache=mark)),
        host=ROUTER,
    )
    cached = {"type": "ephemeral", "ttl": "1h"}
    file = {"filename": "file", "file_data": "https://e.org/a.pdf"}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    assert found == [
        {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": MARK}]},
        {"role": "user", "content": [
            {"type": "file", "file": file},
            {"type": "text", "text": "b", "cache_control": cached}]},
        {"role": "assistant", "content": "", "images": [picture]},
        {"role": "tool", "tool_call_id": "c", "content": [
            {"type": "text", "text": "x", "cache_control": cached}]},
        {"role": "tool", "tool_call_id": "d", "content": [
            {"type": "text", "text": "", "cache_control": cached}]},
    ]  # fmt: skip
    assert lost == ()


def test_other_hosts_take_neither_cache_marks_nor_the_models_pictures() -> None:
    tool = FunctionTool("f", cache=CacheMark())
    body, lost = write(
        user(Text("b", cache=CacheMark())),
        assistant(Text("a"), Media("image", data="AA==", mime="image/png")),
        tools=(tool,),
    )
    assert body["messages"] == [
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "a"},
    ]
    assert lost == ("cache_control", "messages.image")
    routed, _ = write(tools=(tool,), host=ROUTER)
    assert routed["tools"][0]["cache_control"] == MARK
