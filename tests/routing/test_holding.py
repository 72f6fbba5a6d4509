"""Reasoning state that one account made: who gets it, how long that account is waited for, and what
follows when it cannot answer."""

from __future__ import annotations

from tests.routing.playing import CALM, Play, play, refused
from tests.routing.pooling import Clock, key, pools, target

from dragoman.errors import UpstreamRefused
from dragoman.routing.candidates import mark_of
from dragoman.routing.decisions import PlanSettings, Pools
from dragoman.routing.holding import Held
from dragoman.routing.resolution import Fallback
from dragoman.upstreams.hosts import Conduct

BARE = Held()
AT_WORK = Held(waits=True)
THREE = target("h", key(0), key(1), key(2), conduct=CALM)
REFUSED_STATE = UpstreamRefused("no", status=400, code="invalid_encrypted_content")


def of(account: str, *, waits: bool = True) -> Held:
    return Held(mark_of(account), waits)


def bound(clock: Clock, to: str = "h/0/m") -> Pools:
    """Pools whose conversation "s" was last answered by `to`."""
    shared = pools(clock, affinity_s=3600)
    once = play(THREE, clock=clock, shared=shared, session="s")
    others = {f"h/{n}/m": [refused(409)] for n in range(3) if f"h/{n}/m" != to}
    while once.run(others) is not None:
        once = play(THREE, clock=clock, shared=shared, session="s")
    return shared


def resting(clock: Clock, shared: Pools, account: str, after_s: float) -> None:
    """Lets an account's limit be used up."""
    one = play(THREE, clock=clock, shared=shared, pinned=account, plan=PlanSettings(max_wait_s=0))
    one.run({f"{account}/m": [refused(429, after_s)]})


def test_sealed_state_goes_to_the_account_that_made_it_whoever_s_turn_it_is() -> None:
    clock = Clock()
    shared = pools(clock)
    for _ in range(3):
        game = play(THREE, clock=clock, shared=shared, state=of("h/2"))
        assert game.run({}) is None
        assert (game.log, game.strange) == (["h/2/m"], [False])
        assert game.planner.owner == "h/2/m"


def test_state_of_earlier_turns_is_preferred_too_but_within_its_pool_only() -> None:
    last = target("z", key(0), conduct=CALM)
    old = play(THREE, state=of("h/2", waits=False))
    assert old.run({}) is None
    assert old.log == ["h/2/m"]
    elsewhere = play(THREE, chain=[last], state=of("z/0", waits=False))
    assert elsewhere.run({}) is None
    assert elsewhere.log == ["h/0/m"]
    at_work = play(THREE, chain=[last], state=of("z/0"))
    assert at_work.run({}) is None
    assert at_work.log == ["z/0/m"]


def test_in_the_middle_of_its_work_the_account_is_waited_for() -> None:
    clock = Clock()
    shared = pools(clock)
    resting(clock, shared, "h/1", 20)
    game = play(THREE, clock=clock, shared=shared, state=of("h/1"))
    assert game.run({}) is None
    assert game.log == ["h/1/m"]
    assert game.waits == [21.0]  # its rest, and some jitter


def test_an_account_that_rests_for_longer_than_a_request_waits_is_replaced_at_once() -> None:
    clock = Clock()
    shared = pools(clock)
    resting(clock, shared, "h/1", 31)
    game = play(THREE, clock=clock, shared=shared, state=of("h/1"))
    assert game.run({}) is None
    assert game.waits == []
    assert game.log == ["h/0/m"]
    assert game.strange == [True]


def test_state_of_earlier_turns_is_not_waited_for() -> None:
    clock = Clock()
    shared = pools(clock)
    resting(clock, shared, "h/1", 5)
    game = play(THREE, clock=clock, shared=shared, state=of("h/1", waits=False))
    assert game.run({}) is None
    assert (game.log, game.waits) == (["h/0/m"], [])


def test_when_the_account_fails_the_next_is_asked_without_the_state() -> None:
    game = play(THREE, state=of("h/1"))
    assert game.run({"h/1/m": [refused(500)]}) is None
    assert game.log == ["h/1/m", "h/0/m"]
    assert game.strange == [False, True]


