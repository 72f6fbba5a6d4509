"""The kinds of subscriptions, one row each: what a provider's host speaks, and what is special
about it. The addresses are those of the table of providers (`accounts/providers.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from dragoman.accounts.records import Account, Window
from dragoman.accounts.tokens import claims
from dragoman.upstreams.hosts import ErrorRule
from dragoman.upstreams.shapes import Shape
from dragoman.upstreams.subscriptions import (
    antigravity,
    claude,
    cloud_code,
    codex,
    copilot,
    gemini_cli,
    kimi,
    quotas,
    qwen,
    vertex,
    xai,
)
from dragoman.upstreams.subscriptions.notes import Note
from dragoman.upstreams.subscriptions.quotas import Asking

Pairs = tuple[tuple[str, str], ...]
OPENAI_CLAIM = "https://api.openai.com/auth"


class Kind(msgspec.Struct, frozen=True):
    """`provider` is the row in the table of providers, `name` the pool's. `path` is appended to the
    provider's address. `facts`, `headers`: what the account's file says of its calls. `projects`:
    every project of an account is a credential of its own, and a missing one is found out.
    `second`: another address that is tried after the first. `quota`: asks what is used up."""

    provider: str
    name: str
    protocol: str
    hostname: str
    shape: Callable[[Note], Shape]
    path: str = ""
    also: tuple[str, ...] = ()
    facts: Callable[[Account], dict[str, str]] = lambda _: {}
    headers: Callable[[Account], Pairs] = lambda _: ()
    rules: tuple[ErrorRule, ...] = ()
    projects: bool = False
    second: str = ""
    quota: Callable[[Asking], Awaitable[list[Window]]] | None = None


def _codex_account(account: Account) -> Pairs:
    inner = claims(account.fields.text("id_token")).get(OPENAI_CLAIM)
    told = inner.get("chatgpt_account_id") if isinstance(inner, dict) else None
    found = account.fields.text("account_id") or (told if isinstance(told, str) else "")
    return (("chatgpt-account-id", found),) if found else ()


_CLAUDE = Kind("claude", "claude", "anthropic", claude.HOSTNAME, claude.shape, path="/v1")
_CODEX = Kind(
    "codex",
    "codex",
    "responses",
    codex.HOSTNAME,
    codex.shape,
    headers=_codex_account,
    quota=quotas.chatgpt,
)
_GEMINI_CLI = Kind(
    "gemini",
    "gemini-cli",
    "gemini",
    cloud_code.HOSTNAME,
    lambda _: gemini_cli.SHAPE,
    projects=True,
    quota=quotas.cloud_code,
)
_ANTIGRAVITY = Kind(
    "antigravity",
    "antigravity",
    "gemini",
    cloud_code.HOSTNAME,
    lambda _: antigravity.SHAPE,
    projects=True,
    second=antigravity.SECOND_BASE,
    quota=quotas.cloud_code,
)
_QWEN = Kind(
    "qwen",
    "qwen",
    "openai",
    qwen.HOSTNAME,
    lambda _: Shape("qwen"),
    facts=qwen.facts_of,
    headers=lambda _: qwen.HEADERS,
)
_KIMI = Kind(
    "kimi",
    "kimi",
    "openai",
    kimi.HOSTNAME,
    lambda _: kimi.SHAPE,
    also=("anthropic",),
    rules=kimi.RULES,
)
_XAI = Kind(
    "xai",
    "xai",
    "responses",
    xai.HOSTNAME,
    lambda _: xai.SHAPE,
    facts=xai.facts_of,
    headers=xai.headers_of,
)
_COPILOT = Kind(
    "copilot",
    "copilot",
    "openai",
    copilot.HOSTNAME,
    lambda _: copilot.SHAPE,
    facts=copilot.facts_of,
)
_VERTEX = Kind(
    "vertex",
    "vertex",
    "gemini",
    vertex.HOSTNAME,
    lambda _: Shape("vertex", counts=True),
    facts=vertex.facts_of,
)

KINDS: Mapping[str, Kind] = {
    kind.provider: kind
    for kind in (
        _CLAUDE,
        _CODEX,
        _GEMINI_CLI,
        _ANTIGRAVITY,
        _QWEN,
        _KIMI,
        _XAI,
        _COPILOT,
        _VERTEX,
    )
}
