"""What Anthropic's Messages API refuses of a request's settings (API reference, "Create a Message";
"Versions"; "Extended thinking"; 2026-11). The turns are checked in `anthropic_turns.py`."""

from __future__ import annotations

import re
from collections.abc import Collection

from tests.fakes.refusal import JsonObject, Refusal, fields, fits, objects, schemas_in

VERSIONS = {"2023-01-01", "2023-06-01", "2026-10-21"}
NEWEST_VERSION = "2026-10-21"

FIELDS = fields(
    "max_tokens messages model cache_control container diagnostics inference_geo metadata"
    " output_config service_tier speed stop_sequences stream system temperature thinking"
    " tool_choice tools top_k top_p"
)
BETA_FIELDS = {
    "context_management": "context-management-",
    "mcp_servers": "mcp-client-",
    "output_format": "structured-outputs-",
}

_BUDGET_ONLY = re.compile(r"claude-(3|(sonnet|opus|haiku)-4(-[015])?(-\d{8})?$)")
_BUDGET_TOO = re.compile(r"claude-(opus|sonnet)-4-6")


def thinks_by_budget(model: str) -> bool:
    """A name that is none of Anthropic's is a compatible host's: it takes both forms."""
    known = _BUDGET_ONLY.match(model) or _BUDGET_TOO.match(model)
    return bool(known) or not model.startswith("claude-")


def thinks_adaptively(model: str) -> bool:
    return not _BUDGET_ONLY.match(model)


def is_new(model: str) -> bool:
    """Newer than 4.6: no sampling settings but their defaults."""
    return not thinks_by_budget(model)


def takes_system_turns(model: str) -> bool:
    """System messages in mid-conversation: newer than 4.6, or unknown."""
    return not (_BUDGET_ONLY.match(model) or _BUDGET_TOO.match(model))


def extra_input(where: str) -> Refusal:
    return Refusal(f"{where}: Extra inputs are not permitted")


def only(value: JsonObject, allowed: Collection[str], where: str) -> None:
    for key in value:
        if key not in allowed:
            raise extra_input(f"{where}.{key}" if where else key)


def check(body: JsonObject, version: str, beta: str) -> None:
    for key in body:
        wanted = BETA_FIELDS.get(key)
        if key not in FIELDS and not (wanted and wanted in beta):
            raise extra_input(key)
    limit = body.get("max_tokens")
    if limit is None:
        raise Refusal("max_tokens: Field required")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise Refusal("max_tokens: Input should be greater than or equal to 1")
    if limit > 128_000:
        raise Refusal(
            f"max_tokens: {limit} > 128000, which is the maximum allowed number of output tokens"
        )
    _check_sampling(body, version)
    _check_thinking(body, limit, beta)
    names = _check_tools(body)
    _check_choice(body, names)
    _check_output(body)
    only(body.get("metadata") or {}, {"user_id"}, "metadata")
    for stop in body.get("stop_sequences") or ():
        if not stop.strip():
            raise Refusal("stop_sequences: each stop sequence must contain non-whitespace")
    if (count := cache_marks(body)) > 4:
        raise Refusal(f"A maximum of 4 blocks with cache_control may be provided. Found {count}.")


def _check_sampling(body: JsonObject, version: str) -> None:
    names = [n for n in ("temperature", "top_p", "top_k") if body.get(n) is not None]
    if names and version == NEWEST_VERSION:
        raise Refusal(f"{names[0]}: not supported from version {NEWEST_VERSION} on")
    changed = [name for name in names if body[name] != 1 or name == "top_k"]
    if changed and is_new(str(body["model"])):
        raise Refusal(f"`{changed[0]}` is not supported for this model.")
    if not 0 <= (body.get("temperature") or 0) <= 1:
        raise Refusal("temperature: range: 0..1")
    if {"temperature", "top_p"} <= set(names):
        raise Refusal("`temperature` and `top_p` cannot both be specified for this model.")


