"""Which attempts are made for a model, in order, until one succeeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from dragoman.errors import DragomanError, UnknownModel, UnknownRoute, UpstreamFault
from dragoman.exchange.failures import worth_another
from dragoman.exchange.incoming import Outcome
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.registry import CODECS
from dragoman.routing.names import Names
from dragoman.routing.select import Rotation
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Credential

T = TypeVar("T")


class Attempts:
    """`names` gives them as they are now."""

    chat_codec = CODECS["openai"]

    def __init__(self, names: Callable[[], Names]) -> None:
        self._names = names
        self._rotation = Rotation()

    def resolve(self, model: str) -> tuple[Target, ...]:
        """
        Raises:
            UnknownModel.
        """
        return self._names().resolve(model).targets

    async def over(
        self,
        model: str,
        outcome: Outcome,
        attempt: Callable[[Target, Credential], Awaitable[T]],
        pinned: tuple[str, int] | None = None,
    ) -> T:
        """Attempts over targets × credentials until one succeeds, or fails in a way that no other
        would mend. The outcome is told each one.

        Raises:
            DragomanError: the last failure.
        """
        last: DragomanError = UnknownModel(f"no upstream of model {model!r} has a usable key")
        for target, credential in self._candidates(model, pinned):
            outcome.attempts += 1
            outcome.upstream = target.host.name
            outcome.served = target.model
            outcome.credential = credential.index
            try:
                return await attempt(target, credential)
            except UpstreamFault as error:
                last = error
                if not worth_another(error):
                    break
        raise last

    def account(self, upstream: str, index: int) -> tuple[Target, Credential]:
        """One host's credential, whatever its models.

        Raises:
            UnknownRoute: the configuration has it no more.
        """
        models = self._names().hosts().get(upstream)
        for credential in models.host.credentials if models else ():
            if models and credential.index == index:
                return Target(models.host, "", "", ModelEntry("")), credential
        raise UnknownRoute(f"the account that kept this response ({upstream}) is gone")

    def _candidates(
        self, model: str, pinned: tuple[str, int] | None
    ) -> Iterator[tuple[Target, Credential]]:
        """All in order; only those of the account that is required, where one is."""
        for target, credential in self._rotation.attempts(self.resolve(model)):
            if pinned in (None, (target.host.name, credential.index)):
                yield target, credential

    def passing_target(self, protocol: str, model: str) -> Target:
        """The first target of a model that speaks `protocol`.

        Raises:
            UnknownRoute: none does.
            UnknownModel.
        """
        if not model:
            raise UnknownRoute("this path needs a model that tells which upstream it goes to")
        for target in self.resolve(model):
            if target.host.codec is not None and target.host.codec.name == protocol:
                return target
        raise UnknownRoute(
            f"no upstream of model {model!r} speaks {protocol}, and this path cannot be converted"
        )
