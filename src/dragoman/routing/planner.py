"""Which attempt a request makes next: a decision at a time, over plain records, without waiting.

A round tries every credential that may serve, at most `max_credentials`. Pools of a chain are
tried in order; within one, the bound credential first, then by priority and strategy. Who rests is
left out; when everyone does, the one whose passing trouble ends first is tried all the same, and a
limit that ends soon is waited for. Fallbacks follow the first round of a failure they are for.

The account that made the request's reasoning state comes before all that while its work goes on: it
is waited for, then the others are asked without the state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from dragoman.errors import DragomanError, TimedOut, UpstreamFault
from dragoman.routing.candidates import Candidate, candidates
from dragoman.routing.decisions import Decision, Exhausted, PlanSettings, Pools, Try, Wait
from dragoman.routing.exhaustion import exhausted
from dragoman.routing.holding import FindHeld, Holder, no_state
from dragoman.routing.resolution import Fallback, Pool, Resolution, cause_of
from dragoman.routing.verdicts import CAUSE_OF_REASON, Reason, Verdict, verdict_of

_POLL_S = 0.1
"""How often a request looks whether another one's probe is over."""
_BACK_OFF_S = 0.2
_MAX_BACK_OFF_S = 5.0
_JITTER = 0.25
_MAX_JITTER_S = 2.0
_LONG_S = 60.0
"""A conversation does not wait for a credential that rests for longer than this."""


class _Sorted(msgspec.Struct):
    """Who has not been tried in this round: who may serve now; who is shaken only, by the end of
    it; and the others, by when their rest is over (a probe's: soon)."""

    ready: list[Candidate] = []
    shaken: list[tuple[float, Candidate]] = []
    resting: list[tuple[float, Candidate]] = []


