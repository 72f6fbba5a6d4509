"""OpenAI's routes: chat, legacy completions, Responses, embeddings, models."""

from __future__ import annotations

from dragoman.protocols.openai_chat.codec import CODEC, COMPLETIONS
from dragoman.protocols.openai_responses.codec import CODEC as RESPONSES
from dragoman.server import responses_api
from dragoman.server.embeddings import embedding
from dragoman.server.pass_through import passing
from dragoman.server.routes import Route, Routes, generating

_FIXED: dict[tuple[str, str], Route] = {
    ("POST", "/v1/chat/completions"): Route(CODEC, generating(CODEC)),
    ("POST", "/v1/completions"): Route(CODEC, generating(COMPLETIONS, convert=True)),
    ("POST", "/v1/embeddings"): Route(CODEC, embedding(CODEC)),
    ("POST", "/v1/responses"): Route(RESPONSES, responses_api.create),
    ("POST", "/v1/responses/compact"): Route(RESPONSES, responses_api.compact),
    ("POST", "/backend-api/codex/responses"): Route(RESPONSES, responses_api.create),
    ("POST", "/backend-api/codex/responses/compact"): Route(RESPONSES, responses_api.compact),
}


def _match(method: str, path: str) -> Route | None:
    if path.startswith("/v1/responses/"):
        return responses_api.by_id(method, path.removeprefix("/v1/responses/"))
    if path.startswith("/v1/") and not path.startswith("/v1/messages"):
        return Route(CODEC, passing(CODEC, path.removeprefix("/v1")))
    return None


ROUTES = Routes(CODEC, _FIXED, _match)
