"""Who asks: the client key a request shows, and the group its path or that key tells."""

from __future__ import annotations

import msgspec

from dragoman.exchange.incoming import Caller
from dragoman.policy.access import ALL
from dragoman.server.call import HttpCall
from dragoman.server.ways import SWITCH


def admit(call: HttpCall, *, without_key: bool = False) -> None:
    """Puts the caller on the call. `without_key`: none is asked for.

    Raises:
        Unauthenticated: no key, or none that is known.
        UnknownGroup, Forbidden: the path's group is not the key's.
    """
    gateway = call.gateway
    key = ""
    if not without_key:
        key = gateway.keys.admit(call.headers, call.query, loopback=call.loopback)
    groups = gateway.configured.groups
    caller = Caller(key, key, ALL.home, call.way.compat, ALL, groups)
    group = gateway.active_group if call.way.group == SWITCH else call.way.group
    if group:
        groups.check(caller.access, group)
        caller = msgspec.structs.replace(caller, group=group)
    call.caller = caller
