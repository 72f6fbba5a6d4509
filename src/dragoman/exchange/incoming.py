"""What the server hands over, and what it gets back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import msgspec

from dragoman.config.groups import DEFAULT_GROUP
from dragoman.errors import Forbidden
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Loss
from dragoman.neutral.usage import NO_USAGE, Usage
from dragoman.policy.access import ALL, ONLY_DEFAULT, Access, Groups
from dragoman.protocols.codec import Codec
from dragoman.routing.names import Mapped
from dragoman.routing.served import Target
from dragoman.upstreams.http import Headers
from dragoman.upstreams.lines import Line


class Finish(msgspec.Struct, frozen=True):
    """A Responses answer that came to its end: the response object, and the account that gave it.
    `passed`: it is the upstream's own, unread."""

    document: JsonObject | None
    account: str
    passed: bool


class Naming(msgspec.Struct, frozen=True):
    """What a caller's model names mean to it alone. `mapping`: the names that stand for one, asked
    before what is served here when `forced`, else after; the client is then told the name it asked
    for whoever answers. `resort`: the target for a model that nobody serves, given its name without
    suffix; with `resort_on_failure` also for one whose targets all fail."""

    mapping: Mapped | None = None
    forced: bool = False
    resort: Callable[[str], Target] | None = None
    resort_on_failure: bool = False


AS_CONFIGURED = Naming()


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and as what. `name` names the client key in logs; `owner` is what things kept for
    it belong to, the same as long as the key lives. `group` and `compat` are what path and key
    say; a model's name may say another group (`inside`). `groups` are those there were when the
    request began."""

    name: str = ""
    owner: str = ""
    group: str = DEFAULT_GROUP
    compat: bool = False
    """The path forces compat mode."""
    access: Access = ALL
    groups: Groups = ONLY_DEFAULT
    body_log: bool = False
    """What the key's requests and answers hold is logged."""

    def inside(self, model: str) -> tuple[Caller, str]:
        """The caller in the group that a model's name tells, and the name without it.

        Raises:
            UnknownGroup, Forbidden: the key may not ask this group, or not for this model.
        """
        caller, name = self, model
        group, sign, rest = model.partition("@")
        if sign and group in self.groups:
            caller, name = msgspec.structs.replace(self, group=group), rest
        self.groups.check(self.access, caller.group)
        if not self.access.opens(name):
            raise Forbidden(
                f"this key may not use model {name!r}; its models are: "
                f"{', '.join(self.access.models)}",
                param="model",
            )
        return caller, name


NOBODY = Caller()


class Incoming(msgspec.Struct, frozen=True):
    """One authenticated request. `model` and `stream` stood in the URL when `in_url`; else both
    are read from the body. `headers` have lower-case names."""

    id: str
    codec: Codec
    headers: Headers
    body: bytes
    query: str = ""
    in_url: bool = False
    model: str = ""
    stream: bool = False
    caller: Caller = NOBODY
    convert: bool = False
    """The body is not what an upstream of this protocol is to see as it is."""
    pinned: str = ""
    """The only account that can answer, as `routing/candidates.py` names accounts."""
    instead: Callable[[], Incoming | None] | None = None
    """What to ask when the pinned account cannot answer: the same, without need of it."""
    lost: tuple[Loss, ...] = ()
    """What it has lost already on its way here."""
    on_finish: Callable[[Finish], None] | None = None
    naming: Naming = AS_CONFIGURED
    line: Line | None = None
    """Where the client's own WebSocket is continued, for upstreams that have them too."""


class Outcome(msgspec.Struct):
    """How it went; becomes the request's log line. Times in seconds, from the request's arrival."""

    id: str
    protocol: str
    key: str = ""
    group: str = ""
    model: str = ""
    served: str = ""
    upstream: str = ""
    account: str = ""
    credential: int | None = None
    status: int = 0
    attempts: int = 0
    stream: bool = False
    converted: bool = False
    started_at: float = 0
    first_token_s: float | None = None
    total_s: float = 0
    usage: Usage = NO_USAGE
    dropped: tuple[str, ...] = ()
    error: str = ""
    mapped: str = ""
    """The names that the caller's own mapping led to."""
    further: Callable[[Outcome], dict[str, str]] | None = None
    """What else the log line tells, asked for when all the rest is known."""


Body = bytes | AsyncGenerator[bytes, None]


class Reply(msgspec.Struct):
    """What the client gets. A body that is a stream must be closed (`aclose`) whatever happens."""

    status: int
    headers: Headers
    body: Body
