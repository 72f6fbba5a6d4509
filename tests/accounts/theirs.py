"""A folder as CLIProxyAPI leaves it: every name and field it writes or wrote, compact as Go prints,
with a field nobody knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.idp import Idp
from tests.idp.tokens import service_account

from dragoman.accounts.records import Status

FILES: dict[str, tuple[Status, str]] = {
    "claude-ann@example.com.json": (Status.READY, "claude"),
    "claude-old@example.com.json": (Status.EXPIRED, "claude"),
    "codex-1a2b3c4d-ann@example.com-plus.json": (Status.READY, "codex"),
    "codex-ann@example.com.json": (Status.READY, "codex"),
    "antigravity-ann@example.com.json": (Status.READY, "antigravity"),
    "kimi-1795924800000.json": (Status.READY, "kimi"),
    "xai-ann@example.com.json": (Status.READY, "xai"),
    "vertex-robots.json": (Status.READY, "vertex"),
    "ann@example.com-one.json": (Status.READY, "gemini"),
    "gemini-ann@example.com-all.json": (Status.READY, "gemini"),
    "qwen-ann@example.com.json": (Status.READY, "qwen"),
    "iflow-ann.json": (Status.UNSUPPORTED, "iflow"),
    "aistudio-x.json": (Status.UNSUPPORTED, "aistudio"),
    "team/half.json": (Status.UNREADABLE, ""),
}
_EXTRA: dict[str, dict[str, Any]] = {
    "claude": {"account_uuid": "u", "organization_uuid": "o", "claude_device_ids": ["d1"]},
    "codex": {"account_id": "acc-ann"},
    "antigravity": {"expires_in": 3599, "timestamp": 1795924800000, "project_id": "p"},
    "kimi": {"token_type": "Bearer", "scope": "kimi", "device_id": "dev", "timestamp": 1},
    "xai": {"token_type": "Bearer", "expires_in": 3600, "sub": "s", "auth_kind": "oauth"},
    "qwen": {"resource_url": "portal.qwen.ai", "last_refresh": "2026-11-29T03:00:00+08:00"},
}


def copied(folder: Path, idp: Idp) -> dict[str, bytes]:
    """Writes the folder with tokens of the fake; what each file holds."""
    out: dict[str, bytes] = {}
    for name, (status, kind) in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        out[name] = _content(name, status, kind, idp)
        path.write_bytes(out[name])
    return dict(sorted(out.items()))


def _content(name: str, status: Status, kind: str, idp: Idp) -> bytes:
    if status is Status.UNREADABLE:
        return b'{"type":"claude","access_t'
    if kind == "iflow":
        return b'{"type":"iflow","api_key":"k"}'
    if kind == "aistudio":
        return b'{"type":"aistudio"}'
    fields: dict[str, Any] = {"type": kind, "email": "ann@example.com", "unknown_to_us": 1.50}
    if kind == "vertex":
        fields |= {"service_account": service_account(), "project_id": "robots"}
        return json.dumps({**fields, "location": "us-central1"}, separators=(",", ":")).encode()
    access, refresh = idp.login(kind)
    ends = (
        "2026-11-29T12:59:00.123456789+08:00" if status is Status.READY else "2026-01-01T00:00:00Z"
    )
    if kind == "gemini":
        token = {"access_token": access, "refresh_token": refresh, "expiry": ends}
        fields["token"] = {**token, "scopes": ["a", "b"], "universe_domain": "googleapis.com"}
        fields |= {"project_id": "one,two" if "all" in name else "one", "checked": True}
    else:
        fields |= {"access_token": access, "refresh_token": refresh, "expired": ends}
    if kind == "xai":
        fields["token_endpoint"] = f"{idp.url}/xai/token"
    return json.dumps({**fields, **_EXTRA.get(kind, {})}, separators=(",", ":")).encode()
