"""What OpenAI's Responses API refuses of a request (API reference, "Create a model response", and
the wordings its errors have; 2026-11). As a third-party host (`own=False`) it knows no item or tool
types that only OpenAI itself has (additional_tools, namespace, custom, compaction_trigger)."""

from __future__ import annotations

from collections.abc import Container

from tests.fakes.openai_errors import (
    check_effort,
    check_length,
    check_name,
    check_parameters,
    check_range,
)
from tests.fakes.refusal import JsonObject, Refusal, data_url, fields, not_strict, objects
from tests.fakes.seals import is_ours

FIELDS = fields(
    "background context_management conversation image include input instructions"
    " max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls"
    " previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention"
    " reasoning safety_identifier service_tier store stream stream_options temperature text"
    " tool_choice tools top_logprobs top_p truncation user client_metadata"
)

ITEM_FIELDS = {
    "message": {"type", "id", "role", "content", "status", "phase"},
    "function_call": {"type", "id", "call_id", "name", "arguments", "status", "namespace"},
    "function_call_output": {"type", "id", "call_id", "output", "status"},
    "reasoning": {"type", "id", "summary", "content", "encrypted_content", "status"},
    "web_search_call": {"type", "id", "status", "action"},
    "item_reference": {"type", "id"},
}
OWN_ITEM_FIELDS = {
    "custom_tool_call": {"type", "id", "call_id", "name", "input", "status", "namespace"},
    "custom_tool_call_output": {"type", "id", "call_id", "output", "status"},
    "additional_tools": {"type", "id", "role", "tools"},
    "compaction": {"type", "id", "encrypted_content"},
    "compaction_trigger": {"type"},
}

ID_PREFIXES = {
    "function_call": "fc",
    "reasoning": "rs",
    "message": "msg",
    "web_search_call": "ws",
    "custom_tool_call": "ctc",
}

CONTENT_TYPES = {
    "assistant": {"output_text", "refusal"},
    "user": {"input_text", "input_image", "input_file", "input_audio"},
    "system": {"input_text"},
    "developer": {"input_text"},
}

CALLS = {"function_call", "custom_tool_call"}
OUTPUTS = {"function_call_output", "custom_tool_call_output"}
TOOLS = {"function", "web_search", "web_search_preview", "file_search", "code_interpreter"}
OWN_TOOLS = {"custom", "namespace", "tool_search", "image_generation", "mcp", "local_shell"}

INCLUDES = {
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
}


def _wrong(value: object, where: str) -> Refusal:
    return Refusal(f"Invalid value: '{value}' ({where}).", param=where, code="invalid_value")


