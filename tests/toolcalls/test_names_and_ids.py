"""Names and ids in the targets' alphabets: cliproxyapi.md §6.3 cases 18, 19 and 21."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.requests import ProtocolName
from dragoman.toolcalls.call_ids import fit_call_id
from dragoman.toolcalls.names import Declared, ToolNames

LONG = "x" * 70


def test_legal_names_stay_and_nothing_needs_restoring() -> None:
    names = ToolNames("openai", [Declared("Bash"), Declared("mcp__a__b")], flatten=True)
    assert names.is_identity
    assert names.to_wire("", "Bash") == ("", "Bash")
    assert names.to_wire("", "undeclared") == ("", "undeclared")
    assert names.is_identity


@pytest.mark.parametrize(
    ("protocol", "name", "wire"),
    [
        ("openai", "a.b/c", "a_b_c"),
        ("gemini", "a.b/c:d", "a.b_c:d"),
        ("gemini", "1st", "_1st"),
        ("gemini", "-A", "_-A"),
        ("openai", "", "tool"),
        ("openai", LONG, "x" * 64),
        ("anthropic", LONG, LONG),
        ("openai", f"mcp__{'s' * 60}__search_files", "mcp__search_files"),
        ("openai", f"mcp__server__{LONG}", "mcp__" + "x" * 59),
        ("openai", f"mcp__{LONG}__", f"mcp__{LONG}__"[:64]),
    ],
)
def test_names_are_made_legal_short_and_are_restored(
    protocol: ProtocolName, name: str, wire: str
) -> None:
    names = ToolNames(protocol, [Declared(name)], flatten=True)
    assert names.to_wire("", name) == ("", wire)
    assert names.from_wire("", wire) == Declared(name)
    assert names.is_identity == (name == wire)


def test_names_that_become_the_same_are_told_apart_by_a_number() -> None:
    tools = [Declared(f"{'y' * 64}{n}") for n in range(3)]
    names = ToolNames("openai", tools, flatten=True)
    wires = [names.to_wire("", tool.name)[1] for tool in tools]
    assert wires == ["y" * 64, "y" * 62 + "_1", "y" * 62 + "_2"]
    assert [names.from_wire("", wire) for wire in wires] == tools


def test_case_19_shortening_keeps_the_family_when_names_collide() -> None:
    function, custom = Declared(LONG + "a"), Declared(LONG + "b", kind="custom")
    names = ToolNames("openai", [custom, function], flatten=True)
    assert names.from_wire("", "x" * 64) == custom
    assert names.from_wire("", "x" * 62 + "_1") == function


def test_case_21_namespaces_are_flattened_and_a_direct_tool_wins_a_clash() -> None:
    inside, direct = Declared("b", "a"), Declared("a__b")
    names = ToolNames("openai", [inside, direct], flatten=True)
    assert names.to_wire("", "a__b") == ("", "a__b")
    assert names.to_wire("a", "b") == ("", "a__b_1")
    assert names.from_wire("", "a__b_1") == inside
    assert names.from_wire("", "a__b") == direct


def test_case_21_a_long_namespace_gives_way_to_the_tools_own_name() -> None:
    names = ToolNames("openai", [Declared("close", LONG)], flatten=True)
    assert names.to_wire(LONG, "close") == ("", "close")
    assert names.from_wire("", "close") == Declared("close", LONG)


def test_a_target_with_namespaces_keeps_them() -> None:
    tools = [Declared("b", "a"), Declared("b", "c"), Declared("exec", kind="custom")]
    names = ToolNames("responses", tools, flatten=False)
    assert names.is_identity
    assert names.to_wire("a", "b") == ("a", "b")
    assert names.to_wire("z", "b") == ("z", "b")
    assert names.from_wire("c", "b") == tools[1]
    assert names.from_wire("z", "b") is None


def test_a_custom_tool_needs_restoring_although_its_name_stays() -> None:
    assert not ToolNames("openai", [Declared("exec", kind="custom")], flatten=True).is_identity
    assert not ToolNames("openai", [Declared("g", keys={"_A": "-A"})], flatten=True).is_identity


def test_a_namespace_may_be_left_out_where_the_tool_is_meant_without_doubt() -> None:
    tools = [Declared("wait", "functions"), Declared("x", "a"), Declared("x", "b")]
    names = ToolNames("openai", tools, flatten=True)
    assert names.to_wire("", "wait") == ("", "functions__wait")
    assert names.from_wire("", "wait") == tools[0]
    assert names.to_wire("", "x") == ("", "x")
    assert names.from_wire("", "x") is None


def test_another_casing_is_restored_where_it_is_unambiguous() -> None:
    names = ToolNames("openai", [Declared("Bash"), Declared("Go"), Declared("GO")], flatten=True)
    assert names.from_wire("", "bash") == Declared("Bash")
    assert names.from_wire("", "go") is None
    assert names.from_wire("", "Go") == Declared("Go")
    assert names.from_wire("", "python") is None


def test_calls_of_the_history_to_tools_that_are_gone_get_legal_names_too() -> None:
    names = ToolNames("openai", [Declared("a_b")], flatten=True)
    assert names.to_wire("", "a.b") == ("", "a_b_1")
    assert names.to_wire("ns", "gone") == ("", "ns__gone")
    assert names.to_wire("", "exec", "custom") == ("", "exec")
    assert names.to_wire("", "exec", "custom") == ("", "exec")
    assert names.from_wire("", "exec") == Declared("exec", kind="custom")
    assert not names.is_identity


def test_a_tool_declared_twice_counts_once() -> None:
    names = ToolNames("openai", [Declared("a"), Declared("a")], flatten=True)
    assert names.to_wire("", "a") == ("", "a")
    assert names.is_identity


@given(st.lists(st.tuples(st.sampled_from(["", "n", "m" * 80]), st.text(max_size=70)), unique=True))
def test_any_names_become_legal_differ_and_come_back(pairs: list[tuple[str, str]]) -> None:
    tools = [Declared(name, namespace) for namespace, name in pairs]
    names = ToolNames("gemini", tools, flatten=True)
    wires = [names.to_wire(tool.namespace, tool.name) for tool in tools]
    assert len(set(wires)) == len(tools)
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}", wire) for _, wire in wires)
    assert [names.from_wire(*wire) for wire in wires] == tools


@pytest.mark.parametrize("protocol", ["openai", "responses", "anthropic", "gemini", "ollama"])
def test_a_legal_id_stays_as_it_is(protocol: ProtocolName) -> None:
    assert fit_call_id("toolu_01-A", protocol) == "toolu_01-A"


def test_case_18_illegal_and_long_ids_get_a_stable_hash() -> None:
    assert fit_call_id("fc.1", "anthropic") == "fc_1_3545a24e90040492"
    assert fit_call_id("fc.1", "openai") == fit_call_id("fc.1", "anthropic")
    assert fit_call_id("fc.1", "anthropic") != fit_call_id("fc_1", "anthropic")
    assert re.fullmatch(r"x{23}_[0-9a-f]{16}", fit_call_id(LONG, "openai"))
    assert re.fullmatch(r"x{47}_[0-9a-f]{16}", fit_call_id(LONG, "responses"))
    assert fit_call_id("run.it" + LONG, "gemini") == "run.it" + LONG
    assert fit_call_id("run.it" + LONG, "ollama") == "run.it" + LONG
