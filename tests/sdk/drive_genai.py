"""Drives the `google-genai` SDK's generate_content; the model's contents, as they came in pieces,
are replayed. It runs over httpx2, as it does where aiohttp is not installed (its aiohttp session
raises a DeprecationWarning of aiohttp's)."""

from __future__ import annotations

from typing import Any

import httpx2
from google import genai
from google.genai import errors, types
from tests.sdk.session import Said, Settings, Usage

STOPS = {types.FinishReason.STOP: "end", types.FinishReason.MAX_TOKENS: "length"}


class GenaiDriver:
    protocol = "gemini"
    stream_error: type[Exception] = errors.APIError

    def open(self, base_url: str, key: str, model: str, settings: Settings) -> GenaiSession:
        return GenaiSession(base_url, key, model, settings)

    def error_type(self, status: int) -> type[Exception]:
        return errors.ClientError if status < 500 else errors.ServerError

    def status_of(self, error: Exception) -> int:
        assert isinstance(error, errors.APIError)
        return error.code


class GenaiSession:
    def __init__(self, base_url: str, key: str, model: str, settings: Settings) -> None:
        self._http = httpx2.AsyncClient()
        options = types.HttpOptions(base_url=base_url, httpx_async_client=self._http)
        self._client = genai.Client(api_key=key, http_options=options)
        self._model = model
        self._settings = settings
        self._contents: list[types.Content] = []
        self._calls: list[types.FunctionCall] = []
        config: dict[str, Any] = {"max_output_tokens": settings.max_tokens}
        if settings.system:
            config["system_instruction"] = settings.system
        if settings.tools:
            declared = [
                types.FunctionDeclaration(name=name, parameters_json_schema=schema)
                for name, schema in settings.tools.items()
            ]
            config["tools"] = [types.Tool(function_declarations=declared)]
        if settings.thinking:
            config["thinking_config"] = types.ThinkingConfig(
                include_thoughts=True,
                thinking_budget=None if settings.newest else 2048,
                thinking_level=types.ThinkingLevel.LOW if settings.newest else None,
            )
        if settings.schema:
            config["response_mime_type"] = "application/json"
            config["response_json_schema"] = settings.schema
        self._config = types.GenerateContentConfig(**config)

    async def close(self) -> None:
        await self._client.aio.aclose()
        self._client.close()
        await self._http.aclose()

    async def say(self, text: str, *, png: bytes | None = None) -> Said:
        parts = [types.Part.from_text(text=text)]
        if png:
            parts.append(types.Part.from_bytes(data=png, mime_type="image/png"))
        return await self._ask(parts)

    async def give(self, results: list[str]) -> Said:
        return await self._ask(
            [
                types.Part(
                    function_response=types.FunctionResponse(
                        id=call.id, name=call.name, response={"output": result}
                    )
                )
                for call, result in zip(self._calls, results, strict=True)
            ]
        )

    async def _ask(self, parts: list[types.Part]) -> Said:
        self._contents.append(types.Content(role="user", parts=parts))
        models = self._client.aio.models
        contents: Any = self._contents
        asked: dict[str, Any] = {"model": self._model, "contents": contents, "config": self._config}
        if self._settings.stream:
            stream = await models.generate_content_stream(**asked)
            answers = [answer async for answer in stream]
        else:
            answers = [await models.generate_content(**asked)]
        candidates = [c for answer in answers for c in answer.candidates or ()]
        said = [p for c in candidates if c.content for p in c.content.parts or ()]
        self._contents.append(types.Content(role="model", parts=said))
        self._calls = [part.function_call for part in said if part.function_call]
        usage = next(a.usage_metadata for a in reversed(answers) if a.usage_metadata)
        reasons = [c.finish_reason for c in candidates if c.finish_reason]
        assert len(reasons) == 1, "one finish reason"
        stop = STOPS.get(reasons[0], "other")
        return Said(
            text="".join(part.text or "" for part in said if not part.thought),
            calls=[(call.name or "", call.args or {}) for call in self._calls],
            thinking="".join(part.text or "" for part in said if part.thought),
            usage=Usage(
                usage.prompt_token_count or 0,
                (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
                usage.cached_content_token_count or 0,
            ),
            stop="tool" if stop == "end" and self._calls else stop,
        )
