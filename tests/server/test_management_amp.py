"""`/v0/management/ampcode…`: read, changed in the file, and in force at once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.test_management import MANAGED, world

AMP = (
    MANAGED
    + """\
ampcode:
  # Amp's own
  upstream-url: https://ampcode.com
  model-mappings:
    - {from: claude-opus, to: echo}  # for now
amp-upstream-api-key: sgamp_flat-key
"""
)
MAPPING = {"from": "claude-opus", "to": "echo"}
BAD = {"from": "(", "to": "x", "regex": True}


async def test_the_whole_and_each_setting_are_told() -> None:
    async with world(AMP) as one:
        whole = (await one.ask("GET", "ampcode")).json["ampcode"]
        assert whole == {
            "upstream-url": "https://ampcode.com",
            "upstream-api-key": "sgamp_flat-key",
            "upstream-api-keys": [],
            "restrict-management-to-localhost": True,
            "model-mappings": [MAPPING],
            "force-model-mappings": False,
            "skip-unreadable-mappings": False,
            "fallback-on-failure": False,
            "control-plane": "auto",
        }
        for key, value in whole.items():
            assert (await one.ask("GET", f"ampcode/{key}")).json == {key: value}


CHANGES: list[tuple[str, str, Any, Any]] = [
    ("PUT", "upstream-url", "http://127.0.0.1:9", "http://127.0.0.1:9"),
    ("PATCH", "upstream-api-key", " sgamp_new ", "sgamp_new"),
    ("PUT", "control-plane", "local", "local"),
    ("PUT", "restrict-management-to-localhost", False, False),
    ("PATCH", "force-model-mappings", True, True),
    ("PUT", "fallback-on-failure", True, True),
    (
        "PUT",
        "model-mappings",
        [{"from": "a", "to": ["b", "c"]}, {"from": "x", "to": "y", "regex": True}],
        [{"from": "a", "to": ["b", "c"]}, {"from": "x", "to": "y", "regex": True}],
    ),
    ("PATCH", "model-mappings", [{"from": "b", "to": "c"}], [MAPPING, {"from": "b", "to": "c"}]),
    ("PATCH", "model-mappings", [{**MAPPING, "to": "far"}], [{**MAPPING, "to": "far"}]),
    ("DELETE", "model-mappings", ["claude-opus"], []),
    ("DELETE", "model-mappings", ["another"], [MAPPING]),
    ("DELETE", "model-mappings", None, []),
    ("DELETE", "upstream-url", None, ""),
    ("DELETE", "upstream-api-key", None, ""),
    (
        "PUT",
        "upstream-api-keys",
        [{"upstream-api-key": "k", "api-keys": ["sk-one"]}],
        [{"upstream-api-key": "k", "api-keys": ["sk-one"]}],
    ),
    ("DELETE", "upstream-api-keys", [], []),
]


@pytest.mark.parametrize(("method", "key", "value", "after"), CHANGES)
async def test_a_change_is_written_and_in_force(
    method: str, key: str, value: Any, after: Any
) -> None:
    async with world(AMP) as one:
        body = b"" if value is None else {"value": value}
        answer = await one.ask(method, f"ampcode/{key}", body)
        assert (answer.status, answer.json) == (200, {"status": "ok"})
        assert (await one.ask("GET", f"ampcode/{key}")).json == {key: after}
        text = one.file.read_text()
        assert text.startswith(MANAGED)
        assert "# Amp's own" in text


async def test_a_mapping_put_in_force_serves_the_next_request() -> None:
    async with world(AMP) as one:
        before = one.gateway.configured.amp.mapping("claude-haiku")
        await one.ask(
            "PATCH", "ampcode/model-mappings", {"value": [{"from": "claude-haiku", "to": "echo"}]}
        )
        assert (before, one.gateway.configured.amp.mapping("claude-haiku")) == ((), ("echo",))
        assert not one.gateway.configured.amp.local


async def test_without_its_address_amp_is_answered_here_at_once() -> None:
    async with world(AMP) as one:
        await one.ask("DELETE", "ampcode/upstream-url")
        amp = one.gateway.configured.amp
        assert (amp.upstream, amp.local) == (None, True)


@pytest.mark.parametrize(
    ("method", "key", "body", "status", "error"),
    [
        ("PUT", "upstream-url", b"no json", 400, "invalid body"),
        ("PUT", "upstream-url", {"value": 5}, 400, "invalid body"),
        ("PUT", "upstream-url", {}, 400, "invalid body"),
        ("PUT", "upstream-url", {"value": "no address"}, 422, "invalid_config"),
        ("PUT", "force-model-mappings", {"value": "yes"}, 400, "invalid body"),
        ("PUT", "model-mappings", {"value": ["a"]}, 400, "invalid body"),
        ("PATCH", "model-mappings", {"value": "a"}, 400, "invalid body"),
        ("DELETE", "model-mappings", {"value": [1]}, 400, "invalid body"),
        ("PUT", "model-mappings", {"value": [BAD]}, 422, "invalid_config"),
        ("DELETE", "upstream-api-keys", {}, 400, "missing value"),
        ("DELETE", "force-model-mappings", {}, 404, "not found"),
        ("GET", "nothing", b"", 404, "not found"),
    ],
)  # fmt: skip
async def test_a_wrong_change_is_refused_and_the_file_stays(
    method: str, key: str, body: Any, status: int, error: str
) -> None:
    async with world(AMP) as one:
        answer = await one.ask(method, f"ampcode/{key}", body)
        assert (answer.status, answer.json["error"]) == (status, error)
        assert one.file.read_text() == AMP
