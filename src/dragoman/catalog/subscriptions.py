"""Which models a subscription serves, by the provider's name for it. A model that is not listed is
asked for as `pool/model`; what an account may use in fact, its plan decides.

Gathered from what the providers' own programs ask for and from the vendors' model pages, up to
November 2026. No provider is asked: a list that is behind does no harm but to model lists.
"""

from __future__ import annotations

CLAUDE = (
    "claude-opus-5-5",
    "claude-opus-5",
    "claude-sonnet-5-5",
    "claude-sonnet-5",
    "claude-haiku-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-opus-4-5",
    "claude-opus-4-5-20251101",
    "claude-opus-4-1-20250805",
    "claude-sonnet-4-6",
    "claude-sonnet-4-5",
    "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5",
    "claude-haiku-4-5-20251001",
)
CODEX = (
    "gpt-6-sol",
    "gpt-6",
    "gpt-5.6",
    "gpt-5.5",
    "gpt-5.4",
    "gpt-5.4-mini",
    "gpt-5.3-codex",
    "gpt-5.3-codex-spark",
    "gpt-5.2",
    "gpt-5.2-codex",
    "gpt-5.1",
    "gpt-5.1-codex",
    "gpt-5.1-codex-mini",
    "gpt-5.1-codex-max",
    "gpt-5",
    "gpt-5-codex",
    "gpt-5-codex-mini",
)
GEMINI_CLI = (
    "gemini-3.8-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-pro-preview",
    "gemini-3-pro-preview",
    "gemini-3-flash-preview",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
)
ANTIGRAVITY = (
    "gemini-3.1-pro-high",
    "gemini-3.1-pro-low",
    "gemini-3-pro-high",
    "gemini-3-pro-low",
    "gemini-3-flash",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "claude-opus-4-6-thinking",
    "claude-sonnet-4-6",
    "claude-sonnet-4-5",
    "gpt-oss-120b-medium",
)
QWEN = ("coder-model", "vision-model", "qwen3-coder-plus", "qwen3-coder-flash", "qwen3-vl-plus")
KIMI = ("kimi-for-coding", "kimi-k3", "kimi-k2.5", "kimi-k2-thinking", "kimi-k2")
XAI = ("grok-5", "grok-4.5", "grok-4.20-beta", "grok-4.1-fast", "grok-4", "grok-code-fast-1")
COPILOT = (
    "gpt-5.4",
    "gpt-5.2",
    "gpt-5.1",
    "gpt-5-mini",
    "gpt-4.1",
    "gpt-4o",
    "claude-opus-4.6",
    "claude-sonnet-4.6",
    "claude-sonnet-4.5",
    "claude-haiku-4.5",
    "gemini-3.1-pro-preview",
    "gemini-2.5-pro",
    "grok-code-fast-1",
)
VERTEX = (
    "gemini-3.1-pro-preview",
    "gemini-3-pro-preview",
    "gemini-3-flash-preview",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
)

SERVED: dict[str, tuple[str, ...]] = {
    "claude": CLAUDE,
    "codex": CODEX,
    "gemini": GEMINI_CLI,
    "antigravity": ANTIGRAVITY,
    "qwen": QWEN,
    "kimi": KIMI,
    "xai": XAI,
    "copilot": COPILOT,
    "vertex": VERTEX,
}
"""By the provider's name in auth files."""
