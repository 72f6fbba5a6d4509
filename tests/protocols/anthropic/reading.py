"""Client bodies to read."""

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import (
    Request,
)
from dragoman.protocols.anthropic.requests_in import request_in


def read(**fields: Json) -> Request:
    body: JsonObject = {
        "model": "claude-opus-5-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
    }
    return request_in({**body, **fields}, Losses())
