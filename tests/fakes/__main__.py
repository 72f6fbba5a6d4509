"""`python -m tests.fakes --protocol anthropic --port 9001`: one fake by hand; `--protocol all`
serves the five on one port, each below its name (`/anthropic/v1/messages`)."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

from tests.fakes import FAKES, Fake, serve
from tests.fakes.fake import Receive, Send


class ByPath:
    """Several fakes on one port, told apart by the first step of the path."""

    def __init__(self, fakes: Mapping[str, Fake]) -> None:
        self.fakes = fakes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        _, name, *rest = scope["path"].split("/", 2)
        if name not in self.fakes:
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            text = f"the path must begin with one of: {', '.join(self.fakes)}"
            body = json.dumps({"error": text}).encode()
            await send({"type": "http.response.body", "body": body})
            return
        below = {**scope, "path": f"/{rest[0] if rest else ''}"}
        await self.fakes[name](below, receive, send)


def all_fakes(**settings: Any) -> ByPath:
    return ByPath({name: fake(**settings) for name, fake in FAKES.items()})


async def _run(app: Any, port: int) -> None:
    async with serve(app, port) as base_url:
        sys.stdout.write(f"{base_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.fakes", description=__doc__)
    parser.add_argument("--protocol", choices=[*FAKES, "all"], default="all")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="up-key", help="the key to ask for; empty: none")
    parser.add_argument("--rechunk", type=int, default=0, help="bytes per piece of an answer")
    parser.add_argument("--models", default="", help="model names, comma-separated")
    given = parser.parse_args()
    settings: dict[str, Any] = {"key": given.key, "rechunk": given.rechunk}
    if given.models:
        settings["models"] = given.models.split(",")
    one = given.protocol
    app = all_fakes(**settings) if one == "all" else FAKES[one](**settings)
    try:
        asyncio.run(_run(app, given.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
