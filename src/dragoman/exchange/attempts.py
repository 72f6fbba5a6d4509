"""Which attempts are made for a model: the planner decides, here it is waited, raced and told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from dragoman.errors import DragomanError, UnknownRoute, UpstreamFault
from dragoman.exchange.carried import Account
from dragoman.exchange.incoming import AS_CONFIGURED, NOBODY, Caller, Naming, Outcome
from dragoman.exchange.resolving import mapped_to, resolved
from dragoman.neutral.listings import ModelEntry
from dragoman.observe import metrics, recent
from dragoman.protocols.registry import CODECS
from dragoman.routing.candidates import account_of, candidate, mark_of
from dragoman.routing.decisions import Exhausted, PlanSettings, Pools, Try, Wait
from dragoman.routing.holding import FindHeld, no_state
from dragoman.routing.names import Names
from dragoman.routing.planner import Planner
from dragoman.routing.served import Target
from dragoman.routing.verdicts import Reason
from dragoman.upstreams.hosts import Credential

T = TypeVar("T")


class AttemptSettings(msgspec.Struct, frozen=True):
    plan: PlanSettings = PlanSettings()
    hedge_after_s: float = 0


class Attempt:
    """One try under way. Whoever holds its answer closes it when the answer is over."""

    def __init__(self, one: Try, plan: Planner, pools: Pools, now: Callable[[], float]) -> None:
        self.target = one.candidate.target
        self.credential = one.candidate.credential
        self.one = one
        self.account = Account(mark_of(one.candidate.account), one.strange)
        self._plan = plan
        self._pools = pools
        self._now = now
        self._closed = False

    def broke(self, error: UpstreamFault) -> None:
        """The answer failed after it had begun."""
        upstream = self.target.host.name
        metrics.broken_off(upstream, error.kind)
        _count_rest(upstream, self._plan.broke(self.one, error, self._now()))

    def close(self) -> None:
        """The credential is not busy with it any more."""
        if not self._closed:
            self._closed = True
            self._pools.balance.ended(self.one.candidate)


class Work(msgspec.Struct, Generic[T]):
    """What an attempt does. `keeps`: its result is closed by whoever takes it, with the attempt.
    `discard` closes a result that came too late."""

    run: Callable[[Attempt], Awaitable[T]]
    discard: Callable[[T], Awaitable[None]] | None = None

    @property
    def keeps(self) -> bool:
        return self.discard is not None


class Request(msgspec.Struct, frozen=True):
    """Who asks for attempts: `pinned` is the only account that may serve, `session` tells the
    conversation, `held` the reasoning state in it. `model` is without its group. `unfit`: why only
    a chain for such failures may."""

    model: str
    outcome: Outcome
    caller: Caller = NOBODY
    pinned: str = ""
    session: Callable[[], str] = str
    held: FindHeld = no_state
    naming: Naming = AS_CONFIGURED
    unfit: DragomanError | None = None
    further_rounds: int = 0


class Attempts:
    """`names`, `pools` and `settings` give them as they are now."""

    chat_codec = CODECS["openai"]

    def __init__(
        self,
        names: Callable[[], Names],
        pools: Callable[[], Pools],
        settings: Callable[[], AttemptSettings],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._names = names
        self._pools = pools
        self._settings = settings
        self._now = now

    def resolve(
        self, caller: Caller, model: str, naming: Naming = AS_CONFIGURED
    ) -> tuple[Target, ...]:
        """
        Raises:
            UnknownModel.
        """
        return resolved(self._names(), caller, model, naming).targets

    async def over(self, request: Request, work: Work[T]) -> T:
        """Attempts until one succeeds, or the planner knows no other. The outcome is told each.

        Raises:
            DragomanError: why none did.
        """
        settings, pools = self._settings(), self._pools()
        resolution = resolved(self._names(), request.caller, request.model, request.naming)
        if request.naming.mapping is not None:
            request.outcome.mapped = mapped_to(resolution)
        plan = Planner(
            resolution,
            pools,
            settings.plan.with_rounds(request.further_rounds),
            request.session,
            request.pinned,
            request.held,
            request.unfit,
        )
        while True:
            decision = plan.next(self._now())
            if isinstance(decision, Exhausted):
                raise decision.error
            if isinstance(decision, Wait):
                await asyncio.sleep(max(decision.until_s - self._now(), 0))
                continue
            runner = _Runner(self, plan, request.outcome, work)
            if settings.hedge_after_s:
                found = await runner.raced(decision, settings.hedge_after_s)
            else:
                found = await runner.alone(decision)
            if found is not None:
                return found.result

    def begun(self, plan: Planner, one: Try) -> Attempt:
        return Attempt(one, plan, self._pools(), self._now)

    def now(self) -> float:
        return self._now()

    def credential(self, target: Target) -> Credential:
        """One that does not rest, for requests that are made once."""
        rested = self._pools().cooldowns.rest
        by_priority = sorted(target.host.credentials, key=lambda one: -one.priority)
        for one in by_priority:
            if rested(candidate(target, one)) is None:
                return one
        return by_priority[0]

    def account(self, name: str) -> tuple[Target, Credential]:
        """One host's credential, whatever its models.

        Raises:
            UnknownRoute: the configuration has it no more.
        """
        for models in self._names().hosts().values():
            for credential in models.host.credentials:
                if account_of(models.host, credential) == name:
                    return Target(models.host, "", "", ModelEntry("")), credential
        raise UnknownRoute("the account that keeps this response is configured no more")

    def passing_target(self, protocol: str, caller: Caller, model: str) -> Target:
        """The first target of a model that speaks `protocol`.

        Raises:
            UnknownRoute: none does.
            UnknownModel.
        """
        for target in self.resolve(caller, model):
            codec = target.host.spoken_with(protocol)
            if codec is not None and codec.name == protocol:
                return target
        raise UnknownRoute(
            f"no upstream of model {model!r} speaks {protocol}, and this path cannot be converted"
        )


def _count_rest(upstream: str, reason: Reason | None) -> None:
    if reason is not None:
        metrics.cooled(upstream, reason)


class _Found(msgspec.Struct, Generic[T]):
    """A result, boxed: it may be anything."""

    result: T


class _Runner(Generic[T]):
    """Runs what the planner gave, alone or raced against a second."""

    def __init__(self, attempts: Attempts, plan: Planner, outcome: Outcome, work: Work[T]) -> None:
        self._attempts = attempts
        self._plan = plan
        self._outcome = outcome
        self._work = work

    async def alone(self, one: Try) -> _Found[T] | None:
        """The result; None when it failed and the planner knows."""
        attempt = self._attempts.begun(self._plan, one)
        upstream = attempt.target.host.name
        self._outcome.attempts += 1
        self._tell(one)
        try:
            result = await self._work.run(attempt)
        except UpstreamFault as error:
            attempt.close()
            metrics.attempted(upstream, error.kind)
            recent.count(one.candidate.account, self._attempts.now(), good=False)
            _count_rest(upstream, self._plan.failed(one, error, self._attempts.now()))
            return None
        except BaseException:
            attempt.close()
            metrics.attempted(upstream, "given up")
            self._plan.abandoned(one)
            raise
        metrics.attempted(upstream, "ok")
        recent.count(one.candidate.account, self._attempts.now(), good=True)
        now_s = self._attempts.now()
        self._plan.succeeded(one, now_s - one.started_s, now_s)
        if not self._work.keeps:
            attempt.close()
        return _Found(result)

    async def raced(self, first: Try, after_s: float) -> _Found[T] | None:
        """As `alone`; when the first has sent nothing for so long, a second is started beside it.
        The loser is cancelled."""
        racing = {asyncio.create_task(self.alone(first)): first}
        patience_s: float | None = after_s
        winner: _Found[T] | None = None
        try:
            while racing and winner is None:
                done, _ = await asyncio.wait(
                    racing, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
                )
                patience_s = None
                for task in list(done)[:1]:
                    one = racing.pop(task)
                    winner = task.result()
                    if winner is not None:
                        self._tell(one)
                        if one is not first and first in racing.values():
                            self._plan.outrun(first)
                if not done:
                    second = self._plan.hedge(self._attempts.now(), list(racing.values()))
                    if second is not None:
                        racing[asyncio.create_task(self.alone(second))] = second
        finally:
            await self._end(racing)
        return winner

    def _tell(self, one: Try) -> None:
        candidate = one.candidate
        self._outcome.upstream = candidate.target.host.name
        self._outcome.account = candidate.account
        self._outcome.served = candidate.target.model
        self._outcome.credential = candidate.credential.index

    async def _end(self, racing: dict[asyncio.Task[_Found[T] | None], Try]) -> None:
        for task in racing:
            task.cancel()
        for task, found in zip(
            racing, await asyncio.gather(*racing, return_exceptions=True), strict=True
        ):
            if task.done() and isinstance(found, _Found) and self._work.discard is not None:
                await self._work.discard(found.result)