def check_fields(body: JsonObject, *, own: bool) -> None:
    """All but the input."""
    for key in body:
        if key not in FIELDS:
            raise Refusal(f"Unknown parameter: '{key}'.", param=key, code="unknown_parameter")
    limit = body.get("max_output_tokens")
    if limit is not None and limit < 16:
        raise Refusal(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, "
            f"but got {limit} instead.",
            param="max_output_tokens",
            code="integer_below_min_value",
        )
    check_range(body, "temperature", 0, 2)
    check_range(body, "top_p", 0, 1)
    check_effort((body.get("reasoning") or {}).get("effort"), "reasoning.effort")
    for value in body.get("include") or ():
        if value not in INCLUDES:
            raise _wrong(value, "include")
    if "user" in body:
        check_length(body["user"], "user", 64)
    if body.get("stream_options") is not None and not body.get("stream"):
        raise Refusal("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    names = _check_tools(body.get("tools") or [], own=own)
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in {"function", "custom"}:
        if choice.get("name") not in names:
            raise Refusal(
                f"Tool choice '{choice.get('name')}' not found in 'tools' parameter.",
                param="tool_choice",
            )
    elif choice == "required" and not body.get("tools"):
        raise Refusal("Tool choice 'required' must be specified with 'tools' parameter.")
    _check_format((body.get("text") or {}).get("format") or {"type": "text"})


def _check_tools(tools: object, *, own: bool) -> set[str]:
    names = set()
    for index, tool in enumerate(objects(tools, "tools")):
        kind = tool.get("type")
        if kind not in TOOLS and not (own and kind in OWN_TOOLS):
            raise _wrong(kind, f"tools[{index}].type")
        if kind not in {"function", "custom", "namespace"}:
            continue
        if "function" in tool:
            raise Refusal(
                f"Missing required parameter: 'tools[{index}].name'.",
                param=f"tools[{index}].name",
                code="missing_required_parameter",
            )
        check_name(tool.get("name"), f"tools[{index}].name")
        schema = tool.get("parameters")
        check_parameters(schema, tool["name"], f"tools[{index}].parameters", picky=False)
        if tool.get("strict") and (why := not_strict(schema or {})):
            raise Refusal(f"Invalid schema for function '{tool['name']}': {why}")
        names.add(tool["name"])
    return names


def _check_format(wanted: JsonObject) -> None:
    if wanted.get("type") not in {"text", "json_object", "json_schema"}:
        raise _wrong(wanted.get("type"), "text.format.type")
    if wanted["type"] == "json_schema":
        check_name(wanted.get("name"), "text.format.name")
        if not isinstance(wanted.get("schema"), dict):
            raise Refusal(
                "Missing required parameter: 'text.format.schema'.", param="text.format.schema"
            )
        if wanted.get("strict") and (why := not_strict(wanted["schema"])):
            raise Refusal(f"Invalid schema for response_format '{wanted['name']}': {why}")


def check_items(items: list[JsonObject], known: Container[str], *, own: bool) -> None:
    """The whole input; `known` are ids of stored items."""
    if not items:
        raise Refusal("One of 'input' or 'previous_response_id' must be provided.", param="input")
    known_fields = {**ITEM_FIELDS, **OWN_ITEM_FIELDS} if own else ITEM_FIELDS
    for index, item in enumerate(items):
        where = f"input[{index}]"
        kind = item.get("type", "message")
        if kind not in known_fields:
            raise _wrong(kind, where)
        for key in item:
            if key not in known_fields[kind]:
                raise Refusal(
                    f"Unknown parameter: '{where}.{key}'.",
                    param=f"{where}.{key}",
                    code="unknown_parameter",
                )
        _check_item(item, kind, where, known)
    _check_order(items)


def _check_item(item: JsonObject, kind: str, where: str, known: Container[str]) -> None:
    prefix = ID_PREFIXES.get(kind)
    if prefix and item.get("id") is not None and not item["id"].startswith(prefix):
        raise Refusal(
            f"Invalid '{where}.id': '{item['id']}'. Expected an ID that begins with '{prefix}'.",
            param=f"{where}.id",
            code="invalid_value",
        )
    if kind == "message":
        _check_message(item, where)
    elif kind in CALLS:
        check_length(item.get("call_id"), f"{where}.call_id", 64)
        check_name(item.get("name"), f"{where}.name")
        if not isinstance(item.get("arguments" if kind == "function_call" else "input"), str):
            raise Refusal(f"Invalid type for '{where}.arguments': expected a string.", param=where)
    elif kind in OUTPUTS:
        check_length(item.get("call_id"), f"{where}.call_id", 64)
        if isinstance(item.get("output"), list):
            _check_content(item["output"], "user", f"{where}.output")
        elif not isinstance(item.get("output"), str):
            raise Refusal(f"Invalid type for '{where}.output'.", param=f"{where}.output")
    elif kind == "reasoning":
        _check_reasoning(item, where, known)
    elif kind == "item_reference" and item.get("id") not in known:
        raise Refusal(f"Item with id '{item.get('id')}' not found.", param="input", status=404)


def _check_reasoning(item: JsonObject, where: str, known: Container[str]) -> None:
    if not isinstance(item.get("summary"), list):
        raise Refusal(f"Missing required parameter: '{where}.summary'.", param=f"{where}.summary")
    state = item.get("encrypted_content")
    if state is None:
        if item.get("id") not in known:
            raise Refusal(
                f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` "
                "is set to false.",
                param="input",
                status=404,
            )
    elif not is_ours("responses", state):
        raise Refusal(
            f"The encrypted content for item {item.get('id')} could not be verified. Reason: "
            "Encrypted content could not be decrypted or parsed.",
            code="invalid_encrypted_content",
        )


def _check_message(item: JsonObject, where: str) -> None:
    role = item.get("role")
    if role not in CONTENT_TYPES:
        raise _wrong(role, f"{where}.role")
    content = item.get("content")
    if isinstance(content, list):
        _check_content(content, role, f"{where}.content")
    elif not isinstance(content, str):
        raise Refusal(f"Invalid type for '{where}.content'.", param=f"{where}.content")


def _check_content(content: object, role: str, where: str) -> None:
    for index, part in enumerate(objects(content, where)):
        place = f"{where}[{index}]"
        kind = part.get("type")
        if kind not in CONTENT_TYPES[role]:
            supported = " and ".join(f"'{name}'" for name in sorted(CONTENT_TYPES[role]))
            raise Refusal(
                f"Invalid value: '{kind}'. Supported values are: {supported}.",
                param=place,
                code="invalid_value",
            )
        if kind in {"input_text", "output_text"} and not isinstance(part.get("text"), str):
            raise Refusal(f"Missing required parameter: '{place}.text'.", param=place)
        if kind == "input_image" and "file_id" not in part:
            url = part.get("image_url")
            web = isinstance(url, str) and url.startswith(("http://", "https://"))
            if not web and data_url(url) is None:
                raise Refusal(
                    f"Invalid '{place}.image_url'. Expected a valid URL, but got a value with an "
                    "invalid format.",
                    param=place,
                    code="invalid_value",
                )


def _check_order(items: list[JsonObject]) -> None:
    """Every output after its call, every call answered once; reasoning before what it led to."""
    open_calls: dict[str, None] = {}
    done: set[str] = set()
    for item in items:
        kind = item.get("type")
        if kind in CALLS:
            open_calls[item["call_id"]] = None
        elif kind in OUTPUTS:
            if item["call_id"] not in open_calls:
                why = "Duplicate" if item["call_id"] in done else "No tool call found for"
                raise Refusal(
                    f"{why} function call output with call_id {item['call_id']}.", param="input"
                )
            del open_calls[item["call_id"]]
            done.add(item["call_id"])
    if open_calls:
        raise Refusal(
            f"No tool output found for function call {next(iter(open_calls))}.", param="input"
        )
    for item, after in zip(items, [*items[1:], None], strict=True):
        if item.get("type") == "reasoning" and (
            after is None
            or after.get("type") in OUTPUTS
            or after.get("role", "assistant") == "user"
        ):
            raise Refusal(
                f"Item '{item.get('id')}' of type 'reasoning' was provided without its required "
                "following item.",
                param="input",
            )
