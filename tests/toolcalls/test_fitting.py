"""Whole requests fitted to their targets: cliproxyapi.md §6.3 cases 18 to 21, real-clients.md facts
2 and 5 and what its sections say of tools."""

from __future__ import annotations

import msgspec
import pytest

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import CacheMark, Opaque, Part, Text, ToolCall, ToolResult
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
from dragoman.toolcalls.fitting import fit_tools
from dragoman.toolcalls.names import Declared, ToolNames

SCHEMA: JsonObject = {"type": "object", "properties": {"q": {"type": "string"}}}
OTHERS: list[ProtocolName] = ["openai", "responses", "gemini", "ollama"]
ALL: list[ProtocolName] = [*OTHERS, "anthropic"]


def request(
    *parts: Part, tools: tuple[Tool, ...] = (), protocol: ProtocolName = "anthropic"
) -> Request:
    return Request(protocol, "m", (Turn("user", parts),) if parts else (), tools)


def fit(
    asked: Request, protocol: ProtocolName = "openai", *, native: bool = False
) -> tuple[Request, ToolNames, tuple[str, ...]]:
    losses = Losses()
    fitted, names = fit_tools(asked, protocol, native_custom=native, losses=losses)
    return fitted, names, losses.fields


@pytest.mark.parametrize("protocol", ALL)
def test_a_plain_request_passes_as_it_is(protocol: ProtocolName) -> None:
    asked = request(Text("hi"), tools=(FunctionTool("Read", "reads", SCHEMA), FunctionTool("Ls")))
    fitted, names, losses = fit(asked, protocol)
    assert fitted == asked
    assert fitted.turns[0] is asked.turns[0]
    assert fitted.tools[0] is asked.tools[0]
    assert names.is_identity
    assert losses == ()


def test_fact_5_namespaces_are_flattened_everywhere_and_kept_where_they_are_known() -> None:
    turns = (
        Turn("assistant", (ToolCall("c1", "close", "{}", namespace="agents"),)),
        Turn("user", (ToolResult("c1", (Text("ok"),), "close"),)),
    )
    asked = Request(
        "responses",
        "m",
        turns,
        (FunctionTool("close", namespace="agents"),),
        ToolChoice("named", "close", namespace="agents", allowed=("close", "web_search")),
    )
    fitted, names, _ = fit(asked)
    assert fitted.tools == (FunctionTool("agents__close"),)
    assert fitted.turns == (
        Turn("assistant", (ToolCall("c1", "agents__close", "{}"),)),
        Turn("user", (ToolResult("c1", (Text("ok"),), "agents__close"),)),
    )
    assert fitted.tool_choice == ToolChoice(
        "named", "agents__close", allowed=("agents__close", "web_search")
    )
    assert names.from_wire("", "agents__close") == Declared("close", "agents")
    kept, names, _ = fit(asked, "responses", native=True)
    assert kept == asked
    assert names.is_identity


def test_case_20_fact_2_custom_tools_become_functions_of_one_string() -> None:
    grammar: JsonObject = {"type": "grammar", "syntax": "lark", "definition": "start: SOURCE"}
    asked = Request(
        "responses",
        "m",
        (
            Turn("assistant", (ToolCall("c1", "exec", 'text("é")', kind="custom"),)),
            Turn("user", (ToolResult("c1", (Text("é"),), "exec", kind="custom"),)),
        ),
        (CustomTool("exec", "Runs code.", grammar, cache=CacheMark()),),
        ToolChoice("named", "exec", "custom"),
    )
    fitted, names, losses = fit(asked)
    assert fitted.tools == (
        FunctionTool(
            "exec",
            "Runs code.\n\nThe input must match this lark grammar:\nstart: SOURCE",
            {
                "type": "object",
                "properties": {
                    "input": {"type": "string", "description": "The whole input, as plain text."}
                },
                "required": ["input"],
                "additionalProperties": False,
            },
            cache=CacheMark(),
        ),
    )
    assert fitted.turns == (
        Turn("assistant", (ToolCall("c1", "exec", '{"input":"text(\\"é\\")"}'),)),
        Turn("user", (ToolResult("c1", (Text("é"),), "exec"),)),
    )
    assert fitted.tool_choice == ToolChoice("named", "exec")
    assert names.from_wire("", "exec") == Declared("exec", kind="custom")
    assert losses == ()
    assert fit(asked, "responses", native=True)[0] == asked


