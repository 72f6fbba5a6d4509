"""Bodies that are too large, or packed and damaged, on Amp's routes; told in the asking route's
shape."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.amp.asking import CLIENTS, body_of, path_of
from tests.server.running import app_of, asked

CALL = json.dumps({"method": "getUserInfo", "params": {}}).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(CALL, mtime=0), 200),
        (gzip.compress(CALL, mtime=0)[:-6], 400),
        (b"\x1f\x8bnonsense", 400),
        (gzip.compress(bytes(3_000_000)), 413),
    ],
    ids=["whole", "cut", "none", "too-large"],
)
async def test_a_packed_call_that_is_answered_here(body: bytes, status: int) -> None:
    app = app_of(max_body_mb=1)
    headers = {"content-encoding": "gzip"}
    answer = await asked(app, "POST", "/api/internal?getUserInfo", body, headers=headers)
    assert answer.status == status, answer.body
    assert isinstance(answer.json.get("error", ""), str)


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_packed_request_for_text(client: str) -> None:
    app = app_of(max_body_mb=1)
    path = path_of(client, "echo", stream=False)
    packed = gzip.compress(json.dumps(body_of(client, "echo", "hi", stream=False)).encode())
    for body, status in (
        (packed, 200),
        (packed[:-6], 400),
        (gzip.compress(bytes(3_000_000)), 413),
    ):
        answer = await asked(app, "POST", path, body, headers={"content-encoding": "gzip"})
        assert answer.status == status, answer.body
        if status != 200:
            assert answer.json["error"]["message"]
    answer = await asked(app, "POST", path, bytes(1_100_000))
    assert answer.status == 413
