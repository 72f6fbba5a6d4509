"""What tells a conversation, and what it is bound to."""

from __future__ import annotations

import json

import pytest
from tests.routing.pooling import Clock, key, pairs, target

from dragoman.protocols.framing.splice import Spans
from dragoman.routing.affinity import Affinity, session_of
from dragoman.storage.state import State

CLAUDE = "user_abc_account__session_5f1"
EVERYTHING: dict[str, object] = {
    "session_id": "of-the-body",
    "prompt_cache_key": "cache-key",
    "conversation": {"id": "conv"},
    "metadata": {"user_id": "someone"},
    "conversation_id": "conv-id",
    "execution_id": "run",
}


@pytest.mark.parametrize(
    ("headers", "body", "session"),
    [
        ({"x-claude-code-session-id": "cc", "session_id": "s"}, EVERYTHING, "cc"),
        ({"session_id": "s"}, {"metadata": {"user_id": CLAUDE}}, "5f1"),
        ({}, {"metadata": {"user_id": '{"session_id": "json"}'}}, "json"),
        ({}, {"metadata": {"user_id": '{"session_id": 5}'}}, '{"session_id": 5}'),
        ({}, {"metadata": {"user_id": "{no json"}}, "{no json"),
        ({"session-id": "1", "x-session-id": "2"}, EVERYTHING, "1"),
        ({"session_id": "1"}, {}, "1"),
        ({"x-session-id": "2"}, {}, "2"),
        ({"x-session-affinity": "3", "x-client-request-id": "4"}, {}, "3"),
        ({"x-client-request-id": "4", "x-amp-thread-id": "T-5"}, {}, "4"),
        ({"x-amp-thread-id": "T-5"}, {"prompt_cache_key": "6"}, "T-5"),
        ({"x-client-request-id": "4"}, EVERYTHING, "4"),
        ({}, EVERYTHING, "of-the-body"),
        ({}, {**EVERYTHING, "session_id": ""}, "cache-key"),
        ({}, {"conversation": "c"}, "c"),
        ({}, {"metadata": {"user_id": "someone"}, "conversation_id": "c"}, "someone"),
        ({}, {"metadata": {"user_id": 5}, "conversation_id": "c"}, "c"),
        ({}, {"metadata": "x", "execution_id": "run"}, "run"),
        ({}, {"conversation": 7}, ""),
        ({}, {"messages": [{"role": "user", "content": "hi"}]}, ""),
        ({}, {"input": "hi"}, ""),
        ({}, {}, ""),
    ],
)
def test_a_conversation_is_told_by_the_first_sign_there_is(
    headers: dict[str, str], body: dict[str, object], session: str
) -> None:
    assert session_of(list(headers.items()), Spans(json.dumps(body).encode())) == session


@pytest.mark.parametrize(
    ("headers", "together", "apart"),
    [
        ({"x-claude-code-session-id": "s"}, "s", "s"),
        ({"x-claude-code-session-id": "s", "x-claude-code-agent-id": "a7"}, "s", "s/a7"),
        ({"session-id": "s", "thread-id": "s"}, "s", "s"),
        ({"session-id": "s", "thread-id": "t"}, "s", "s/t"),
        ({"x-session-id": "child", "x-parent-session-id": "s"}, "s", "child"),
        ({"thread-id": "t"}, "", ""),
    ],
)
def test_a_subagent_shares_its_parents_conversation_or_has_its_own(
    headers: dict[str, str], together: str, apart: str
) -> None:
    given = list(headers.items())
    assert session_of(given, Spans(b"{}")) == together
    assert session_of(given, Spans(b"{}"), apart=True) == apart


@pytest.mark.parametrize("answer", ['"assistant"', '"model"'])
def test_a_conversation_without_a_sign_is_told_by_how_it_began(answer: str) -> None:
    def session(system: str, *turns: str) -> str:
        body = f'{{"system": "{system}", "contents": [{", ".join(turns)}]}}'
        return session_of([], Spans(body.encode()))

    turns = ['{"role": "user", "text": "a"}', f'{{"role": {answer}, "text": "b"}}']
    begun = session("s", *turns)
    assert len(begun) == 32
    assert session("s", *turns, '{"role": "user", "text": "c"}') == begun
    assert session("t", *turns) != begun
    assert session_of([], Spans(f'{{"input": [{", ".join(turns)}]}}'.encode())) != begun


def test_a_binding_lives_as_long_as_it_is_used_and_no_other_takes_its_place() -> None:
    clock = Clock()
    affinity = Affinity(State(None, clock), 100)
    first, second = pairs(target("h", key(0), key(1)))
    affinity.used("s", first, clock.now_s)
    clock.now_s += 9
    affinity.used("s", first, clock.now_s)
    clock.now_s += 90
    affinity.used("s", second, clock.now_s)
    affinity.used("s", first, clock.now_s)
    clock.now_s += 99
    assert affinity.bound("s") == first.key
    clock.now_s += 1
    assert affinity.bound("s") is None


def test_a_released_conversation_is_free_and_nothing_binds_when_affinity_is_off() -> None:
    clock = Clock()
    one = pairs(target("h", key(0)))[0]
    affinity = Affinity(State(None, clock), 100)
    affinity.used("s", one, clock.now_s)
    affinity.release("s")
    assert affinity.bound("s") is None
    assert affinity.on
    assert not Affinity(State(None, clock), 0).on
    assert Affinity(State(None, clock), 0).bound("s") is None
