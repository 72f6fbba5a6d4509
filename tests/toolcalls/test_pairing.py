"""Cases 1 to 7 of cliproxyapi.md §6.3, by number, and what belongs to them."""

import time

from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Part, Reasoning, Text, ToolCall, ToolResult
from dragoman.neutral.requests import Role, Turn
from dragoman.toolcalls.pairing import UNANSWERED, paired


def call(call_id: str, name: str = "run") -> ToolCall:
    return ToolCall(call_id, name, "{}")


def result(call_id: str, text: str, name: str = "run") -> ToolResult:
    return ToolResult(call_id, (Text(text),), name)


def unanswered(call_id: str, name: str = "run") -> ToolResult:
    return ToolResult(call_id, (Text(UNANSWERED),), name, is_error=True)


def turn(role: Role, *parts: Part) -> Turn:
    return Turn(role, parts)


def pair(*turns: Turn) -> tuple[list[Turn], tuple[str, ...]]:
    losses = Losses()
    return list(paired(turns, losses)), losses.fields


def test_case_1_parallel_results_end_up_in_one_user_turn_in_the_order_of_the_calls() -> None:
    assert pair(
        turn("assistant", call("a"), call("b")),
        turn("user", result("b", "2")),
        turn("user", result("a", "1")),
    ) == (
        [
            turn("assistant", call("a"), call("b")),
            turn("user", result("a", "1"), result("b", "2")),
        ],
        (),
    )


def test_case_1_results_that_are_not_adjacent_are_brought_together() -> None:
    assert pair(
        turn("assistant", call("a"), call("b")),
        turn("user", result("a", "1")),
        turn("assistant", Text("wait")),
        turn("user", result("b", "2"), Text("go on")),
    ) == (
        [
            turn("assistant", call("a"), call("b")),
            turn("user", result("a", "1"), result("b", "2")),
            turn("assistant", Text("wait")),
            turn("user", Text("go on")),
        ],
        (),
    )


def test_case_2_results_merge_with_adjacent_user_content() -> None:
    assert pair(
        turn("assistant", call("a")),
        turn("user", Text("before"), result("a", "1")),
        turn("user", Text("after")),
    ) == (
        [
            turn("assistant", call("a")),
            turn("user", result("a", "1"), Text("before"), Text("after")),
        ],
        (),
    )


def test_case_2_a_system_message_between_results_does_not_split_their_turn() -> None:
    assert pair(
        turn("assistant", call("a"), call("b")),
        turn("user", result("a", "1")),
        turn("system", Text("be brief")),
        turn("user", result("b", "2"), Text("and now")),
    ) == (
        [
            turn("assistant", call("a"), call("b")),
            turn("user", result("a", "1"), result("b", "2")),
            turn("system", Text("be brief")),
            turn("user", Text("and now")),
        ],
        (),
    )


def test_case_3_of_duplicate_results_the_last_is_kept() -> None:
    assert pair(
        turn("assistant", call("a")),
        turn("user", result("a", "old"), result("a", "new")),
    ) == (
        [turn("assistant", call("a")), turn("user", result("a", "new"))],
        ("tool_result",),
    )


def test_case_4_orphan_results_are_dropped_and_recorded() -> None:
    assert pair(turn("user", result("zz", "1"), Text("hi")), turn("user", result("yy", "2"))) == (
        [turn("user", Text("hi"))],
        ("tool_result",),
    )


def test_case_4_of_two_calls_with_one_id_in_a_turn_the_later_is_dropped() -> None:
    assert pair(
        turn("assistant", call("a"), call("a", "other")),
        turn("user", result("a", "1")),
    ) == (
        [turn("assistant", call("a")), turn("user", result("a", "1"))],
        ("tool_call",),
    )


def test_case_5_a_call_id_may_be_used_again_in_a_later_round() -> None:
    turns = [
        turn("assistant", call("a")),
        turn("user", result("a", "1")),
        turn("assistant", call("a")),
        turn("user", result("a", "2")),
    ]
    assert pair(*turns) == (turns, ())


def test_case_6_missing_call_ids_are_made_and_results_without_id_take_the_waiting_calls() -> None:
    assert pair(
        turn("assistant", call("", "x"), call("", "y"), call("", "y")),
        turn("user", result("", "1", "y"), result("", "2", "x"), result("", "3", "")),
    ) == (
        [
            turn("assistant", call("call_1", "x"), call("call_2", "y"), call("call_3", "y")),
            turn(
                "user",
                result("call_1", "2", "x"),
                result("call_2", "1", "y"),
                result("call_3", "3", "y"),
            ),
        ],
        (),
    )


def test_case_6_a_made_id_keeps_away_from_the_ids_there_are() -> None:
    paired_turns, _ = pair(
        turn("assistant", call(""), call("call_1"), call("call_1_")), turn("user")
    )
    assert paired_turns[0] == turn("assistant", call("call_1__"), call("call_1"), call("call_1_"))


