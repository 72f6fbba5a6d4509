"""The folder of logins as the management API lists and changes it; no token is in a listing.

Fields, bodies and texts are CLIProxyAPI's (management API, about v7.2). What it has no field for
(`state`, `owner`, `quota`) is added.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from dragoman.accounts.auth_file import OPENAI_CLAIM
from dragoman.accounts.editing import Uneditable, edited
from dragoman.accounts.folder import AuthFolder, BadName
from dragoman.accounts.records import Account, Quota, Status
from dragoman.accounts.service import Accounts
from dragoman.accounts.tokens import claims, written
from dragoman.admin.quotas import auth_index
from dragoman.admin.refusals import Refused
from dragoman.neutral.json import Json, JsonObject, object_of
from dragoman.observe.recent import fared

_STATES = {
    Status.READY: "active",
    Status.DISABLED: "disabled",
    Status.UNSUPPORTED: "unknown",
}


def listed(accounts: Accounts, places: Callable[[Account], list[str]]) -> list[JsonObject]:
    """Every file; `places` tells what cool-downs call an account's credentials. Blocking."""
    folder = AuthFolder(accounts.options.auth_dir)
    return [
        _entry(account, folder.place(account.id), accounts.quota(account.id))
        | _uses(places(account), time.time())
        for account in accounts.all()
    ]


async def put(accounts: Accounts, files: Sequence[tuple[str, bytes]]) -> tuple[Json, int]:
    """Writes files as they come; the reply and its status.

    Raises:
        Refused: none could be written.
    """
    folder = AuthFolder(accounts.options.auth_dir)
    done: list[Json] = []
    failed: list[Json] = []
    for name, data in files:
        try:
            folder.place(name)
            if object_of(data.decode("utf-8-sig")) is None:
                raise ValueError("it is no JSON object")
            await asyncio.to_thread(folder.write, name, data)
        except (ValueError, OSError) as error:
            failed.append({"name": name, "error": str(error)})
        else:
            done.append(name)
    await accounts.look()
    if not done:
        first = failed[0] if failed else {}
        why = first.get("error") if isinstance(first, dict) else ""
        raise Refused(400, "invalid auth file", str(why))
    if failed:
        told: Json = {"status": "partial", "uploaded": len(done), "files": done, "failed": failed}
        return told, 207
    return {"status": "ok", "uploaded": len(done), "files": done}, 200


async def delete(accounts: Accounts, names: Sequence[str]) -> Json:
    """
    Raises:
        Refused: one of them is not there, or cannot be deleted.
    """
    folder = AuthFolder(accounts.options.auth_dir)
    for name in names:
        _there(folder, name)
    try:
        for name in names:
            await asyncio.to_thread(folder.delete, name)
    except OSError as error:
        raise Refused(500, "delete failed", str(error)) from None
    await accounts.look()
    return {"status": "ok", "deleted": len(names), "files": [*names]}


def read(accounts: Accounts, name: str) -> bytes:
    """The file as it is. Blocking.

    Raises:
        Refused.
    """
    folder = AuthFolder(accounts.options.auth_dir)
    _there(folder, name)
    try:
        return folder.read(name)
    except OSError as error:
        raise Refused(500, "read failed", str(error)) from None


async def change(
    accounts: Accounts, name: str, work: Callable[[JsonObject], JsonObject]
) -> JsonObject:
    """Changes one file's object, with no renewal between.

    Raises:
        Refused.
    """
    _there(AuthFolder(accounts.options.auth_dir), name)
    try:
        fields = await edited(accounts.options, name, work)
    except Uneditable as error:
        raise Refused(409, "auth file cannot be changed", str(error)) from None
    await accounts.look()
    return fields


def with_paths(fields: JsonObject, changes: JsonObject) -> JsonObject:
    """The object with values put at dotted paths; null takes a field out.

    Raises:
        Refused: a path leads through something that is no object.
    """
    out = dict(fields)
    for path, value in changes.items():
        *way, last = path.split(".")
        inner = out
        for name in way:
            step = inner.get(name, {})
            if not isinstance(step, dict):
                raise Refused(400, "invalid field", f"{path}: {name} is no object")
            step = dict(step)
            inner[name] = step
            inner = step
        if value is None:
            inner.pop(last, None)
        else:
            inner[last] = value
    return out


def _there(folder: AuthFolder, name: str) -> Path:
    try:
        path = folder.place(name)
    except BadName as error:
        raise Refused(400, "invalid name", str(error)) from None
    if not path.is_file():
        raise Refused(404, "auth file not found")
    return path


def _entry(account: Account, path: Path, quota: Quota | None) -> JsonObject:
    try:
        stat = path.stat()
        size, changed = stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC).isoformat()
    except OSError:
        size, changed = 0, ""
    entry: JsonObject = {
        "id": account.id,
        "name": account.id,
        "type": account.provider,
        "provider": account.provider,
        "label": account.label,
        "runtime_only": False,
        "source": "file",
        "size": size,
        "path": str(path),
        "account_type": "service_account" if account.provider == "vertex" else "oauth",
        "account": account.email or account.label,
        "email": account.email,
        "project_id": ",".join(account.projects),
        "plan": account.plan,
        "prefix": account.prefix,
        "priority": account.priority,
        "weight": account.weight,
        "websockets": account.websockets,
        "note": account.note,
        "created_at": changed,
        "modtime": changed,
        "updated_at": changed,
        "id_token": _claims(account),
        **_standing(account),
    }
    if account.request_retry is not None:
        entry["request_retry"] = account.request_retry
    if quota is not None:
        entry["quota"] = {
            "seen_at": written(quota.seen_at),
            "windows": [
                {"name": one.name, "used": one.used, "resets_at": written(one.resets_at)}
                for one in quota.windows
            ],
        }
    return {name: value for name, value in entry.items() if value not in ("", {})}


def _standing(account: Account) -> JsonObject:
    usable = account.status is Status.READY
    return {
        "status": _STATES.get(account.status, "error"),
        "status_message": account.message,
        "state": account.status.value,
        "owner": account.owner.value,
        "disabled": account.disabled,
        "unavailable": not usable and not account.disabled,
        "last_refresh": written(account.last_refresh),
        "expires_at": written(account.expires_at),
        "next_retry_after": written(account.next_try_at),
    }


def _uses(places: list[str], now: float) -> JsonObject:
    told = fared(places, now)
    steps: list[Json] = [
        {"time": written(step.at), "success": step.good, "failed": step.bad} for step in told.steps
    ]
    return {
        "auth_index": auth_index(places[0]),
        "success": told.good,
        "failed": told.bad,
        "recent_requests": steps,
    }


def _claims(account: Account) -> JsonObject:
    """What ChatGPT's id token says of the account."""
    inner = claims(account.fields.text("id_token")).get(OPENAI_CLAIM)
    if not isinstance(inner, dict):
        return {}
    names = {"chatgpt_account_id": "chatgpt_account_id", "chatgpt_plan_type": "plan_type"}
    return {theirs: inner[name] for name, theirs in names.items() if name in inner}
