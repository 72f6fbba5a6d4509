"""Threads and the login of the Amp CLI where the gateway is its only server (issue 5, "Without an
Amp account")."""

from __future__ import annotations

import json
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from tests.clients.amp import Amp
from tests.clients.ampcode import own_fakes
from tests.clients.programs import finished
from tests.fakes import in_thread
from tests.sdk.gateway import CLIENT_KEY, gateway_process

pytestmark = pytest.mark.clients

OTHER_KEY = "sk-of-another-client"
LONG = "it's a long story – é中文😀\n" * 1000
"""Makes the CLI pack its uploads."""


def test_threads_are_kept_here_and_outlive_the_gateway(tmp_path: Path) -> None:
    fake = own_fakes("up-key")["anthropic"]
    prompt = f'call Bash {{"cmd": "printf %s-%s ran 42"}}\n{LONG}'
    with in_thread(fake) as base_url:
        models = [{"name": model} for model in fake.models]
        upstream: dict[str, object] = {
            "name": "claude",
            "protocol": "anthropic",
            "base-url": base_url,
            "keys": ["up-key"],
            "models": models,
        }
        keys = [CLIENT_KEY, OTHER_KEY]
        with gateway_process(tmp_path, [upstream], api_keys=keys) as address:
            result, done = Amp(address, tmp_path / "one").turn(prompt)
            assert "ran-42" in result["result"], done
            thread = result["session_id"]
        with gateway_process(tmp_path, [upstream], api_keys=keys) as address:
            amp = Amp(address, tmp_path / "two")
            fake.requests.clear()
            result, done = amp.turn("echo: and again", *f"threads continue {thread}".split())
            assert (result["result"], result["session_id"]) == ("and again", thread), done
            assert "ran-42" in fake.requests[-1].body.decode(), done
            (listed,) = json.loads(amp.said("threads", "list", "--json"))
            assert (listed["id"], listed["messageCount"]) == (thread, 2)
            _used(amp, thread)
            other = Amp(address, tmp_path / "three", OTHER_KEY)
            assert "No threads found" in other.said("threads", "list")
            assert "does not exist" in str(other.run("threads", "markdown", thread))
            amp.said("threads", "delete", thread)
            assert "No threads found" in amp.said("threads", "list")
    assert fake.refusals == []


def _used(amp: Amp, thread: str) -> None:
    """Every command that reads or marks a thread."""
    assert "unlisted" in amp.said("threads", "share", thread, "--visibility", "unlisted")
    amp.said("threads", "rename", thread, "A better name")
    amp.said("threads", "label", thread, "kept")
    table = amp.said("threads", "list")
    assert ("A better name" in table, "Unlisted" in table) == (True, True), table
    assert thread in amp.said("threads", "search", "and again")
    assert "No threads found" in amp.said("threads", "search", "never said")
    assert "and again" in amp.said("threads", "markdown", thread)
    assert json.loads(amp.said("threads", "export", thread))["title"] == "A better name"
    handed = amp.said("threads", "handoff", thread, "--goal", "go on", "--print").strip()
    assert handed in amp.said("threads", "list")
    amp.said("threads", "delete", handed)
    amp.said("threads", "archive", thread)
    assert thread not in amp.said("threads", "list")
    assert thread in amp.said("threads", "list", "--include-archived")
    for command in (("usage",), ("threads", "usage", thread)):
        assert "not available without ampcode.com" in str(amp.run(*command))


def test_a_login_takes_a_client_key_typed_into_the_page(tmp_path: Path) -> None:
    with gateway_process(tmp_path, [{"name": "echo", "protocol": "echo"}]) as address:
        amp = Amp(address, tmp_path, key="")
        process = amp.started("login")
        assert process.stdin
        assert process.stdout
        with process:
            link = next(line.strip() for line in process.stdout if "/auth/cli-login" in line)
            form = urllib.parse.urlencode({"key": CLIENT_KEY}).encode()
            with urllib.request.urlopen(link, form, timeout=10) as page:
                code = page.read().decode().partition("<pre>")[2].partition("</pre>")[0]
            process.stdin.write(f"{code}\n")
            process.stdin.close()
            told = process.stdout.read()
        assert process.returncode == 0, told
        secrets = json.loads((amp.home / ".local/share/amp/secrets.json").read_text())
        assert secrets == {f"apiKey@{address}": CLIENT_KEY}, told
        assert "No threads found" in amp.said("threads", "list")


def test_amp_finds_the_gateway_by_the_settings_that_connect_writes(tmp_path: Path) -> None:
    with gateway_process(tmp_path, [{"name": "echo", "protocol": "echo"}]):
        amp = Amp("", tmp_path)
        connect = [sys.executable, "-m", "dragoman", "connect", "amp"]
        connect += ["--config", str(tmp_path / "config.yaml")]
        told = finished(connect, {"HOME": str(amp.home)}, amp.work).stdout
        assert f"export AMP_API_KEY={CLIENT_KEY}" in told
        thread = amp.said("threads", "new").strip()
        assert thread in amp.said("threads", "list")
