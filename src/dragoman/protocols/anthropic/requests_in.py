"""A client's body → the neutral request.

platform.claude.com/docs/en/api/messages (2023-06-01 and 2026-10-21). What has no neutral word
(context_management, container, mcp_servers, a top-level cache_control …) is kept in `extras`.

Written back by `requests_out` these forms are equal: a string and one plain text block; `is_error`
false, `stream` false, `defer_loading` false, empty lists and empty strings, and their absence; a
tool of type "custom" and one without a type; `output_format` and `output_config.format`.
"""

from __future__ import annotations

from typing import Literal

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, JsonObject, object_of
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Opaque, Part, Text
from dragoman.neutral.requests import (
    FunctionTool,
    Hints,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Request,
    Role,
    Sampling,
    Tool,
    ToolChoice,
    Turn,
)
from dragoman.protocols.anthropic.parts_in import Blocks, cache_mark, mark_out
from dragoman.protocols.anthropic.wire import BILLING_HEADER, BILLING_KIND, NAME, hosted_kind

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_CHOICES: dict[str, ToolChoice] = {
    "auto": ToolChoice("auto"),
    "any": ToolChoice("required"),
    "none": ToolChoice("none"),
    "tool": ToolChoice("named"),
}
_TIERS_IN = {"standard_only": "default", "auto": "auto"}
_MODES: dict[str, Literal["on", "adaptive", "off"] | None] = {
    "enabled": "on",
    "adaptive": "adaptive",
    "disabled": "off",
}
"""Ways to think; enabled with a budget is a budget, a type newer than this table is "on"."""
_DISPLAYS = {"omitted": "none", "summarized": "auto"}


def request_in(body: JsonObject, _losses: Losses) -> Request:
    """Nothing is lost on reading: what is not understood is kept.

    Raises:
        InvalidRequest: a required field is missing or something has the wrong type; names its path.
    """
    max_tokens = Fields(body).integer("max_tokens")
    if max_tokens is None:
        raise Fields(body).missing("max_tokens")
    if max_tokens < 1:
        raise InvalidRequest(
            f"max_tokens: must be greater than 0, got {max_tokens}", param="max_tokens"
        )
    return count_request_in(body, _losses)


def count_request_in(body: JsonObject, _losses: Losses) -> Request:
    """A token count's body: a request that need not say `max_tokens`."""
    fields = Fields(body)
    blocks = Blocks()
    output_config = fields.object("output_config") or Fields({}, "output_config")
    turns = (*_system(fields, blocks), *_messages(fields, blocks))
    reasoning = reasoning_in(fields, output_config)
    output = _output(output_config.object("format") or fields.object("output_format"))
    hints, beside = _hints(fields)
    beside |= {"output_config": output_config.rest()} if output_config.rest() else {}
    return Request(
        protocol=NAME,
        model=fields.needed_text("model"),
        turns=turns,
        tools=tuple(tool_in(tool) for tool in fields.objects("tools")),
        tool_choice=choice_in(fields.object("tool_choice")),
        sampling=sampling_in(fields),
        reasoning=reasoning,
        output=output,
        hints=hints,
        stream=fields.flag("stream") or False,
        extras=fields.rest() | beside,
    )


def _system(fields: Fields, blocks: Blocks) -> tuple[Turn, ...]:
    if fields.value.get("system") is None:
        return ()
    parts = blocks.content(fields, "system")
    return (Turn("system", tuple(unbilled(part) for part in parts), author="top"),)


def unbilled(part: Part) -> Part:
    """Claude Code's attribution block is for Anthropic alone."""
    if isinstance(part, Text) and part.text.startswith(BILLING_HEADER):
        mark: JsonObject = {"cache_control": mark_out(part.cache)} if part.cache else {}
        return Opaque(
            BILLING_KIND, {"type": "text", "text": part.text, **mark, **part.extras}, NAME
        )
    return part


