"""The Amp CLI in its four modes, with the tools and the subagents each has (issue 5, "It is done
when"): served here, mapped to models of other protocols, fallen back to ampcode.com, and without an
Amp account. Amp ends with status 0 also after a failure; what counts is the last line it writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.clients.amp import Amp
from tests.clients.ampcode import KEY as AMPCODE_KEY
from tests.clients.ampcode import FakeAmpcode, own_fakes
from tests.clients.test_more_turns import PNG
from tests.fakes import FAKES, Fake, in_thread
from tests.sdk.gateway import CLIENT_KEY, gateway_process

pytestmark = pytest.mark.clients

SUBAGENTS = """
call finder {"query": "echo: found 4"}
call oracle {"task": "echo: thought about it"}
call librarian {"query": "echo: read the docs"}"""
TASK = """
call Task {"description": "a part", "prompt": "call Bash {\\"cmd\\": \\"echo sub-$((40+3))\\"}"}"""
COMMAND = "printf '%s-%s é🚀' ran $((40+2)) | tee marker.txt"
BASH = f'call Bash {{"cmd": "{COMMAND}"}}{SUBAGENTS}{TASK}'
SHELL = f'call shell_command {{"command": "{COMMAND}"}}{SUBAGENTS}'
SAID = ("ran-42 é🚀", "found 4", "thought about it", "read the docs")


class Mode(NamedTuple):
    """`says`: what the last answer repeats of the tools' results."""

    prompt: str
    says: tuple[str, ...]


MODES = {
    "smart": Mode(BASH, (*SAID, "sub-43")),
    "large": Mode(BASH, (*SAID, "sub-43")),
    "rush": Mode(BASH, (*SAID, "sub-43")),
    "deep": Mode(SHELL, SAID),
}

MAPPINGS = [
    {"from": "claude-opus-4-7", "to": ["none-such", "gpt-4o"]},
    {"from": "claude-opus-4-6", "to": "gemini-2.5-pro"},
    {"from": "claude-haiku-.*", "to": "qwen3", "regex": True},
    {"from": "Claude-Sonnet-4-6", "to": "gpt-5"},
    {"from": "^gpt-5\\.", "to": "claude-sonnet-4-5", "regex": True},
    {"from": "gemini-3-flash-preview", "to": "gpt-4o"},
]
"""Each model onto one that another protocol serves."""

MAPPED = {
    "openai": ("gpt-4o",),
    "gemini": ("gemini-2.5-pro",),
    "ollama": ("qwen3",),
    "responses": ("gpt-5",),
    "anthropic": ("claude-sonnet-4-5",),
}

MAIN = {"smart": "openai", "large": "gemini", "rush": "ollama", "deep": "anthropic"}
"""Where each mode's model is mapped to; librarian goes to `responses`, oracle to `anthropic`."""

ASKED = {
    "local": {"anthropic", "openai", "google"},
    "no-account": {"anthropic", "openai", "google"},
    "fallen-back": {"ampcode"},
}


class Place(NamedTuple):
    """A gateway with what is behind it."""

    address: str
    fakes: dict[str, Fake]
    ampcode: FakeAmpcode | None

    def forget(self) -> None:
        for fake in self.fakes.values():
            fake.requests.clear()
            fake.refusals.clear()
        if self.ampcode:
            self.ampcode.forget()

    def refusals(self) -> list[str]:
        behind = [one.message for fake in self.fakes.values() for one in fake.refusals]
        return behind + [one.message for one in (self.ampcode.refusals if self.ampcode else [])]

    def bodies(self) -> list[str]:
        """Of the requests for models."""
        fakes = [*self.fakes.values(), *(self.ampcode.fakes.values() if self.ampcode else ())]
        return [json.dumps(one.json) for fake in fakes for one in fake.requests]

    def amps_headers(self) -> set[str]:
        """What tells who uses Amp where, and reached others than Amp's server."""
        told = [one.headers for fake in self.fakes.values() for one in fake.requests]
        return {name for headers in told for name, _ in headers if name.startswith("x-amp-")}

    def asked(self) -> set[str]:
        """The fakes that models were asked of."""
        found = {name for name, fake in self.fakes.items() if fake.requests}
        return found | ({"ampcode"} if self.ampcode and self.ampcode.models else set())


