"""Who may ask what: the groups there are, those a client key opens, and its models.

A decision over plain records; which group a request is for is told by its path, its model's name or
its key, and all three come here.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dragoman.config.groups import DEFAULT_GROUP
from dragoman.errors import Forbidden, UnknownGroup
from dragoman.neutral.globs import matches
from dragoman.reasoning.suffix import parse_suffix


class Access(msgspec.Struct, frozen=True):
    """What a client key opens: `groups`, the first of which is its own, and `models` (names or
    globs, as they are asked for); none = all."""

    groups: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """The group of requests that name none."""
        return self.groups[0] if self.groups else DEFAULT_GROUP

    def opens(self, model: str) -> bool:
        """Whether a model may be asked for by this name; a suffix for thinking does not count."""
        if not self.models:
            return True
        name, _ = parse_suffix(model)
        return any(matches(glob, name) for glob in self.models)


class Groups(msgspec.Struct, frozen=True):
    """Every group, and whether it is disabled."""

    disabled: Mapping[str, bool]

    def __contains__(self, name: str) -> bool:
        return name in self.disabled

    def reachable(self, access: Access) -> tuple[str, ...]:
        """The groups that a key may use now."""
        return tuple(
            name
            for name, disabled in self.disabled.items()
            if not disabled and (not access.groups or name in access.groups)
        )

    def check(self, access: Access, group: str) -> None:
        """
        Raises:
            UnknownGroup: names those the key may use.
            Forbidden: the group is disabled, or not the key's.
        """
        disabled = self.disabled.get(group)
        if disabled is None:
            raise UnknownGroup(f"there is no group {group!r}; {self.told(access)}")
        if access.groups and group not in access.groups:
            raise Forbidden(f"this key may not use group {group!r}; {self.told(access)}")
        if disabled:
            raise Forbidden(f"group {group!r} is disabled; {self.told(access)}")

    def told(self, access: Access) -> str:
        """The groups that a key may use, in words."""
        names = self.reachable(access)
        return f"this key may use: {', '.join(names)}" if names else "this key may use none"


ALL = Access()
ONLY_DEFAULT = Groups({DEFAULT_GROUP: False})
