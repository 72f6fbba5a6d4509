"""A client's body → neutral request. Equivalents that rendering back does not tell apart: nulls
inside `reasoning`, `text` and `tool_choice`, empty arguments of a function call ("" and "{}"), a
repeated tool declaration, an empty namespace.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Fields, Json, JsonObject, wrong_type
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import NO_EXTRAS, Part, Text
from dragoman.neutral.requests import (
    Hints,
    OutputFormat,
    ReasoningSettings,
    Request,
    Role,
    Sampling,
    Tool,
    Turn,
)
from dragoman.protocols.openai_responses import parts_in
from dragoman.protocols.openai_responses.tools_in import tool_choice, tools_of, unique
from dragoman.protocols.openai_responses.wire import (
    ASSISTANT_ITEMS,
    ENCRYPTED_REASONING,
    HOSTED_ITEMS,
    LOGPROBS,
    NAME,
    USER_ITEMS,
    leftover,
)

_READ = frozenset(
    {
        "model", "input", "instructions", "stream", "tools", "tool_choice", "parallel_tool_calls",
        "include", "max_output_tokens", "temperature", "top_p", "top_logprobs", "reasoning", "text",
        "user", "safety_identifier", "prompt_cache_key", "service_tier", "store",
        "previous_response_id",
    }
)  # fmt: skip
_BOOKKEEPING = frozenset({"background", "conversation", "stream_options", "type", "generate"})
_ADDED = "additional_tools"
_KNOWN_INCLUDES = (ENCRYPTED_REASONING, LOGPROBS)
_REASONING_KEYS = frozenset({"effort", "summary"})
_TEXT_KEYS = frozenset({"verbosity", "format"})
_FORMAT_KEYS = frozenset({"type", "schema", "name", "description", "strict"})
_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}

_ITEMS: dict[str, tuple[Role, Callable[[Fields], tuple[Part, ...]]]] = {
    "function_call": ("assistant", parts_in.function_call),
    "custom_tool_call": ("assistant", parts_in.custom_call),
    "reasoning": ("assistant", parts_in.reasoning),
    "function_call_output": ("user", parts_in.function_output),
    "custom_tool_call_output": ("user", parts_in.custom_output),
    **dict.fromkeys(ASSISTANT_ITEMS, ("assistant", parts_in.opaque)),
    **dict.fromkeys(USER_ITEMS, ("user", parts_in.opaque)),
    **dict.fromkeys(HOSTED_ITEMS, ("assistant", parts_in.hosted_call)),
}


def request_in(body: JsonObject, losses: Losses) -> Request:
    """The body of `POST /v1/responses` (or of a `response.create` frame).

    Raises:
        InvalidRequest: a field is missing or wrong, or asks for what a gateway cannot do.
    """
    del losses
    fields = Fields(body)
    model = fields.needed_text("model")
    _refuse_unsupported(fields)
    wire: JsonObject = {}
    stream = fields.flag("stream")
    if stream is not None:
        wire["stream"] = stream
    if body.get("input") == []:
        wire["input"] = []
    added = _added_tools(fields, wire)
    turns = _turns(fields)
    tools = unique((*tools_of(fields.items("tools") or [], "tools"), *added))
    logprobs = _include(fields, wire)
    request = Request(
        protocol=NAME,
        model=model,
        turns=turns,
        tools=tools,
        tool_choice=tool_choice(fields),
        sampling=sampling_in(fields, logprobs),
        reasoning=reasoning_in(fields),
        stream=bool(stream),
    )
    output, verbosity, text_extras = _text_settings(fields)
    hints = _hints(fields, verbosity, wire)
    known, extras = leftover(body, _READ, _BOOKKEEPING)
    if body.get("truncation") == "disabled":
        known["truncation"] = extras.pop("truncation")
    if text_extras:
        extras["text"] = text_extras
    if unread := [name for name in fields.items("include") or [] if name not in _KNOWN_INCLUDES]:
        extras["include"] = unread
    return msgspec.structs.replace(
        request, output=output, hints=hints, wire={**known, **wire}, extras=extras
    )


def _refuse_unsupported(fields: Fields) -> None:
    if fields.value.get("background"):
        raise InvalidRequest(
            "background: answers in the background are not supported; leave it out",
            param="background",
        )
    if fields.value.get("conversation") is not None:
        raise InvalidRequest(
            "conversation: stored conversations are not supported; use previous_response_id "
            "or send the whole input",
            param="conversation",
        )


def _added_tools(fields: Fields, wire: JsonObject) -> list[Tool]:
    """The tools of `additional_tools` items; the items themselves go, with their places, into
    `wire`, for nobody else is to hear of them."""
    value = fields.value.get("input")
    added: list[Tool] = []
    places: JsonObject = {}
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict) and item.get("type") == _ADDED:
            entry = Fields(item, f"input[{index}]")
            tools = tools_of(entry.items("tools") or [], entry.at("tools"))
            added.extend(msgspec.structs.replace(t, wire={**t.wire, "added": True}) for t in tools)
            places[str(index)] = item
    if places:
        wire[_ADDED] = places
    return added


def _turns(fields: Fields) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    instructions = fields.text("instructions")
    if instructions is not None:
        turns.append(Turn("system", (Text(instructions),), author="top"))
    value = fields.raw("input")
    if isinstance(value, str):
        return *turns, Turn("user", (Text(value, wire={"form": "input"}),))
    if value is None:
        return tuple(turns)
    if not isinstance(value, list):
        raise wrong_type("input", "a string or an array of items", value)
    conversation = _Conversation()
    for index, item in enumerate(value):
        conversation.add(Fields(item, f"input[{index}]"))
    return *turns, *conversation.turns()


class _Conversation:
    """Items gathered into turns: neighbours of one side are one turn, but each system message is
    its own."""

    def __init__(self) -> None:
        self._turns: list[tuple[Role, str, list[Part]]] = []

    def add(self, item: Fields) -> None:
        kind = item.text("type")
        if kind == "message" or (kind is None and "role" in item.value):
            role = item.needed_text("role")
            if role not in _ROLES:
                known = ", ".join(_ROLES)
                raise InvalidRequest(
                    f"{item.at('role')}: unknown role {role!r}; one of {known}",
                    param=item.at("role"),
                )
            self._put(_ROLES[role], role, parts_in.message(item))
        elif kind is None:
            raise item.missing("type")
        elif kind in _ITEMS:
            side, reader = _ITEMS[kind]
            self._put(side, "", reader(item))
        elif kind != _ADDED:
            side = self._turns[-1][0] if self._turns else "user"
            side = "user" if side == "system" else side
            self._put(side, "", parts_in.opaque(item))

    def _put(self, role: Role, author: str, parts: tuple[Part, ...]) -> None:
        if role != "system" and self._turns and self._turns[-1][0] == role:
            self._turns[-1][2].extend(parts)
        else:
            self._turns.append((role, author if role == "system" else "", list(parts)))

    def turns(self) -> tuple[Turn, ...]:
        return tuple(Turn(role, tuple(parts), author) for role, author, parts in self._turns)


def _include(fields: Fields, wire: JsonObject) -> bool | None:
    """Notes what the answer is to include; whether that is log probabilities."""
    included = fields.items("include")
    if included is None:
        return None
    wire["include"] = included
    return True if LOGPROBS in included else None


def sampling_in(fields: Fields, logprobs: bool | None) -> Sampling:
    return Sampling(
        max_tokens=fields.integer("max_output_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        logprobs=logprobs,
        top_logprobs=fields.integer("top_logprobs"),
    )


def reasoning_in(fields: Fields) -> ReasoningSettings:
    given = fields.object("reasoning")
    if given is None:
        return ReasoningSettings()
    effort = given.text("effort")
    summary = given.text("summary")
    _, extras = leftover(given.value, _REASONING_KEYS)
    if summary is None:
        summary = given.text("generate_summary")
    if effort == "none":
        return ReasoningSettings(mode="off", summary=summary, extras=extras)
    return ReasoningSettings(effort=effort, summary=summary, extras=extras)


def _text_settings(fields: Fields) -> tuple[OutputFormat | None, str | None, JsonObject]:
    given = fields.object("text")
    if given is None:
        return None, None, NO_EXTRAS
    verbosity = given.text("verbosity")
    form = given.object("format")
    _, extras = leftover(given.value, _TEXT_KEYS)
    return (None if form is None else _format(form)), verbosity, extras


def _format(form: Fields) -> OutputFormat:
    kind = form.needed_text("type")
    if kind == "json_schema":
        schema = form.schema("schema")
        if schema is None:
            raise form.missing("schema")
        return OutputFormat(
            "schema",
            schema,
            form.text("name") or "",
            form.text("description") or "",
            form.flag("strict"),
            leftover(form.value, _FORMAT_KEYS)[1],
        )
    if kind in {"text", "json_object"}:
        extras = leftover(form.value, _FORMAT_KEYS)[1]
        return OutputFormat("json" if kind == "json_object" else "text", extras=extras)
    raise InvalidRequest(
        f"{form.at('type')}: unknown format {kind!r}; one of text, json_object, json_schema",
        param=form.at("type"),
    )


def _hints(fields: Fields, verbosity: str | None, wire: JsonObject) -> Hints:
    """`user` and `safety_identifier` name the same person; both are kept for our own protocol."""
    named: dict[str, Json] = {}
    for key in ("user", "safety_identifier"):
        if (value := fields.text(key)) is not None:
            named[key] = value
    wire.update(named)
    user = next(iter(named.values()), None)
    return Hints(
        cache_key=fields.text("prompt_cache_key"),
        user=user if isinstance(user, str) else None,
        service_tier=fields.text("service_tier"),
        verbosity=verbosity,
        store=fields.flag("store"),
        previous_response_id=fields.text("previous_response_id"),
    )
