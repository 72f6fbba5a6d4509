"""`/v0/management/active-group`: which group `/switch` means, told and changed in the running
process. Beyond CLIProxyAPI's API, in its manner."""

from __future__ import annotations

from dragoman.admin.refusals import Refused
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import decode
from dragoman.server.call import HttpCall
from dragoman.server.respond import json_reply


async def _get(call: HttpCall) -> Reply:
    return json_reply({"active-group": call.gateway.active_group})


async def _put(call: HttpCall) -> Reply:
    try:
        body = decode(call.body)
    except ValueError:
        body = None
    name = body.get("value") if isinstance(body, dict) else body
    if not isinstance(name, str):
        raise Refused(400, "invalid body", 'send {"value": "NAME"}')
    groups = call.gateway.configured.groups
    if name not in groups:
        raise Refused(404, "item not found", f"groups are: {', '.join(groups.disabled)}")
    try:
        await call.gateway.use_group(name)
    except OSError as error:
        raise Refused(500, "not written", str(error)) from None
    return json_reply({"status": "ok"})


ROUTES = {("GET", "active-group"): _get, ("PUT", "active-group"): _put}