@pytest.mark.parametrize(
    ("grammar", "told"),
    [
        (None, "d"),
        ({"type": "text"}, "d"),
        ({"definition": "x+"}, "d\n\nThe input must match this grammar:\nx+"),
    ],
)
def test_a_grammar_is_told_as_far_as_there_is_one(grammar: JsonObject | None, told: str) -> None:
    tool = fit(request(tools=(CustomTool("t", "d", grammar),)))[0].tools[0]
    assert isinstance(tool, FunctionTool)
    assert tool.description == told


def test_case_21_a_tool_declared_twice_is_sent_once_and_order_is_kept() -> None:
    tools: tuple[Tool, ...] = (
        FunctionTool("b", "first", namespace="n"),
        HostedTool("web_search", {"type": "web_search"}, "responses"),
        FunctionTool("a"),
        FunctionTool("b", "again", namespace="n"),
        CustomTool("a"),
    )
    fitted, _, _ = fit(request(tools=tools))
    assert fitted.tools == (FunctionTool("n__b", "first"), tools[1], tools[2])


@pytest.mark.parametrize("protocol", OTHERS)
def test_case_18_ids_are_fitted_alike_on_call_and_result(protocol: ProtocolName) -> None:
    long = "toolu." + "x" * 80
    asked = Request(
        "anthropic",
        "m",
        (
            Turn("assistant", (ToolCall(long, "a.b", "{}"),)),
            Turn("user", (ToolResult(long, (Text("1"),), "a.b"),)),
        ),
        (FunctionTool("a.b"),),
    )
    fitted, _, _ = fit(asked, protocol)
    call, result = fitted.turns[0].parts[0], fitted.turns[1].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert (call.id, call.name) == (result.call_id, result.name)
    assert (call.id == long) == (protocol in ("gemini", "ollama"))
    tool = fitted.tools[0]
    assert isinstance(tool, FunctionTool)
    assert call.name == tool.name == ("a.b" if protocol == "gemini" else "a_b")


def test_deferred_tools_stay_deferred_for_their_own_protocol_only() -> None:
    tools = (
        FunctionTool("DeferredToolPlaceholder", deferred=True),
        FunctionTool("X", deferred=True),
    )
    asked = request(Text("hi"), tools=tools)
    assert fit(asked, "anthropic")[0].tools == tools
    for protocol in OTHERS:
        assert fit(asked, protocol)[0].tools == (FunctionTool("X"),)
    codex = msgspec.structs.replace(asked, protocol="responses", tools=tools[1:])
    assert fit(codex, "anthropic")[0].tools == (FunctionTool("X"),)
    assert fit(codex, "responses", native=True)[0].tools == tools[1:]
    assert fit(codex, "responses")[0].tools == (FunctionTool("X"),)


def test_a_loaded_tool_is_told_in_words_to_other_protocols() -> None:
    loaded = Opaque("tool_reference", {"type": "tool_reference", "tool_name": "a.b"}, "anthropic")
    broken = Opaque("tool_reference", {"type": "tool_reference"}, "anthropic")
    asked = request(ToolResult("c", (loaded, broken)), tools=(FunctionTool("a.b"),))
    fitted, _, losses = fit(asked)
    assert fitted.turns[0].parts == (
        ToolResult("c", (Text("Tool loaded: a_b"), Text("Tool loaded: "))),
    )
    assert losses == ()
    assert fit(asked, "anthropic")[0].turns == asked.turns


