"""What would become of a request, by the code that serves requests, without sending anything and
without any effect on those that are served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dragoman.errors import DragomanError, UnknownModel
from dragoman.exchange.carried import Account
from dragoman.exchange.explanation import (
    Asking,
    Chain,
    CredentialNow,
    Explanation,
    TargetNow,
    UpstreamRequest,
)
from dragoman.exchange.forms import prepared_for
from dragoman.exchange.incoming import Caller
from dragoman.exchange.job import Job
from dragoman.exchange.masking import masked_headers, masked_url
from dragoman.exchange.policies import told_edit
from dragoman.exchange.prepared import call_of
from dragoman.exchange.resolving import resolved
from dragoman.exchange.sending import Options
from dragoman.neutral.requests import ReasoningSettings
from dragoman.routing.candidates import Candidate, candidate, mark_of
from dragoman.routing.decisions import Decision, Exhausted, PlanSettings, Pools, Try, Wait
from dragoman.routing.exhaustion import REASON_WORDS, told_time
from dragoman.routing.names import Names
from dragoman.routing.planner import Planner
from dragoman.routing.resolution import Pool, Resolution
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Credential


class Situation(msgspec.Struct, frozen=True):
    """What a request would meet at `now_s`. `disabled`: labels of switched-off keys by upstream."""

    names: Names
    pools: Pools
    plan: PlanSettings
    options: Options
    now_s: float
    disabled: Mapping[str, Sequence[str]] = {}
    disabled_upstreams: tuple[str, ...] = ()


def explained(job: Job, situation: Situation) -> Explanation:
    protocol = job.incoming.codec.name
    strategy = situation.plan.strategy
    try:
        resolution = resolved(situation.names, job.caller, job.model, job.incoming.naming)
    except UnknownModel as error:
        return Explanation(
            job.model,
            protocol,
            _asking(job.caller),
            strategy,
            False,
            (),
            (),
            "nobody is asked",
            situation.disabled_upstreams,
            error=error.message,
        )
    session = job.session()
    pools = situation.pools.copy(session)
    bound = pools.affinity.bound(session) if session else None
    pinned, unfit = job.incoming.pinned, job.too_long()
    plan = Planner(
        resolution, pools, situation.plan, lambda: session, pinned, job.carried.held, unfit
    )
    decision = plan.next(situation.now_s)
    chosen = decision.candidate if isinstance(decision, Try) else None
    view = _View(situation, pinned, chosen, bound, plan.owner)
    record = Explanation(
        model=job.model,
        protocol=protocol,
        asking=_asking(job.caller),
        strategy=strategy,
        session=bool(session),
        steps=resolution.steps,
        chains=view.chains(resolution),
        decision=_told(decision),
        disabled_upstreams=situation.disabled_upstreams,
    )
    if not isinstance(decision, Try):
        return record
    return _with_request(record, job, decision, situation.options)


def _asking(caller: Caller) -> Asking:
    access = caller.access
    return Asking(caller.name, caller.group, caller.compat, access.groups, access.models)


def _told(decision: Decision) -> str:
    if isinstance(decision, Exhausted):
        return f"refused with {decision.error.status}: {decision.error.message}"
    if isinstance(decision, Wait):
        return f"waits until about {told_time(decision.until_s)} for a credential's rest to be over"
    one = decision.candidate
    return f"asks {one.target.host.name} with {one.credential.label}"


def _with_request(record: Explanation, job: Job, one: Try, options: Options) -> Explanation:
    chosen = one.candidate
    target = chosen.target
    account = Account(mark_of(chosen.account), one.strange)
    codec = target.host.spoken_with(job.incoming.codec.name)
    if codec is None:
        return msgspec.structs.replace(record, upstream=target.host.name, way="own")
    credential = chosen.credential
    if credential.source is not None:
        credential = credential.opened_by([("authorization", "Bearer")])
    try:
        prepared = prepared_for(
            job, target, codec, account, strict=options.strict_conversion, payload=options.payload
        )
        call = call_of(prepared, target, credential, job.incoming.headers)
    except DragomanError as error:
        return msgspec.structs.replace(record, upstream=target.host.name, error=error.message)
    same = f"both speak {codec.name}; at most single fields are written anew"
    return msgspec.structs.replace(
        record,
        upstream=target.host.name,
        way="converted" if prepared.because else "passed",
        because=prepared.because or same,
        losses=prepared.lost,
        policies=tuple(map(told_edit, prepared.edits)),
        payload_rules=prepared.changes,
        request=UpstreamRequest(
            call.method,
            masked_url(call.url),
            tuple(masked_headers(call.headers, credential)),
            msgspec.Raw(call.body),
        ),
    )


class _View:
    """The credentials as the request finds them. `bound`: where its conversation is bound to.
    `owner`: who made the reasoning state in it."""

    def __init__(
        self,
        situation: Situation,
        pinned: str,
        chosen: Candidate | None,
        bound: str | None,
        owner: str,
    ) -> None:
        self._situation = situation
        self._pinned = pinned
        self._chosen = chosen
        self._bound = bound
        self._owner = owner

    def chains(self, resolution: Resolution) -> tuple[Chain, ...]:
        chains = [Chain((), self._pools(resolution.pools))]
        for fallback in resolution.fallbacks:
            if _has_chosen(chains):
                self._chosen = None
            chains.append(Chain(tuple(sorted(fallback.kinds)), self._pools(fallback.pools)))
        return tuple(chains)

    def _pools(self, pools: Sequence[Pool]) -> tuple[tuple[TargetNow, ...], ...]:
        return tuple(
            tuple(self._target(target, rank) for target in pool) for rank, pool in enumerate(pools)
        )

    def _target(self, target: Target, rank: int) -> TargetNow:
        host = target.host
        switched_off = self._situation.disabled.get(host.name, ())
        return TargetNow(
            upstream=host.name,
            protocol=host.codec.name if host.codec else "",
            model=target.model,
            thinking=_thinking(target.thinking),
            credentials=(
                *(self._credential(target, one, rank) for one in host.credentials),
                *(CredentialNow(label, None, "disabled", "disabled") for label in switched_off),
            ),
        )

    def _credential(self, target: Target, credential: Credential, rank: int) -> CredentialNow:
        one = candidate(target, credential, rank)
        chosen = self._chosen is not None and self._chosen.key == one.key
        state, until = self._state(one)
        return CredentialNow(
            label=credential.label,
            index=credential.index,
            state=state,
            why=self._why_chosen(one) if chosen else self._why_not(one, state),
            priority=credential.priority,
            weight=credential.weight,
            chosen=chosen,
            until=until,
        )

    def _state(self, one: Candidate) -> tuple[str, str]:
        now_s = self._situation.now_s
        rest = self._situation.pools.cooldowns.rest(one)
        if rest is None:
            return "ready", ""
        if rest.end_s > now_s:
            return "cooling", told_time(rest.end_s)
        return ("probing" if self._situation.pools.cooldowns.probing(one) else "ready"), ""

    def _why_chosen(self, one: Candidate) -> str:
        rest = self._situation.pools.cooldowns.rest(one)
        if rest is not None and rest.end_s > self._situation.now_s:
            return "nobody else is left, and its trouble ends first"
        if rest is not None:
            return "probes whether its trouble is over"
        if self._pinned:
            return "only it has the state that the request needs"
        if self._owner.startswith(one.account + "/"):
            return "it made the reasoning state in the request"
        if self._bound == one.key:
            return "its conversation is bound to it"
        return f"its turn ({self._situation.plan.strategy})"

    def _why_not(self, one: Candidate, state: str) -> str:
        chosen = self._chosen
        if self._pinned not in ("", one.account):
            return "has not the state that the request needs"
        if self._situation.plan.strategy == "weighted-round-robin" and not one.credential.weight:
            return "a weight of 0 is never chosen"
        if state == "cooling":
            return self._why_cooling(one)
        if state == "probing":
            return "another request is just probing it"
        if chosen is None or one.rank > chosen.rank:
            return "comes later in the chain"
        if self._owner.startswith(chosen.account + "/"):
            return "another made the reasoning state in the request"
        if self._bound is not None and self._bound == chosen.key:
            return "the conversation is bound to another"
        if one.credential.priority < chosen.credential.priority:
            return f"priority {one.credential.priority} is below {chosen.credential.priority}"
        return f"not its turn ({self._situation.plan.strategy})"

    def _why_cooling(self, one: Candidate) -> str:
        rest = self._situation.pools.cooldowns.rest(one)
        assert rest is not None
        reason = REASON_WORDS[rest.reason_at(self._situation.now_s)]
        return f"{reason} ({rest.status})" if rest.status else reason


def _has_chosen(chains: Sequence[Chain]) -> bool:
    return any(
        one.chosen
        for chain in chains
        for pool in chain.pools
        for target in pool
        for one in target.credentials
    )


def _thinking(asked: ReasoningSettings | None) -> str:
    if asked is None:
        return ""
    return str(asked.budget if asked.budget is not None else asked.effort or asked.mode)
