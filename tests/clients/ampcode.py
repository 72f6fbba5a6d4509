"""A fake ampcode.com: Amp's own calls, and models of three providers behind the strict fakes. It
refuses what a gateway must not let through: any key but the gateway's own, the client's above all,
and headers that tell of who stands behind the gateway."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

from tests.fakes import AnthropicFake, Fake, GeminiFake, ResponsesFake
from tests.fakes.fake import Message, Receive, Send
from tests.fakes.refusal import Refusal

KEY = "sgamp_user_of_the_gateway"
CLAUDES = (
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-haiku-4-5-20251001",
)
GPTS = ("gpt-5.4",)
GEMINIS = ("gemini-3-flash-preview",)
"""What the CLI 0.0.1777897475 asks for, by provider."""

_HIDDEN = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via", "referer")


def own_fakes(key: str) -> dict[str, Fake]:
    """A fake for each provider that Amp names, with the models that it asks for."""
    return {
        "anthropic": AnthropicFake(key=key, models=CLAUDES, rechunk=17),
        "openai": ResponsesFake(key=key, models=GPTS, rechunk=17, own=True),
        "google": GeminiFake(key=key, models=GEMINIS, rechunk=17),
    }


class FakeAmpcode:
    """`methods` are the calls of the control plane, in their order."""

    def __init__(self, client_key: str) -> None:
        self._client_key = client_key
        self.fakes = own_fakes("")
        self._threads: dict[str, Any] = {}
        self._refused: list[Refusal] = []
        self.methods: list[str] = []

    @property
    def models(self) -> list[str]:
        """Every model asked for, in no order."""
        bodies = [one for fake in self.fakes.values() for one in fake.requests]
        return [str(one.json.get("model") or one.name or one.path) for one in bodies]

    @property
    def refusals(self) -> list[Refusal]:
        own = [one for fake in self.fakes.values() for one in fake.refusals]
        return [*self._refused, *own]

    def forget(self) -> None:
        self.methods.clear()
        self._refused.clear()
        for fake in self.fakes.values():
            fake.requests.clear()
            fake.refusals.clear()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self._look_at(scope, headers)
        provider, _, rest = scope["path"].removeprefix("/api/provider/").partition("/")
        if provider in self.fakes:
            path = f"/{rest}".replace("/v1beta1/publishers/google/", "/v1beta/")
            await self.fakes[provider]({**scope, "path": path}, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        answer = json.dumps(self._answer(scope["path"], body)).encode()
        # Packed without a word of it in the headers, as ampcode.com has been seen to answer.
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": gzip.compress(answer)})

    def _look_at(self, scope: Message, headers: Mapping[str, str]) -> None:
        told = f"{scope['query_string']!r} {list(headers.values())}"
        if self._client_key in told:
            self._refused.append(Refusal(f"{scope['path']}: the client's key came through"))
        if headers.get("authorization") != f"Bearer {KEY}" or headers.get("x-api-key") != KEY:
            self._refused.append(Refusal(f"{scope['path']}: not the gateway's own key"))
        if "x-amp-thread-id" not in headers and "/provider/" in scope["path"]:
            self._refused.append(
                Refusal(f"{scope['path']}: Amp's own headers did not come through")
            )
        for name in _HIDDEN:
            if name in headers:
                self._refused.append(Refusal(f"{scope['path']}: {name} came through"))

    def _answer(self, path: str, body: bytes) -> object:
        if path != "/api/internal":
            return {"authenticated": True}
        asked = json.loads(body)
        method, params = asked["method"], asked["params"]
        self.methods.append(method)
        if method == "getUserInfo":
            user = {"id": "user_of_ampcode", "email": "me@example.com", "features": []}
            return {"ok": True, "result": user}
        if method == "uploadThread":
            self._threads[params["thread"]["id"]] = params["thread"]
        elif method == "getThread":
            if params["thread"] not in self._threads:
                return {"ok": False, "error": {"code": "thread-not-found", "message": "none"}}
            return {"ok": True, "result": {"thread": {"data": self._threads[params["thread"]]}}}
        elif method == "getThreadLinkInfo":
            return {"ok": True, "result": {"creatorUserID": "user_of_ampcode"}}
        return {"ok": True, "result": []}
