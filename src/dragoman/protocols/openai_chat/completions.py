"""Legacy `/v1/completions`, for clients that still send a bare prompt.

https://platform.openai.com/docs/api-reference/completions (November 2026). The prompt becomes a
user turn; the answer's text becomes `text`. Completing code between `prompt` and `suffix`, and
`echo` and `best_of`, have no counterpart and are losses.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.errors import DragomanError, InvalidRequest
from dragoman.neutral.events import Event, Finished, LogprobsDelta, PartStarted, Started, TextDelta
from dragoman.neutral.events import UsageSeen as _UsageSeen
from dragoman.neutral.json import Json, JsonObject, encode, type_name, wrong_type
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Text
from dragoman.neutral.requests import Request
from dragoman.neutral.responses import Choice, Response
from dragoman.neutral.usage import NO_USAGE
from dragoman.protocols.codec import Reply
from dragoman.protocols.framing.sse import sse_data
from dragoman.protocols.openai_chat.errors import error_out
from dragoman.protocols.openai_chat.events_out import DONE, KEEPALIVE
from dragoman.protocols.openai_chat.requests_in import request_in
from dragoman.protocols.openai_chat.usage import usage_out
from dragoman.protocols.openai_chat.wire import STOP_OUT

_LOST = ("suffix", "echo", "best_of")


def completion_request_in(body: JsonObject, losses: Losses) -> Request:
    """A prompt as a chat of one user turn.

    Raises:
        InvalidRequest: a field is wrong; also several prompts, or a prompt of token numbers.
    """
    chat = {key: value for key, value in body.items() if key not in {"prompt", "logprobs", *_LOST}}
    for key in _LOST:
        if body.get(key):
            losses.add(key, "a chat model has no such setting")
    logprobs = body.get("logprobs")
    if logprobs is not None:
        if not isinstance(logprobs, int) or isinstance(logprobs, bool):
            raise wrong_type("logprobs", "an integer", logprobs)
        chat["logprobs"], chat["top_logprobs"] = True, logprobs
    chat["messages"] = [{"role": "user", "content": _prompt(body.get("prompt"))}]
    return request_in(chat, losses)


def _prompt(value: Json) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value
    if value is None:
        raise InvalidRequest("prompt: required field is missing", param="prompt")
    raise InvalidRequest(
        f"prompt: one string is served here, got {type_name(value)}; send one request a prompt",
        param="prompt",
    )


class CompletionStreamEncoder:
    """See `codec.StreamEncoder`. Text only: a legacy client knows no calls and no reasoning."""

    content_type = "text/event-stream; charset=utf-8"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._id = reply.new_id("cmpl-")
        self._usage = NO_USAGE
        self._texts: set[tuple[int, int]] = set()

    def encode(self, events: Sequence[Event]) -> bytes:
        return b"".join(self._one(event) for event in events)

    def _one(self, event: Event) -> bytes:
        match event:
            case PartStarted(index=index, head=Text(), choice=choice):
                self._texts.add((choice, index))
            case TextDelta(index=index, text=text, choice=choice):
                if (choice, index) in self._texts and text:
                    return self._chunk(_choice(choice, text))
            case LogprobsDelta(items=items, choice=choice):
                return self._chunk({**_choice(choice, ""), "logprobs": _logprobs(items)})
            case Finished(stop=stop, choice=choice):
                return self._chunk({**_choice(choice, ""), "finish_reason": _finish(stop)})
            case Started(usage=usage) | _UsageSeen(usage=usage):
                self._usage = self._usage.updated(usage)
            case _:
                pass
        return b""

    def finish(self) -> bytes:
        if not self._reply.request.include_usage:
            return DONE
        usage: JsonObject = {"choices": [], "usage": usage_out(self._usage)}
        return sse_data(encode({**_envelope(self._id, self._reply), **usage})) + DONE

    def fail(self, error: DragomanError) -> bytes:
        return sse_data(encode(error_out(error)[1]))

    def ping(self) -> bytes:
        return KEEPALIVE

    def _chunk(self, choice: JsonObject) -> bytes:
        return sse_data(encode({**_envelope(self._id, self._reply), "choices": [choice]}))


def completion_answer_out(response: Response, reply: Reply) -> JsonObject:
    """A whole answer as a `text_completion` object."""
    choices: list[Json] = [_whole(i, choice) for i, choice in enumerate(response.choices)]
    usage: JsonObject = {"choices": choices, "usage": usage_out(response.usage)}
    return {**_envelope(reply.new_id("cmpl-"), reply), **usage}


def _whole(index: int, choice: Choice) -> JsonObject:
    text = "".join(part.text for part in choice.parts if isinstance(part, Text))
    return {
        "text": text,
        "index": index,
        "logprobs": _logprobs(list(choice.logprobs)) if choice.logprobs else None,
        "finish_reason": _finish(choice.stop),
    }


def _envelope(answer_id: str, reply: Reply) -> JsonObject:
    return {
        "id": answer_id,
        "object": "text_completion",
        "created": reply.created_s,
        "model": reply.model,
    }


def _choice(index: int, text: str) -> JsonObject:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": None}


def _finish(stop: str) -> str:
    """The chat word; a legacy client knows no tool calls."""
    return {"length": "length", "context-full": "length", "refusal": "content_filter"}.get(
        stop, STOP_OUT["end"]
    )


def _logprobs(items: list[Json]) -> JsonObject:
    """Chat's list of tokens as the legacy columns."""
    tokens = [item for item in items if isinstance(item, dict)]
    top: list[Json] = []
    offsets: list[Json] = []
    offset = 0
    for token in tokens:
        others = token.get("top_logprobs")
        pairs = [other for other in others if isinstance(other, dict)] if isinstance(
            others, list) else []  # fmt: skip
        top.append({str(other.get("token")): other.get("logprob") for other in pairs})
        offsets.append(offset)
        offset += len(str(token.get("token")))
    return {
        "tokens": [token.get("token") for token in tokens],
        "token_logprobs": [token.get("logprob") for token in tokens],
        "top_logprobs": top,
        "text_offset": offsets,
    }
