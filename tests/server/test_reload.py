"""The configuration file followed by a running process: what a user does to the file, and what
clients see of it within a second."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ports import claimed_port
from tests.sdk.gateway import wait_until_healthy

WITHIN_S = 1.5
"""A second, and what a busy machine adds to it."""
ECHO = {"name": "echo", "protocol": "echo"}


class Running:
    """A gateway in a process of its own, and its file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.yaml"
        self.log = folder / "gateway.log"
        self.port = claimed_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.config: dict[str, Any] = {
            "port": self.port,
            "data-dir": str(folder / "data"),
            "discover": False,
            "auth-dir": "/nonexistent/logins",
            "api-keys": ["sk-one"],
            "upstreams": [ECHO],
        }

    def text(self, **changes: Any) -> str:
        new = {name.replace("_", "-"): value for name, value in changes.items()}
        self.config = {**self.config, **new}
        return json.dumps(self.config, indent=1)

    def write(self, **changes: Any) -> None:
        self.file.write_text(self.text(**changes))

    def chat(self, model: str = "echo", key: str = "sk-one") -> int:
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
        request = urllib.request.Request(
            self.base + "/v1/chat/completions",
            json.dumps(body).encode(),
            {"authorization": f"Bearer {key}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def logged(self, text: str) -> bool:
        return text in self.log.read_text(errors="replace")


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return true()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path)
    one.write()
    with started(one):
        yield one


@contextlib.contextmanager
def started(one: Running) -> Iterator[None]:
    command = [sys.executable, "-m", "dragoman", "serve", "--config", str(one.file)]
    with one.log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until_healthy(one.base, process, one.log)
        yield
    finally:
        process.terminate()
        process.wait(15)


def named(*models: str) -> list[dict[str, Any]]:
    return [{"name": "echo", "protocol": "echo", "models": [{"name": "echo", "alias": one}]}
            for one in models]  # fmt: skip


def test_keys_and_upstreams_come_change_and_go(running: Running) -> None:
    assert running.chat(key="sk-two") == 401
    running.write(api_keys=["sk-one", "sk-two"])
    assert soon(lambda: running.chat(key="sk-two") == 200)
    running.write(api_keys=["sk-two"])
    assert soon(lambda: running.chat(key="sk-one") == 401)
    running.write(api_keys=["sk-one"])
    assert soon(lambda: running.chat() == 200)
    other = {"name": "other", "protocol": "echo", "models": [{"name": "echo", "alias": "first"}]}
    running.write(upstreams=[ECHO, other])
    assert soon(lambda: running.chat("first") == 200)
    other["models"] = [{"name": "echo", "alias": "second"}]
    running.write(upstreams=[ECHO, other])
    assert soon(lambda: running.chat("second") == 200)
    assert running.chat("first") == 404
    running.write(upstreams=[ECHO])
    assert soon(lambda: running.chat("second") == 404)
    running.write(aliases={"nick": ["echo"]})
    assert soon(lambda: running.chat("nick") == 200)


def test_a_wrong_file_is_refused_with_its_reasons_and_the_old_one_stays(running: Running) -> None:
    running.file.write_text("port: [\n")
    assert soon(lambda: running.logged("the configuration is refused; the old one stays in force"))
    assert running.logged("config.yaml:")
    running.file.write_text(running.text(upstreams=[{"name": "x", "protocol": "nope"}]))
    assert soon(lambda: running.logged("upstreams[0].protocol"))
    assert running.chat() == 200
    running.write(upstreams=[ECHO], api_keys=["sk-two"])
    assert soon(lambda: running.chat(key="sk-two") == 200)


def test_a_file_may_be_replaced_deleted_and_made_again(running: Running, tmp_path: Path) -> None:
    swap = tmp_path / ".config.yaml.swp"
    swap.write_text(running.text(api_keys=["sk-two"]))
    swap.replace(running.file)
    assert soon(lambda: running.chat(key="sk-two") == 200)
    swap.write_text(running.text(api_keys=["sk-three"]))
    swap.replace(running.file)
    assert soon(lambda: running.chat(key="sk-three") == 200)
    running.file.unlink()
    assert soon(lambda: running.logged("the configuration file is gone or empty"))
    assert running.chat(key="sk-three") == 200
    running.write(api_keys=["sk-four"])
    assert soon(lambda: running.chat(key="sk-four") == 200)


def test_a_file_behind_exchanged_links_is_followed(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: config.yaml -> ..data/config.yaml, ..data -> ..1."""
    one = Running(tmp_path)
    mounted = tmp_path / "mounted"
    for name, key in (("..1", "sk-one"), ("..2", "sk-two")):
        (mounted / name).mkdir(parents=True)
        (mounted / name / "config.yaml").write_text(one.text(api_keys=[key]))
    (mounted / "..data").symlink_to("..1")
    (mounted / "config.yaml").symlink_to("..data/config.yaml")
    one.file.symlink_to(mounted / "config.yaml")
    with started(one):
        assert one.chat() == 200
        (mounted / "..tmp").symlink_to("..2")
        os.replace(mounted / "..tmp", mounted / "..data")  # noqa: PTH105
        assert soon(lambda: one.chat(key="sk-two") == 200)
        (mounted / "..2" / "config.yaml").write_text(one.text(api_keys=["sk-three"]))
        assert soon(lambda: one.chat(key="sk-three") == 200)


def test_what_needs_a_restart_is_told_of_and_the_rest_takes_effect(running: Running) -> None:
    running.write(port=1, host="127.0.0.2", api_keys=["sk-two"])
    assert soon(lambda: running.chat(key="sk-two") == 200)
    assert running.logged("port has changed in the file; this needs a restart")
    assert running.logged("host has changed in the file; this needs a restart")


def test_the_log_level_changes_while_it_runs(running: Running) -> None:
    running.chat()
    running.write(log_level="warning")
    time.sleep(WITHIN_S)
    before = running.log.stat().st_size
    running.chat()
    time.sleep(0.2)
    assert running.log.stat().st_size == before


def test_fifty_edits_under_load_fail_no_request(running: Running) -> None:
    done = threading.Event()
    statuses: list[int] = []

    def load() -> None:
        while not done.is_set():
            statuses.append(running.chat())

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for edit in range(50):
        running.write(aliases={f"nick-{edit}": ["echo"]}, max_retry_interval=edit)
        time.sleep(0.05)
    try:
        assert soon(lambda: running.chat("nick-49") == 200)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200}
    assert len(statuses) > 50
    assert not running.logged("refused")


def test_a_stream_in_flight_survives_the_end_of_its_upstream(running: Running) -> None:
    slow = [{"name": "slow", "protocol": "echo", "words-per-second": 10}]
    running.write(upstreams=slow)
    words = " ".join(f"word{at}" for at in range(25))
    body = {"model": "echo", "stream": True, "messages": [{"role": "user", "content": words}]}

    async def read() -> bytes:
        return await asyncio.to_thread(stream)

    def stream() -> bytes:
        request = urllib.request.Request(
            running.base + "/v1/chat/completions",
            json.dumps(body).encode(),
            {"authorization": "Bearer sk-one", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            data: bytes = answer.read()
            return data

    async def both() -> bytes:
        await asyncio.sleep(1)
        reading = asyncio.create_task(read())
        await asyncio.sleep(0.5)
        running.write(upstreams=named("another"), api_keys=["sk-two"])
        gone = await asyncio.to_thread(soon, lambda: running.chat("another", "sk-two") == 200)
        assert gone
        assert not reading.done()
        return await reading

    data = asyncio.run(both())
    assert b"word24" in data
    assert data.endswith(b"data: [DONE]\n\n")


def test_a_prompts_file_is_followed_like_the_configuration(tmp_path: Path) -> None:
    one = Running(tmp_path)
    prompt = tmp_path / "qwen.md"
    prompt.write_text("echo: first")
    group = {"prompt": {"mode": "enhance", "position": "user", "file": "qwen.md"}}
    one.write(groups={"default": group})

    def explained() -> str:
        body = {"model": "chat-1", "messages": [{"role": "user", "content": "hi"}]}
        headers = {"authorization": "Bearer sk-one", "x-dragoman-explain": "1"}
        request = urllib.request.Request(
            one.base + "/v1/chat/completions",
            json.dumps(body).encode(),
            {**headers, "x-management-key": "manager", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.loads(answer.read())["policies"])

    chat = {"name": "chat", "protocol": "openai", "base-url": "http://127.0.0.1:9/v1"}
    one.write(
        upstreams=[{**chat, "keys": ["k"], "models": ["chat-1"]}],
        **{"remote-management": {"secret-key": "manager"}},
    )
    with started(one):
        assert "echo: first" in explained()
        prompt.write_text("echo: second")
        assert soon(lambda: "echo: second" in explained())
        prompt.unlink()
        assert soon(lambda: one.logged("qwen.md is not there"))
        assert "echo: second" in explained()
        prompt.write_text("echo: third")
        assert soon(lambda: "echo: third" in explained())
