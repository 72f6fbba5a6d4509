"""One input × one golden per target: `inputs/<feature>.<protocol>.json` through the whole request
pipeline to every upstream, held to `goldens/` and to the rules of the real API."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.conversions.goldens import GOLDENS, INPUTS, check
from tests.conversions.pipeline import TARGETS, VARIANTS, convert
from tests.conversions.upstream_rules import refusal

from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.losses import Losses

_IN_EVERY_FORM = ("calls", "choice", "code", "custom", "gemini-cli", "claude-code", "opencode",
                  "qwen-code", "reasoning", "tools", "sampling", "structured")  # fmt: skip
"""Beginnings of features that upstreams of one protocol take in more than one form."""


def _pairs() -> Iterator[tuple[str, str]]:
    for path in sorted(INPUTS.glob("*.json")):
        every = path.stem.startswith(_IN_EVERY_FORM)
        for target in (*TARGETS, *VARIANTS) if every else TARGETS:
            yield path.stem, target


def _input(name: str) -> tuple[JsonObject, str]:
    body = json.loads((INPUTS / f"{name}.json").read_text(encoding="utf-8"))
    return body, name.rpartition(".")[2]


@pytest.mark.parametrize(("name", "target"), list(_pairs()))
def test_a_request_becomes_what_its_golden_says(
    name: str, target: str, update_goldens: bool
) -> None:
    body, protocol = _input(name)
    losses = Losses()
    sent = json.loads(encode(convert(body, protocol, target, losses).body))

    golden = {"body": sent, "dropped": list(losses.fields)}

    check(GOLDENS / f"{name}.to-{target}.json", golden, update=update_goldens)


@pytest.mark.parametrize(("name", "target"), list(_pairs()))
def test_the_upstream_takes_what_the_golden_says(name: str, target: str) -> None:
    body, protocol = _input(name)
    golden = json.loads((GOLDENS / f"{name}.to-{target}.json").read_text(encoding="utf-8"))
    upstream, goal = {**TARGETS, **VARIANTS}[target]

    why = refusal(target, golden["body"])

    if why is not None and upstream == protocol:
        why = None if refusal(target, {**body, "model": goal.model}) else why
    assert why is None


def test_every_golden_has_its_input() -> None:
    wanted = {f"{name}.to-{target}.json" for name, target in _pairs()}

    assert {path.name for path in GOLDENS.glob("*.json")} == wanted