def test_case_6_a_result_without_id_goes_to_the_latest_round_that_waits() -> None:
    assert pair(
        turn("assistant", call("a")),
        turn("user", Text("never mind")),
        turn("assistant", call("b"), call("c")),
        turn("user", result("c", "by id"), result("", "by order"), result("", "for a")),
        turn("user", result("", "too many")),
    ) == (
        [
            turn("assistant", call("a")),
            turn("user", result("a", "for a"), Text("never mind")),
            turn("assistant", call("b"), call("c")),
            turn("user", result("b", "by order"), result("c", "by id")),
        ],
        ("tool_result",),
    )


def test_case_7_an_output_before_its_call_is_put_after_it() -> None:
    assert pair(
        turn("user", result("a", "0"), result("a", "1"), Text("hello")),
        turn("assistant", call("a")),
    ) == (
        [
            turn("user", Text("hello")),
            turn("assistant", call("a")),
            turn("user", result("a", "1")),
        ],
        ("tool_result",),
    )


def test_case_7_messages_between_call_and_output_come_after_the_output() -> None:
    assert pair(
        turn("assistant", call("a")),
        turn("system", Text("note")),
        turn("user", Text("hurry")),
        turn("user", result("a", "1")),
    ) == (
        [
            turn("assistant", call("a")),
            turn("user", result("a", "1")),
            turn("system", Text("note")),
            turn("user", Text("hurry")),
        ],
        (),
    )


def test_an_unanswered_call_gets_an_error_result_even_at_the_end() -> None:
    assert pair(turn("user", Text("hi")), turn("assistant", Text("ok"), call("a"), call("b"))) == (
        [
            turn("user", Text("hi")),
            turn("assistant", Text("ok"), call("a"), call("b")),
            turn("user", unanswered("a"), unanswered("b")),
        ],
        (),
    )


def test_assistant_turns_in_a_row_become_one_from_the_first_call_on() -> None:
    assert pair(
        turn("assistant", Reasoning("hm")),
        Turn("assistant", (call("a"),), "", {"phase": "x"}),
        turn("assistant", call("b")),
        turn("assistant", Text("both started")),
        turn("user", result("b", "2"), result("a", "1")),
    ) == (
        [
            turn("assistant", Reasoning("hm")),
            Turn("assistant", (call("a"), call("b"), Text("both started")), "", {"phase": "x"}),
            turn("user", result("a", "1"), result("b", "2")),
        ],
        (),
    )


def test_results_learn_their_calls_name_and_kind_and_keep_the_rest() -> None:
    custom = ToolCall("c", "exec", "text(1)", kind="custom")
    turns, _ = pair(
        turn("assistant", custom),
        Turn("user", (ToolResult("c", (Text("1"),), is_error=True),), "tool", {"k": 1}),
    )
    answer = ToolResult("c", (Text("1"),), "exec", is_error=True, kind="custom")
    assert turns[1] == Turn("user", (answer,), "tool", {"k": 1})


def test_an_empty_turn_of_the_client_is_kept() -> None:
    turns = [turn("user"), turn("assistant", call("a")), turn("user", result("a", "1"))]
    assert pair(*turns) == (turns, ())


def test_a_conversation_without_calls_comes_back_as_the_same_object() -> None:
    turns = (turn("system", Text("s")), turn("user", Text("hi")), turn("assistant", Text("yes")))
    assert paired(turns, Losses()) is turns


IDS = st.sampled_from(["", "a", "b", "c"])
CALLS = st.builds(call, IDS, st.sampled_from(["x", "y"]))
RESULTS = st.builds(result, IDS, st.text(max_size=2), st.sampled_from(["", "x"]))
TURNS = st.one_of(
    st.builds(lambda parts: Turn("assistant", tuple(parts)), st.lists(CALLS, max_size=3)),
    st.builds(lambda parts: Turn("user", tuple(parts)), st.lists(RESULTS, max_size=3)),
    st.sampled_from([turn("user", Text("u")), turn("system", Text("s"))]),
)


@given(st.lists(TURNS, max_size=8))
def test_whatever_comes_in_what_goes_out_is_legal_and_pairing_it_again_changes_nothing(
    turns: list[Turn],
) -> None:
    out = paired(tuple(turns), Losses())
    expected: list[str] = []
    for one in out:
        answers = [part.call_id for part in one.parts if isinstance(part, ToolResult)]
        assert answers == expected
        assert all(isinstance(part, ToolResult) for part in one.parts[: len(answers)])
        expected = [part.id for part in one.parts if isinstance(part, ToolCall)]
        assert len(set(expected)) == len(expected)
    assert expected == []
    losses = Losses()
    assert paired(out, losses) == out
    assert not losses


def test_a_long_conversation_and_a_wide_turn_are_paired_in_linear_time() -> None:
    wide = tuple(call("", "x") for _ in range(20_000))
    answers = tuple(result("", "1", "x") for _ in range(20_000))
    started = time.perf_counter()
    out = paired((Turn("assistant", wide), Turn("user", answers)), Losses())
    assert len(out[1].parts) == 20_000
    assert time.perf_counter() - started < 5
