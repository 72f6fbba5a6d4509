"""Drives the `anthropic` SDK (its version header, its Bearer key), by `messages.stream` or
`messages.create`; whole blocks, signatures too, are replayed."""

from __future__ import annotations

import base64
from typing import Any

import anthropic
from tests.sdk.session import Said, Settings, Usage

STATUS_ERRORS: dict[int, type[Exception]] = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
}
STOPS = {"end_turn": "end", "tool_use": "tool", "max_tokens": "length"}


class AnthropicDriver:
    protocol = "anthropic"
    stream_error: type[Exception] = anthropic.APIStatusError

    def open(self, base_url: str, key: str, model: str, settings: Settings) -> AnthropicSession:
        return AnthropicSession(base_url, key, model, settings)

    def error_type(self, status: int) -> type[Exception]:
        return STATUS_ERRORS[status]

    def status_of(self, error: Exception) -> int:
        assert isinstance(error, anthropic.APIStatusError)
        return error.status_code


class AnthropicSession:
    def __init__(self, base_url: str, key: str, model: str, settings: Settings) -> None:
        self._client = anthropic.AsyncAnthropic(api_key=key, base_url=base_url, max_retries=0)
        self._settings = settings
        self._messages: list[dict[str, Any]] = []
        self._request: dict[str, Any] = {"model": model, "max_tokens": settings.max_tokens}
        if settings.system:
            cached = {"cache_control": {"type": "ephemeral"}}
            self._request["system"] = [{"type": "text", "text": settings.system, **cached}]
        if settings.tools:
            self._request["tools"] = [
                {"name": name, "input_schema": schema} for name, schema in settings.tools.items()
            ]
        if settings.thinking and settings.newest:
            self._request["thinking"] = {"type": "adaptive", "display": "summarized"}
            self._request["output_config"] = {"effort": "low"}
        elif settings.thinking:
            self._request["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if settings.schema:
            wanted = {"type": "json_schema", "schema": settings.schema}
            self._request["output_config"] = {"format": wanted}

    async def close(self) -> None:
        await self._client.close()

    async def say(self, text: str, *, png: bytes | None = None) -> Said:
        content: list[dict[str, Any]] = [{"type": "text", "text": text}]
        if png:
            data = base64.b64encode(png).decode()
            source = {"type": "base64", "media_type": "image/png", "data": data}
            content.append({"type": "image", "source": source})
        return await self._ask(content)

    async def give(self, results: list[str]) -> Said:
        calls = [b for b in self._messages[-1]["content"] if b["type"] == "tool_use"]
        return await self._ask(
            [
                {"type": "tool_result", "tool_use_id": call["id"], "content": result}
                for call, result in zip(calls, results, strict=True)
            ]
        )

    async def _ask(self, content: list[dict[str, Any]]) -> Said:
        self._messages.append({"role": "user", "content": content})
        request = {**self._request, "messages": self._messages}
        if self._settings.stream:
            async with self._client.messages.stream(**request) as stream:
                answer: Any = await stream.get_final_message()
        else:
            answer = await self._client.messages.create(**request)
        blocks = [block.to_dict() for block in answer.content]
        self._messages.append({"role": "assistant", "content": [_replayed(b) for b in blocks]})
        usage = answer.usage
        read = usage.cache_read_input_tokens or 0
        written = usage.cache_creation_input_tokens or 0
        calls = [block for block in blocks if block["type"] == "tool_use"]
        return Said(
            text="".join(block["text"] for block in blocks if block["type"] == "text"),
            calls=[(call["name"], call["input"]) for call in calls],
            thinking="".join(b["thinking"] for b in blocks if b["type"] == "thinking"),
            usage=Usage(usage.input_tokens + read + written, usage.output_tokens, read),
            stop=STOPS.get(answer.stop_reason, "other"),
        )


def _replayed(block: dict[str, Any]) -> dict[str, Any]:
    """A block as input: fields the SDK parsed into it for convenience are none of the wire's."""
    return {k: v for k, v in block.items() if v is not None and not k.startswith("parsed")}
