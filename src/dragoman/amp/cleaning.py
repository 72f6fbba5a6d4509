"""What Amp sends back of earlier answers and Anthropic would refuse: thinking without a signature
(from a model that signs none), and signatures on tool calls (from gateways that put them there).
"""

from __future__ import annotations

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.protocols.framing.splice import Spans

_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


class _Message(msgspec.Struct):
    role: str = ""
    content: msgspec.Raw = msgspec.Raw(b"")


class _Block(msgspec.Struct):
    type: str = ""
    signature: object = msgspec.UNSET


def cleaned(body: bytes) -> bytes:
    """A Messages request without them; its bytes stay where there are none, and where it is no
    such request (that is told later)."""
    if b'"thinking"' not in body and not (b'"tool_use"' in body and b'"signature"' in body):
        return body
    try:
        spans = Spans(body)
        messages = _RAWS.decode(spans.raw.get("messages", msgspec.Raw(b"[]")))
        kept = [_message(bytes(one)) for one in messages]
        if all(new == bytes(old) for new, old in zip(kept, messages, strict=True)):
            return body
        return spans.replaced({"messages": _list([one for one in kept if one])})
    except (msgspec.MsgspecError, InvalidRequest, RecursionError):
        return body


def _message(message: bytes) -> bytes:
    """Nothing of a message of which nothing is left: an empty one would be refused too."""
    read = msgspec.json.decode(message, type=_Message)
    content = bytes(read.content)
    if read.role != "assistant" or not content.startswith(b"["):
        return message
    blocks = [bytes(one) for one in _RAWS.decode(content)]
    kept = [_block(one) for one in blocks]
    if kept == blocks:
        return message
    left = [one for one in kept if one]
    return Spans(message).replaced({"content": _list(left)}) if left else b""


def _block(block: bytes) -> bytes:
    read = msgspec.json.decode(block, type=_Block)
    signed = isinstance(read.signature, str) and bool(read.signature.strip())
    if read.type == "thinking" and not signed:
        return b""
    if read.type == "tool_use" and read.signature is not msgspec.UNSET:
        return Spans(block).replaced({"signature": None})
    return block


def _list(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"
