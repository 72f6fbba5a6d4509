"""What OpenAI's Chat Completions refuses of a request (API reference, "Create chat completion",
and the wordings its errors have; 2026-11). Compatible hosts' `reasoning_content` in assistant
messages is accepted, for the fake emits it."""

from __future__ import annotations

from typing import Any

from tests.fakes.openai_errors import (
    check_effort,
    check_length,
    check_name,
    check_parameters,
    check_range,
    unrecognized,
)
from tests.fakes.refusal import JsonObject, Refusal, data_url, fields, not_strict, objects

FIELDS = fields(
    "messages model audio frequency_penalty function_call functions logit_bias logprobs"
    " max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls"
    " prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention"
    " reasoning_effort response_format safety_identifier seed service_tier stop store stream"
    " stream_options temperature tool_choice tools top_logprobs top_p user verbosity"
    " web_search_options"
)

MESSAGE_FIELDS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {
        "role", "content", "name", "refusal", "audio", "tool_calls", "annotations",
        "reasoning_content", "reasoning", "reasoning_details",
    },
    "tool": {"role", "content", "tool_call_id"},
}  # fmt: skip

PART_TYPES = {
    "system": {"text"},
    "developer": {"text"},
    "user": {"text", "image_url", "input_audio", "file"},
    "assistant": {"text", "refusal"},
    "tool": {"text"},
}

MAX_OUTPUT = 128_000


def check(body: JsonObject, *, picky: bool) -> None:
    unrecognized(body, FIELDS)
    _check_limits(body)
    names = _check_tools(body, picky=picky)
    _check_choice(body, names)
    messages = objects(body.get("messages"), "messages") if "messages" in body else []
    if not messages:
        raise Refusal(
            "Missing required parameter: 'messages'.",
            param="messages",
            code="missing_required_parameter",
        )
    for index, message in enumerate(messages):
        _check_message(message, f"messages[{index}]")
    _check_order(messages)
    _check_format(body, messages)


def _check_limits(body: JsonObject) -> None:
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise Refusal(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        )
    for name in ("max_tokens", "max_completion_tokens"):
        if (body.get(name) or 0) > MAX_OUTPUT:
            raise Refusal(
                f"{name} is too large: {body[name]}. This model supports at most {MAX_OUTPUT} "
                "completion tokens.",
                param=name,
                code="invalid_value",
            )
        check_range(body, name, 1, MAX_OUTPUT)
    check_range(body, "temperature", 0, 2)
    check_range(body, "top_p", 0, 1)
    check_range(body, "frequency_penalty", -2, 2)
    check_range(body, "presence_penalty", -2, 2)
    check_range(body, "n", 1, 128)
    check_effort(body.get("reasoning_effort"), "reasoning_effort")
    if "user" in body:
        check_length(body["user"], "user", 64)
    if isinstance(body.get("stop"), list) and len(body["stop"]) > 4:
        raise Refusal("Invalid 'stop': array too long. Expected at most 4.", param="stop")
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise Refusal("'top_logprobs' needs 'logprobs'.", param="top_logprobs")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise Refusal(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )


def _check_tools(body: JsonObject, *, picky: bool) -> set[str]:
    if "tools" not in body:
        for name in ("tool_choice", "parallel_tool_calls"):
            if body.get(name) is not None:
                raise Refusal(
                    f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are "
                    "specified.",
                    param=name,
                )
        return set()
    tools = objects(body["tools"], "tools")
    if not tools:
        raise Refusal(
            "Invalid 'tools': empty array. Expected an array with minimum length 1.",
            param="tools",
            code="empty_array",
        )
    names = set()
    for index, tool in enumerate(tools):
        where = f"tools[{index}]"
        if tool.get("type") not in {"function", "custom"}:
            raise Refusal(f"Invalid value: '{tool.get('type')}'.", param=f"{where}.type")
        inner = tool.get(tool["type"])
        if not isinstance(inner, dict):
            raise Refusal(f"Missing required parameter: '{where}.{tool['type']}'.", param=where)
        check_name(inner.get("name"), f"{where}.{tool['type']}.name")
        unrecognized(inner, {"name", "description", "parameters", "strict", "format"})
        check_parameters(inner.get("parameters"), inner["name"], where, picky=picky)
        if inner.get("strict") and (why := not_strict(inner.get("parameters") or {})):
            raise Refusal(f"Invalid schema for function '{inner['name']}': {why}", param=where)
        names.add(inner["name"])
    return names


