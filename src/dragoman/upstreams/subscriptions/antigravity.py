"""Google accounts as Antigravity uses them: Cloud Code's envelope at two hosts, with Gemini's and
other makers' models. After CLIProxyAPI (v7.2).

The envelope names who asks (`userAgent`); dragoman writes its own name there.
"""

from __future__ import annotations

import uuid

import msgspec

from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.neutral.losses import Loss
from dragoman.protocols.framing.splice import Spans
from dragoman.upstreams.answers import Change
from dragoman.upstreams.shapes import Draft, Shape
from dragoman.upstreams.subscriptions import cloud_code
from dragoman.upstreams.subscriptions.frames import Frames, data_of

BASE = "https://daily-cloudcode-pa.googleapis.com"
SECOND_BASE = "https://cloudcode-pa.googleapis.com"

_VALIDATED = b'{"functionCallingConfig":{"mode":"VALIDATED"}}'


def _draft(draft: Draft) -> Draft:
    if cloud_code.action_of(draft.path) == "countTokens":
        return cloud_code.enveloped(draft, draft.body, {})
    request, lost = _fitted(draft)
    around: dict[str, Json] = {
        "userAgent": "dragoman",
        "requestType": "agent",
        "requestId": f"agent-{uuid.uuid4()}",
    }
    path = draft.path
    if _is_claude(draft.model):
        path = path.replace(":generateContent", ":streamGenerateContent")
    draft = msgspec.structs.replace(draft, path=path, lost=lost)
    return cloud_code.enveloped(draft, request, around)


def _fitted(draft: Draft) -> tuple[bytes, tuple[Loss, ...]]:
    """The request without what the host does not take."""
    spans = Spans(draft.body)
    changes: dict[str, bytes | None] = {}
    lost: list[Loss] = []
    if "safetySettings" in spans.raw:
        changes["safetySettings"] = None
        lost.append(Loss("safetySettings", "this host has none"))
    if draft.session:
        changes["sessionId"] = encode(f"-{uuid.uuid5(uuid.NAMESPACE_URL, draft.session).int >> 65}")
    if _is_claude(draft.model):
        if spans.value("tools"):
            changes["toolConfig"] = _VALIDATED
    else:
        config = spans.value("generationConfig")
        if isinstance(config, dict) and "maxOutputTokens" in config:
            kept = {name: value for name, value in config.items() if name != "maxOutputTokens"}
            changes["generationConfig"] = msgspec.json.encode(kept)
            lost.append(Loss("maxOutputTokens", "this host has none for this model"))
    return (spans.replaced(changes) if changes else draft.body), tuple(lost)


def _is_claude(model: str) -> bool:
    return model.startswith("claude")


def _answer(protocol: str, stream: bool) -> Change:
    """An answer that nobody wanted as a stream may be one all the same."""
    return cloud_code.unwrapped(protocol, stream) if stream else Joined()


class Joined:
    """The chunks of a stream as one answer; an answer that is none as it is."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        self._pieces.append(data)
        return b""

    def finish(self) -> bytes:
        body = b"".join(self._pieces)
        if not body.lstrip().startswith(b"data:"):
            return cloud_code.inner(body)
        chunks: list[JsonObject] = []
        frames = Frames(lambda frame: _collect(frame, chunks))
        frames.feed(body)
        frames.finish()
        return encode(_joined(chunks))


def _collect(frame: bytes, chunks: list[JsonObject]) -> bytes:
    data = data_of(frame)
    value = decode(cloud_code.inner(data)) if data else None
    if isinstance(value, dict):
        chunks.append(value)
    return b""


def _joined(chunks: list[JsonObject]) -> JsonObject:
    """The last chunk, with the parts of all of them."""
    parts: list[Json] = []
    whole: JsonObject = {}
    candidate: JsonObject = {}
    for chunk in chunks:
        whole |= chunk
        found = chunk.get("candidates")
        one = found[0] if isinstance(found, list) and found else None
        if isinstance(one, dict):
            candidate |= one
            content = one.get("content")
            said = content.get("parts") if isinstance(content, dict) else None
            for part in said if isinstance(said, list) else ():
                _add(parts, part)
    if candidate:
        candidate["content"] = {"role": "model", "parts": parts}
        whole["candidates"] = [candidate]
    return whole


def _add(parts: list[Json], part: Json) -> None:
    """One more part; text goes on in the text before it."""
    last = parts[-1] if parts else None
    if isinstance(part, dict) and isinstance(last, dict) and "thoughtSignature" not in last:
        before, after = last.get("text"), part.get("text")
        together = part.get("thought") == last.get("thought")
        if isinstance(before, str) and isinstance(after, str) and together:
            parts[-1] = {**last, **part, "text": before + after}
            return
    parts.append(part)


SHAPE = Shape(
    kind="antigravity",
    counts=True,
    draft=_draft,
    call=cloud_code.with_project,
    answer=_answer,
    refusal=cloud_code.better_told,
)