def test_parts_only_another_protocol_understands_are_dropped_and_named() -> None:
    billing = Opaque("billing-header", {"type": "text"}, "anthropic")
    search = Opaque("search_result", {"type": "search_result"}, "anthropic")
    odd = Opaque("tool_reference", "?", "anthropic")
    asked = Request(
        "anthropic",
        "m",
        (
            Turn("system", (billing,)),
            Turn("user", (search, Text("hi"), ToolResult("c", (odd,)))),
            Turn("user", ()),
        ),
    )
    fitted, _, losses = fit(asked)
    assert fitted.turns == (
        Turn("user", (Text("hi"), ToolResult("c", ()))),
        Turn("user", ()),
    )
    assert losses == ("search_result", "tool_reference")
    own, _, losses = fit(asked, "anthropic")
    assert own.turns == asked.turns
    assert losses == ()


def test_schemas_are_fitted_for_others_and_left_alone_for_their_own_protocol() -> None:
    schema: JsonObject = {"$schema": "s", **SCHEMA, "properties": {"e": {"encrypted": True}}}
    tool = FunctionTool("t", parameters=schema)
    asked = request(tools=(tool,), protocol="responses")
    cleaned: JsonObject = {"type": "object", "properties": {"e": {}}}
    fitted = FunctionTool("t", parameters=cleaned)
    assert fit(asked, "responses", native=True)[0].tools[0] is tool
    assert fit(asked, "responses")[0].tools == (fitted,)
    assert fit(asked, "ollama")[0].tools == (fitted,)
    own = request(tools=(tool,), protocol="openai")
    assert fit(own, "openai")[0].tools[0] is tool


def test_an_output_schema_is_fitted_for_others() -> None:
    output = OutputFormat("schema", {"type": "STRING"})
    asked = msgspec.structs.replace(request(protocol="gemini"), output=output)
    assert fit(asked, "openai")[0].output == OutputFormat("schema", {"type": "string"})
    assert fit(asked, "gemini")[0].output is output


def test_parameter_names_the_target_refuses_are_renamed_in_schema_and_history() -> None:
    grep = FunctionTool(
        "Grep",
        parameters={
            "type": "object",
            "properties": {
                "-A": {"type": "number"},
                "_A": {"type": "string"},
                "--A": {"type": "string"},
                "a b": {"type": "string"},
            },
            "required": ["-A", "a b"],
            "propertyOrdering": ["a b", 3],
        },
    )
    asked = request(
        ToolCall("1", "Grep", '{"-A":1.50,"_A":"it\'s"}'),
        ToolCall("2", "Grep", '{"pattern":  "x"}'),
        ToolCall("3", "Grep", "not json"),
        tools=(grep,),
    )
    fitted, names, _ = fit(asked, "gemini")
    tool = fitted.tools[0]
    assert isinstance(tool, FunctionTool)
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "_A_1": {"type": "number"},
            "_A": {"type": "string"},
            "_A_2": {"type": "string"},
            "a_b": {"type": "string"},
        },
        "required": ["_A_1", "a_b"],
        "propertyOrdering": ["a_b", 3],
    }
    inputs = [part.input for part in fitted.turns[0].parts if isinstance(part, ToolCall)]
    assert inputs == ['{"_A_1":1.50,"_A":"it\'s"}', '{"pattern":  "x"}', "not json"]
    assert names.from_wire("", "Grep") == Declared(
        "Grep", keys={"_A_1": "-A", "_A_2": "--A", "a_b": "a b"}
    )
    assert fit(asked, "openai")[0].turns == asked.turns


def test_anthropic_takes_a_leading_dash_but_no_spaces() -> None:
    properties: JsonObject = {"-A": {"type": "string"}, "a b": {"type": "string"}}
    tool = FunctionTool("t", parameters={"type": "object", "properties": properties})
    fitted = fit(request(tools=(tool,), protocol="openai"), "anthropic")[0].tools
    assert fitted == (
        FunctionTool(
            "t",
            parameters={
                "type": "object",
                "properties": {"-A": {"type": "string"}, "a_b": {"type": "string"}},
            },
        ),
    )


def test_a_forced_hosted_tool_keeps_its_name() -> None:
    choice = ToolChoice("named", "web.search", "hosted")
    asked = msgspec.structs.replace(request(), tool_choice=choice)
    assert fit(asked)[0].tool_choice is choice
