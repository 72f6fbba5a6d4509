"""Drives the `openai` SDK's responses, stateless: `store: false`, the output items (encrypted
reasoning too) replayed as input."""

from __future__ import annotations

import base64
import json
from typing import Any

import openai
from tests.sdk.drive_chat import ChatDriver
from tests.sdk.session import Said, Settings, StreamFailed, Usage

FINAL = {"response.completed", "response.incomplete"}


class ResponsesDriver(ChatDriver):
    protocol = "responses"
    stream_error: type[Exception] = StreamFailed

    def open(  # type: ignore[override]  # another session, the same protocol of sessions
        self, base_url: str, key: str, model: str, settings: Settings
    ) -> ResponsesSession:
        return ResponsesSession(base_url, key, model, settings)


class ResponsesSession:
    def __init__(self, base_url: str, key: str, model: str, settings: Settings) -> None:
        self._client = openai.AsyncOpenAI(api_key=key, base_url=f"{base_url}/v1", max_retries=0)
        self._settings = settings
        self._items: list[dict[str, Any]] = []
        self._open_calls: list[str] = []
        self._request: dict[str, Any] = {"model": model, "store": False}
        self._request["max_output_tokens"] = settings.max_tokens
        if settings.system:
            self._request["instructions"] = settings.system
        if settings.tools:
            self._request["tools"] = [
                {"type": "function", "name": name, "parameters": schema, "strict": False}
                for name, schema in settings.tools.items()
            ]
        if settings.thinking:
            self._request["reasoning"] = {"effort": "low", "summary": "auto"}
            self._request["include"] = ["reasoning.encrypted_content"]
        if settings.schema:
            wanted = {"name": "answer", "schema": settings.schema, "strict": True}
            self._request["text"] = {"format": {"type": "json_schema", **wanted}}

    async def close(self) -> None:
        await self._client.close()

    async def say(self, text: str, *, png: bytes | None = None) -> Said:
        content: list[dict[str, Any]] = [{"type": "input_text", "text": text}]
        if png:
            url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
            content.append({"type": "input_image", "image_url": url, "detail": "auto"})
        self._items.append({"role": "user", "content": content})
        return await self._ask()

    async def give(self, results: list[str]) -> Said:
        for call_id, result in zip(self._open_calls, results, strict=True):
            entry = {"type": "function_call_output", "call_id": call_id, "output": result}
            self._items.append(entry)
        return await self._ask()

    async def _ask(self) -> Said:
        request = {**self._request, "input": self._items}
        if self._settings.stream:
            response = await self._streamed(request)
        else:
            response = await self._client.responses.create(**request)
        output = [item.model_dump(exclude_none=True) for item in response.output]
        self._items += output
        calls = [item for item in output if item["type"] == "function_call"]
        self._open_calls = [call["call_id"] for call in calls]
        summaries = [item["summary"] for item in output if item["type"] == "reasoning"]
        usage = response.usage
        assert usage is not None, "no usage came"
        stops = {"completed": "tool" if calls else "end", "incomplete": "length"}
        return Said(
            text=response.output_text,
            calls=[(call["name"], json.loads(call["arguments"])) for call in calls],
            thinking="".join(part["text"] for summary in summaries for part in summary),
            usage=Usage(
                usage.input_tokens, usage.output_tokens, usage.input_tokens_details.cached_tokens
            ),
            stop=stops.get(str(response.status), "other"),
        )

    async def _streamed(self, request: dict[str, Any]) -> Any:
        deltas, final, sequence, done = "", None, -1, []
        stream = await self._client.responses.create(**request, stream=True)
        async with stream:
            async for event in stream:
                assert event.sequence_number > sequence, "sequence numbers rise"
                sequence = event.sequence_number
                if event.type == "response.output_text.delta":
                    deltas += event.delta
                elif event.type == "response.output_item.done":
                    done.append(event.item.model_dump())
                elif event.type in FINAL:
                    final = event.response
                elif event.type in {"response.failed", "error"}:
                    raise StreamFailed(event.to_json())
        if final is None:
            raise StreamFailed("the stream ended without a final event")
        assert deltas == final.output_text
        assert done == [item.model_dump() for item in final.output]
        return final
