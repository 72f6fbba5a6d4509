"""Routes under `/v0/management`: read and change the configuration file, list logins, end rests.

Paths, bodies and texts are CLIProxyAPI's (management API, about v7.2). Every change goes through
the file; the reply comes when it is in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from dragoman.admin import api_keys, quotas
from dragoman.admin.refusals import Refused
from dragoman.config.masked import masked
from dragoman.errors import DragomanError, UnknownRoute
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import Json
from dragoman.server import (
    management_accounts,
    management_amp,
    management_groups,
    management_logins,
)
from dragoman.server.call import HttpCall
from dragoman.server.management_body import json_of, query_of
from dragoman.server.management_file import changed_file, file_of
from dragoman.server.respond import json_reply

ROOT = "/v0/management"
Handler: TypeAlias = Callable[[HttpCall], Awaitable[Reply]]


async def authorize(call: HttpCall) -> None:
    """Lets a holder of the management key pass, here and wherever else it is asked for.

    Raises:
        UnknownRoute, Forbidden, Unauthenticated.
    """
    await call.gateway.management_key.authorize(call)


def is_management(path: str) -> bool:
    return path == ROOT or path.startswith(ROOT + "/")


async def answer(call: HttpCall) -> Reply:
    """The reply to any request below the root; the body is read only for who may send one."""
    key = (call.method, call.path.removeprefix(ROOT).strip("/"))
    try:
        if key in management_logins.OPEN and call.gateway.management_key.on(call.gateway.settings):
            return await management_logins.OPEN[key](call)
        await authorize(call)
        handler = _ROUTES.get(key)
        if handler is None:
            raise UnknownRoute("not found")
        if call.method != "GET":
            await call.read_body()
        return await handler(call)
    except Refused as refused:
        told: Json = {"error": refused.error}
        if refused.message:
            told = {"error": refused.error, "message": refused.message}
        return json_reply(told, refused.status)
    except DragomanError as error:
        headers = []
        if error.retry_after_s is not None:
            headers = [("retry-after", str(max(1, round(error.retry_after_s))))]
        return json_reply({"error": error.message}, error.status, headers)


async def _config(call: HttpCall) -> Reply:
    return json_reply(masked(call.gateway.settings))


async def _config_text(call: HttpCall) -> Reply:
    text = await asyncio.to_thread(file_of(call.gateway).text)
    headers = [
        ("content-type", "application/yaml; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ]
    return Reply(200, headers, text.encode())


async def _put_config_text(call: HttpCall) -> Reply:
    body = call.body
    await changed_file(call.gateway, lambda file: file.put(body))
    return json_reply({"ok": True, "changed": ["config"]})


async def _api_keys(call: HttpCall) -> Reply:
    return json_reply({"api-keys": [key.reveal() for key in call.gateway.settings.api_keys]})


async def _put_api_keys(call: HttpCall) -> Reply:
    wanted = api_keys.put(json_of(call))
    return await _change_keys(call, lambda now: wanted)


async def _patch_api_keys(call: HttpCall) -> Reply:
    body = json_of(call)
    return await _change_keys(call, lambda now: api_keys.patch(now, body))


async def _delete_api_keys(call: HttpCall) -> Reply:
    query = query_of(call)
    return await _change_keys(call, lambda now: api_keys.delete(now, query))


async def _change_keys(call: HttpCall, change: Callable[..., list[str]]) -> Reply:
    await changed_file(call.gateway, lambda file: file.change_list("api-keys", change))
    return json_reply({"status": "ok"})


async def _reset_quota(call: HttpCall) -> Reply:
    body = json_of(call) if call.body.strip() else {}
    wanted = body.get("auth_index", "") if isinstance(body, dict) else None
    if not isinstance(wanted, str):
        raise Refused(400, "invalid body")
    gateway = call.gateway
    return json_reply(
        quotas.reset(gateway.pools.cooldowns, gateway.names.hosts().values(), wanted.strip())
    )


_ROUTES: dict[tuple[str, str], Handler] = {
    **management_groups.ROUTES,
    **management_amp.ROUTES,
    ("GET", "config"): _config,
    ("GET", "config.yaml"): _config_text,
    ("PUT", "config.yaml"): _put_config_text,
    ("GET", "api-keys"): _api_keys,
    ("PUT", "api-keys"): _put_api_keys,
    ("PATCH", "api-keys"): _patch_api_keys,
    ("DELETE", "api-keys"): _delete_api_keys,
    ("POST", "reset-quota"): _reset_quota,
    **management_accounts.ROUTES,
    **management_logins.ROUTES,
}
