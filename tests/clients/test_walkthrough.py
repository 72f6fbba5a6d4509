"""The walkthrough of docs/claude-code.md, with the configuration that stands there: the real Claude
Code on a group's model, its tools filtered, its prompt enhanced, its temperature lowered; and the
group exchanged behind `/switch`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML
from tests.clients.programs import Done, claude_code, run
from tests.docs.test_docs import ROOT, blocks_of
from tests.fakes import ChatFake, in_thread
from tests.fakes.dialects import WRITERS
from tests.sdk.gateway import CLIENT_KEY, gateway_process

pytestmark = pytest.mark.clients

QWEN = ("qwen3-coder-plus", "qwen3-coder-flash")
COMMAND = "printf %s-%s ran 42 | tee marker.txt"


class Place(NamedTuple):
    address: str
    fake: ChatFake
    config: Path

    def command(self, *arguments: str) -> str:
        """What one of dragoman's commands prints, beside the running gateway."""
        command = [sys.executable, "-m", "dragoman", *arguments, "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()


@contextmanager
def documented(folder: Path, *, text_only: bool = False, **groups: Any) -> Iterator[Place]:
    """A gateway with the page's own configuration, its upstream a fake."""
    (text,) = (
        block.text
        for block in blocks_of(ROOT / "docs" / "claude-code.md")
        if "active-group" in block.text
    )
    config = YAML(typ="safe").load(text)
    fake = ChatFake(models=QWEN, rechunk=17, text_only=text_only)
    with in_thread(fake) as url:
        (upstream,) = config["upstreams"]
        upstream |= {"base-url": url, "keys": ["up-key"]}
        settings = {"groups": config["groups"] | groups, "active-group": config["active-group"]}
        with gateway_process(folder, [upstream], **settings) as address:
            yield Place(address, fake, folder / "config.yaml")


def claude(
    place: Place, folder: Path, way: str, key: str, said: str = "", **variables: str
) -> Done:
    model = "claude-sonnet-4-5"
    start = claude_code(place.address + way, key, model, f"Please:\n{said}\nrun: {COMMAND}")
    return run(replace(start, variables=start.variables | variables), folder)


def ran(done: Done) -> None:
    assert done.status == 0, done
    assert (done.work / "marker.txt").read_text() == "ran-42", done
    assert "ran-42" in done.stdout, done


def turns(place: Place) -> list[dict[str, Any]]:
    """The bodies of the turns that had tools."""
    return [one.json for one in place.fake.requests if one.json.get("tools")]


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="thinking-tools-deferred"),
        pytest.param(
            {"ENABLE_TOOL_SEARCH": "false", "MAX_THINKING_TOKENS": "0"}, id="all-tools-at-once"
        ),
    ],
)
def test_claude_code_works_in_the_documented_group(
    variables: dict[str, str], tmp_path: Path
) -> None:
    with documented(tmp_path) as place:
        key = place.command("key", "add", "claude-code", "--group", "qwen")
        done = claude(place, tmp_path, "/qwen", key, **variables)
        ran(done)
        assert place.fake.refusals == []
        bodies = turns(place)
        assert len(bodies) >= 2
        for body in bodies:
            assert body["model"] == "qwen3-coder-plus"
            names = {tool["function"]["name"] for tool in body["tools"]}
            assert "Bash" in names
            assert not {"WebFetch", "WebSearch"} & names
            assert body["temperature"] == pytest.approx(0.7)
            system = body["messages"][0]
            assert system["role"] in ("system", "developer")
            assert "Answer in the user's language." in str(system["content"])
            assert "Claude Code" in str(system["content"])


def test_the_group_behind_switch_is_exchanged_while_claude_code_is_in_use(tmp_path: Path) -> None:
    kimi = {"models": {"claude-*": "qwen3-coder-flash"}}
    with documented(tmp_path, kimi=kimi) as place:
        key = place.command("key", "add", "claude-code")
        ran(claude(place, tmp_path / "first", "/switch", key))
        assert {body["model"] for body in turns(place)} == {"qwen3-coder-plus"}
        place.fake.requests.clear()
        assert place.command("group", "use", "kimi") == "/switch is now kimi"
        ran(claude(place, tmp_path / "second", "/switch", key))
        assert {body["model"] for body in turns(place)} == {"qwen3-coder-flash"}


@pytest.fixture(scope="module")
def toolless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The same before a model that cannot call tools and refuses every trace of them."""
    with documented(tmp_path_factory.mktemp("toolless"), text_only=True) as place:
        yield place


@pytest.mark.parametrize("dialect", WRITERS)
def test_claude_code_finishes_its_loop_in_compat_mode_in_every_form_of_a_call(
    dialect: str, toolless: Place, tmp_path: Path
) -> None:
    toolless.fake.requests.clear()
    done = claude(toolless, tmp_path, "/qwen/compat", CLIENT_KEY, f"dialect: {dialect}")
    ran(done)
    assert toolless.fake.refusals == []
    assert {one.json["model"] for one in toolless.fake.requests} == {"qwen3-coder-plus"}
    assert not any("## WebFetch" in str(one.json) for one in toolless.fake.requests)