class Planner:
    """One request's. `pinned` is the only account that may serve; `held` tells of the reasoning
    state in it, asked for only where there is a choice. `unfit`: why none of the first pools may be
    asked, so that only a chain for it may. Every `Try` is answered by one of `failed`, `succeeded`,
    `abandoned`, and by `Balance.ended` when its answer is closed."""

    def __init__(
        self,
        resolution: Resolution,
        pools: Pools,
        settings: PlanSettings,
        session: Callable[[], str] = str,
        pinned: str = "",
        held: FindHeld = no_state,
        unfit: DragomanError | None = None,
    ) -> None:
        self._model = resolution.name
        self._pools = pools
        self._settings = settings
        self._pinned = pinned
        self._fallbacks = list(resolution.fallbacks)
        self._last = unfit
        self._cause = cause_of(unfit.kind) or "" if unfit else ""
        self._stopped = unfit is not None
        self._tried: set[str] = set()
        self._again = False
        self._state_refused = False
        self._stateless = False
        self._asked_again = 0
        self._holder = Holder(held)
        self._enter(resolution.pools)
        several = len(self._all) > 1 or bool(self._fallbacks)
        self._session = session() if several and pools.affinity.on else ""
        if several:
            bound = pools.affinity.bound(self._session) if self._session else None
            self._holder.look(self._all, bound)

    @property
    def owner(self) -> str:
        """The account that made the request's reasoning state, with a slash behind it or a model;
        "" where none is known."""
        return self._holder.owner

    def next(self, now_s: float) -> Decision:
        """What to do now. A `Wait` is followed by another call."""
        if self._stopped:
            return self._after_all(now_s)
        if self._resume_s > now_s:
            return Wait(self._resume_s)
        sort = self._sorted(now_s)
        held = self._of_holder(sort, now_s) if self._holder.waits else None
        if held is not None:
            return held
        if sort.ready:
            return self._begin(self._chosen(sort.ready, now_s), now_s)
        if sort.shaken:
            return self._begin(min(sort.shaken, key=lambda pair: pair[0])[1], now_s)
        if self._tried:
            if self._state_refused and not self._stateless and self._holder.held is not None:
                self._stateless = True
                self._fresh_round()
                return self.next(now_s)
            fallback = self._fallback()
            if fallback is not None:
                return self._follow(fallback, now_s)
            if self._again and self._round < self._rounds:
                return self._next_round(now_s)
        return self._wait([end for end, _ in sort.resting], now_s) or self._after_all(now_s)

    def hedge(self, now_s: float, beside: Sequence[Try]) -> Try | None:
        """A second attempt beside those under way, on another credential that can serve now."""
        taken = {one.candidate.account for one in beside}
        ready = [one for one in self._sorted(now_s).ready if one.account not in taken]
        return self._begin(self._pick(ready), now_s) if ready else None

    def failed(self, one: Try, error: UpstreamFault, now_s: float) -> Reason | None:
        """The reason of the rest that this failure began, as `broke`."""
        candidate = one.candidate
        verdict = verdict_of(error, candidate.target.host.conduct, now_s)
        self._end(one)
        rests = self._pools.cooldowns.failed(candidate, verdict, error.status, now_s)
        self._release_if_gone(candidate, verdict, error)
        self._last = error
        self._cause = cause_of(error.kind) or ""
        self._stopped = verdict.stop
        self._state_refused = self._state_refused or verdict.state
        self._again = self._again or verdict.reason in ("quota", "transient")
        return rests

    def succeeded(self, one: Try, first_token_s: float, now_s: float) -> None:
        """Its answer has begun (or is whole)."""
        candidate = one.candidate
        self._pools.cooldowns.succeeded(candidate, one.started_s)
        self._end(one)
        self._pools.balance.measured(candidate, first_token_s)
        if self._session:
            moves = self._holder.held is not None
            self._pools.affinity.used(self._session, candidate, now_s, moves=moves)

    def broke(self, one: Try, error: UpstreamFault, now_s: float) -> Reason | None:
        """It failed after it was the answer: nothing to be tried again, but to be remembered."""
        candidate = one.candidate
        verdict = verdict_of(error, candidate.target.host.conduct, now_s)
        rests = self._pools.cooldowns.failed(candidate, verdict, error.status, now_s)
        self._release_if_gone(candidate, verdict, error)
        return rests

    def abandoned(self, one: Try) -> None:
        """Nobody waits for it any more."""
        self._end(one)

    def outrun(self, one: Try) -> None:
        """Another attempt was faster: its conversation may go elsewhere."""
        if self._session and self._pools.affinity.bound(self._session) == one.candidate.key:
            self._pools.affinity.release(self._session)

    # -- a round

    def _enter(self, pools: Sequence[Pool]) -> None:
        weighted = self._settings.strategy == "weighted-round-robin"
        self._all = [
            one for one in candidates(pools, weighted=weighted) if self._pinned in ("", one.account)
        ]
        self._rounds = max((self._rounds_of(one) for one in self._all), default=0)
        self._round = 0
        self._resume_s = 0.0
        self._fresh_round()

    def _fresh_round(self) -> None:
        self._tried = set()
        self._again = False
        self._waited_s = 0.0

    def _rounds_of(self, one: Candidate) -> int:
        return one.rounds + self._settings.further_rounds

    def _next_round(self, now_s: float) -> Decision:
        pause_s = min(_BACK_OFF_S * 2**self._round, _MAX_BACK_OFF_S)
        self._round += 1
        self._fresh_round()
        self._resume_s = now_s + pause_s * (0.5 + self._pools.balance.chance())
        return Wait(self._resume_s)

    def _sorted(self, now_s: float) -> _Sorted:
        out = _Sorted()
        limit = self._settings.max_credentials
        if limit and len(self._tried) >= limit:
            return out
        for one in self._all:
            if one.key in self._tried or self._round > self._rounds_of(one):
                continue
            rest = self._pools.cooldowns.rest(one)
            if rest is None:
                out.ready.append(one)
            elif rest.end_s <= now_s:
                if self._pools.cooldowns.probing(one):
                    out.resting.append((now_s + _POLL_S, one))
                else:
                    out.ready.append(one)
            elif rest.until_s <= now_s:
                out.shaken.append((rest.end_s, one))
            else:
                out.resting.append((rest.until_s, one))
        return out

    def _of_holder(self, sort: _Sorted, now_s: float) -> Decision | None:
        """An attempt at the account that has the request's state, or the wait for it."""
        ready = [one for one in sort.ready if self._holder.owns(one)]
        if ready:
            return self._begin(self._pick(ready), now_s)
        later = [end for end, one in (*sort.shaken, *sort.resting) if self._holder.owns(one)]
        return self._wait(later, now_s) or self._holder_again(now_s)

    def _holder_again(self, now_s: float) -> Decision | None:
        """The wait for that account where it has just failed, as often as there are rounds."""
        tried = [one for one in self._all if one.key in self._tried and self._holder.owns(one)]
        rests = [(self._pools.cooldowns.rest(one), one) for one in tried]
        ends = [rest.end_s for rest, _ in rests if rest is not None and rest.end_s > now_s]
        if self._asked_again >= self._rounds:
            return None
        wait = self._wait(ends, now_s)
        if wait is not None:
            self._asked_again += 1
            self._tried -= {one.key for one in tried}
        return wait

    def _chosen(self, ready: list[Candidate], now_s: float) -> Candidate:
        first = min(one.rank for one in ready)
        pool = [one for one in ready if one.rank == first]
        mine = [one for one in pool if self._holder.owns(one)]
        if mine:
            return self._pick(mine)
        key = self._pools.affinity.bound(self._session) if self._session else None
        if key is not None:
            for one in pool:
                if one.key == key:
                    return one
            self._release_if_long(key, now_s)
        return self._pick(pool)

    def _pick(self, ready: list[Candidate]) -> Candidate:
        return self._pools.balance.pick(self._settings.strategy, ready)

    def _begin(self, one: Candidate, now_s: float) -> Try:
        cooldowns = self._pools.cooldowns
        rest = cooldowns.rest(one)
        probe = cooldowns.begin_probe(one) if rest and rest.end_s <= now_s else ""
        self._tried.add(one.key)
        self._pools.balance.started(one)
        return Try(one, now_s, probe, self._stateless or self._holder.is_strange(one))

    def _end(self, one: Try) -> None:
        if one.probe:
            self._pools.cooldowns.end_probe(one.probe)

    def _wait(self, ends: list[float], now_s: float) -> Wait | None:
        """Until the first rest is over, while that is not longer than a request waits."""
        if not ends:
            return None
        wait_s = min(ends) - now_s
        if self._waited_s + wait_s > self._settings.max_wait_s:
            return None
        self._waited_s += wait_s
        jitter_s = min(wait_s * _JITTER, _MAX_JITTER_S) * self._pools.balance.chance()
        return Wait(now_s + wait_s + jitter_s)

    # -- its end

    def _fallback(self) -> Fallback | None:
        return next((one for one in self._fallbacks if self._cause in one.kinds), None)

    def _follow(self, fallback: Fallback, now_s: float) -> Decision:
        self._fallbacks.remove(fallback)
        self._stopped = False
        self._enter(fallback.pools)
        return self.next(now_s)

    def _after_all(self, now_s: float) -> Decision:
        if not self._tried and not self._stopped:
            self._cause = self._cause_of_rests(now_s)
        fallback = self._fallback()
        if fallback is not None:
            return self._follow(fallback, now_s)
        if self._stopped and self._last is not None:
            return Exhausted(self._last)
        return Exhausted(
            exhausted(self._model, self._all, self._pools.cooldowns, self._last, now_s)
        )

    def _cause_of_rests(self, now_s: float) -> str:
        """What stands in for a failure where nobody could be tried at all."""
        rests = (self._pools.cooldowns.rest(one) for one in self._all)
        causes = {CAUSE_OF_REASON[rest.reason_at(now_s)] for rest in rests if rest}
        return "rate-limit" if "rate-limit" in causes else next(iter(sorted(causes)), "")

    # -- affinity

    def _release_if_gone(self, one: Candidate, verdict: Verdict, error: UpstreamFault) -> None:
        """A credential that is dead, used up or slow gives its conversation free."""
        if not self._session or self._pools.affinity.bound(self._session) != one.key:
            return
        dead = verdict.reason in ("auth", "missing")
        used_up = verdict.reason == "quota" and (verdict.rest_s or 0) > _LONG_S
        if dead or used_up or isinstance(error, TimedOut):
            self._pools.affinity.release(self._session)

    def _release_if_long(self, key: str, now_s: float) -> None:
        """A conversation whose credential is gone or rests for long finds itself another."""
        bound = next((one for one in self._all if one.key == key), None)
        rest = self._pools.cooldowns.rest(bound) if bound else None
        if bound is None or (rest is not None and rest.until_s - now_s > _LONG_S):
            self._pools.affinity.release(self._session)