def _check_thinking(body: JsonObject, limit: int, beta: str) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind, model = thinking.get("type"), str(body["model"])
    if kind not in {"enabled", "disabled", "adaptive"}:
        raise Refusal(f"thinking: Input tag '{kind}' found using 'type' does not match")
    allowed = {"type", "display"} if kind == "adaptive" else {"type", "display", "budget_tokens"}
    only(thinking, {"type"} if kind == "disabled" else allowed, f"thinking.{kind}")
    if kind == "disabled":
        return
    if kind == "adaptive" and not thinks_adaptively(model):
        raise Refusal("adaptive thinking is not supported on this model")
    if kind == "enabled":
        if not thinks_by_budget(model):
            raise Refusal(
                '"thinking.type.enabled" is not supported for this model. Use '
                '"thinking.type.adaptive" and "output_config.effort" to control thinking.'
            )
        budget = thinking.get("budget_tokens")
        if budget is None:
            raise Refusal("thinking.enabled.budget_tokens: Field required")
        if budget < 1024:
            raise Refusal(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
            )
        if budget >= limit and "interleaved-thinking-" not in beta:
            raise Refusal("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature") not in {None, 1}:
        raise Refusal("`temperature` may only be set to 1 when thinking is enabled.")
    if body.get("top_k") is not None:
        raise Refusal("`top_k` must be unset when thinking is enabled.")
    if (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        raise Refusal("Thinking may not be enabled when tool_choice forces tool use.")


def _check_tools(body: JsonObject) -> set[str]:
    names: set[str] = set()
    for index, tool in enumerate(objects(body.get("tools") or [], "tools")):
        kind = tool.get("type") or "custom"
        where = f"tools.{index}.{kind}"
        if not fits("[a-zA-Z0-9_-]{1,128}", tool.get("name")):
            raise Refusal(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if tool["name"] in names:
            raise Refusal("tools: Tool names must be unique.")
        names.add(tool["name"])
        if kind == "custom":
            _check_custom(tool, where)
        elif not re.fullmatch(r"[a-z_]+_\d{8}", kind):
            raise Refusal(f"tools.{index}: Input tag '{kind}' found using 'type' does not match")
    return names


_TOOL_FIELDS = {
    "type", "name", "description", "input_schema", "cache_control", "strict", "defer_loading",
    "eager_input_streaming", "allowed_callers", "input_examples",
}  # fmt: skip


def _check_custom(tool: JsonObject, where: str) -> None:
    only(tool, _TOOL_FIELDS, where)
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise Refusal(f"{where}.input_schema: Field required")
    if schema.get("type") != "object":
        raise Refusal(f"{where}.input_schema.type: Input should be 'object'")
    if {"oneOf", "allOf", "anyOf"} & set(schema):
        raise Refusal(
            f"{where}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the "
            "top level"
        )
    for name in schema.get("properties") or {}:
        if not fits("[a-zA-Z0-9_.-]{1,64}", name):
            raise Refusal(
                f"{where}.input_schema.properties: Property keys should match pattern "
                "'^[a-zA-Z0-9_.-]{1,64}$'"
            )


def _check_choice(body: JsonObject, names: set[str]) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type")
    if kind not in {"auto", "any", "tool", "none"}:
        raise Refusal(f"tool_choice: Input tag '{kind}' found using 'type' does not match")
    if not names:
        raise Refusal("tool_choice: may only be specified while providing tools")
    allowed = {"type"} if kind == "none" else {"type", "name", "disable_parallel_tool_use"}
    only(choice, allowed - (set() if kind == "tool" else {"name"}), f"tool_choice.{kind}")
    if kind == "tool" and choice.get("name") not in names:
        raise Refusal(f"Tool '{choice.get('name')}' not found in provided tools")


def _check_output(body: JsonObject) -> None:
    config = body.get("output_config") or {}
    only(config, {"effort", "format", "task_budget"}, "output_config")
    if config.get("effort") not in {None, "low", "medium", "high", "xhigh", "max"}:
        raise Refusal("output_config.effort: Input should be 'low', 'medium', 'high' or 'max'")
    if wanted := config.get("format"):
        only(wanted, {"type", "schema"}, "output_config.format")
        if wanted.get("type") != "json_schema":
            raise Refusal("output_config.format.type: Input should be 'json_schema'")
        for where, part in schemas_in(wanted.get("schema"), "output_config.format.schema"):
            if part.get("type") == "object" and part.get("additionalProperties") is not False:
                raise Refusal(
                    f"{where}: For 'object' type, 'additionalProperties' must be explicitly set "
                    "to false"
                )


def cache_marks(value: object) -> int:
    """How many cache_control marks stand anywhere (a schema's property of that name is none)."""
    if isinstance(value, list):
        return sum(cache_marks(item) for item in value)
    if not isinstance(value, dict):
        return 0
    inner = sum(cache_marks(v) for k, v in value.items() if k not in {"input_schema", "input"})
    return inner + (1 if isinstance(value.get("cache_control"), dict) else 0)