def _messages(fields: Fields, blocks: Blocks) -> tuple[Turn, ...]:
    messages = fields.objects("messages")
    if not messages:
        if fields.items("messages") is None:
            raise fields.missing("messages")
        raise InvalidRequest("messages: at least one message is required", param="messages")
    return tuple(_turn(message, blocks) for message in messages)


def _turn(message: Fields, blocks: Blocks) -> Turn:
    word = message.needed_text("role")
    role = _ROLES.get(word)
    if role is None:
        at = message.at("role")
        raise InvalidRequest(f"{at}: expected user, assistant or system, got {word!r}", param=at)
    if message.value.get("content") is None:
        raise message.missing("content")
    parts = blocks.content(message)
    author = "system" if role == "system" else ""
    return Turn(role, parts, author=author, extras=message.rest())


def tool_in(tool: Fields) -> Tool:
    kind = tool.text("type")
    if kind is not None and kind != "custom":
        name = tool.text("name") or ""
        return HostedTool(hosted_kind(kind), tool.value, NAME, name=name, cache=cache_mark(tool))
    return FunctionTool(
        name=tool.needed_text("name"),
        description=tool.text("description") or "",
        parameters=tool.schema("input_schema"),
        strict=tool.flag("strict"),
        deferred=tool.flag("defer_loading") or False,
        cache=cache_mark(tool),
        extras=tool.rest(),
    )


def sampling_in(fields: Fields) -> Sampling:
    return Sampling(
        max_tokens=fields.integer("max_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        stop=tuple(fields.texts("stop_sequences") or ()),
    )


def choice_in(choice: Fields | None) -> ToolChoice:
    if choice is None:
        return ToolChoice()
    word = choice.needed_text("type")
    known = _CHOICES.get(word)
    if known is None:
        at = choice.at("type")
        raise InvalidRequest(f"{at}: expected auto, any, tool or none, got {word!r}", param=at)
    alone = choice.flag("disable_parallel_tool_use")
    return ToolChoice(
        known.mode,
        name=choice.needed_text("name") if word == "tool" else "",
        parallel=None if alone is None else not alone,
        extras=choice.rest(),
    )


def reasoning_in(fields: Fields, output_config: Fields) -> ReasoningSettings:
    effort = output_config.text("effort")
    thinking = fields.object("thinking")
    if thinking is None:
        return ReasoningSettings(effort=effort)
    kind = thinking.needed_text("type")
    budget = thinking.integer("budget_tokens")
    display = thinking.value.get("display")
    summary = _DISPLAYS.get(display) if isinstance(display, str) else None
    if summary is not None:
        thinking.raw("display")
    mode = _MODES.get(kind, "on")
    extras = thinking.rest()
    if kind not in _MODES:
        extras["type"] = kind
    elif mode == "on" and budget is not None:
        mode = None
    return ReasoningSettings(mode, effort, budget, summary, extras)


def _output(given: Fields | None) -> OutputFormat | None:
    if given is None:
        return None
    if given.needed_text("type") != "json_schema":
        return OutputFormat("text", extras=given.value)
    return OutputFormat("schema", schema=given.schema("schema"), extras=given.rest())


def _hints(fields: Fields) -> tuple[Hints, JsonObject]:
    """The hints, and what stands beside them that has no neutral word."""
    beside: JsonObject = {}
    metadata = fields.object("metadata")
    user = None if metadata is None else metadata.text("user_id")
    if metadata is not None and metadata.rest():
        beside["metadata"] = metadata.rest()
    word = fields.text("service_tier")
    tier = _TIERS_IN.get(word or "", word)
    speed = fields.text("speed")
    if speed == "fast":
        if word is not None:
            beside["service_tier"] = word
        tier = "priority"
    elif speed is not None:
        beside["speed"] = speed
    return Hints(user=user, session=_session(user), service_tier=tier), beside


def _session(user: str | None) -> str | None:
    """Claude Code's user id is a JSON object with its session, in older versions a text that ends
    with it."""
    if user is None:
        return None
    told = object_of(user)
    session = None if told is None else told.get("session_id")
    if isinstance(session, str) and session:
        return session
    _, found, tail = user.rpartition("_session_")
    return tail if found and tail else None
