"""What the aliases say of a name, whoever serves it: which one is meant, and whether they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dragoman.neutral.globs import is_glob, matches
from dragoman.reasoning.suffix import parse_suffix

ITSELF = "*"
"""As a target in a group: the name itself."""


class AliasTable:
    """Exact names go before wildcards, a longer wildcard before a shorter, then the first
    written. A target that leads to its own alias means the model of that name."""

    def __init__(self, aliases: Mapping[str, tuple[str, ...]]) -> None:
        self._targets = aliases
        self._globs = sorted(filter(is_glob, aliases), key=lambda glob: -len(glob))

    def exact(self, name: str) -> str | None:
        return name if name in self._targets else None

    def wildcard(self, name: str) -> str | None:
        """The longest wildcard that the name fits, as it is written."""
        return next((glob for glob in self._globs if matches(glob, name)), None)

    def targets(self, alias: str) -> tuple[str, ...]:
        return self._targets[alias]

    def all(self) -> list[str]:
        """Every alias, as it is written."""
        return list(self._targets)

    def plain(self) -> list[str]:
        """The aliases that are names, not wildcards."""
        return [alias for alias in self._targets if not is_glob(alias)]

    def cycle(self, served: Callable[[str], bool]) -> tuple[str, ...]:
        """The first chain of aliases that comes back to where it began; () where all end.
        A target that is `served` falls under no wildcard."""
        done: set[str] = set()
        for alias in self._targets:
            found = self._walk(alias, (), done, served)
            if found:
                return found
        return ()

    def _walk(
        self, alias: str, trail: tuple[str, ...], done: set[str], served: Callable[[str], bool]
    ) -> tuple[str, ...]:
        if alias in trail:
            return (*trail[trail.index(alias) :], alias)
        if alias in done:
            return ()
        for target in self._targets[alias]:
            name = parse_suffix(target)[0]
            following = self.exact(name)
            if following is None and not served(name):
                following = self.wildcard(name)
            if following is None or following == alias:
                continue
            found = self._walk(following, (*trail, alias), done, served)
            if found:
                return found
        done.add(alias)
        return ()
