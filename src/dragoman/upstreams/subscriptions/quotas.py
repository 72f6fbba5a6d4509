"""Asking a provider what an account has used up, where answers do not say it (Cloud Code) or only
while it is used (ChatGPT).

ChatGPT: `wham/usage`, which Codex's `/status` shows (github.com/openai/codex,
codex-rs/backend-client, 2026-11). Cloud Code: `v1internal:retrieveUserQuota`, which Gemini CLI's
`/stats` shows (github.com/google-gemini/gemini-cli, packages/core/src/code_assist, 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dragoman.accounts.fetching import Fetch, Headers, get, post_json
from dragoman.accounts.records import Window
from dragoman.accounts.tokens import moment
from dragoman.neutral.json import Json, JsonObject
from dragoman.upstreams.subscriptions.notes import number

_ALL = "all"


class Asking(msgspec.Struct, frozen=True):
    """How to ask for one account: `headers` open it, `base` is its host, `project` Google's."""

    fetch: Fetch
    base: str
    headers: Headers
    proxy: str | None
    project: str = ""


async def chatgpt(asking: Asking) -> list[Window]:
    url = asking.base.removesuffix("/codex") + "/wham/usage"
    answer = await get(asking.fetch, url, asking.headers, asking.proxy)
    limit = answer.json.get("rate_limit") if answer.status == 200 else None
    names = (("primary_window", "5h"), ("secondary_window", "7d"))
    return [
        window
        for name, usual in names
        if isinstance(limit, dict) and (window := _window(limit.get(name), usual)) is not None
    ]


async def cloud_code(asking: Asking) -> list[Window]:
    """What is used of each model; one window where nothing is. Without a project there is no
    account yet."""
    if not asking.project:
        return []
    url = f"{asking.base}/v1internal:retrieveUserQuota"
    body: JsonObject = {"project": asking.project}
    answer = await post_json(asking.fetch, url, body, asking.headers, asking.proxy)
    buckets = answer.json.get("buckets") if answer.status == 200 else None
    found = list(_buckets(buckets)) if isinstance(buckets, list) else []
    used = [window for window in found if window.used]
    return used or [Window(_ALL, 0.0, window.resets_at) for window in found[:1]]


def _buckets(buckets: list[Json]) -> Iterator[Window]:
    for bucket in buckets:
        if not isinstance(bucket, dict) or bucket.get("tokenType", "REQUESTS") != "REQUESTS":
            continue
        left, model = number(bucket.get("remainingFraction")), bucket.get("modelId")
        if isinstance(model, str):
            used = 1.0 if left is None else round(1 - left, 4)
            yield Window(model, used, moment(bucket.get("resetTime")))


def _window(told: Json, usual: str) -> Window | None:
    if not isinstance(told, dict):
        return None
    used = number(told.get("used_percent"))
    if used is None:
        return None
    seconds = number(told.get("limit_window_seconds"))
    return Window(span(seconds) or usual, used / 100, moment(told.get("reset_at")))


def span(seconds: float | None) -> str:
    """A window's length as its name: `5h`, `7d`."""
    if not seconds:
        return ""
    return f"{seconds / 86400:g}d" if seconds >= 86400 else f"{seconds / 3600:g}h"
