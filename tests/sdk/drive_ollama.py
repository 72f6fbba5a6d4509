"""Drives the `ollama` SDK's chat; the assistant messages, thinking and calls too, are replayed."""

from __future__ import annotations

from typing import Any

import ollama
from tests.sdk.session import Said, Settings, Usage

STOPS = {"stop": "end", "length": "length"}


class OllamaDriver:
    protocol = "ollama"
    stream_error: type[Exception] = ollama.ResponseError

    def open(self, base_url: str, key: str, model: str, settings: Settings) -> OllamaSession:
        return OllamaSession(base_url, key, model, settings)

    def error_type(self, status: int) -> type[Exception]:
        return {status: ollama.ResponseError}[status]

    def status_of(self, error: Exception) -> int:
        assert isinstance(error, ollama.ResponseError)
        return error.status_code


class OllamaSession:
    def __init__(self, base_url: str, key: str, model: str, settings: Settings) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._client = ollama.AsyncClient(host=base_url, headers=headers)
        self._settings = settings
        self._messages: list[dict[str, Any]] = []
        self._calls: list[dict[str, Any]] = []
        if settings.system:
            self._messages.append({"role": "system", "content": settings.system})
        self._request: dict[str, Any] = {"model": model, "stream": settings.stream}
        self._request["options"] = {"num_predict": settings.max_tokens}
        if settings.tools:
            self._request["tools"] = [
                {"type": "function", "function": {"name": name, "parameters": schema}}
                for name, schema in settings.tools.items()
            ]
        if settings.thinking:
            self._request["think"] = True
        if settings.schema:
            self._request["format"] = settings.schema

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]  # the SDK left it untyped

    async def say(self, text: str, *, png: bytes | None = None) -> Said:
        image = {"images": [png]} if png else {}
        self._messages.append({"role": "user", "content": text, **image})
        return await self._ask()

    async def give(self, results: list[str]) -> Said:
        for call, result in zip(self._calls, results, strict=True):
            name = call["function"]["name"]
            self._messages.append({"role": "tool", "content": result, "tool_name": name})
        return await self._ask()

    async def _ask(self) -> Said:
        request = {**self._request, "messages": self._messages}
        if self._settings.stream:
            answers = [piece async for piece in await self._client.chat(**request)]
        else:
            answers = [await self._client.chat(**request)]
        last = answers[-1]
        if not last.done:
            raise ollama.ResponseError("the stream ended without done")
        messages = [answer.message for answer in answers]
        text = "".join(message.content or "" for message in messages)
        thinking = "".join(message.thinking or "" for message in messages)
        self._calls = [call.model_dump() for m in messages for call in m.tool_calls or ()]
        answer: dict[str, Any] = {"role": "assistant", "content": text}
        answer |= {"thinking": thinking} if thinking else {}
        answer |= {"tool_calls": self._calls} if self._calls else {}
        self._messages.append(answer)
        stop = STOPS.get(str(last.done_reason), "other")
        return Said(
            text=text,
            calls=[(c["function"]["name"], c["function"]["arguments"]) for c in self._calls],
            thinking=thinking,
            usage=Usage(last.prompt_eval_count or 0, last.eval_count or 0),
            stop="tool" if stop == "end" and self._calls else stop,
        )
