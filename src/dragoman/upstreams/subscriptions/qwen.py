"""Qwen accounts as Qwen Code uses them: the Chat protocol at the login's own host (`resource_url`).
The headers are those of Qwen Code's source (github.com/QwenLM/qwen-code, packages/core/src/core/
openaiContentGenerator/provider/dashscope.ts, 2026-11), under dragoman's name."""

from __future__ import annotations

from dragoman.accounts.identity import USER_AGENT
from dragoman.accounts.records import Account

BASE = "https://portal.qwen.ai/v1"
HOSTNAME = "portal.qwen.ai"
HEADERS = (
    ("x-dashscope-authtype", "qwen-oauth"),
    ("x-dashscope-cachecontrol", "enable"),
    ("x-dashscope-useragent", USER_AGENT),
)


def facts_of(account: Account) -> dict[str, str]:
    """The login's own host, where it names one."""
    told = account.fields.text("resource_url").rstrip("/")
    if not told:
        return {}
    url = told if "://" in told else f"https://{told}"
    return {"base": url if url.endswith("/v1") else f"{url}/v1"}
