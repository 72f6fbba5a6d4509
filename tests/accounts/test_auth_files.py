"""Auth files as CLIProxyAPI writes them, read as accounts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dragoman.accounts.auth_file import account_of, owner_of
from dragoman.accounts.records import Account, Owner, Status
from dragoman.accounts.tokens import Tokens, tokens_in, tokens_out
from dragoman.neutral.json import decode

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC).timestamp()
LATER = "2026-11-29T12:00:00+08:00"
"""The same instant, as Go writes it far from Greenwich."""
TOMORROW = "2026-11-30T04:00:00.123456789Z"


def jwt(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{body}.x"


def read(id_: str, fields: dict[str, Any]) -> Account:
    value = decode(json.dumps(fields))
    assert isinstance(value, dict)
    return account_of(id_, value, owner_of(value), NOW)


def test_a_claude_file_is_an_account_with_its_email_and_expiry() -> None:
    account = read(
        "claude-ann@example.com.json",
        {
            "access_token": "sk-ant-oat01-a",
            "refresh_token": "sk-ant-ort01-r",
            "email": "ann@example.com",
            "type": "claude",
            "expired": TOMORROW,
            "last_refresh": LATER,
        },
    )
    assert (account.provider, account.label, account.status) == (
        "claude",
        "ann@example.com",
        Status.READY,
    )
    assert account.owner is Owner.OTHER
    assert account.expires_at == pytest.approx(NOW + 86400, abs=1)
    assert account.last_refresh == NOW
    assert "sk-ant" not in repr(account)


def test_a_codex_file_tells_its_plan_in_its_id_token() -> None:
    id_token = jwt(
        email="bo@example.com", **{"https://api.openai.com/auth": {"chatgpt_plan_type": "pro"}}
    )
    fields = {
        "type": "codex",
        "access_token": jwt(exp=NOW + 60),
        "id_token": id_token,
        "account_id": "acc-1",
    }
    account = read("codex-0a1b2c3d-bo@example.com-pro.json", fields)
    assert (account.email, account.plan) == ("bo@example.com", "pro")
    assert account.fields.text("account_id") == "acc-1"
    assert account.expires_at == NOW + 60  # the token's own word, where the file has none


def test_a_gemini_file_of_several_projects_keeps_its_token_inside() -> None:
    fields: dict[str, Any] = {
        "type": "gemini",
        "token": {"access_token": "ya29.a", "refresh_token": "1//r", "expiry": TOMORROW},
        "project_id": "one, two,one",
        "email": "cy@example.com",
        "auto": True,
    }
    account = read("gemini-cy@example.com-all.json", fields)
    assert account.projects == ("one", "two")
    assert account.status is Status.READY
    assert tokens_in("gemini", fields).refresh == "1//r"


def test_an_antigravity_file_without_expiry_counts_from_its_timestamp() -> None:
    fields = {
        "type": "antigravity",
        "access_token": "ya29.b",
        "expires_in": 3599,
        "timestamp": round((NOW - 3600) * 1000),
        "project_id": "p",
    }
    account = read("antigravity-dee@example.com.json", fields)
    assert account.expires_at == NOW - 1
    assert account.status is Status.EXPIRED


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "iflow", "api_key": "x"}, "logins of type iflow are not supported"),
        ({"type": "kiro"}, "logins of type kiro are not supported"),
        ({"hello": 1}, "files without a type are not supported"),
    ],
)
def test_unknown_kinds_are_listed_as_unsupported(fields: dict[str, Any], words: str) -> None:
    account = read("any.json", fields)
    assert account.status is Status.UNSUPPORTED
    assert words in account.message


def test_the_optional_fields_of_any_file_are_read() -> None:
    account = read(
        "team/qwen-x.json",
        {
            "type": "qwen",
            "access_token": "a",
            "prefix": "/team/",
            "priority": "5",
            "weight": 0,
            "proxy_url": "socks5://127.0.0.1:1080",
            "headers": {"x-team": "a", "bad": 1},
            "excluded_models": "qwen-a, qwen-b",
            "excluded-models": ["qwen-b", "qwen-c"],
            "model_aliases": [
                {"name": "qwen3-coder", "alias": "coder", "force_mapping": True},
                {"name": "no alias"},
                7,
            ],
            "websockets": True,
            "disable_cooling": False,
            "request_retry": -1,
            "note": "of the team",
        },
    )
    assert (account.id, account.prefix, account.priority, account.weight) == (
        "team/qwen-x.json",
        "team",
        5,
        0,
    )
    assert account.headers == (("x-team", "a"),)
    assert account.excluded_models == ("qwen-a", "qwen-b", "qwen-c")
    assert [(one.name, one.alias, one.force_mapping) for one in account.model_aliases] == [
        ("qwen3-coder", "coder", True)
    ]
    assert (account.websockets, account.disable_cooling, account.request_retry) == (
        True,
        False,
        None,
    )


def test_other_tokens_leave_every_other_field_in_its_place() -> None:
    fields = decode('{"z":1.10,"access_token":"old","refresh_token":"r","mine":{"a":[1]}}')
    assert isinstance(fields, dict)
    out = tokens_out("claude", fields, Tokens("new", "r2", NOW, NOW))
    assert list(out)[:4] == ["z", "access_token", "refresh_token", "mine"]
    assert (out["access_token"], out["refresh_token"]) == ("new", "r2")
    assert str(out["z"]) == "1.10"
    assert out["expired"] == "2026-11-29T04:00:00Z"


def test_a_folder_of_many_is_found_below_its_folders_and_hidden_files_are_not(
    tmp_path: Path,
) -> None:
    from dragoman.accounts.folder import AuthFolder, BadName

    (tmp_path / "team").mkdir()
    (tmp_path / ".dragoman").mkdir()
    for name in ("a.json", "team/b.JSON", ".c.json", ".dragoman/d.json", "e.txt"):
        (tmp_path / name).write_text("{}")
    folder = AuthFolder(tmp_path)
    assert list(folder.scan()) == ["a.json", "team/b.JSON"]
    for name in ("../a.json", "a.txt", ".c.json", "team/../../x.json", "/etc/x.json"):
        with pytest.raises(BadName):
            folder.place(name)


def test_a_file_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    from dragoman.accounts.folder import AuthFolder

    folder = AuthFolder(tmp_path / "logins")
    folder.write("claude-a.json", b"{}")
    assert (tmp_path / "logins").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "logins/claude-a.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "logins").iterdir()] == ["claude-a.json"]
