"""`/api/generate` (https://docs.ollama.com/api/generate): one prompt, no conversation.

Its bodies read as a system turn and a user turn; `suffix`, `template`, `context` and `raw` stay
extras that only an Ollama upstream can honour. A body without a prompt asks Ollama to load or, with
`keep_alive: 0`, unload the model: that is answered here and goes to nobody.
"""

from __future__ import annotations

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Part, Text
from dragoman.neutral.requests import Request, Turn, split_system
from dragoman.neutral.responses import Response
from dragoman.protocols.codec import Reply, Target
from dragoman.protocols.ollama.events_out import StreamWriter
from dragoman.protocols.ollama.images import images_in
from dragoman.protocols.ollama.instants import rfc3339
from dragoman.protocols.ollama.parts_out import Content
from dragoman.protocols.ollama.records import Said, Shape, chat_shape, generate_shape
from dragoman.protocols.ollama.requests_in import request_of
from dragoman.protocols.ollama.requests_out import settings_out
from dragoman.protocols.ollama.responses import answer_out


def is_load_request(body: JsonObject) -> bool:
    """Whether a body of `/api/generate` or `/api/chat` only loads or unloads its model."""
    return not any(body.get(key) for key in ("prompt", "messages", "images", "suffix"))


def load_answer(
    body: JsonObject, model: str, created_s: int, shape: Shape = chat_shape
) -> JsonObject:
    """What such a request is told, streamed or not: one record, done."""
    reason = "unload" if body.get("keep_alive") in (0, "0", "0s", "0m") else "load"
    return {
        "model": model,
        "created_at": rfc3339(created_s),
        **shape(Said()),
        "done": True,
        "done_reason": reason,
    }


def generate_in(body: JsonObject, _losses: Losses) -> Request:
    fields = Fields(body)
    model = fields.needed_text("model")
    turns: list[Turn] = []
    if system := fields.text("system"):
        turns.append(Turn("system", (Text(system),)))
    parts: list[Part] = [*images_in(fields)]
    if prompt := fields.text("prompt"):
        parts.append(Text(prompt))
    turns.append(Turn("user", tuple(parts)))
    return request_of(fields, model, tuple(turns), ())


def generate_out(request: Request, target: Target, losses: Losses) -> JsonObject:
    """Back to `/api/generate`, for an Ollama upstream and a request that came from there.

    Raises:
        InvalidRequest: the request is a conversation.
    """
    system, rest = split_system(request.turns)
    if len(rest) != 1 or rest[0].role != "user" or request.tools:
        raise InvalidRequest("/api/generate takes one prompt; use /api/chat for a conversation")
    body = {"model": target.model, **settings_out(request, target, losses)}
    prompt = _content(rest, losses)
    body["prompt"] = prompt.text()
    if prompt.images:
        body["images"] = list(prompt.images)
    if system:
        body["system"] = _content(system, losses).text()
    return body


def stream_out(reply: Reply) -> StreamWriter:
    return StreamWriter(reply, generate_shape)


def whole_out(response: Response, reply: Reply) -> JsonObject:
    return answer_out(response, reply, generate_shape)


def _content(turns: tuple[Turn, ...], losses: Losses) -> Content:
    content = Content(losses)
    for turn in turns:
        for part in turn.parts:
            content.add(part)
    return content
