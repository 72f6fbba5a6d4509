"""What providers say of an account's limits when they are asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.subscriptions.folder import before, write
from tests.upstreams.raw_host import raw_host, whole

from dragoman.accounts.records import Window

USAGE = {
    "plan_type": "plus",
    "rate_limit": {
        "primary_window": {
            "used_percent": 41.5,
            "limit_window_seconds": 18000,
            "reset_at": 4000000000,
        },
        "secondary_window": {"used_percent": 7},
    },
}
BUCKETS = {
    "buckets": [
        {"modelId": "gemini-2.5-pro", "tokenType": "REQUESTS", "remainingFraction": 0.25,
         "resetTime": "2096-10-02T07:06:40Z"},
        {"modelId": "gemini-2.5-pro", "tokenType": "TOKENS", "remainingFraction": 0.1},
        {"modelId": "gemini-2.5-flash", "remainingFraction": 1},
        {"modelId": "gemini-3-flash"},
        "none",
    ]
}  # fmt: skip


def answers(*bodies: object, status: int = 200) -> Any:
    left = list(bodies)

    async def script(exchange: Any) -> None:
        while await exchange.request() is not None:
            await exchange.send(whole(json.dumps(left.pop(0)).encode(), status=status))

    return script


async def noted(provider: str, host: Any, folder: Path, path: str = "") -> Any:
    write(folder, provider, 1)
    clients = {provider: {"base-url": host.url + path}}
    async with before(folder, {}, oauth_clients=clients) as here:
        await here.gateway.subscriptions.ask_quotas()
        return here.gateway.accounts.quota(f"{provider}-user0@example.com.json")


async def test_chatgpt_tells_its_windows(tmp_path: Path) -> None:
    async with raw_host(answers(USAGE)) as host:
        quota = await noted("codex", host, tmp_path, "/backend-api/codex")
    assert quota.windows == (Window("5h", 0.415, 4000000000.0), Window("7d", 0.07, None))
    (asked,) = host.asked
    assert asked.line.startswith("GET /backend-api/wham/usage ")
    assert asked.header("chatgpt-account-id") == "account-0"
    assert asked.header("authorization") == "Bearer codex-token-0"
    assert (asked.header("user-agent") or "").startswith("dragoman/")


async def test_cloud_code_tells_what_is_used_of_each_model(tmp_path: Path) -> None:
    async with raw_host(answers(BUCKETS)) as host:
        quota = await noted("gemini", host, tmp_path)
    assert quota.windows == (
        Window("gemini-2.5-pro", 0.75, 4000000000.0),
        Window("gemini-3-flash", 1.0, None),
    )
    assert json.loads(host.asked[0].body) == {"project": "p-1"}


async def test_an_unused_account_has_one_empty_window(tmp_path: Path) -> None:
    unused = {"buckets": [{"modelId": "a", "remainingFraction": 1}]}
    async with raw_host(answers(unused)) as host:
        quota = await noted("antigravity", host, tmp_path)
    assert quota.windows == (Window("all", 0.0, None),)


async def test_a_provider_that_does_not_tell_changes_nothing(tmp_path: Path) -> None:
    async with raw_host(answers({"error": "no"}, status=404)) as host:
        assert await noted("codex", host, tmp_path) is None
    assert len(host.asked) == 1
