"""A request's tools, calls and results in the form its target takes; `restoring` is the way back.

Runs after `pairing`. What only another protocol understands (opaque parts) is dropped here and
recorded, for every target alike.
"""

from __future__ import annotations

import msgspec

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Opaque, Part, Text, ToolCall, ToolResult
from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    HostedTool,
    OutputFormat,
    ProtocolName,
    Request,
    Tool,
    ToolChoice,
    Turn,
)
from dragoman.toolcalls.call_ids import fit_call_id
from dragoman.toolcalls.custom import as_function, input_as_arguments
from dragoman.toolcalls.keys import rekeyed, with_legal_keys
from dragoman.toolcalls.limits import LIMITS
from dragoman.toolcalls.names import NO_KEYS, Declared, ToolNames
from dragoman.toolcalls.schemas import fit_output, fit_schema
from dragoman.toolcalls.told_images import unwrapped

PLACEHOLDER = "DeferredToolPlaceholder"
"""Claude Code's stand-in that keeps its list of deferred tools from being empty."""

_SILENT = frozenset(("billing-header",))


def fit_tools(
    request: Request, protocol: ProtocolName, *, native_custom: bool, losses: Losses
) -> tuple[Request, ToolNames]:
    """The request for a target of this protocol, and the names to restore its answer by.

    native_custom: a Responses target that knows custom tools and namespaces itself (OpenAI's own,
        not the many that are only compatible).
    """
    fitting = _Fitting(request, protocol, native_custom, losses)
    fitted = msgspec.structs.replace(
        request,
        turns=tuple(turn for old in request.turns if (turn := fitting.turn(old)) is not None),
        tools=fitting.tools(),
        tool_choice=fitting.choice(request.tool_choice),
        output=fitting.output(),
    )
    return fitted, fitting.names


class _Fitting:
    """One request being fitted; calls are read before the results that answer them."""

    def __init__(
        self, request: Request, protocol: ProtocolName, native_custom: bool, losses: Losses
    ) -> None:
        limits = LIMITS[protocol]
        self._request = request
        self._protocol = protocol
        self._dialect = limits.dialect
        self._native = limits.native and native_custom
        self._own = request.protocol == protocol and self._native == limits.native
        self._defers = self._own and limits.deferred
        self._losses = losses
        self._called: dict[str, str] = {}
        self._ids: dict[str, str] | None = {} if limits.ids_once else None
        self._used: set[str] = set()
        self._kept: list[Tool] = []
        declared: dict[tuple[str, str], Declared] = {}
        for tool in request.tools:
            if isinstance(tool, HostedTool):
                self._kept.append(tool)
            elif (tool.namespace, tool.name) not in declared and not self._is_needless(tool):
                fitted, known = self._declared(tool)
                self._kept.append(fitted)
                declared[tool.namespace, tool.name] = known
        self.names = ToolNames(protocol, declared.values(), flatten=not self._native)

    def tools(self) -> tuple[Tool, ...]:
        return tuple(map(self._tool, self._kept))

    def choice(self, choice: ToolChoice) -> ToolChoice:
        if choice.mode == "named" and choice.kind != "hosted":
            namespace, name = self.names.to_wire(choice.namespace, choice.name)
            kind = choice.kind if self._native else "function"
            choice = msgspec.structs.replace(choice, namespace=namespace, name=name, kind=kind)
        if choice.allowed:
            allowed = tuple(self.names.to_wire("", name)[1] for name in choice.allowed)
            choice = msgspec.structs.replace(choice, allowed=allowed)
        return choice

    def output(self) -> OutputFormat | None:
        output = self._request.output
        return output if output is None or self._own else fit_output(output, self._protocol)

    def turn(self, turn: Turn) -> Turn | None:
        """None: it held nothing that this target understands."""
        parts = self._parts(turn.parts)
        if parts == turn.parts:
            return turn
        return msgspec.structs.replace(turn, parts=parts) if parts else None

    def _is_needless(self, tool: FunctionTool | CustomTool) -> bool:
        return tool.name == PLACEHOLDER and not self._defers

    def _declared(self, tool: FunctionTool | CustomTool) -> tuple[Tool, Declared]:
        """The tool with its schema fitted, and what the client knows it by."""
        if isinstance(tool, CustomTool):
            return tool, Declared(tool.name, tool.namespace, "custom")
        keys = NO_KEYS
        if tool.parameters is not None and not self._own:
            schema = fit_schema(tool.parameters, self._dialect)
            schema, keys = with_legal_keys(schema, self._protocol)
            if schema is not tool.parameters:
                tool = msgspec.structs.replace(tool, parameters=schema)
        if tool.deferred and not self._defers:
            tool = msgspec.structs.replace(tool, deferred=False)
        return tool, Declared(tool.name, tool.namespace, keys=keys)

    def _tool(self, tool: Tool) -> Tool:
        if isinstance(tool, HostedTool):
            return tool
        namespace, name = self.names.to_wire(tool.namespace, tool.name)
        if isinstance(tool, CustomTool) and not self._native:
            return as_function(tool, name)
        if (namespace, name) == (tool.namespace, tool.name):
            return tool
        return msgspec.structs.replace(tool, namespace=namespace, name=name)

    def _parts(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        return tuple(new for part in parts if (new := self._part(part)) is not None)

    def _part(self, part: Part) -> Part | None:
        if isinstance(part, ToolCall):
            return self._call(part)
        if isinstance(part, ToolResult):
            return self._result(part)
        return self._opaque(part) if isinstance(part, Opaque) else part

    def _call(self, call: ToolCall) -> ToolCall:
        tool = self.names.declared(call.namespace, call.name)
        namespace, name = self.names.to_wire(call.namespace, call.name, call.kind)
        self._called[call.id] = name
        kind, text = call.kind, call.input
        if kind == "custom" and not self._native:
            kind, text = "function", input_as_arguments(text)
        elif tool is not None and tool.keys:
            text = rekeyed(text, {old: new for new, old in tool.keys.items()})
        call_id = self._new_id(call.id)
        return msgspec.structs.replace(
            call, id=call_id, namespace=namespace, name=name, kind=kind, input=text
        )

    def _result(self, result: ToolResult) -> ToolResult:
        return msgspec.structs.replace(
            result,
            call_id=self._known_id(result.call_id),
            name=self._called.get(result.call_id, result.name),
            kind=result.kind if self._native else "function",
            parts=self._parts(result.parts if self._own else unwrapped(result.parts)),
        )

    def _new_id(self, call_id: str) -> str:
        """The call's id for the target; one that an earlier round has used is numbered."""
        fitted = fit_call_id(call_id, self._protocol)
        if self._ids is None:
            return fitted
        again = 1
        while fitted in self._used:
            again += 1
            fitted = fit_call_id(f"{call_id}_{again}", self._protocol)
        self._used.add(fitted)
        self._ids[call_id] = fitted
        return fitted

    def _known_id(self, call_id: str) -> str:
        """The id that the latest call of this one got."""
        known = None if self._ids is None else self._ids.get(call_id)
        return known or fit_call_id(call_id, self._protocol)

    def _opaque(self, part: Opaque) -> Part | None:
        if part.protocol == self._protocol:
            return part
        if part.kind == "tool_reference" and isinstance(part.raw, dict):
            name = part.raw.get("tool_name")
            known = self.names.to_wire("", name)[1] if isinstance(name, str) else ""
            return Text(f"Tool loaded: {known}")
        if part.kind not in _SILENT:
            self._losses.add(part.kind, f"only {part.protocol} understands it")
        return None
