"""Client bodies to read."""

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import (
    Request,
)
from dragoman.protocols.gemini.requests_in import request_in


def read(body: JsonObject) -> Request:
    losses = Losses()
    request = request_in({"model": "m", "contents": [], **body}, losses)
    assert not losses
    return request
