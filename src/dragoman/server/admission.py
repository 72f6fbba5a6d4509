"""Who asks: the client key a request shows, and the group its path or that key tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.accounts.client_keys import NO_KEY
from dragoman.exchange.incoming import Caller
from dragoman.policy.access import ALL, Access
from dragoman.server.call import HttpCall
from dragoman.server.ways import SWITCH, Way
from dragoman.storage.client_keys import ClientKey

if TYPE_CHECKING:
    from dragoman.server.gateway import Gateway


def admit(call: HttpCall, *, without_key: bool = False) -> None:
    """Puts the caller on the call. `without_key`: none is asked for.

    Raises:
        Unauthenticated: no key, or none that is known.
        UnknownGroup, Forbidden: the path's group is not the key's.
    """
    gateway = call.gateway
    call.key = NO_KEY
    if not without_key:
        call.key = gateway.keys.admit(call.headers, call.query, loopback=call.loopback)
    call.caller = caller_of(call.key, call.way, gateway)


def caller_of(key: ClientKey, way: Way, gateway: Gateway) -> Caller:
    """Who asks, with this key and on such a path.

    Raises:
        UnknownGroup, Forbidden: the path's group is not the key's.
    """
    access = Access(key.groups, key.models) if key.groups or key.models else ALL
    groups = gateway.configured.groups
    group = gateway.active_group if way.group == SWITCH else way.group
    if group:
        groups.check(access, group)
    return Caller(key.name, key.id, group or access.home, way.compat, access, groups, key.body_log)
