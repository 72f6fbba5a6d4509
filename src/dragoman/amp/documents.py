"""What stands in a thread's document, as Amp's clients upload it (seen of the CLI 0.0.1777897475).

Only what lists, searches and the Markdown export need is read; the document itself is kept whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from dragoman.amp.refused import invalid
from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.storage.amp_threads import Marks, Thread

MAX_TEXT = 1_000_000
"""Characters of a thread that a search looks at."""

_ID = re.compile(r"T-[0-9a-fA-F-]{36}")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def read_json(body: bytes) -> JsonObject:
    """A body as JSON. A client that cuts a text in the middle of a character writes half of a
    surrogate pair, which is no character: it becomes U+FFFD.

    Raises:
        Refused: it is no JSON object.
    """
    try:
        value = decode(body)
    except ValueError:
        try:
            value = decode(_ESCAPE.sub(_whole, body))
        except ValueError as error:
            raise invalid(f"the body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise invalid("the body is not a JSON object")
    return value


def _whole(found: re.Match[bytes]) -> bytes:
    return found[0] if found[1] is None else rb"\ufffd"


def is_thread_id(value: Json) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def thread_of(document: JsonObject) -> Thread:
    """A document as it is stored.

    Raises:
        Refused: it is no thread.
    """
    id_, version = document.get("id"), whole_number(document.get("v"))
    if not isinstance(id_, str) or not is_thread_id(id_):
        raise invalid("thread.id is not T- and a UUID")
    if version is None or not isinstance(document.get("messages"), list):
        raise invalid("a thread has a number `v` and a list `messages`")
    main = document.get("mainThreadID")
    used_ms = _used_ms(document)
    repositories = list(_repositories(document))
    return Thread(
        id=id_,
        version=version,
        used_ms=used_ms,
        main=main if isinstance(main, str) else "",
        entry=_entry(document, used_ms),
        text="\n".join(_texts(document)).lower()[:MAX_TEXT],
        files="\n".join(dict.fromkeys(_files(document))).lower()[:MAX_TEXT],
        repos="\n".join(_text(one.get("url")) for one in repositories).lower(),
        refs="\n".join(_text(one.get("ref")) for one in repositories).lower(),
        document=encode(document),
    )


def with_marks(value: JsonObject, marks: Marks, creator: str) -> JsonObject:
    """A document or an entry with what is said of it apart."""
    meta = object_in(value, "meta")
    return {
        **value,
        "archived": marks.archived,
        "creatorUserID": creator,
        "meta": {**meta, **marks.meta},
    }


def messages_of(document: JsonObject) -> Iterator[tuple[JsonObject, list[JsonObject]]]:
    """Every message with its content's blocks."""
    for message in objects_in(document, "messages"):
        yield message, objects_in(message, "content")


def objects_in(value: JsonObject, key: str) -> list[JsonObject]:
    """The objects of a list; none where there is no list."""
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def object_in(value: JsonObject, key: str) -> JsonObject:
    """The object at a key; empty where there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def whole_number(value: Json) -> int | None:
    """A number without a fraction that fits the store."""
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        value = int(value) if value.adjusted() < 18 else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 2**53 else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _entry(document: JsonObject, used_ms: int) -> JsonObject:
    """The line of a list, with the names that the CLI gives its own lines."""
    asked = sum(
        message.get("role") == "user" and any(one.get("type") != "tool_result" for one in blocks)
        for message, blocks in messages_of(document)
    )
    kept = ("id", "v", "created", "env", "originThreadID", "mainThreadID", "relationships")
    entry = {key: document[key] for key in (*kept, "agentMode") if key in document}
    entry["title"] = _text(document.get("title")) or None
    entry["userLastInteractedAt"] = used_ms
    entry["messageCount"] = asked
    entry["summaryStats"] = {"messageCount": asked}
    return entry


def _used_ms(document: JsonObject) -> int:
    times = [whole_number(document.get("created")) or 0]
    for message, _ in messages_of(document):
        if message.get("role") == "user":
            times.append(whole_number(object_in(message, "meta").get("sentAt")) or 0)
    return max(times)


def _texts(document: JsonObject) -> Iterator[str]:
    yield _text(document.get("title"))
    for _, blocks in messages_of(document):
        for block in blocks:
            if block.get("type") == "text":
                yield _text(block.get("text"))


def _files(document: JsonObject) -> Iterator[str]:
    """The paths that tools were given, and those they say they touched."""
    for _, blocks in messages_of(document):
        for block in blocks:
            path = object_in(block, "input").get("path")
            if isinstance(path, str):
                yield path
            tracked = object_in(block, "run").get("trackFiles")
            if isinstance(tracked, list):
                yield from (one for one in tracked if isinstance(one, str))


def _repositories(document: JsonObject) -> Iterator[JsonObject]:
    initial = object_in(object_in(document, "env"), "initial")
    for tree in objects_in(initial, "trees"):
        yield object_in(tree, "repository")
