"""Management routes of the logins: list, upload, download, change and delete their files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from dragoman.accounts.folder import AuthFolder
from dragoman.accounts.logins.completed import service_account_file
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.logins.saving import save
from dragoman.accounts.records import Account
from dragoman.admin import auth_files
from dragoman.admin.refusals import Refused
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import Json, JsonObject, object_of
from dragoman.server.call import HttpCall
from dragoman.server.gateway_accounts import places, served_by
from dragoman.server.management_body import json_of, parts_of, query_of
from dragoman.server.respond import json_reply


async def _list(call: HttpCall) -> Reply:
    await call.gateway.accounts.look()
    files = await asyncio.to_thread(auth_files.listed, call.gateway.accounts, _places(call))
    query = query_of(call)
    for name in ("name", "auth_index"):
        if wanted := query.get(name, "").strip():
            files = [entry for entry in files if entry.get(name) == wanted]
    return json_reply({"files": [*files]})


async def _upload(call: HttpCall) -> Reply:
    files = [(part.name, part.data) for part in parts_of(call) if part.name]
    name = query_of(call).get("name", "").strip()
    if not files and name:
        files = [(name, call.body)]
    if not files:
        raise Refused(400, "no files", "send a form with files, or a body with ?name=x.json")
    told, status = await auth_files.put(call.gateway.accounts, files)
    return json_reply(told, status)


async def _delete(call: HttpCall) -> Reply:
    accounts, query = call.gateway.accounts, query_of(call)
    if query.get("all", "").lower() in ("true", "1", "*"):
        names = [account.id for account in accounts.all()]
    else:
        names = [query["name"]] if query.get("name") else _names(call)
    if not names and not query.get("all"):
        raise Refused(400, "missing name")
    return json_reply(await auth_files.delete(accounts, names))


def _names(call: HttpCall) -> list[str]:
    body = json_of(call) if call.body.strip() else {}
    named: Json = body
    if isinstance(body, dict):
        named = body.get("names") or body.get("name") or []
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(400, "invalid body")
    return [str(name) for name in names]


async def _download(call: HttpCall) -> Reply:
    name = query_of(call).get("name", "")
    data = await asyncio.to_thread(auth_files.read, call.gateway.accounts, name)
    headers = [
        ("content-type", "application/json"),
        ("content-disposition", 'attachment; filename="' + name.rpartition("/")[2] + '"'),
        ("cache-control", "no-store"),
    ]
    return Reply(200, headers, data)


async def _models(call: HttpCall) -> Reply:
    name = query_of(call).get("name", "")
    if call.gateway.accounts.get(name) is None:
        raise Refused(404, "auth file not found")
    entries: dict[str, JsonObject] = {
        target.entry.id: {
            "id": target.entry.id,
            "type": target.host.name,
            "owned_by": target.host.name,
        }
        for target in served_by(call.gateway.names, name)
    }
    return json_reply({"models": [*entries.values()]})


async def _status(call: HttpCall) -> Reply:
    name, body = _named_body(call)
    disabled = body.get("disabled")
    if not isinstance(disabled, bool):
        raise Refused(400, "disabled is required")
    await auth_files.change(
        call.gateway.accounts, name, lambda fields: {**fields, "disabled": disabled}
    )
    return json_reply({"status": "ok", "disabled": disabled})


async def _fields(call: HttpCall) -> Reply:
    name, body = _named_body(call)
    changes = {key: value for key, value in body.items() if key not in ("name", "auth_index")}
    if not changes:
        raise Refused(400, "no fields to update")
    await auth_files.change(
        call.gateway.accounts, name, lambda fields: auth_files.with_paths(fields, changes)
    )
    return json_reply({"status": "ok"})


async def _vertex(call: HttpCall) -> Reply:
    parts = parts_of(call)
    given = {part.field: part.data.decode("utf-8", "replace").strip() for part in parts}
    account = object_of(given.get("file", ""))
    if account is None:
        raise Refused(400, "invalid json", "send a form with the key file as file")
    options = call.gateway.accounts.options
    try:
        file = service_account_file(account, given.get("prefix", ""), given.get("location", ""))
        await asyncio.to_thread(save, AuthFolder(options.auth_dir), options.seal, file)
    except LoginFailed as failed:
        raise Refused(400, "vertex import failed", str(failed)) from None
    await call.gateway.accounts.look()
    told: JsonObject = {"status": "ok", "auth-file": file.id}
    return json_reply(
        told | {name: file.fields[name] for name in ("project_id", "email", "location")}
    )


def _named_body(call: HttpCall) -> tuple[str, JsonObject]:
    body = json_of(call)
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(name, str) or not name:
        raise Refused(400, "name is required")
    return name, body


def _places(call: HttpCall) -> Callable[[Account], list[str]]:
    """What `reset-quota` knows an account's credentials by; its own file where it serves none."""
    found = places(call.gateway.names)
    return lambda account: found.get(account.id, [account.id])


ROUTES: dict[tuple[str, str], Callable[[HttpCall], Awaitable[Reply]]] = {
    ("GET", "auth-files"): _list,
    ("POST", "auth-files"): _upload,
    ("DELETE", "auth-files"): _delete,
    ("GET", "auth-files/download"): _download,
    ("GET", "auth-files/models"): _models,
    ("PATCH", "auth-files/status"): _status,
    ("PATCH", "auth-files/fields"): _fields,
    ("POST", "vertex/import"): _vertex,
}
