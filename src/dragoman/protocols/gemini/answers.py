"""The pieces of an answer to a Gemini client, the same whether it is streamed or whole.

Reasoning states ride where Gemini's own signatures do: clients drop thoughts and send back the
signatures of calls, so a state moves to the call that follows its thinking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dragoman.neutral.events import Head, StopReason
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    ReasoningState,
)
from dragoman.protocols.codec import Reply
from dragoman.protocols.gemini.grounding import grounding_out, logprobs_out
from dragoman.protocols.gemini.parts_out import arguments
from dragoman.protocols.gemini.signatures import to_field
from dragoman.protocols.gemini.wire import DEFAULT_MIME, FINISH_EXTRAS, FINISH_REASONS, NAME


def shows_thoughts(reply: Reply) -> bool:
    return reply.request.reasoning.summary not in (None, "none")


def signed(part: JsonObject, state: ReasoningState | None) -> JsonObject:
    if state is not None:
        part["thoughtSignature"] = to_field(state.blob)
    return part


def call_part(call_id: str, name: str, text: str, state: ReasoningState | None) -> JsonObject:
    call: JsonObject = {"id": call_id, "name": name, "args": arguments(text)}
    return signed({"functionCall": call}, state)


def complete_part(part: Head | Part) -> JsonObject | None:
    """A part that comes whole; None where a Gemini client has no use for it."""
    if isinstance(part, Media):
        return _media(part)
    assert isinstance(part, HostedCall | HostedResult | Opaque)
    if part.protocol == NAME and isinstance(part.raw, dict):
        return part.raw
    text = part.text if isinstance(part, HostedResult) else ""
    return {"text": text} if text else None


def _media(part: Media) -> JsonObject | None:
    mime = part.mime or DEFAULT_MIME[part.kind]
    if part.data:
        return signed({"inlineData": {"mimeType": mime, "data": part.data}}, part.state)
    if part.url:
        return signed({"fileData": {"mimeType": mime, "fileUri": part.url}}, part.state)
    return {"text": part.text} if part.text else None


def candidate_end(
    stop: StopReason,
    extras: JsonObject,
    cited: Iterable[tuple[Citation, int, str]],
    logprobs: Sequence[Json],
) -> JsonObject:
    """finishReason and what comes with it. A Gemini upstream's own reason and metadata stay."""
    end: JsonObject = {"finishReason": FINISH_REASONS[stop]}
    end.update({key: extras[key] for key in FINISH_EXTRAS if key in extras})
    spans = list(cited)
    if spans and "groundingMetadata" not in end:
        end["groundingMetadata"] = grounding_out(spans)
    if logprobs:
        end["logprobsResult"] = logprobs_out(logprobs)
    return end


def answer_id(upstream_id: str, reply: Reply) -> str:
    return upstream_id or reply.new_id("")
