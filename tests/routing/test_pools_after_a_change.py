"""What of the pools outlives a change of the configuration."""

from __future__ import annotations

import msgspec

from dragoman.config.settings import Settings
from dragoman.neutral.listings import ModelEntry
from dragoman.routing.candidates import candidate
from dragoman.routing.pools import forget_changed, pools_after, pools_of
from dragoman.routing.served import Target
from dragoman.routing.verdicts import Verdict
from dragoman.storage.state import State
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Deadlines

HOST = Host(
    name="far",
    codec=None,
    base="https://far.example/v1",
    hostname="far.example",
    query=(),
    credentials=(Credential(0, "a", (("authorization", "Bearer a"),), id="a"),),
    deadlines=Deadlines(),
)


def settings(**changes: object) -> Settings:
    return Settings.model_validate({name.replace("_", "-"): v for name, v in changes.items()})


def test_turns_and_rests_go_on_and_affinity_follows_the_settings() -> None:
    state, before = State(), settings()
    pools = pools_of(before, state, float)
    after = settings(routing={"session-affinity": False})
    changed = pools_after(pools, before, after, state)
    assert changed.balance is pools.balance
    assert changed.cooldowns is pools.cooldowns
    assert pools.affinity.on
    assert not changed.affinity.on


def test_rests_move_when_they_are_to_be_kept_elsewhere() -> None:
    state, before = State(), settings(save_cooldown_status=True)
    pools = pools_of(before, state, float)
    after = settings(save_cooldown_status=False)
    assert pools_after(pools, before, after, state).cooldowns is not pools.cooldowns


def test_a_rest_ends_when_its_credential_is_sent_elsewhere_and_not_otherwise() -> None:
    cooldowns = pools_of(settings(), State(), float).cooldowns
    one = candidate(Target(HOST, "m", "m", ModelEntry("m")), HOST.credentials[0])
    cooldowns.failed(one, Verdict(stop=False, reason="quota", rest_s=600), 429, 0)
    forget_changed(cooldowns, [HOST], [msgspec.structs.replace(HOST, request_usage=False)])
    forget_changed(cooldowns, [], [HOST])
    assert cooldowns.rest(one) is not None
    forget_changed(cooldowns, [HOST], [msgspec.structs.replace(HOST, base="https://new.example")])
    assert cooldowns.rest(one) is None
