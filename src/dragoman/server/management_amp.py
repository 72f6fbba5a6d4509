"""`/v0/management/ampcode…`: Amp's settings read and changed, in the file and in force at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dragoman.admin import ampcode
from dragoman.admin.config_file import ConfigFile
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import Json
from dragoman.server.call import HttpCall
from dragoman.server.management_body import json_of
from dragoman.server.management_file import changed_file
from dragoman.server.respond import json_reply

Handler = Callable[[HttpCall], Awaitable[Reply]]

_BLOCK = "ampcode"


async def _whole(call: HttpCall) -> Reply:
    return json_reply({_BLOCK: ampcode.shown(call.gateway.settings.amp)})


def _getting(key: str) -> Handler:
    async def get(call: HttpCall) -> Reply:
        return json_reply({key: ampcode.shown(call.gateway.settings.amp)[key]})

    return get


def _changing(key: str, change: Callable[[Json, Json], Json]) -> Handler:
    async def put(call: HttpCall) -> Reply:
        body = json_of(call) if call.body.strip() else {}
        now = ampcode.shown(call.gateway.settings.amp)[key]
        wanted = change(now, body)

        def write(file: ConfigFile) -> None:
            file.change_member(_BLOCK, key, wanted)

        await changed_file(call.gateway, write)
        return json_reply({"status": "ok"})

    return put


def _routes() -> dict[tuple[str, str], Handler]:
    routes: dict[tuple[str, str], Handler] = {("GET", _BLOCK): _whole}
    deletable = {"upstream-url", "upstream-api-key", *ampcode.LISTS}
    for key in (*ampcode.TEXTS, *ampcode.SWITCHES, *ampcode.LISTS):
        path = f"{_BLOCK}/{key}"
        routes["GET", path] = _getting(key)
        routes["PUT", path] = _changing(key, ampcode.put(key))
        routes["PATCH", path] = _changing(key, ampcode.patch(key))
        if key in deletable:
            routes["DELETE", path] = _changing(key, ampcode.delete(key))
    return routes


ROUTES = _routes()
