"""What coding clients do beyond one call: pictures in tool results, calls side by side, and Gemini
CLI's choice of a model by a router of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.clients.conftest import BEHIND, Place
from tests.clients.programs import Starter, claude_code, codex_http, gemini_cli, run
from tests.sdk.gateway import CLIENT_KEY

pytestmark = pytest.mark.clients

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVO"
    "RK5CYII="
)
each_upstream = pytest.mark.parametrize("upstream", list(BEHIND))


@each_upstream
@pytest.mark.parametrize(
    ("start", "model", "call"),
    [
        pytest.param(claude_code, "claude-opus-5-5", 'call Read {"file_path": "%s"}', id="claude"),
        pytest.param(codex_http, "local-model", 'call view_image {"path": "%s"}', id="codex"),
    ],
)
def test_a_picture_that_a_tool_shows_is_seen(
    start: Starter,
    model: str,
    call: str,
    upstream: str,
    place: Callable[[str], Place],
    tmp_path: Path,
) -> None:
    there = place(upstream)
    picture = tmp_path / "picture.png"
    picture.write_bytes(PNG)
    done = run(start(there.address, CLIENT_KEY, model, call % picture), tmp_path)
    seen = f"{done}\n{there.log()}"
    assert there.fake.refusals == [], seen
    assert done.status == 0, seen
    assert "I see an image of type image/png" in done.stdout, seen


@each_upstream
def test_claude_code_runs_two_calls_of_one_turn(
    upstream: str, place: Callable[[str], Place], tmp_path: Path
) -> None:
    there = place(upstream)
    prompt = "\n".join(f'call Bash {{"command": "echo $((40 + {n})) >> sum{n}"}}' for n in (1, 2))
    start = claude_code(there.address, CLIENT_KEY, "claude-opus-5-5", prompt)
    done = run(start, tmp_path)
    seen = f"{done}\n{there.log()}"
    assert there.fake.refusals == [], seen
    assert done.status == 0, seen
    assert [(done.work / f"sum{n}").read_text() for n in (1, 2)] == ["41\n", "42\n"], seen


@each_upstream
def test_gemini_cli_lets_its_router_choose_the_model(
    upstream: str, place: Callable[[str], Place], tmp_path: Path
) -> None:
    there = place(upstream)
    done = run(gemini_cli(there.address, CLIENT_KEY, "auto", "It's 42 today."), tmp_path)
    seen = f"{done}\n{there.log()}"
    assert there.fake.refusals == [], seen
    assert done.status == 0, seen
    assert "You said: " in done.stdout, seen
    assert there.log().count("model=gemini-3.5-flash-lite") == 1, seen
