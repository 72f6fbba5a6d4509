"""The neutral request → an upstream body.

platform.claude.com/docs/en/api/messages (2023-06-01). A request that came in as Messages goes out
as it came, but for the model, a max_tokens above the target's, and thinking without a signature,
which the API refuses. One from another protocol is fitted, and what does not fit is a loss.
"""

from __future__ import annotations

import msgspec

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Hints, OutputFormat, ReasoningSettings, Request
from dragoman.protocols.anthropic.cache_marks import add_marks
from dragoman.protocols.anthropic.parts_out import Block, PartWriter, content_of, report_extras
from dragoman.protocols.anthropic.settings_out import (
    json_instruction,
    put_hints,
    put_sampling,
    put_thinking,
)
from dragoman.protocols.anthropic.tools_out import (
    choice_out,
    force_answer_tool,
    forces,
    foreign_tools,
    native_format,
    own_tools,
    remembered_tools,
    takes_format,
)
from dragoman.protocols.anthropic.turns_out import (
    Message,
    breaks_thinking,
    called_names,
    foreign_turns,
    own_turns,
    unbegin,
)
from dragoman.protocols.anthropic.wire import (
    NAME,
    NO_PREFILL_SINCE,
    SYSTEM_MESSAGES_SINCE,
    invented_max_tokens,
    model_version,
)
from dragoman.protocols.codec import Target

_THINKING = {"off": "disabled", "adaptive": "adaptive", "on": "enabled", None: "enabled"}

_BREAKS_THINKING = "refused, for the last tool calls come without their signed thinking"


def request_out(request: Request, target: Target, losses: Losses) -> JsonObject:
    body: JsonObject = {"model": target.model}
    limit = request.sampling.max_tokens
    if limit is None:
        limit = invented_max_tokens(model_version(target.model), target.max_output)
    elif target.max_output is not None and limit > target.max_output:
        losses.add("max_tokens", f"lowered to the model's limit of {target.max_output}")
        limit = target.max_output
    body["max_tokens"] = limit
    if request.stream:
        body["stream"] = True
    if request.protocol == NAME:
        _put_own(body, request, losses)
    else:
        _put_foreign(body, request, target, losses)
    return body


def _put_own(body: JsonObject, request: Request, losses: Losses) -> None:
    sampling, hints, extras = request.sampling, request.hints, dict(request.extras)
    version = model_version(str(body["model"]))
    in_place = version is None or version >= SYSTEM_MESSAGES_SINCE
    system, messages = own_turns(request.turns, PartWriter(True, losses), in_place, losses)
    _put_turns(body, system, messages)
    if request.tools:
        body["tools"] = [*own_tools(request.tools)]
    choice = choice_out(request.tool_choice, own=True)
    if choice is not None:
        body["tool_choice"] = choice
    for key in ("temperature", "top_p", "top_k"):
        if (value := getattr(sampling, key)) is not None:
            body[key] = value
    if sampling.stop:
        body["stop_sequences"] = [*sampling.stop]
    thinking = _own_thinking(request.reasoning)
    if thinking.get("type") == "enabled" and breaks_thinking(messages):
        losses.add("thinking", _BREAKS_THINKING)
        thinking = {}
    if thinking:
        body["thinking"] = thinking
    config = _own_output_config(request)
    if config:
        body["output_config"] = config
    _put_own_hints(body, hints, extras)
    extras.pop("output_config", None)
    body.update(extras)


def _own_thinking(settings: ReasoningSettings) -> JsonObject:
    out: JsonObject = {}
    if settings.mode is None and settings.budget is None:
        return out
    out["type"] = _THINKING[settings.mode]
    if settings.budget is not None:
        out["budget_tokens"] = settings.budget
    if settings.summary is not None:
        out["display"] = "omitted" if settings.summary == "none" else "summarized"
    return out | settings.extras


def _own_output_config(request: Request) -> JsonObject:
    out: JsonObject = {}
    if request.reasoning.effort is not None:
        out["effort"] = request.reasoning.effort
    output = request.output
    if output is not None:
        known = native_format(output) if output.kind == "schema" else {}
        out["format"] = known | output.extras
    rest = request.extras.get("output_config")
    return out | rest if isinstance(rest, dict) else out


def _put_own_hints(body: JsonObject, hints: Hints, extras: JsonObject) -> None:
    metadata = extras.pop("metadata", None)
    user: JsonObject = {} if hints.user is None else {"user_id": hints.user}
    if user or metadata:
        body["metadata"] = user | metadata if isinstance(metadata, dict) else user
    tier = hints.service_tier
    if tier == "priority":
        body["speed"] = "fast"
    elif tier is not None:
        body["service_tier"] = "standard_only" if tier == "default" else tier


def _put_foreign(body: JsonObject, request: Request, target: Target, losses: Losses) -> None:
    version = model_version(target.model)
    report_extras(request.extras, "", losses)
    system, messages = foreign_turns(request.turns, PartWriter(False, losses), losses)
    tools = foreign_tools(request, version, losses)
    if version is not None and version >= NO_PREFILL_SINCE:
        unbegin(messages, losses)
    choice = choice_out(request.tool_choice, own=False) if tools else None
    if not tools and (names := called_names(messages)):
        tools, choice = remembered_tools(names), {"type": "none"}
    if choice is not None:
        body["tool_choice"] = choice
    native = _put_output(body, request, tools, system, takes_format(version), losses)
    report_extras(request.tool_choice.extras, "tool_choice.", losses)
    thinks = put_thinking(body, _shown(request), version, _refusal(body, request, messages), losses)
    if native is not None:
        config = body.setdefault("output_config", {})
        assert isinstance(config, dict)
        config["format"] = native
    put_sampling(body, request.sampling, version, thinks, losses)
    put_hints(body, request.hints, losses)
    add_marks(tools, system, messages)
    if tools:
        body["tools"] = [*tools]
    _put_turns(body, system, messages)


def _shown(request: Request) -> ReasoningSettings:
    """The settings; who asks for thinking in a protocol that cannot say whether to show it expects
    to see it, and models that think adaptively show none by themselves."""
    settings = request.reasoning
    adaptive = settings.mode == "adaptive" and settings.summary is None
    if adaptive and request.protocol in ("openai", "ollama"):
        return msgspec.structs.replace(settings, summary="auto")
    return settings


def _refusal(body: JsonObject, request: Request, messages: list[Message]) -> str | None:
    """Why the API would refuse thinking in this request, None when it would not."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and forces(choice):
        return "refused together with a forced tool call"
    if request.reasoning.mode is None and breaks_thinking(messages):
        return _BREAKS_THINKING
    return None


def _put_output(
    body: JsonObject,
    request: Request,
    tools: list[JsonObject],
    system: list[Block],
    native: bool,
    losses: Losses,
) -> JsonObject | None:
    """The native format when the model has one; else the answer becomes a forced tool, or JSON
    that the system prompt asks for."""
    output = request.output
    if output is None or output.kind == "text":
        return None
    report_extras(output.extras, "response_format.", losses)
    if output.schema is not None and native:
        return native_format(output)
    if _is_object(output):
        force_answer_tool(body, tools, output)
        return None
    losses.add("response_format", "only asked for in the system prompt")
    system.append({"type": "text", "text": json_instruction(output)})
    return None


def _is_object(output: OutputFormat) -> bool:
    return output.schema is not None and output.schema.get("type") == "object"


def _put_turns(body: JsonObject, system: list[Block], messages: list[Message]) -> None:
    if system:
        body["system"] = content_of(system)
    body["messages"] = [
        {"role": role, "content": content_of(blocks), **extras} for role, blocks, extras in messages
    ]
