"""Google's Cloud Code: the Gemini protocol in an envelope, for the logins of Gemini CLI and of
Antigravity.

As Gemini CLI's source has it (github.com/google-gemini/gemini-cli, packages/core/src/code_assist,
2026-11): `v1internal:generateContent`, `:streamGenerateContent`, `:countTokens`; the request under
`request`, the answer under `response`. What differs between the two logins is told in their files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from dragoman.errors import UpstreamRefused
from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.protocols.framing.splice import Spans
from dragoman.upstreams.answers import Change
from dragoman.upstreams.http import Call
from dragoman.upstreams.shapes import Draft
from dragoman.upstreams.subscriptions.frames import Frames, data_of

HOSTNAME = "cloudcode-pa.googleapis.com"
_VERSION = "/v1internal"
_ACTION = re.compile(r":(\w+)")
_SECONDS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS_S = (3600, 60, 1, 0.001)


class _Envelope(msgspec.Struct):
    response: msgspec.Raw = msgspec.Raw()


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def action_of(path: str) -> str:
    """`generateContent`, `streamGenerateContent` or `countTokens`."""
    found = _ACTION.search(path)
    return found[1] if found else ""


def enveloped(draft: Draft, request: bytes, around: Mapping[str, Json]) -> Draft:
    """The request under its address. The project is the account's and comes with the call."""
    action = action_of(draft.path)
    query = "alt=sse" if action.startswith("stream") else ""
    if action == "countTokens":
        request = Spans(request).replaced({"model": encode(f"models/{draft.model}")})
        body = b'{"request":' + request + b"}"
    else:
        head = encode({"model": draft.model, **around})
        body = head[:-1] + b',"request":' + request + b"}"
    return msgspec.structs.replace(draft, path=f"{_VERSION}:{action}", query=query, body=body)


def with_project(call: Call, facts: Mapping[str, str]) -> Call:
    """The account's project in the envelope; a count has none."""
    project = facts.get("project", "")
    if not project or urlsplit(call.url).path.endswith(":countTokens"):
        return call
    return call._replace(body=b'{"project":' + encode(project) + b"," + call.body[1:])


def unwrapped(protocol: str, stream: bool) -> Change:
    del protocol
    return Frames(_unwrapped_frame) if stream else Whole()


class Whole:
    """An answer that is not streamed, without its envelope."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        self._pieces.append(data)
        return b""

    def finish(self) -> bytes:
        return inner(b"".join(self._pieces))


def inner(body: bytes) -> bytes:
    """What stands under `response`; the body itself where nothing does (an error)."""
    try:
        found = bytes(_ENVELOPE.decode(body).response)
    except msgspec.MsgspecError:
        return body
    return found or body


def _unwrapped_frame(frame: bytes) -> bytes:
    data = data_of(frame)
    found = inner(data) if data else b""
    return frame if found == data else b"data: " + found + b"\r\n\r\n"


def better_told(error: UpstreamRefused) -> UpstreamRefused:
    """With the end of a limit out of Google's details (google.rpc ErrorInfo and RetryInfo): a quota
    that is used up says when it is filled again, a rate when to come back."""
    for detail in _details(error.body):
        metadata = detail.get("metadata")
        told = detail.get("retryDelay")
        if isinstance(metadata, dict):
            told = metadata.get("quotaResetDelay", told)
        seconds = seconds_of(told)
        if seconds is not None:
            error.retry_after_s = max(error.retry_after_s or 0, seconds)
    if error.status == 503 and "capacity" in error.message.lower():
        error.retry_after_s = error.retry_after_s or 1.0
    return error


def seconds_of(value: Json) -> float | None:
    """A duration such as `13h19m1.2s`, in seconds."""
    match = _SECONDS.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        return None
    pairs = zip(match.groups(), _UNITS_S, strict=True)
    return sum(float(amount) * unit for amount, unit in pairs if amount)


def _details(body: bytes) -> list[JsonObject]:
    try:
        value = decode(body)
    except ValueError:
        return []
    value = value[0] if isinstance(value, list) and value else value
    error = value.get("error") if isinstance(value, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