def _upstream(name: str, fake: Fake, base_url: str) -> dict[str, object]:
    models = [{"name": model} for model in fake.models]
    host = {"name": name, "protocol": fake.protocol, "base-url": base_url}
    return {**host, "keys": ["up-key"], "models": models}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Place]]:
    """By how models are found; started when first asked for."""
    places: dict[str, Place] = {}
    with ExitStack() as stack:

        def started(how: str) -> Place:
            fakes: dict[str, Fake] = {}
            if how in ("local", "no-account"):
                fakes = own_fakes("up-key")
            elif how == "mapped":
                fakes = {
                    protocol: FAKES[protocol](models=models, rechunk=17)
                    for protocol, models in MAPPED.items()
                }
            upstreams = [
                _upstream(name, fake, stack.enter_context(in_thread(fake)))
                for name, fake in fakes.items()
            ]
            settings: dict[str, object] = {}
            ampcode = None
            if how in ("local", "fallen-back"):
                ampcode = FakeAmpcode(CLIENT_KEY)
                settings["upstream-url"] = stack.enter_context(in_thread(ampcode))
                settings["upstream-api-key"] = AMPCODE_KEY
            if how == "mapped":
                settings["model-mappings"] = MAPPINGS
            folder = tmp_path_factory.mktemp(how)
            address = stack.enter_context(gateway_process(folder, upstreams, ampcode=settings))
            return Place(address, fakes, ampcode)

        def found(how: str) -> Place:
            if how not in places:
                places[how] = started(how)
            places[how].forget()
            return places[how]

        yield found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how", ["local", "mapped", "fallen-back", "no-account"])
def test_a_turn_with_tools_and_subagents(
    how: str, mode: str, place: Callable[[str], Place], tmp_path: Path
) -> None:
    there = place(how)
    amp = Amp(there.address, tmp_path)
    result, done = amp.turn(MODES[mode].prompt, "-m", mode)
    assert there.refusals() == [], done
    for text in MODES[mode].says:
        assert text in result["result"], done
    assert (amp.work / "marker.txt").read_text() == "ran-42 é🚀", done
    assert there.amps_headers() == set(), done
    assert there.asked() >= ASKED.get(how, {MAIN[mode], "responses", "anthropic"}), done
    assert ("ampcode" in there.asked()) == (how == "fallen-back"), done
    if there.ampcode:
        assert "uploadThread" in there.ampcode.methods, done


PICTURE = """
call Read {"path": "%s/picture.png"}
call create_file {"path": "%s/new.txt", "content": "é🚀"}"""
ADDED = "*** Begin Patch\\n*** Add File: %s/new.txt\\n+é🚀\\n*** End Patch"
PATCH = f'call apply_patch {{"patchText": "{ADDED}"}}'


@pytest.mark.parametrize("mode", ["smart", "deep"])
@pytest.mark.parametrize("how", ["local", "mapped", "fallen-back", "no-account"])
def test_a_thread_goes_on_with_what_it_was_told_and_shown(
    how: str, mode: str, place: Callable[[str], Place], tmp_path: Path
) -> None:
    there = place(how)
    first = Amp(there.address, tmp_path / "first")
    result, done = first.turn("echo: the first thing said", "-m", mode)
    amp = Amp(there.address, tmp_path)
    (amp.work / "picture.png").write_bytes(PNG)
    prompt = (PICTURE if mode == "smart" else PATCH).replace("%s", str(amp.work))
    again, done = amp.turn(prompt, "threads", "continue", result["session_id"])
    assert there.refusals() == [], done
    assert again["session_id"] == result["session_id"]
    assert (amp.work / "new.txt").read_text().strip() == "é🚀", done
    if mode == "smart":
        assert "I see an image of type image/png" in again["result"], done
    assert any("the first thing said" in body for body in there.bodies()), done


@pytest.mark.parametrize("mode", ["smart", "deep"])
def test_a_broken_answer_ends_the_turn_as_a_failure(
    mode: str, place: Callable[[str], Place], tmp_path: Path
) -> None:
    last, done = Amp(place("mapped").address, tmp_path).ended("cut", "-m", mode)
    assert (last["subtype"], last["is_error"]) == ("error_during_execution", True), done
    assert "was cut" in last["error"], done
