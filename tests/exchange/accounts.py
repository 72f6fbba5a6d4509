"""An Anthropic upstream whose accounts cannot read each other's thinking: every signature names the
key that made it, and another key's is refused."""

from __future__ import annotations

import json
from typing import Any

from dragoman.server.bodies import Receive, Send

BETA = "context-management-2025-06-27"


class Accounts:
    """`out`: keys that are refused with 429, each with its Retry-After. `seen`: key and signatures
    of every request, `bodies` what came."""

    def __init__(self) -> None:
        self.out: dict[str, str] = {}
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.bodies: list[dict[str, Any]] = []
        self.betas: list[str] = []

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.seen]

    @property
    def makers(self) -> list[str]:
        """The keys that made the signatures of the last request."""
        return [signature.split(":")[0] for signature in self.seen[-1][1]]

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        data = b""
        while True:
            message: Any = await receive()
            data += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, answer, more = self._answer(headers, json.loads(data))
        told = [(b"content-type", b"application/json"), *more]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def _answer(
        self, headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any], list[tuple[bytes, bytes]]]:
        key = headers["x-api-key"]
        signatures = tuple(
            block["signature"]
            for turn in body["messages"]
            if isinstance(turn["content"], list)
            for block in turn["content"]
            if block["type"] == "thinking"
        )
        self.seen.append((key, signatures))
        self.bodies.append(body)
        self.betas.append(headers.get("anthropic-beta", ""))
        if key in self.out:
            return 429, _error("rate_limit_error", "slow"), [(b"retry-after", self._rest(key))]
        if any(signature.split(":")[0] != key for signature in signatures):
            message = "messages.1.content.0: Invalid `signature` in `thinking` block"
            return 400, _error("invalid_request_error", message), []
        return 200, self._message(key), []

    def _rest(self, key: str) -> bytes:
        """Its Retry-After; one that passes soon is the last refusal."""
        told = self.out[key]
        if float(told) < 1:
            del self.out[key]
        return told.encode()

    def _message(self, key: str) -> dict[str, Any]:
        count = len(self.seen)
        return {
            "id": f"msg_{count}",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-4-5",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": f"{key}:{count}"},
                {"type": "tool_use", "id": f"toolu_{count}", "name": "look", "input": {}},
            ],
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 5, "output_tokens": 5},
        }


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}
