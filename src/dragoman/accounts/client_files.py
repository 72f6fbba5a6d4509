"""The logins that the official command-line programs keep for themselves, read where they lie.

An import is a small file in `auth-dir` that points to one of them. It is read anew whenever it
changes; its refresh token is that program's alone.

As the programs write them (Claude Code 2, Codex 0.169, Gemini CLI 0.61, Qwen Code 0.24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from dragoman.accounts.auth_file import OPENAI_CLAIM
from dragoman.accounts.tokens import claims, moment, written
from dragoman.neutral.json import Json, JsonObject, object_of

KIND = "dragoman-import"


class Unusable(Exception):
    """The file is not there or holds no login; the text says which."""


class ClientFile(NamedTuple):
    """`variable` names the folder elsewhere, where the program has such a one."""

    program: str
    provider: str
    path: str
    variable: str
    read: Callable[[JsonObject], JsonObject]

    def place(self, home: Path, environment: Mapping[str, str]) -> Path:
        folder, _, name = self.path.rpartition("/")
        moved = environment.get(self.variable, "") if self.variable else ""
        return (Path(moved) if moved else home / folder) / name


def _claude(data: JsonObject) -> JsonObject:
    inner = _object(data, "claudeAiOauth")
    return {
        "type": "claude",
        "access_token": inner.get("accessToken"),
        "refresh_token": inner.get("refreshToken"),
        "expired": written(moment(inner.get("expiresAt"))),
        "plan": inner.get("subscriptionType"),
    }


def _codex(data: JsonObject) -> JsonObject:
    inner = _object(data, "tokens")
    id_token = inner.get("id_token")
    told = claims(id_token if isinstance(id_token, str) else "")
    account = inner.get("account_id") or _object(told, OPENAI_CLAIM).get("chatgpt_account_id")
    return {
        "type": "codex",
        "id_token": id_token,
        "access_token": inner.get("access_token"),
        "refresh_token": inner.get("refresh_token"),
        "account_id": account,
        "email": told.get("email"),
        "last_refresh": data.get("last_refresh"),
    }


def _gemini(data: JsonObject) -> JsonObject:
    id_token = data.get("id_token")
    told = claims(id_token if isinstance(id_token, str) else "")
    token: JsonObject = {
        "access_token": data.get("access_token"),
        "refresh_token": data.get("refresh_token"),
        "expiry": written(moment(data.get("expiry_date"))),
        "token_type": data.get("token_type"),
        "scope": data.get("scope"),
    }
    told_token: JsonObject = {name: value for name, value in token.items() if value}
    return {"type": "gemini", "token": told_token, "email": told.get("email")}


def _qwen(data: JsonObject) -> JsonObject:
    return {
        "type": "qwen",
        "access_token": data.get("access_token"),
        "refresh_token": data.get("refresh_token"),
        "resource_url": data.get("resource_url"),
        "expired": written(moment(data.get("expiry_date"))),
    }


CLIENT_FILES = (
    ClientFile("Claude Code", "claude", ".claude/.credentials.json", "CLAUDE_CONFIG_DIR", _claude),
    ClientFile("Codex", "codex", ".codex/auth.json", "CODEX_HOME", _codex),
    ClientFile("Gemini CLI", "gemini", ".gemini/oauth_creds.json", "", _gemini),
    ClientFile("Qwen Code", "qwen", ".qwen/oauth_creds.json", "", _qwen),
)
_BY_PROVIDER = {one.provider: one for one in CLIENT_FILES}


def pointer(found: ClientFile, path: Path) -> JsonObject:
    """The object of the file that stands for an import."""
    return {"type": KIND, "provider": found.provider, "program": found.program, "file": str(path)}


def target(fields: Mapping[str, Json]) -> Path | None:
    """Where an import points; None when the object is none."""
    file = fields.get("file")
    return Path(file) if fields.get("type") == KIND and isinstance(file, str) else None


def followed(fields: JsonObject) -> JsonObject:
    """The login that an import points to, with what else the import says. Blocking.

    Raises:
        Unusable.
    """
    path, provider = target(fields), fields.get("provider")
    known = _BY_PROVIDER.get(provider) if isinstance(provider, str) else None
    if path is None or known is None:
        raise Unusable(f"an import of {provider!r} is not known")
    own = {name: value for name, value in fields.items() if name not in {"type", "provider"}}
    return {**own, **login_in(known, path)}


def login_in(known: ClientFile, path: Path) -> JsonObject:
    """The login in a program's own file, in the fields of ours.

    Raises:
        Unusable.
    """
    try:
        data = object_of(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Unusable(f"{path}: {reason or error}") from None
    login = known.read(data) if data is not None else {}
    login = {name: value for name, value in login.items() if value not in (None, "")}
    where = login.get("token") if known.provider == "gemini" else login
    if not isinstance(where, dict) or not where.get("access_token"):
        raise Unusable(f"{path} holds no login of {known.program}")
    return login


def _object(data: Mapping[str, Json], name: str) -> JsonObject:
    value = data.get(name)
    return value if isinstance(value, dict) else {}