def _check_choice(body: JsonObject, names: set[str]) -> None:
    choice = body.get("tool_choice")
    if choice is None or choice in ("none", "auto", "required"):
        return
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice["allowed_tools"]["tools"]
        if allowed and all(tool.get("function", {}).get("name") in names for tool in allowed):
            return
    inner: Any = choice.get(choice.get("type")) if isinstance(choice, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    if name not in names:
        raise Refusal(
            f"Invalid value for 'tool_choice': function '{name}' not found in 'tools'.",
            param="tool_choice",
        )


def _check_message(message: JsonObject, where: str) -> None:
    role = message.get("role")
    if role not in MESSAGE_FIELDS:
        raise Refusal(
            f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', "
            "'tool', and 'developer'.",
            param=f"{where}.role",
            code="invalid_value",
        )
    for key in message:
        if key not in MESSAGE_FIELDS[role]:
            raise Refusal(
                f"Additional properties are not allowed ('{key}' was unexpected) - '{where}'"
            )
    content = message.get("content")
    if isinstance(content, list):
        for index, part in enumerate(objects(content, f"{where}.content")):
            _check_part(part, role, f"{where}.content[{index}]")
        if not content:
            raise Refusal(f"Invalid '{where}.content': empty array.", code="empty_array")
    elif content is None:
        if role != "assistant" or not (message.get("tool_calls") or message.get("refusal")):
            raise Refusal(
                f"Invalid value for 'content': expected a string, got null. ({where})",
                param=f"{where}.content",
            )
    elif not isinstance(content, str):
        raise Refusal(f"Invalid type for '{where}.content'.", param=f"{where}.content")
    if role == "tool":
        check_length(message.get("tool_call_id"), f"{where}.tool_call_id", 40)
    if "tool_calls" in message:
        _check_calls(message["tool_calls"], f"{where}.tool_calls")


def _check_part(part: JsonObject, role: str, where: str) -> None:
    kind = part.get("type")
    if kind not in PART_TYPES[role]:
        if kind == "image_url":
            raise Refusal(
                f"Invalid '{where}'. Image URLs are only allowed for messages with role 'user', "
                f"but this message with role '{role}' contains an image URL.",
                param=where,
            )
        raise Refusal(f"Invalid value: '{kind}' ({where}).", param=where, code="invalid_value")
    if kind == "text" and not isinstance(part.get("text"), str):
        raise Refusal(f"Missing required parameter: '{where}.text'.", param=where)
    if kind == "image_url":
        url = (part.get("image_url") or {}).get("url")
        web = isinstance(url, str) and url.startswith(("http://", "https://"))
        if not web and data_url(url) is None:
            raise Refusal(f"Invalid image URL in '{where}'.", param=where, code="invalid_image_url")


def _check_calls(calls: object, where: str) -> None:
    if not (found := objects(calls, where)):
        raise Refusal(f"Invalid '{where}': empty array.", param=where, code="empty_array")
    for index, call in enumerate(found):
        check_length(call.get("id"), f"{where}[{index}].id", 40)
        if call.get("type") not in {"function", "custom"}:
            raise Refusal(f"Missing required parameter: '{where}[{index}].type'.", param=where)
        unrecognized(call, {"id", "type", "function", "custom"})
        inner = call.get(call["type"])
        if not isinstance(inner, dict):
            raise Refusal(f"Missing required parameter: '{where}[{index}].function'.", param=where)
        check_name(inner.get("name"), f"{where}[{index}].function.name")
        text = inner.get("arguments" if call["type"] == "function" else "input")
        if not isinstance(text, str):
            raise Refusal(
                f"Invalid type for '{where}[{index}].function.arguments': expected a string.",
                param=where,
            )


def _check_order(messages: list[JsonObject]) -> None:
    """Every call answered, once, before anything else is said."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}].role"
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                raise Refusal(
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'.",
                    param=where,
                )
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            break
        waiting = [call["id"] for call in message.get("tool_calls") or ()]
        if len(set(waiting)) < len(waiting):
            raise Refusal("Duplicate value for 'tool_call_id'.", param=where)
    if waiting:
        raise Refusal(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{', '.join(waiting)}",
            param="messages",
        )


def _check_format(body: JsonObject, messages: list[JsonObject]) -> None:
    asked = body.get("response_format") or {"type": "text"}
    if asked.get("type") == "json_object":
        if "json" not in str([message.get("content") for message in messages]).lower():
            raise Refusal(
                "'messages' must contain the word 'json' in some form, to use 'response_format' "
                "of type 'json_object'.",
                param="messages",
            )
    elif asked.get("type") == "json_schema":
        inner = asked.get("json_schema") or {}
        check_name(inner.get("name"), "response_format.json_schema.name")
        if not isinstance(inner.get("schema"), dict):
            raise Refusal(
                "Missing required parameter: 'response_format.json_schema.schema'.",
                param="response_format",
            )
        if inner.get("strict") and (why := not_strict(inner["schema"])):
            raise Refusal(f"Invalid schema for response_format '{inner['name']}': {why}")
    elif asked.get("type") != "text":
        raise Refusal(f"Invalid value: '{asked.get('type')}'.", param="response_format.type")
