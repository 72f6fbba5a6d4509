"""`dragoman explain` and `x-dragoman-explain`: the way of a request, told and not gone."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import FAKES, in_thread
from tests.sdk.gateway import CLIENT_KEY, gateway_process

from dragoman.cli.explain import Asker, run
from dragoman.config.load import load
from dragoman.exchange.masking import masked_headers, masked_url
from dragoman.routing.candidates import candidate
from dragoman.routing.verdicts import Verdict
from dragoman.server.gateway import Gateway
from dragoman.storage.database import open_database
from dragoman.storage.seal_key import seal_key
from dragoman.storage.state import State
from dragoman.upstreams.hosts import Credential

LONG_KEY = "sk-verysecret-0123456789-abcd"
CONFIG: dict[str, Any] = {
    "discover": False,
    "auth-dir": "/nonexistent/logins",
    "upstreams": [
        {
            "name": "one",
            "protocol": "openai",
            "base-url": "https://api.example.com/v1",
            "query": {"api_key": "in-the-address", "version": "1"},
            "headers": {"x-own": "own-secret", "user-agent": "mine"},
            "keys": [
                {"key": LONG_KEY, "label": "first"},
                {"key": "k2", "label": "second", "priority": -1},
                {"key": "k3", "label": "third", "disabled": True},
            ],
            "models": ["gpt-5"],
        },
        {
            "name": "two",
            "protocol": "gemini",
            "base-url": "https://generativelanguage.googleapis.com",
            "keys": ["g"],
            "models": ["gemini-2.5-pro"],
        },
        {
            "name": "off",
            "protocol": "openai",
            "base-url": "https://x.example.com",
            "disabled": True,
        },
        {"name": "echo", "protocol": "echo"},
    ],
    "aliases": {"claude-*": ["gpt-5", "gemini-2.5-pro(2048)"]},
    "fallbacks": [{"for": "gpt-5", "to": ["gemini-2.5-pro"], "on": ["rate-limit", "timeout"]}],
    "payload": {"override": [{"models": [{"name": "gpt-*"}], "params": {"user": "ruled"}}]},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({**CONFIG, "data-dir": str(tmp_path / "data")}), encoding="utf-8")
    file.chmod(0o600)
    return file


def told(
    capsys: pytest.CaptureFixture[str], config: Path, model: str = "", **options: Any
) -> tuple[int, Any]:
    given = {"asker": Asker(), "request": None, "protocol": "openai", "as_json": True, **options}
    status = run(config, model, **given)
    return status, json.loads(capsys.readouterr().out)


def credentials(record: Any) -> list[tuple[str, str, bool, str]]:
    return [
        (one["label"], one["state"], one["chosen"], one["why"])
        for pool in record["chains"][0]["pools"]
        for target in pool
        for one in target["credentials"]
    ]


def test_the_way_of_a_name_is_told_with_everybody_who_might_have_been_asked(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    status, record = told(capsys, config, "claude-x", protocol="anthropic")
    assert (status, record["upstream"], record["way"]) == (0, "one", "converted")
    assert record["because"] == "the client speaks anthropic, the upstream openai"
    assert record["decision"] == "asks one with first"
    assert [(step["kind"], step["name"]) for step in record["steps"]] == [
        ("wildcard", "claude-x"), ("served", "gpt-5"), ("served", "gemini-2.5-pro"),
    ]  # fmt: skip
    assert credentials(record) == [
        ("first", "ready", True, "its turn (round-robin)"),
        ("second", "ready", False, "priority -1 is below 0"),
        ("third", "disabled", False, "disabled"),
        ("two#0", "ready", False, "comes later in the chain"),
    ]
    assert record["chains"][0]["pools"][1][0]["thinking"] == "2048"
    assert record["chains"][1]["on"] == ["rate-limit", "timeout"]
    assert record["disabled-upstreams"] == ["off"]
    assert record["payload-rules"] == [{"kind": "override", "rule": 0, "path": "user"}]
    assert record["request"]["body"]["user"] == "ruled"
    assert not (config.parent / "data").exists()


def test_no_key_is_shown_however_it_travels(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    status, record = told(capsys, config, "gpt-5")
    assert (status, record["way"]) == (0, "passed")
    request = record["request"]
    assert request["url"] == "https://api.example.com/v1/chat/completions?api_key=…&version=1"
    assert dict(request["headers"]) == {
        "content-type": "application/json",
        "authorization": "Bear…abcd",
        "x-own": "…",
        "user-agent": "mine",
    }
    run(config, "gpt-5", Asker(), None, "openai", as_json=False)
    text = capsys.readouterr().out
    assert "secret" not in text
    assert "→ first #0" in text


def test_what_a_conversion_loses_is_told_with_its_reason(
    capsys: pytest.CaptureFixture[str], config: Path, tmp_path: Path
) -> None:
    body = {
        "model": "gpt-5",
        "logit_bias": {"1": 2},
        "messages": [{"role": "user", "content": "hi"}],
    }
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    status, record = told(capsys, config, "gemini-2.5-pro", request=file)
    assert (status, record["upstream"]) == (0, "two")
    assert [loss["field"] for loss in record["losses"]] == ["logit_bias"]
    assert record["losses"][0]["reason"]
    assert told(capsys, config, request=file)[1]["model"] == "gpt-5"


def test_rests_are_read_from_the_database_of_the_gateway(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    settings = load(config).settings

    async def rest() -> None:
        state = State(await open_database(settings.data_dir))
        await state.open()
        gateway = Gateway(settings, state, seal_key(settings.data_dir))
        target = gateway.names.resolve("gpt-5").targets[0]
        first = candidate(target, target.host.credentials[0])
        verdict = Verdict(stop=False, reason="quota", rest_s=3600.0)
        gateway.pools.cooldowns.failed(first, verdict, 429, time.time())
        await state.close()

    asyncio.run(rest())
    status, record = told(capsys, config, "gpt-5")
    assert (status, record["decision"]) == (0, "asks one with second")
    assert credentials(record)[:2] == [
        ("first", "cooling", False, "rate limit (429)"),
        ("second", "ready", True, "its turn (round-robin)"),
    ]


def test_a_name_that_nobody_serves_ends_with_the_reason(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    status, record = told(capsys, config, "nobody", protocol="gemini")
    assert (status, record["decision"]) == (1, "nobody is asked")
    assert record["error"].startswith("model 'nobody' is not served here")
    assert record["request"] is None


def test_the_echo_model_asks_no_upstream(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    status, record = told(capsys, config, "echo")
    assert (status, record["way"], record["request"]) == (0, "own", None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"protocol": "soap"}, "'soap' is no protocol; known: "),
        ({}, "name a model with --model, or a request with --request"),
        ({"protocol": "gemini"}, "name a model with --model, or a request with --request"),
    ],
)
def test_what_cannot_be_explained_says_why(
    capsys: pytest.CaptureFixture[str], config: Path, options: dict[str, Any], words: str
) -> None:
    given = {"asker": Asker(), "request": None, "protocol": "openai", "as_json": True, **options}
    assert run(config, "", **given) == 1
    assert capsys.readouterr().err.startswith(words)


@pytest.mark.parametrize(
    ("text", "model", "protocol", "words"),
    [
        ("[]", "m", "openai", ": a request is a JSON object"),
        ("{", "m", "openai", ": "),
        ("{}", "", "openai", "model: required field is missing"),
        ("{}", "", "gemini", "Gemini's requests have the model in the address"),
    ],
)
def test_a_request_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str],
    config: Path,
    text: str,
    model: str,
    protocol: str,
    words: str,
) -> None:
    file = config.parent / "body.json"
    file.write_text(text, encoding="utf-8")
    assert run(config, model, Asker(), file, protocol, as_json=True) == 1
    assert words in capsys.readouterr().err


def test_what_a_group_does_to_the_request_is_told(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    long = "Go on until the task is done, and do not stop before."
    group: dict[str, Any] = {
        "prompt": {"mode": "enhance", "text": long},
        "prompt-replace": [{"find": "/a(b)/"}, {"find": "x", "replace": "y"}],
        "tools": {"only": ["Read", "Web*"], "drop": ["WebFetch"]},
        "sampling": {"top-k": 4},
        "max-context": 100,
    }
    groups = {"qwen": group, "user": {"prompt": {**group["prompt"], "position": "user"}}}
    groups["other"] = {"prompt": {**group["prompt"], "mode": "replace"}}
    written = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**written, "groups": groups}), encoding="utf-8")
    status, record = told(capsys, config, "gemini-2.5-pro", asker=Asker("qwen"))
    assert (status, record["asking"]["group"]) == (0, "qwen")
    assert record["policies"] == [
        'prompt-replace: /a(b)/ becomes ""',
        'prompt-replace: "x" becomes "y"',
        'prompt: "Go on until the task is done, and do not…" (53 characters) '
        "is added to the system prompt",
        "tools: only Read, Web* kept",
        "tools: WebFetch dropped",
        "sampling: top_k is 4",
    ]
    _, record = told(capsys, config, "user@gpt-5")
    assert record["policies"][0].endswith("stands before the user's last words")
    _, record = told(capsys, config, "gpt-5", asker=Asker("other"))
    assert record["policies"][0].endswith("takes the place of the system prompt")
    assert run(config, "gpt-5", Asker("qwen"), None, "openai", as_json=False) == 0
    assert "Done by group qwen" in capsys.readouterr().out
    file = config.parent / "body.json"
    file.write_text(json.dumps({"messages": [{"role": "user", "content": "word " * 500}]}))
    status, record = told(capsys, config, "gpt-5", asker=Asker("qwen"), request=file)
    assert status == 1
    assert record["decision"].startswith("refused with 400: ")
    assert run(config, "gpt-5", Asker("nosuch"), None, "openai", as_json=True) == 1
    assert "there is no group 'nosuch'" in capsys.readouterr().err


def test_only_what_may_be_a_secret_is_masked() -> None:
    own = Credential(0, "k", (("x-portkey-config", "pc"), ("anthropic-beta", "b")))
    headers = [("x-portkey-config", "pc"), ("anthropic-beta", "b"), ("x-goog-api-key", "short")]
    assert masked_headers([*headers, ("x-stainless-lang", "js")], own) == [
        ("x-portkey-config", "…"),
        ("anthropic-beta", "b"),
        ("x-goog-api-key", "…"),
        ("x-stainless-lang", "js"),
    ]
    assert masked_url("https://a.b/c?alt=sse&x=a%20b") == "https://a.b/c?alt=sse&x=a%20b"


def test_a_running_gateway_explains_to_who_has_the_management_key(tmp_path: Path) -> None:
    fake = FAKES["openai"]()
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "echo: hello"}]}

    def ask(**headers: str) -> tuple[int, Any]:
        own = {"content-type": "application/json", "authorization": f"Bearer {CLIENT_KEY}"}
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"{base}/v1/chat/completions", json.dumps(body).encode(), own
        )
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status or 0, json.loads(answer.read())

    with in_thread(fake) as address:
        upstream: dict[str, object] = {
            "name": "chat",
            "protocol": "openai",
            "base-url": address,
            "keys": ["up-key"],
            "models": ["gpt-4o"],
        }
        both = [upstream, {**upstream, "name": "other"}]
        management = {"secret-key": "manager"}
        with gateway_process(tmp_path, both, remote_management=management) as base:
            explain = {"x_dragoman_explain": "1", "x_management_key": "manager"}
            for _ in range(3):
                status, record = ask(**explain)
                assert (status, record["decision"]) == (200, "asks chat with chat#0")
            assert ask(x_dragoman_explain="1", x_management_key="wrong")[0] == 401
            assert ask(x_dragoman_explain="1", authorization=CLIENT_KEY)[0] == 401
            assert ask()[0] == 200
            assert ask(**explain)[1]["decision"] == "asks other with other#0"
    assert fake.last["model"] == "gpt-4o"


def test_the_terminal_shows_every_answer_in_its_order(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    file = config.parent / "body.json"
    messages = [{"role": "user", "content": "hi"}]
    file.write_text(json.dumps({"logit_bias": {"1": 2}, "messages": messages}), encoding="utf-8")
    assert run(config, "gemini-2.5-pro(high)", Asker(), file, "openai", as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:8] == [
        "Model gemini-2.5-pro(high)  (client speaks openai)",
        "Group default",
        "  suffix: gemini-2.5-pro(high) → gemini-2.5-pro",
        "  served: gemini-2.5-pro → two/gemini-2.5-pro",
        "Targets in order",
        "  1. two/gemini-2.5-pro, speaks gemini, thinking high",
        "     → two#0 #0  ready  priority 0, weight 1  its turn (round-robin)",
        "Disabled upstreams: off",
    ]
    assert lines[8] == "Now asks two with two#0"
    assert lines[10] == "Lost"
    assert run(config, "nobody", Asker(), None, "openai", as_json=False) == 1
    assert "Refused model 'nobody' is not served here" in capsys.readouterr().out
    assert run(config, "echo", Asker(), None, "openai", as_json=False) == 0
    assert "Way dragoman answers by itself" in capsys.readouterr().out


def test_a_database_that_cannot_be_read_is_named(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    folder = config.parent / "data"
    folder.mkdir()
    (folder / "dragoman.db").write_bytes(b"no database" * 100)
    assert run(config, "gpt-5", Asker(), None, "openai", as_json=True) == 1
    assert "dragoman.db cannot be read: " in capsys.readouterr().err


def test_without_a_configuration_there_is_nothing_to_explain(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(None, "gpt-5", Asker(), None, "openai", as_json=True) == 1
    assert capsys.readouterr().err == "there is no configuration; name one with --config\n"
