"""Drives the `openai` SDK's chat.completions. Reasoning is what compatible hosts call
`reasoning_content`, replayed in the assistant message."""

from __future__ import annotations

import base64
import json
from typing import Any

import openai
from tests.sdk.session import Said, Settings, Usage

STATUS_ERRORS: dict[int, type[Exception]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
}
STOPS = {"stop": "end", "tool_calls": "tool", "length": "length"}


class ChatDriver:
    protocol = "openai"
    stream_error: type[Exception] = openai.APIError

    def open(self, base_url: str, key: str, model: str, settings: Settings) -> ChatSession:
        return ChatSession(base_url, key, model, settings)

    def error_type(self, status: int) -> type[Exception]:
        return STATUS_ERRORS[status]

    def status_of(self, error: Exception) -> int:
        assert isinstance(error, openai.APIStatusError)
        return error.status_code


class ChatSession:
    def __init__(self, base_url: str, key: str, model: str, settings: Settings) -> None:
        self._client = openai.AsyncOpenAI(api_key=key, base_url=f"{base_url}/v1", max_retries=0)
        self._settings = settings
        self._messages: list[dict[str, Any]] = []
        if settings.system:
            self._messages.append({"role": "system", "content": settings.system})
        self._request: dict[str, Any] = {"model": model, "max_tokens": settings.max_tokens}
        if settings.tools:
            self._request["tools"] = [
                {"type": "function", "function": {"name": name, "parameters": schema}}
                for name, schema in settings.tools.items()
            ]
        if settings.thinking:
            self._request["reasoning_effort"] = "low"
        if settings.schema:
            wanted = {"name": "answer", "schema": settings.schema, "strict": True}
            self._request["response_format"] = {"type": "json_schema", "json_schema": wanted}

    async def close(self) -> None:
        await self._client.close()

    async def say(self, text: str, *, png: bytes | None = None) -> Said:
        content: Any = text
        if png:
            url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
            image = {"type": "image_url", "image_url": {"url": url}}
            content = [{"type": "text", "text": text}, image]
        self._messages.append({"role": "user", "content": content})
        return await self._ask()

    async def give(self, results: list[str]) -> Said:
        calls = self._messages[-1]["tool_calls"]
        for call, result in zip(calls, results, strict=True):
            entry = {"role": "tool", "tool_call_id": call["id"], "content": result}
            self._messages.append(entry)
        return await self._ask()

    async def _ask(self) -> Said:
        request = {**self._request, "messages": self._messages}
        message: dict[str, Any]
        if self._settings.stream:
            message, finish, usage = await self._streamed(request)
        else:
            whole = await self._client.chat.completions.create(**request)
            message = whole.choices[0].message.model_dump(exclude_none=True)
            finish, usage = whole.choices[0].finish_reason, whole.usage
        self._messages.append(message)
        assert usage is not None, "no usage came"
        details = usage.prompt_tokens_details
        cached = (details and details.cached_tokens) or 0
        calls = [call["function"] for call in message.get("tool_calls") or ()]
        return Said(
            text=message.get("content") or "",
            calls=[(call["name"], json.loads(call["arguments"])) for call in calls],
            thinking=message.get("reasoning_content", ""),
            usage=Usage(usage.prompt_tokens, usage.completion_tokens, cached),
            stop=STOPS.get(finish, "other"),
        )

    async def _streamed(self, request: dict[str, Any]) -> tuple[dict[str, Any], str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": ""}
        calls: dict[int, dict[str, Any]] = {}
        finish, usage = "", None
        asked = {**request, "stream": True, "stream_options": {"include_usage": True}}
        stream: Any = await self._client.chat.completions.create(**asked)
        async with stream:
            async for chunk in stream:
                usage = chunk.usage or usage
                for choice in chunk.choices:
                    finish = choice.finish_reason or finish
                    delta = choice.delta.model_dump(exclude_none=True)
                    for name in {"content", "reasoning_content"} & set(delta):
                        message[name] = message.get(name, "") + delta[name]
                    for piece in delta.get("tool_calls") or ():
                        _add_piece(calls, piece)
        if calls:
            message["tool_calls"] = list(calls.values())
        return message, finish, usage


def _add_piece(calls: dict[int, dict[str, Any]], piece: dict[str, Any]) -> None:
    function = piece.get("function") or {}
    if piece["index"] not in calls:
        assert piece["id"], "a call begins with its id"
        assert piece["type"] == "function"
        begun = {"name": function["name"], "arguments": ""}
        calls[piece["index"]] = {"id": piece["id"], "type": "function", "function": begun}
    calls[piece["index"]]["function"]["arguments"] += function.get("arguments") or ""
