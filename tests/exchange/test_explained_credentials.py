"""Why a credential is chosen or not, in each situation a request may meet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.routing.pooling import Clock, key, pairs, pools, target

from dragoman.config.payload import Payload
from dragoman.exchange.explain import Situation, explained
from dragoman.exchange.explanation import Explanation
from dragoman.exchange.incoming import Incoming, Outcome
from dragoman.exchange.job import Job
from dragoman.exchange.remembered import Remembered
from dragoman.exchange.sending import Options
from dragoman.neutral.parts import ReasoningState
from dragoman.policy.payload import compiled
from dragoman.protocols.registry import CODECS
from dragoman.reasoning.carrier import seal
from dragoman.routing.candidates import mark_of
from dragoman.routing.decisions import PlanSettings, Pools
from dragoman.routing.names import Names
from dragoman.routing.rules import Chain, NameRules
from dragoman.routing.served import HostModels, Target
from dragoman.routing.verdicts import Reason, Verdict
from dragoman.storage.state import State
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Deadlines

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
AT = "1970-01-01T00:33:20Z"  # the tests' clock begins at 1000 s; this is 1000 s later


def seen(
    place: Pools,
    *targets: Target,
    strategy: str = "round-robin",
    pinned: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    body: dict[str, Any] = BODY,
    rules: NameRules | None = None,
    options: Options | None = None,
    client: str = "openai",
) -> Explanation:
    data = json.dumps(body).encode()
    incoming = Incoming("r", CODECS[client], list(headers), data, pinned=pinned)
    job = Job(incoming, Outcome("r", "openai"), b"k" * 32, Remembered(State()))
    names = Names([HostModels(one.host, (one,)) for one in targets], rules or NameRules())
    plan = PlanSettings(strategy, max_wait_s=30)
    return explained(job, Situation(names, place, plan, options or Options(), 1000.0))


def why(record: Explanation, chain: int = 0) -> list[str]:
    return [
        f"{'*' if one.chosen else ''}{one.state}: {one.why}"
        for pool in record.chains[chain].pools
        for at in pool
        for one in at.credentials
    ]


def rests(
    place: Pools, one: Target, index: int, reason: Reason, for_s: float, now_s: float
) -> None:
    verdict = Verdict(stop=False, reason=reason, rest_s=for_s)
    place.cooldowns.failed(pairs(one)[index], verdict, 500, now_s)


def test_all_that_rest_for_long_refuse_with_the_clients_error() -> None:
    one, place = target("host", key(0), key(1)), pools(Clock())
    for index in (0, 1):
        rests(place, one, index, "quota", 1000, 1000)
    record = seen(place, one)
    assert record.decision.startswith("refused with 429: no credential of model 'm' can answer now")
    assert why(record) == ["cooling: rate limit (500)"] * 2
    assert {one.until for one in record.chains[0].pools[0][0].credentials} == {AT}
    assert record.way == ""


def test_a_rest_that_is_soon_over_is_waited_for() -> None:
    one, place = target("host", key(0)), pools(Clock(), chance=lambda: 0.0)
    rests(place, one, 0, "quota", 10, 1000)
    record = seen(place, one)
    assert record.decision == (
        "waits until about 1970-01-01T00:16:52Z for a credential's rest to be over"
    )


def test_one_whose_trouble_is_passing_is_tried_when_nobody_else_is_left() -> None:
    one, place = target("host", key(0)), pools(Clock())
    rests(place, one, 0, "transient", 1000, 1000)
    assert why(seen(place, one)) == ["*cooling: nobody else is left, and its trouble ends first"]


def test_a_rest_that_is_over_is_probed_by_one_request_at_a_time() -> None:
    one, place = target("host", key(0), key(1)), pools(Clock())
    rests(place, one, 0, "quota", 10, 980)
    assert why(seen(place, one)) == [
        "*ready: probes whether its trouble is over", "ready: not its turn (round-robin)",
    ]  # fmt: skip
    place.cooldowns.begin_probe(pairs(one)[0])
    assert why(seen(place, one)) == [
        "probing: another request is just probing it", "*ready: its turn (round-robin)",
    ]  # fmt: skip


def test_a_weight_of_none_is_never_chosen() -> None:
    one = target("host", key(0, weight=0), key(1))
    record = seen(pools(Clock()), one, strategy="weighted-round-robin")
    assert why(record) == [
        "ready: a weight of 0 is never chosen", "*ready: its turn (weighted-round-robin)",
    ]  # fmt: skip


def test_a_request_that_needs_one_accounts_state_goes_there() -> None:
    record = seen(pools(Clock()), target("host", key(0), key(1)), pinned="host/1")
    assert why(record) == [
        "ready: has not the state that the request needs",
        "*ready: only it has the state that the request needs",
    ]


def test_a_request_with_state_goes_to_the_account_that_made_it() -> None:
    one, place = target("host", key(0), key(1)), pools(Clock())
    state = ReasoningState("b", "anthropic", "host", mark_of("host/1"))
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    body = {
        "model": "m",
        "input": [
            {**item, "encrypted_content": seal(state, b"k" * 32)},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ],
    }
    assert why(seen(place, one, body=body, client="responses")) == [
        "ready: another made the reasoning state in the request",
        "*ready: it made the reasoning state in the request",
    ]


def test_a_conversation_stays_where_it_is_bound() -> None:
    clock = Clock()
    one, place = target("host", key(0), key(1)), pools(clock, affinity_s=3600)
    place.affinity.used("/m/abc", pairs(one)[1], clock.now_s)
    record = seen(place, one, headers=(("session-id", "abc"),))
    assert record.session
    assert why(record) == [
        "ready: the conversation is bound to another", "*ready: its conversation is bound to it",
    ]  # fmt: skip


def test_when_a_chain_for_failures_is_followed_at_once_the_choice_stands_there() -> None:
    first, second = target("one", key(0)), target("two", key(0), model="other")
    place = pools(Clock())
    rests(place, first, 0, "quota", 1000, 1000)
    rules = NameRules(chains=(Chain(("m",), ("other",), frozenset({"rate-limit"})),))
    record = seen(place, first, second, rules=rules)
    assert record.upstream == "two"
    assert why(record) == ["cooling: rate limit (500)"]
    assert why(record, 1) == ["*ready: its turn (round-robin)"]


def test_a_loss_that_is_refused_is_told_in_place_of_the_request() -> None:
    credential = Credential(0, "g", ())
    host = Host("g", CODECS["gemini"], "https://g", "g", (), (credential,), Deadlines())
    one = target("g", credential)
    one = Target(host, one.model, one.name, one.entry)
    record = seen(
        pools(Clock()),
        one,
        body={**BODY, "logit_bias": {"1": 2}},
        options=Options(strict_conversion=True),
    )
    assert (record.upstream, record.way, record.request) == ("g", "", None)
    assert "logit_bias" in record.error


@pytest.mark.parametrize(("params", "told"), [({"user": "x"}, ["user"]), ({"a.b": 1}, ["a.b"])])
def test_payload_rules_that_change_the_body_are_told(
    params: dict[str, Any], told: list[str]
) -> None:
    host = Host("o", CODECS["openai"], "https://o", "o", (), (key(0),), Deadlines())
    plain = target("o", key(0))
    rules = compiled(Payload.model_validate({"override": [{"params": params}]}))
    record = seen(
        pools(Clock()),
        Target(host, plain.model, plain.name, plain.entry),
        options=Options(payload=rules),
    )
    assert [change.path for change in record.payload_rules] == told
    assert record.way == "passed"
