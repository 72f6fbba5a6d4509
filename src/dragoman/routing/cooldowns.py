"""Which credentials rest, until when and why. After a rest one request at a time probes; success
clears it. Kept in `State`, so that they outlive a restart where the user wants it."""

from __future__ import annotations

import msgspec

from dragoman.routing.candidates import Candidate
from dragoman.routing.verdicts import FIRST_QUOTA_S, LAST_QUOTA_S, Reason, Verdict
from dragoman.storage.state import Space, State

SPACE = Space("cooldowns", lifetime_s=86_400, max_entries=20_000)
_REMEMBERED_S = 3600.0
"""How long a rest that is over is still known: until then, the next request is a probe."""


class Rest(msgspec.Struct, frozen=True):
    """Two ends: of a limit or fault (`until_s`, for `reason`), and of a passing trouble
    (`shaken_until_s`), which yields when nobody else is left. `since_s` is when it last grew;
    `step` counts windows whose length nobody told; `status` is the last failure's."""

    since_s: float
    status: int
    reason: Reason = "transient"
    until_s: float = 0
    shaken_until_s: float = 0
    step: int = 0

    @property
    def end_s(self) -> float:
        return max(self.until_s, self.shaken_until_s)

    def reason_at(self, now_s: float) -> Reason:
        return self.reason if now_s < self.until_s else "transient"


class Cooldowns:
    """With a `state` that lives in memory they end with the process."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._probes: set[str] = set()

    def copy(self) -> Cooldowns:
        """The same rests, with probes of its own: for looking ahead only."""
        other = Cooldowns(self._state)
        other._probes = set(self._probes)
        return other

    def rest(self, one: Candidate) -> Rest | None:
        """The rest a candidate is in, or has yet to be probed after: its own and its account's."""
        own, whole = self._get(one.key), self._get(one.account)
        if own is None or whole is None:
            return own or whole
        later = max(own, whole, key=lambda rest: rest.until_s)
        return msgspec.structs.replace(
            later,
            since_s=max(own.since_s, whole.since_s),
            shaken_until_s=max(own.shaken_until_s, whole.shaken_until_s),
        )

    def failed(self, one: Candidate, verdict: Verdict, status: int, now_s: float) -> Reason | None:
        """Begins a rest, or lets one grow, and tells its reason; None where the credential is not
        at fault."""
        if verdict.reason is None or verdict.rest_s == 0 or not one.credential.cools:
            return None
        key = one.account if verdict.whole else one.key
        rest = _grown(self._get(key) or Rest(now_s, status), verdict, now_s)
        rest = msgspec.structs.replace(rest, since_s=now_s, status=status)
        lifetime_s = rest.end_s - now_s + _REMEMBERED_S
        self._state.put(SPACE, key, msgspec.msgpack.encode(rest), lifetime_s)
        return verdict.reason

    def succeeded(self, one: Candidate, started_s: float) -> None:
        """Clears its rests. An attempt that began before a rest says nothing about it."""
        for key in (one.key, one.account):
            rest = self._get(key)
            if rest is not None and rest.since_s <= started_s:
                self._state.delete(SPACE, key)

    def clear(self, account: str) -> None:
        """Forgets every rest of an account."""
        for key in self._state.keys(SPACE):
            if key == account or key.startswith(account + "/"):
                self._state.delete(SPACE, key)

    def probing(self, one: Candidate) -> bool:
        return one.key in self._probes or one.account in self._probes

    def begin_probe(self, one: Candidate) -> str:
        """What `end_probe` takes: the account where all of it rested, else the pair."""
        place = one.key if self._get(one.account) is None else one.account
        self._probes.add(place)
        return place

    def end_probe(self, place: str) -> None:
        self._probes.discard(place)

    def _get(self, key: str) -> Rest | None:
        data = self._state.get(SPACE, key)
        return None if data is None else msgspec.msgpack.decode(data, type=Rest)


def _grown(rest: Rest, verdict: Verdict, now_s: float) -> Rest:
    assert verdict.reason is not None
    step, rest_s = rest.step, verdict.rest_s
    if rest_s is None:
        if rest.until_s <= now_s or not step:
            step += 1
        rest_s = min(FIRST_QUOTA_S * 2 ** (step - 1), LAST_QUOTA_S)
    until_s = now_s + rest_s
    if verdict.reason == "transient":
        shaken = max(rest.shaken_until_s, until_s)
        return msgspec.structs.replace(rest, shaken_until_s=shaken)
    if until_s <= rest.until_s:
        return rest
    return msgspec.structs.replace(rest, until_s=until_s, reason=verdict.reason, step=step)