def test_an_account_that_just_hit_a_short_limit_is_asked_again_as_often_as_there_are_rounds() -> (
    None
):
    patient = target("h", key(0), key(1), conduct=Conduct(rounds=2))
    game = play(patient, state=of("h/1"))
    assert game.run({"h/1/m": [refused(429, 3), None]}) is None
    assert (game.log, game.strange) == (["h/1/m", "h/1/m"], [False, False])
    away = play(patient, state=of("h/1"))
    assert away.run({"h/1/m": [refused(429, 31)]}) is None
    assert away.log == ["h/1/m", "h/0/m"]
    hopeless = play(patient, state=of("h/1"))
    assert hopeless.run({"h/1/m": [refused(429, 3)]}) is None
    assert hopeless.log == ["h/1/m", "h/1/m", "h/1/m", "h/0/m"]
    assert hopeless.strange[-1]


def test_bare_state_belongs_to_who_answered_its_conversation_last() -> None:
    clock = Clock()
    shared = bound(clock, "h/1/m")
    game = play(THREE, clock=clock, shared=shared, session="s", state=AT_WORK)
    assert game.run({"h/1/m": [refused(500)]}) is None
    assert game.log[0] == "h/1/m"
    assert game.strange == [False, True]
    later = play(THREE, clock=clock, shared=shared, session="s", state=BARE)
    assert later.run({}) is None
    assert (later.log, later.strange) == ([game.log[1]], [False])


def test_bare_state_of_an_account_that_is_gone_is_for_nobody() -> None:
    clock = Clock()
    shared = bound(clock, "h/2/m")
    fewer = target("h", key(0), key(1), conduct=CALM)
    game = play(fewer, clock=clock, shared=shared, session="s", state=AT_WORK)
    assert game.run({}) is None
    assert game.strange == [True]


def test_bare_state_nothing_is_known_of_goes_to_whose_turn_it_is() -> None:
    for session in ("", "never seen"):
        clock = Clock()
        shared = pools(clock, affinity_s=3600)
        game = play(THREE, clock=clock, shared=shared, session=session, state=AT_WORK)
        assert game.run({}) is None
        assert (game.log, game.strange) == (["h/0/m"], [False])


def refused_by_all(game: Play) -> None:
    refusing = [REFUSED_STATE, None]
    assert game.run({f"h/{n}/m": list(refusing) for n in range(3)}) is None


def test_state_that_every_account_refuses_is_left_out() -> None:
    game = play(THREE, state=AT_WORK)
    refused_by_all(game)
    assert game.log == ["h/0/m", "h/1/m", "h/2/m", "h/0/m"]
    assert game.strange == [False, False, False, True]


def test_one_account_is_asked_again_without_the_state_it_refuses() -> None:
    alone = target("h", key(0), conduct=CALM)
    game = play(alone, state=BARE)
    assert game.run({"h/0/m": [REFUSED_STATE, None]}) is None
    assert (game.log, game.strange) == (["h/0/m", "h/0/m"], [False, True])


def test_a_refusal_of_state_that_is_not_there_is_told() -> None:
    alone = target("h", key(0), conduct=CALM)
    game = play(alone)
    assert game.run({"h/0/m": [REFUSED_STATE]}) is REFUSED_STATE
    assert game.log == ["h/0/m"]


def test_a_fallback_of_one_account_knows_that_the_state_is_not_its_own() -> None:
    clock = Clock()
    shared = pools(clock, affinity_s=3600)
    alone = target("h", key(0), conduct=CALM)
    chain = [Fallback(frozenset({"server"}), ((target("z", key(0), conduct=CALM),),))]
    first = play(alone, fallbacks=chain, clock=clock, shared=shared, session="s")
    assert first.run({}) is None
    second = play(alone, fallbacks=chain, clock=clock, shared=shared, session="s", state=BARE)
    assert second.run({"h/0/m": [refused(500)]}) is None
    assert second.log == ["h/0/m", "z/0/m"]
    assert second.strange == [False, True]


def test_a_conversation_without_state_stays_where_it_is_bound() -> None:
    clock = Clock()
    shared = bound(clock, "h/1/m")
    away = play(THREE, clock=clock, shared=shared, session="s")
    assert away.run({"h/1/m": [refused(500)]}) is None
    clock.now_s += 100
    back = play(THREE, clock=clock, shared=shared, session="s")
    assert back.run({}) is None
    assert back.log == ["h/1/m"]


def test_an_account_s_mark_tells_nothing_and_stays_the_same() -> None:
    mark = mark_of("claude/claude-someone@example.com.json")
    assert mark == mark_of("claude/claude-someone@example.com.json")
    assert len(mark) == 16
    assert "someone" not in mark
