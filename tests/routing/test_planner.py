"""Which attempt is next: rounds, rests, probes, chains, affinity, and what is told at the end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.playing import CALM, play, refused
from tests.routing.pooling import Clock, key, pools, target

from dragoman.config.settings import Settings
from dragoman.errors import (
    ErrorKind,
    PoolExhausted,
    TimedOut,
    UnknownModel,
    UpstreamFault,
    UpstreamRefused,
)
from dragoman.routing.decisions import PlanSettings, Pools, Try, Wait
from dragoman.routing.pools import plan_settings, pools_of
from dragoman.routing.resolution import Fallback
from dragoman.routing.served import Target
from dragoman.storage.state import State


def test_a_failure_goes_on_to_the_next_credential_and_rests_the_first() -> None:
    clock = Clock()
    shared = pools(clock)
    held = target("h", key(0), key(1))
    first = play(held, clock=clock, shared=shared)
    assert first.run({"h/0/m": [refused(500)]}) is None
    assert first.log == ["h/0/m", "h/1/m"]
    again = play(held, clock=clock, shared=shared)
    assert again.run({}) is None
    assert again.log == ["h/1/m"]


def test_after_its_rest_a_credential_is_probed_by_one_request_at_a_time() -> None:
    clock = Clock()
    shared = pools(clock)
    held = target("h", key(0))
    assert play(held, clock=clock, shared=shared).run({"h/0/m": [refused(500), None]}) is None
    broken = play(held, clock=clock, shared=shared)
    begun = broken.planner.next(clock.now_s)
    assert isinstance(begun, Try)
    broken.planner.broke(begun, refused(503), clock.now_s)
    clock.now_s += 60
    probe = play(held, clock=clock, shared=shared).planner
    tried = probe.next(clock.now_s)
    assert isinstance(tried, Try)
    assert tried.probe
    other = play(held, clock=clock, shared=shared).planner
    assert isinstance(other.next(clock.now_s), Wait)
    probe.abandoned(tried)
    second = other.next(clock.now_s)
    assert isinstance(second, Try)
    other.succeeded(second, 0.1, clock.now_s)
    free = [play(held, clock=clock, shared=shared).planner.next(clock.now_s) for _ in range(2)]
    assert [isinstance(one, Try) and not one.probe for one in free] == [True, True]


def test_when_all_are_shaken_the_one_nearest_its_end_is_tried() -> None:
    clock = Clock()
    shared = pools(clock)
    held = target("h", key(0), key(1))
    script = {"h/0/m": [refused(500)], "h/1/m": [refused(503, after_s=20)]}
    calm = target("h", key(0), key(1), conduct=CALM)
    assert isinstance(play(calm, clock=clock, shared=shared).run(script), PoolExhausted)
    again = play(held, clock=clock, shared=shared)
    assert again.run({}) is None
    assert again.log == ["h/1/m"]


def test_rounds_repeat_with_a_growing_jittered_pause() -> None:
    game = play(target("h", key(0)))
    error = game.run({"h/0/m": [refused(500)]})
    assert game.log == ["h/0/m"] * 4
    assert game.waits == [0.2, 0.4, 0.8]
    assert isinstance(error, UpstreamRefused)
    assert error.status == 500


def test_asked_during_a_pause_it_names_the_same_end() -> None:
    game = play(target("h", key(0)))
    first = game.planner.next(1000)
    assert isinstance(first, Try)
    game.planner.failed(first, refused(500), 1000)
    assert game.planner.next(1000) == Wait(1000.2)
    assert game.planner.next(1000.1) == Wait(1000.2)


def test_a_streamed_request_may_have_further_rounds() -> None:
    for further, tries in ((0, 1), (2, 3)):
        game = play(target("h", key(0), conduct=CALM), plan=PlanSettings().with_rounds(further))
        assert game.run({"h/0/m": [refused(500)]}) is not None
        assert game.log == ["h/0/m"] * tries


def test_a_host_takes_part_in_as_many_rounds_as_it_may() -> None:
    eager, calm = target("a", key(0)), target("b", key(0), conduct=CALM)
    game = play(eager, calm)
    game.run({"a/0/m": [refused(500)], "b/0/m": [refused(500)]})
    assert sorted(game.log) == ["a/0/m"] * 4 + ["b/0/m"]


def test_a_round_tries_no_more_credentials_than_it_may() -> None:
    held = target("h", *map(key, range(4)), conduct=CALM)
    game = play(held, plan=PlanSettings(max_credentials=2))
    game.run({f"h/{n}/m": [refused(500)] for n in range(4)})
    assert game.log == ["h/0/m", "h/1/m"]


def test_a_fault_of_the_request_is_answered_at_once() -> None:
    game = play(target("h", key(0), key(1)))
    error = game.run({"h/0/m": [refused(422)]})
    assert (game.log, error and error.message) == (["h/0/m"], "says 422")


def test_a_dead_key_is_not_tried_in_further_rounds() -> None:
    game = play(target("h", key(0, cools=False)))
    error = game.run({"h/0/m": [refused(401)]})
    assert (game.log, error and error.status) == (["h/0/m"], 401)


def test_reasoning_of_another_account_is_tried_on_each_once() -> None:
    stranger = UpstreamRefused("not mine", status=400, code="invalid_encrypted_content")
    game = play(target("h", key(0), key(1)))
    assert game.run({"h/0/m": [stranger]}) is None
    assert game.log == ["h/0/m", "h/1/m"]
    lost = play(target("h", key(0), key(1)))
    error = lost.run({"h/0/m": [stranger], "h/1/m": [stranger]})
    assert error is not None
    assert (lost.log, error.status, error.code) == (
        ["h/0/m", "h/1/m"], 400, "invalid_encrypted_content"
    )  # fmt: skip


def test_a_limit_that_ends_soon_is_waited_for() -> None:
    game = play(target("h", key(0)))
    assert game.run({"h/0/m": [refused(429, after_s=8), None]}) is None
    assert game.log == ["h/0/m", "h/0/m"]
    assert game.waits == [0.2, 8 - 0.2 + (8 - 0.2) * 0.125]


def test_the_jitter_of_a_wait_is_bounded() -> None:
    game = play(target("h", key(0)))
    assert game.run({"h/0/m": [refused(429, after_s=28.2), None]}) is None
    assert game.waits == [0.2, 29]


@pytest.mark.parametrize(
    ("statuses", "status", "kind", "after"),
    [
        ((429, 429), 429, ErrorKind.RATE_LIMIT, 100),
        ((401, 401), 503, ErrorKind.OVERLOADED, None),
        ((401, 429), 429, ErrorKind.RATE_LIMIT, 100),
        ((404, 401), 503, ErrorKind.OVERLOADED, None),
        ((429, 500), 500, ErrorKind.SERVER, None),
    ],
)
def test_what_is_told_when_nobody_is_left(
    statuses: tuple[int, int], status: int, kind: ErrorKind, after: float | None
) -> None:
    held = target("h", key(0), key(1), conduct=CALM)
    faults = [refused(one, 100 if one == 429 else None) for one in statuses]
    script = {f"h/{n}/m": [fault] for n, fault in enumerate(faults)}
    error = play(held).run(script)
    assert isinstance(error, PoolExhausted)
    assert (error.status, error.kind, error.retry_after_s) == (status, kind, after)


def test_who_is_out_until_when_is_told_by_label() -> None:
    clock = Clock()
    shared = pools(clock)
    held = target("h", key(0), key(1), key(2, cools=False), conduct=CALM)
    script = {"h/0/m": [refused(429, 100)], "h/1/m": [refused(401)], "h/2/m": [refused(402)]}
    assert play(held, clock=clock, shared=shared).run(script) is not None
    error = play(target("h", key(0), key(1)), clock=clock, shared=shared).run({})
    assert error is not None
    assert error.message == (
        "no credential of model 'm' can answer now: "
        "account 0: rate limit (429), until 1970-01-01T00:18:20Z; "
        "account 1: refused (401), until 1970-01-01T00:46:40Z"
    )


def test_when_failures_rest_nobody_the_last_one_is_told() -> None:
    held = target("h", key(0, cools=False), key(1, cools=False), conduct=CALM)
    error = play(held).run({"h/0/m": [refused(401)], "h/1/m": [TimedOut("too late")]})
    assert error is not None
    assert error.message == (
        "too late (no credential of model 'm' can answer now: account 0: failed just now; "
        "account 1: failed just now)"
    )
    assert (error.status, error.kind) == (504, ErrorKind.TIMEOUT)


def test_a_model_without_a_usable_credential_is_unknown() -> None:
    held = target("h", key(0, weight=0))
    error = play(held, plan=PlanSettings(strategy="weighted-round-robin")).run({})
    assert isinstance(error, UnknownModel)


def test_a_required_account_is_the_only_one_that_may_serve() -> None:
    game = play(target("h", key(0), key(1)), pinned="h/1")
    assert game.run({}) is None
    assert game.log == ["h/1/m"]


def test_a_chain_goes_on_in_its_order_and_comes_back() -> None:
    clock = Clock()
    shared = pools(clock)
    first, second = target("a", key(0)), target("b", key(0))
    game = play(first, chain=[second], clock=clock, shared=shared)
    assert game.run({"a/0/m": [refused(500)]}) is None
    assert game.log == ["a/0/m", "b/0/m"]
    clock.now_s += 60
    again = play(first, chain=[second], clock=clock, shared=shared)
    assert again.run({}) is None
    assert again.log == ["a/0/m"]


def fallback(cause: str, *held: Target) -> Fallback:
    return Fallback(frozenset({cause}), (held,))


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (refused(429), "rate-limit"),
        (refused(500), "server"),
        (TimedOut("late"), "timeout"),
        (UpstreamRefused("long", status=400, kind=ErrorKind.CONTEXT_LENGTH), "context-length"),
        (UpstreamRefused("no", status=400, kind=ErrorKind.REFUSED), "refused"),
        (refused(401), "auth"),
    ],
)
def test_a_fallback_follows_the_failure_it_is_for(error: UpstreamFault, cause: str) -> None:
    other = fallback("none", target("c", key(0)))
    game = play(target("a", key(0)), fallbacks=[other, fallback(cause, target("b", key(0)))])
    assert game.run({"a/0/m": [error]}) is None
    assert game.log == ["a/0/m", "b/0/m"]


def test_a_fallback_that_fails_as_well_ends_it_with_its_own_failure() -> None:
    game = play(
        target("a", key(0)), fallbacks=[fallback("server", target("b", key(0), conduct=CALM))]
    )
    error = game.run({"a/0/m": [refused(500)], "b/0/m": [refused(502)]})
    assert (game.log, error and error.status) == (["a/0/m", "b/0/m"], 502)


@pytest.mark.parametrize(("status", "cause"), [(429, "rate-limit"), (401, "auth"), (404, "server")])
def test_a_fallback_follows_when_all_rest_for_what_it_is_for(status: int, cause: str) -> None:
    clock = Clock()
    shared = pools(clock)
    held = target("a", key(0), conduct=CALM)
    play(held, clock=clock, shared=shared).run({"a/0/m": [refused(status, 100)]})
    game = play(held, clock=clock, shared=shared, fallbacks=[fallback(cause, target("b", key(0)))])
    assert game.run({}) is None
    assert game.log == ["b/0/m"]


# -- affinity


def bound(held: Target) -> tuple[Clock, Pools]:
    """Conversation `s` bound to the first credential."""
    clock = Clock()
    shared = pools(clock, affinity_s=3600)
    assert play(held, clock=clock, shared=shared, session="s").run({}) is None
    return clock, shared


def test_a_conversation_stays_on_its_credential_even_before_priority() -> None:
    held = target("h", key(0), key(1))
    clock, shared = bound(held)
    raised = target("h", key(0), key(1, priority=5))
    for session, expected in (("s", "h/0/m"), ("t", "h/1/m"), ("", "h/1/m")):
        game = play(raised, clock=clock, shared=shared, session=session)
        game.run({})
        assert game.log == [expected]


def test_a_passing_trouble_spills_over_and_the_binding_stays() -> None:
    held = target("h", key(0), key(1))
    clock, shared = bound(held)
    game = play(held, clock=clock, shared=shared, session="s")
    game.run({"h/0/m": [refused(500)]})
    assert game.log == ["h/0/m", "h/1/m"]
    spilled = play(held, clock=clock, shared=shared, session="s")
    spilled.run({})
    assert spilled.log == ["h/1/m"]
    assert shared.affinity.bound("s") == "h/0/m"


@pytest.mark.parametrize("fault", [refused(401), refused(404), refused(429, 61), TimedOut("slow")])
def test_a_dead_exhausted_or_slow_credential_releases_its_conversation(
    fault: UpstreamFault,
) -> None:
    held = target("h", key(0), key(1))
    clock, shared = bound(held)
    play(held, clock=clock, shared=shared, session="s").run({"h/0/m": [fault]})
    assert shared.affinity.bound("s") == "h/1/m"


def test_a_credential_that_another_request_found_exhausted_releases_as_well() -> None:
    held = target("h", key(0), key(1))
    clock, shared = bound(held)
    play(target("h", key(0)), clock=clock, shared=shared).run({"h/0/m": [refused(429, 100)]})
    play(held, clock=clock, shared=shared, session="s").run({})
    assert shared.affinity.bound("s") == "h/1/m"


def test_a_conversation_whose_credential_is_gone_finds_another() -> None:
    clock, shared = bound(target("h", key(0), key(1)))
    play(target("h", key(1), key(2)), clock=clock, shared=shared, session="s").run({})
    assert shared.affinity.bound("s") != "h/0/m"


# -- hedging


def test_a_hedge_is_made_on_another_credential_that_can_serve() -> None:
    held = target("h", key(0), key(1))
    clock, shared = bound(held)
    planner = play(held, clock=clock, shared=shared, session="s").planner
    first = planner.next(clock.now_s)
    assert isinstance(first, Try)
    second = planner.hedge(clock.now_s, [first])
    assert second is not None
    assert (first.candidate.key, second.candidate.key) == ("h/0/m", "h/1/m")
    assert planner.hedge(clock.now_s, [first, second]) is None
    planner.outrun(second)
    assert shared.affinity.bound("s") == "h/0/m"
    planner.outrun(first)
    assert shared.affinity.bound("s") is None


# -- what holds whatever happens

FAULTS = st.sampled_from([None, None, 401, 404, 408, 422, 429, 500, 503])


@settings(max_examples=150)
@given(
    requests=st.lists(st.lists(FAULTS, min_size=1, max_size=6), min_size=1, max_size=12),
    credentials=st.integers(1, 4),
    pause_s=st.sampled_from([0.0, 1.0, 61.0]),
)
def test_no_attempt_starts_in_a_rest_unless_all_rest_and_its_own_is_a_passing_one(
    requests: list[list[int | None]], credentials: int, pause_s: float
) -> None:
    clock = Clock()
    shared = pools(clock)
    held = target("h", *map(key, range(credentials)))
    for script in requests:
        planner = play(held, clock=clock, shared=shared).planner
        entries = iter(script)
        tried: set[str] = set()
        while isinstance(decision := planner.next(clock.now_s), Try | Wait):
            if isinstance(decision, Wait):
                assert decision.until_s - clock.now_s <= 32
                clock.now_s = decision.until_s
                tried.clear()
                continue
            one = decision.candidate
            rest = shared.cooldowns.rest(one)
            if rest is not None and rest.end_s > clock.now_s:
                assert rest.until_s <= clock.now_s
            assert bool(decision.probe) == (rest is not None and rest.end_s <= clock.now_s)
            assert one.key not in tried
            tried.add(one.key)
            shared.balance.ended(one)
            status = next(entries, None)
            if status is None:
                planner.succeeded(decision, 0.1, clock.now_s)
                break
            planner.failed(decision, refused(status), clock.now_s)
        clock.now_s += pause_s


def test_the_settings_become_pools_and_plans() -> None:
    asked = Settings.model_validate(
        {
            "routing": {"strategy": "wrr", "session-affinity": False},
            "max-retry-credentials": 2,
            "max-retry-interval": 7,
            "save-cooldown-status": False,
        }
    )
    state = State()
    assert plan_settings(asked) == PlanSettings("weighted-round-robin", 2, 7)
    assert not pools_of(asked, state, float).affinity.on
    kept = pools_of(Settings(), state, float)
    assert kept.affinity.on
