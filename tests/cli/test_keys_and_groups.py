"""`dragoman key` and `dragoman group`, alone and beside gateways that run."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.gateway import CLIENT_KEY, gateway_process
from typer.testing import CliRunner, Result

from dragoman.cli.main import app

ECHO = {"name": "echo", "protocol": "echo", "models": ["echo"], "words-per-second": 20}
GROUPS = {
    "qwen": {"models": {"claude-*": "echo"}},
    "kimi": {"models": {"kimi": "echo"}},
    "old": {"disabled": True},
}


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        app, [*arguments, "--config", str(folder / "config.yaml")]
    )


def done(folder: Path, *arguments: str) -> str:
    result = run(folder, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def refused(folder: Path, *arguments: str) -> str:
    result = run(folder, *arguments)
    assert result.exit_code == 1, result.output
    return result.stderr.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = {
        "data-dir": str(tmp_path / "data"),
        "upstreams": [ECHO],
        "groups": GROUPS,
        "active-group": "qwen",
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    return tmp_path


def lines(text: str) -> list[list[str]]:
    """A table's cells; columns stand two blanks or more apart."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


def test_a_key_is_shown_once_alone_on_standard_output(folder: Path) -> None:
    result = run(folder, "key", "add", "laptop", "--group", "qwen,kimi", "--models", "claude-*",
                 "--expires", "30d", "--rpm", "20", "--concurrency", "3", "--body-log")  # fmt: skip
    key = result.stdout.strip()
    assert re.fullmatch(r"sk-dragoman-[\w-]{43}", key)
    assert "is shown only now" in result.stderr
    done(folder, "key", "add", "ci", "--expires", "2099-12-31", "--tpm", "1000")
    listed = done(folder, "key", "list")
    assert key not in listed
    _, laptop, ci = lines(listed)
    assert laptop[0] == "laptop"
    assert laptop[1].startswith("until ")
    assert laptop[2:5] == ["qwen, kimi", "claude-*", "rpm 20, concurrency 3, bodies logged"]
    assert ci[:5] == ["ci", "until 2100-01-01", "all", "all", "tpm 1000"]
    stored = (folder / "data" / "dragoman.db").read_bytes()
    assert key.encode() not in stored


def test_a_revoked_key_is_listed_on_demand_and_its_name_is_free(folder: Path) -> None:
    assert "There are no keys" in run(folder, "key", "list").stderr
    first = done(folder, "key", "add", "ci")
    assert "there is a key 'ci' already" in refused(folder, "key", "add", "ci")
    second = done(folder, "key", "rotate", "ci")
    assert second != first
    done(folder, "key", "revoke", "ci")
    assert "there is no key 'ci'" in refused(folder, "key", "revoke", "ci")
    assert "there is no key 'ci'" in refused(folder, "key", "rotate", "ci")
    done(folder, "key", "add", "ci")
    assert len(lines(done(folder, "key", "list"))) == 2
    states = [row[1][:7] for row in lines(done(folder, "key", "list", "--all"))[1:]]
    assert states == ["revoked", "good"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a b"], "'a b' is no name for a key; use letters"),
        (["key-1"], "names that begin with key- are those of api-keys"),
        (["ci", "--group", "nosuch"], "there is no group 'nosuch'; groups are: default, qwen"),
        (["ci", "--expires", "soon"], "'soon' is no end; write 30d, 12h or a date"),
        (["ci", "--expires", "2020-01-01"], "'2020-01-01' is in the past"),
        (["ci", "--expires", "13"], "'13' is no end"),
    ],
)
def test_what_no_key_can_have_is_refused(folder: Path, arguments: list[str], message: str) -> None:
    assert refused(folder, "key", "add", *arguments).startswith(message)


def test_the_active_group_is_chosen_and_a_new_line_in_the_file_goes_over_it(folder: Path) -> None:
    def active() -> str:
        rows = lines(done(folder, "group", "list"))
        return next(row[1] for row in rows if row[0] == "*")

    assert active() == "qwen"
    assert done(folder, "group", "use", "kimi") == "/switch is now kimi"
    assert active() == "kimi"
    assert "there is no group 'nosuch'; groups are: default, qwen, kimi, old" in refused(
        folder, "group", "use", "nosuch"
    )
    assert "old is disabled" in run(folder, "group", "use", "old").stderr
    file = folder / "config.yaml"
    file.write_text(file.read_text().replace('"active-group": "qwen"', '"active-group": "kimi"'))
    assert active() == "kimi"
    assert lines(done(folder, "group", "list"))[1:] == [
        ["default", "all"],
        ["qwen", "claude-*"],
        ["*", "kimi", "kimi"],
        ["old", "all", "disabled"],
    ]


def test_without_a_usable_configuration_nothing_is_done(tmp_path: Path) -> None:
    assert "config.yaml" in refused(tmp_path, "group", "list")
    (tmp_path / "config.yaml").write_text("data-dir: /dev/null/data\n")
    assert "data-dir /dev/null/data:" in refused(tmp_path, "key", "list")
    (tmp_path / "config.yaml").write_text("port: x\n")
    assert "port: expected a whole number" in refused(tmp_path, "key", "list")


# -- beside running gateways


class Running:
    def __init__(self, base: str) -> None:
        self.base = base

    def ask(self, path: str, model: str, key: str = CLIENT_KEY, words: str = "hello") -> Any:
        body = {"model": model, "max_tokens": 50, "stream": len(words) > 100,
                "messages": [{"role": "user", "content": words}]}  # fmt: skip
        request = urllib.request.Request(
            self.base + path, json.dumps(body).encode(), {"x-api-key": key}
        )
        return urllib.request.urlopen(request, timeout=20)

    def status(self, path: str, model: str, key: str = CLIENT_KEY) -> int:
        try:
            with self.ask(path, model, key) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 2
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    with gateway_process(folder, [ECHO], groups=GROUPS, active_group="qwen") as base:
        yield Running(base)


def test_a_key_is_known_and_unknown_to_a_running_gateway_within_a_second(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        key = done(tmp_path, "key", "add", "ci", "--group", "qwen")
        assert soon(lambda: gateway.status("/v1/messages", "claude-x", key) == 200)
        assert gateway.status("/kimi/v1/messages", "kimi", key) == 403
        rotated = done(tmp_path, "key", "rotate", "ci")
        assert soon(lambda: gateway.status("/v1/messages", "claude-x", rotated) == 200)
        assert gateway.status("/v1/messages", "claude-x", key) == 401
        done(tmp_path, "key", "revoke", "ci")
        assert soon(lambda: gateway.status("/v1/messages", "claude-x", rotated) == 401)


def test_the_active_group_changes_under_an_open_stream_which_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        assert gateway.status("/switch/v1/messages", "claude-x") == 200
        assert gateway.status("/switch/v1/messages", "kimi") == 404
        words = "word " * 30
        with gateway.ask("/switch/v1/messages", "claude-x", words=words) as stream:
            begun = stream.readline()
            done(tmp_path, "group", "use", "kimi")
            assert soon(lambda: gateway.status("/switch/v1/messages", "kimi") == 200)
            assert gateway.status("/switch/v1/messages", "claude-x") == 404
            rest = (begun + stream.read()).decode()
        assert rest.count("word") == 30
        assert '"type":"message_stop"' in rest
