"""`dragoman login` and `dragoman accounts` as a person meets them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import httpx2
import pytest
from tests.cli.logging_in import desk, until
from tests.idp.tokens import jwt, service_account
from tests.ports import claimed_port

from dragoman.cli.old_flags import translated


def test_a_login_at_a_page_comes_back_to_the_callback_port(tmp_path: Path) -> None:
    port = claimed_port()
    with desk(tmp_path) as one:
        with one.run("login", "claude", "--oauth-callback-port", str(port)) as run:
            told = run.told("[y/N]")
            assert "terms to say. Some forbid it" in " ".join(told.split())
            run.type("y")
            told = run.told("Waiting, 5 minutes")
            assert f"ssh -L 54545:127.0.0.1:{port} " in told
            url = run.found(r"(http\S+/authorize\?\S+)")
            back = asyncio.run(one.idp.at_the_browser(url))
            page = httpx2.get(back.replace("localhost:54545", f"127.0.0.1:{port}"))
            assert "Back at dragoman" in page.text
            assert run.ended() == 0
            assert "Logged in with Claude (Pro, Max): ann@example.com" in run.out
            assert f"Wrote {one.auth}/claude-ann@example.com.json" in run.out
            assert "at-claude" not in run.out
        assert one.files() == ["claude-ann@example.com.json"]
        assert max(len(line) for line in told.splitlines() if "http" not in line) <= 80


def test_a_pasted_address_is_a_way_out_of_a_headless_machine(tmp_path: Path) -> None:
    with desk(tmp_path) as one, socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])  # taken: pasting works all the same
        with one.run("-codex-login", "-no-browser", f"-oauth-callback-port={port}") as run:
            run.told("[y/N]")
            run.type("y")
            told = run.told("Waiting, 5 minutes")
            assert f"port {port}, where ChatGPT" in told
            back = asyncio.run(one.idp.at_the_browser(run.found(r"(http\S+/authorize\?\S+)")))
            run.type("http://localhost:1455/auth/callback?code=x&state=y")
            run.told("Not this one: this answer belongs to another login")
            run.type(back)
            assert run.ended() == 0, run.out
        assert one.files() == ["codex-8863312f-ann@example.com-plus.json"]


def test_a_login_by_a_code_shows_it_and_waits(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        with one.run("login", "codex", "--device", "--yes") as run:
            run.told("Waiting for it, 15 minutes")
            one.idp.approve(run.found(r"enter the code (CODE-\d)"))
            assert run.ended() == 0
            assert "Logged in with ChatGPT" in run.out
        with one.run("login", "qwen", "--yes", "--label", "mine") as run:
            run.told("Waiting for it")
            one.idp.deny(run.found(r"enter the code (CODE-\d)"))
            assert run.ended() == 1
            assert "gave no access: the request was denied" in run.out
        assert len(one.files()) == 1


def test_who_does_not_say_yes_is_not_logged_in(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        told = one.output("login", "kimi", status=1)
        assert "Not logged in: you did not say yes (--yes says it beforehand)." in told
        assert one.idp.asked == []


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with desk(tmp_path) as one, one.run("login", "kimi", "--yes") as run:
        run.told("Waiting for it")
        run.process.send_signal(signal.SIGINT)
        assert run.ended() == 130
        assert "Stopped; nothing was written." in run.out
        assert "Traceback" not in run.out
        assert one.files() == []


def test_a_missing_google_secret_is_asked_for_with_where_to_find_it(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        one.configure(oauth_clients={})
        one.environment = {"PATH": "/usr/bin:/bin"}
        told = " ".join(one.output("login", "antigravity", "--yes", status=1).split())
        assert "oauth-clients.antigravity.client-secret" in told
        assert "DRAGOMAN_ANTIGRAVITY_CLIENT_SECRET" in told


def test_gemini_s_secret_is_found_in_an_installed_copy_of_its_program(tmp_path: Path) -> None:
    package = tmp_path / "lib/node_modules/@google/gemini-cli"
    (package / "bundle").mkdir(parents=True)
    (package / "package.json").write_text("{}")
    secret = "GOCSPX-" + "a" * 28
    (package / "bundle/gemini.js").write_text(
        'var other="GOCSPX-' + "b" * 28 + '";' + " " * 9000 + "var id="
        '"681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com";'
        f'var secret="{secret}";'
    )
    binary = tmp_path / "bin/gemini"
    binary.parent.mkdir()
    (package / "bundle/gemini.js").chmod(0o755)
    binary.symlink_to(package / "bundle/gemini.js")
    with desk(tmp_path) as one:
        config = json.loads((tmp_path / "config.yaml").read_text())
        config["oauth-clients"]["gemini"].pop("client-secret")
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        one.environment = {"PATH": f"{binary.parent}:{os.environ['PATH']}"}
        with one.run("--login", "--no-browser", "--project_id", "p1") as run:
            run.told("[y/N]")
            run.type("yes")
            run.told("Waiting")
            back = asyncio.run(one.idp.at_the_browser(run.found(r"(http\S+/authorize\?\S+)")))
            run.type(back)
            assert run.ended() == 0, run.out
        assert one.idp.asked[-2].form["client_secret"] == secret
        assert one.file("ann@example.com-p1.json")["token"]["client_secret"] == secret


def test_a_service_account_is_put_in_as_a_file(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        (tmp_path / "key.json").write_text(json.dumps(service_account()))
        assert "Logged in with Vertex AI" in one.output(
            "login", "vertex", "--service-account", "key.json", "--location", "global"
        )
        assert one.file("vertex-robots.json")["location"] == "global"
        (tmp_path / "key.json").write_text("no")
        told = one.output("-vertex-import", "key.json", status=1)
        assert "key.json is no JSON object, as Google's key files are" in told


def written_by_clients(home: Path, access: str, refresh: str) -> None:
    for path, content in {
        ".claude/.credentials.json": {
            "claudeAiOauth": {
                "accessToken": access,
                "refreshToken": refresh,
                "expiresAt": 4102444800000,
                "subscriptionType": "pro",
            }
        },
        ".codex/auth.json": {
            "tokens": {
                "id_token": jwt(email="bo@example.com"),
                "access_token": jwt(exp=4102444800),
                "refresh_token": "r",
            }
        },
    }.items():
        (home / path).parent.mkdir(parents=True)
        (home / path).write_text(json.dumps(content))


def test_logins_of_the_official_programs_are_pointed_to(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        access, refresh = one.idp.login("claude")
        written_by_clients(tmp_path / "home", access, refresh)
        told = one.output("login", "import", "--yes")
        assert "Use the logins of Claude Code, Codex" in told
        assert "the programs renew them, dragoman does not" in told
        assert one.files() == ["import-claude.json", "import-codex.json"]
        assert refresh not in (one.auth / "import-claude.json").read_text()
        told = one.output("accounts")
        assert "bo@example.com" in told
        assert "ready" in told


def test_a_login_is_taken_over_only_after_it_was_said_what_that_means(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        access, refresh = one.idp.login("claude")
        written_by_clients(tmp_path / "home", access, refresh)
        with one.run("login", "import", "claude-code", "--take-over") as run:
            run.told("[y/N]")
            run.type("y")
            told = run.told("Take over? [y/N]")
            assert "Claude Code must log in again then" in " ".join(told.split())
            run.type("y")
            assert run.ended() == 0, run.out
        assert one.files() == ["claude-taken-over.json"]
        written = one.file("claude-taken-over.json")
        assert (written["refresh_token"], written["managed_by"]) == (refresh, "dragoman")
        told = one.output("login", "import", "gemini-cli", "--yes", status=1)
        assert "Gemini CLI: ~/.gemini/oauth_creds.json: No such file" in told


def test_accounts_are_listed_adopted_switched_and_deleted(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        told = one.output("accounts")
        wanted = f"No accounts in {one.auth}. Log in with: dragoman login NAME"
        assert told.split() == wanted.split()
        one.auth.mkdir()
        for name, fields in {
            "claude-ann@example.com.json": {"email": "ann@example.com", "access_token": "a"},
            "claude-bo@example.com.json": {"email": "bo@example.com", "access_token": "b"},
        }.items():
            content = {"type": "claude", "refresh_token": "r", "odd": 1.50, **fields}
            (one.auth / name).write_text(json.dumps(content))
        (one.auth / "iflow-x.json").write_text('{"type":"iflow"}')
        told = one.output("accounts")
        assert [line.split()[0] for line in told.splitlines()[:4]] == [
            "Account",
            "ann@example.com",
            "bo@example.com",
            "iflow-x",
        ]
        assert "logins of type iflow are not supported" in told
        assert max(len(line.rstrip()) for line in told.splitlines()) <= 80
        told = one.output("accounts", "adopt", "ann@example.com", "--yes")
        assert told.count("is logged out: a login can be renewed") == 1
        assert one.file("claude-ann@example.com.json")["managed_by"] == "dragoman"
        assert one.file("claude-ann@example.com.json")["odd"] == 1.5
        assert "managed_by" not in one.file("claude-bo@example.com.json")
        assert "Adopted 1." in one.output("accounts", "adopt", "--all", "--yes")
        assert "nothing to adopt" in one.output("accounts", "adopt", "--all")
        one.output("accounts", "disable", "bo@example.com")
        assert "disabled" in one.output("accounts")
        one.output("accounts", "enable", "claude-bo@example.com")
        assert one.file("claude-bo@example.com.json")["disabled"] is False
        told = one.output("accounts", "enable", "cy", status=1)
        assert "there is no account 'cy'; dragoman accounts lists them" in told
        assert "Nothing was deleted." in one.output("accounts", "remove", "iflow-x", status=1)
        assert "deleted" in one.output("accounts", "remove", "iflow-x", "--yes")
        (one.auth / "zz.json").write_text("{")
        rows = json.loads(one.output("accounts", "--json"))
        assert rows.pop()["status"] == "unreadable"
        assert [row["id"] for row in rows] == [
            "claude-ann@example.com.json",
            "claude-bo@example.com.json",
        ]


def test_a_running_gateway_takes_a_new_login_and_its_end_is_in_the_table(tmp_path: Path) -> None:
    with desk(tmp_path) as one, one.run("serve") as gateway:
        gateway.told("listens on")
        access, refresh = one.idp.login("kimi")
        one.idp.used.add(refresh)
        one.auth.mkdir()
        content = {
            "type": "kimi",
            "access_token": access,
            "refresh_token": refresh,
            "expired": "2020-01-01T00:00:00Z",
            "managed_by": "dragoman",
        }
        (one.auth / "kimi-1.json").write_text(json.dumps(content))
        gateway.told("a login has ended")
        until(lambda: "dead" in one.output("accounts"))
        told = " ".join(one.output("accounts").split())
        assert "invalid_grant (token not valid); log in again: dragoman login kimi" in told


def test_explain_knows_the_models_of_a_login(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        access, _ = one.idp.login("codex")
        one.auth.mkdir()
        (one.auth / "codex-a.json").write_text(
            json.dumps({"type": "codex", "access_token": access, "account_id": "acc"})
        )
        told = one.output("explain", "--model", "gpt-5.2")
        assert "codex" in told
        assert access not in told


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("-claude-login", "login claude"),
        ("--login -project_id p", "login gemini --project p"),
        ("-config a.yaml -codex-device-login", "login codex --device --config a.yaml"),
        ("-config=a.yaml", "--config a.yaml"),
        ("-vertex-import k.json -vertex-import-prefix t",
         "login vertex --service-account k.json --prefix t"),
        ("--iflow-login", "login iflow"),
        ("-claude-login=false -config", "--config"),
        ("serve --config x", "serve --config x"),
        ("--port 1 x", "--port 1 x"),
        ("", ""),
    ],
)  # fmt: skip
def test_old_flags_mean_what_they_meant(typed: str, meant: str) -> None:
    assert translated(typed.split()) == meant.split()
