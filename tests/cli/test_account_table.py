"""The table of accounts with what a gateway noted: rests, quotas, states."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from rich.console import Console

from dragoman.accounts.options import AccountOptions
from dragoman.accounts.providers import PROVIDERS
from dragoman.accounts.quotas import Notes
from dragoman.accounts.records import Window
from dragoman.cli.account_table import rows_of, table
from dragoman.routing.cooldowns import SPACE, Rest
from dragoman.storage.state import State

NOW = 1_795_924_800.0


def test_rests_and_quotas_stand_in_the_table_within_80_columns(tmp_path: Path) -> None:
    files: dict[str, dict[str, object]] = {
        "claude-ann@example.com.json": {"type": "claude", "email": "ann@example.com"},
        "codex-bo@example.com.json": {"type": "codex", "email": "bo@example.com"},
        "gemini-cy@example.com-all.json": {"type": "gemini", "token": {"access_token": "t"}},
    }
    for name, fields in files.items():
        content = {"access_token": "t", "expired": "2026-11-29T10:00:00Z", "plan": "max", **fields}
        content["last_refresh"] = "2026-11-29T02:00:00Z"
        (tmp_path / name).write_text(json.dumps(content))
    state = State()
    notes = Notes(state)
    windows = [Window("5h", 0.42, NOW + 3 * 3600), Window("7d", None, NOW + 5 * 86400)]
    notes.put_quota("claude-ann@example.com.json", windows, NOW)
    rest = msgspec.msgpack.encode(Rest(NOW, 429, "quota", NOW + 720))
    state.put(SPACE, "codex/codex-bo@example.com.json", rest)
    state.put(SPACE, "gemini-cli/gemini-cy@example.com-all.json#one/gemini-2.5-pro", rest)
    state.put(SPACE, "other/0a1b2c/gpt-5", rest)
    rows = rows_of(AccountOptions(tmp_path, PROVIDERS), state, NOW)
    assert [row.rests for row in rows] == [{}, {"": NOW + 720}, {"gemini-2.5-pro": NOW + 720}]
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(table(rows, NOW))
    lines = captured.get().splitlines()
    print("\n".join(lines))  # noqa: T201
    assert max(len(line.rstrip()) for line in lines) <= 80
    told = " ".join(captured.get().split())
    for words in ("42%", "12 min", "in 6 h", "2 h ago", "max"):
        assert words in told
