"""`x-dragoman-explain` on Amp's routes: the mapping and ampcode.com are steps of the way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.amp.asking import body_of, path_of
from tests.server.test_management import World, world

CONFIG = """\
discover: false
api-keys: [sk-one]
remote-management: {secret-key: letmein}
upstreams:
  - {name: echo, protocol: echo}
ampcode:
  upstream-url: http://127.0.0.1:9
  upstream-api-key: sgamp_user_the-key
  model-mappings: [{from: claude-.*, to: [nobody, echo], regex: true}]
  fallback-on-failure: FAILING
"""


async def explained(one: World, model: str) -> Any:
    body = json.dumps(body_of("anthropic", model, "hi", stream=False)).encode()
    sent: list[Any] = []
    scope: dict[str, object] = {
        "type": "http",
        "method": "POST",
        "path": path_of("anthropic", model, stream=False),
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"x-api-key", b"sk-one"),
            (b"x-management-key", b"letmein"),
            (b"x-dragoman-explain", b"1"),
        ],
        "client": ("127.0.0.1", 50_000),
    }

    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        for message in messages:
            return message
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    await one.app(scope, receive, send)
    assert sent[0]["status"] == 200
    return json.loads(b"".join(message["body"] for message in sent[1:]))


async def test_a_mapping_is_a_step() -> None:
    async with world(CONFIG.replace("FAILING", "false")) as one:
        told = await explained(one, "claude-opus(low)")
    assert [(step["kind"], step["name"], step["to"]) for step in told["steps"]] == [
        ("suffix", "claude-opus(low)", ["claude-opus"]),
        ("unserved", "claude-opus", []),
        ("mapping", "claude-opus", ["nobody", "echo"]),
        ("unserved", "nobody", []),
        ("served", "echo", ["echo/echo"]),
    ]
    assert told["upstream"] == "echo"


async def test_ampcode_is_the_last_resort_and_its_key_is_not_told() -> None:
    async with world(CONFIG.replace("FAILING", "false")) as one:
        told = await explained(one, "only-there")
    steps = [(step["kind"], step["name"], step["to"]) for step in told["steps"]]
    assert steps == [
        ("unserved", "only-there", []), ("resort", "only-there", ["ampcode.com"])
    ]  # fmt: skip
    assert told["decision"] == "asks ampcode.com with ampcode.com"
    assert told["request"]["url"] == "http://127.0.0.1:9/api/provider/anthropic/v1/messages"
    assert "sgamp" not in json.dumps(told)


async def test_ampcode_is_a_chain_for_failures_where_it_is_wanted() -> None:
    async with world(CONFIG.replace("FAILING", "true")) as one:
        told = await explained(one, "claude-opus")
    assert [chain["pools"][-1][0]["upstream"] for chain in told["chains"]] == [
        "echo", "ampcode.com"
    ]  # fmt: skip
