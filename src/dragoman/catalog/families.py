"""Well-known model families as of November 2026: limits and abilities, by the vendors' model pages.

Where versions of one family differ in ways that matter here, each has its row. `later_too` marks a
row that also stands for names that go on with letters or a later version.
"""

from __future__ import annotations

import msgspec

from dragoman.reasoning.levels import NO_THINKING, Thinking
from dragoman.reasoning.models import (
    CLAUDE_ADAPTIVE,
    CLAUDE_ADAPTIVE_4_6,
    CLAUDE_BUDGET,
    GEMINI_2_5,
    GEMINI_2_5_PRO,
    GEMINI_3,
    GEMINI_3_FLASH,
    GPT_OSS,
    SWITCH,
)


class ModelFacts(msgspec.Struct, frozen=True):
    """`thinking` None = unknown, NO_THINKING = it does not. `modalities` are what it reads."""

    family: str
    context_tokens: int
    output_tokens: int
    modalities: tuple[str, ...] = ("text",)
    tools: bool = True
    thinking: Thinking | None = NO_THINKING

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The abilities in Ollama's words, as model lists show them."""
        has = {
            "tools": self.tools,
            "vision": "image" in self.modalities,
            "audio": "audio" in self.modalities,
            "thinking": self.thinking is not None and self.thinking != NO_THINKING,
        }
        return ("completion", *(word for word, true in has.items() if true))


class Family(msgspec.Struct, frozen=True):
    prefix: str
    facts: ModelFacts
    later_too: bool = False


TEXT = ("text",)
SEES = ("text", "image")
READS = ("text", "image", "file")
ALL = ("text", "image", "audio", "video", "file")
HEARS = ("text", "audio")

K = 1_000
KI = 1_024
M = 1_000_000

O_SERIES = Thinking(levels=("low", "medium", "high"))
GPT_5 = Thinking(levels=("minimal", "low", "medium", "high"))
GPT_5_CODEX = Thinking(levels=("low", "medium", "high"))
GPT_5_1 = Thinking(zero_allowed=True, levels=("low", "medium", "high"))
GPT_5_2 = Thinking(zero_allowed=True, levels=("low", "medium", "high", "xhigh"))
CODEX_MAX = Thinking(levels=("low", "medium", "high", "xhigh"))
PRO = Thinking(levels=("medium", "high", "xhigh"))
FLASH_LITE_2_5 = Thinking(min=512, max=24576, zero_allowed=True, dynamic_allowed=True)
GROK_MINI = Thinking(levels=("low", "high"))
ALWAYS = Thinking(dynamic_allowed=True, levels=("low", "medium", "high"))

_CLAUDE_3 = ModelFacts("claude", 200 * K, 4096, SEES)
_CLAUDE_3_5 = ModelFacts("claude", 200 * K, 8192, READS)
_CLAUDE_64K = ModelFacts("claude", 200 * K, 64 * K, READS, thinking=CLAUDE_BUDGET)
_CLAUDE_32K = ModelFacts("claude", 200 * K, 32 * K, READS, thinking=CLAUDE_BUDGET)
_CLAUDE_NEW = ModelFacts("claude", M, 128 * K, READS, thinking=CLAUDE_ADAPTIVE)
_CLAUDE_HAIKU_5 = ModelFacts("claude", 200 * K, 64 * K, READS, thinking=CLAUDE_ADAPTIVE)
_OPUS_4_6 = ModelFacts("claude", M, 128 * K, READS, thinking=CLAUDE_ADAPTIVE_4_6)
_SONNET_4_6 = ModelFacts("claude", M, 64 * K, READS, thinking=CLAUDE_ADAPTIVE_4_6)

_GPT_4O = ModelFacts("gpt", 128 * K, 16384, READS)
_GPT_4_1 = ModelFacts("gpt", 1_047_576, 32768, READS)


def _gpt(thinking: Thinking, context: int = 400 * K) -> ModelFacts:
    return ModelFacts("gpt", context, 128 * K, READS, thinking=thinking)


def _o(context: int = 200 * K, output: int = 100 * K) -> ModelFacts:
    return ModelFacts("gpt", context, output, READS, thinking=O_SERIES)


def _gemini(thinking: Thinking, output: int = 65536, context: int = 1_048_576) -> ModelFacts:
    return ModelFacts("gemini", context, output, ALL, thinking=thinking)


def _open(
    family: str,
    context: int,
    output: int,
    modalities: tuple[str, ...] = TEXT,
    thinking: Thinking | None = NO_THINKING,
    *,
    tools: bool = True,
) -> ModelFacts:
    return ModelFacts(family, context, output, modalities, tools, thinking)


CLAUDE = (
    Family("claude-3-opus", _CLAUDE_3),
    Family("claude-3-sonnet", _CLAUDE_3),
    Family("claude-3-haiku", _CLAUDE_3),
    Family("claude-3-5", _CLAUDE_3_5),
    Family("claude-3.5", _CLAUDE_3_5),
    Family("claude-3-7", _CLAUDE_64K),
    Family("claude-3.7", _CLAUDE_64K),
    Family("claude-sonnet-4", _CLAUDE_64K),
    Family("claude-opus-4", _CLAUDE_32K),
    Family("claude-opus-4-1", _CLAUDE_32K),
    Family("claude-opus-4.1", _CLAUDE_32K),
    *(
        Family(f"claude-{name}-4{dot}5", _CLAUDE_64K)
        for name in ("opus", "sonnet", "haiku")
        for dot in "-."
    ),
    Family("claude-opus-4-6", _OPUS_4_6),
    Family("claude-opus-4.6", _OPUS_4_6),
    Family("claude-sonnet-4-6", _SONNET_4_6),
    Family("claude-sonnet-4.6", _SONNET_4_6),
    *(Family(f"claude-{name}-4{dot}{n}", _CLAUDE_NEW) for name in ("opus", "sonnet")
      for dot in "-." for n in (7, 8, 9)),
    Family("claude-opus-5", _CLAUDE_NEW, later_too=True),
    Family("claude-sonnet-5", _CLAUDE_NEW, later_too=True),
    Family("claude-haiku-5", _CLAUDE_HAIKU_5, later_too=True),
)  # fmt: skip

OPENAI = (
    Family("gpt-3.5-turbo", ModelFacts("gpt", 16385, 4096)),
    Family("gpt-4", ModelFacts("gpt", 8192, 8192)),
    Family("gpt-4-turbo", ModelFacts("gpt", 128 * K, 4096, SEES)),
    Family("gpt-4o", _GPT_4O),
    Family("gpt-4o-audio", ModelFacts("gpt", 128 * K, 16384, HEARS)),
    Family("chatgpt-4o", ModelFacts("gpt", 128 * K, 16384, SEES, tools=False)),
    Family("gpt-4.1", _GPT_4_1),
    Family("gpt-4.5", ModelFacts("gpt", 128 * K, 16384, READS)),
    Family("gpt-5", _gpt(GPT_5)),
    Family("gpt-5-chat", ModelFacts("gpt", 128 * K, 16384, READS, tools=False)),
    Family("gpt-5-codex", _gpt(GPT_5_CODEX)),
    Family("gpt-5-pro", _gpt(Thinking(levels=("high",)))),
    Family("gpt-5.1", _gpt(GPT_5_1)),
    Family("gpt-5.1-codex-max", _gpt(CODEX_MAX)),
    Family("gpt-5.1-codex", _gpt(GPT_5_CODEX)),
    Family("gpt-5.2", _gpt(GPT_5_2)),
    Family("gpt-5.2-pro", _gpt(PRO)),
    Family("gpt-5.2-codex", _gpt(CODEX_MAX)),
    Family("gpt-5.3-codex", _gpt(CODEX_MAX)),
    Family("gpt-5.4", _gpt(GPT_5_2, 1_050_000)),
    Family("gpt-5.4-mini", _gpt(GPT_5_2)),
    Family("gpt-5.4-nano", _gpt(GPT_5_2)),
    Family("gpt-5.4-pro", _gpt(PRO, 1_050_000)),
    Family("gpt-5.", _gpt(GPT_5_2), later_too=True),
    Family("gpt-6", _gpt(GPT_5_2, 1_050_000), later_too=True),
    Family("o1", _o()),
    Family("o1-mini", ModelFacts("gpt", 128 * K, 65536, tools=False, thinking=None)),
    Family("o1-preview", ModelFacts("gpt", 128 * K, 32768, tools=False, thinking=None)),
    Family("o3", _o()),
    Family("o3-mini", ModelFacts("gpt", 200 * K, 100 * K, thinking=O_SERIES)),
    Family("o4-mini", _o()),
    Family("codex-mini", _o()),
    Family("gpt-oss", _open("gpt-oss", 128 * KI, 128 * KI, thinking=GPT_OSS)),
)

GEMINI = (
    Family("gemini-1.5-pro", _gemini(NO_THINKING, 8192, 2_097_152)),
    Family("gemini-1.5-flash", _gemini(NO_THINKING, 8192)),
    Family("gemini-2.0-flash", _gemini(NO_THINKING, 8192)),
    Family("gemini-2.0-pro", _gemini(NO_THINKING, 8192, 2_097_152)),
    Family("gemini-2.5-pro", _gemini(GEMINI_2_5_PRO)),
    Family("gemini-2.5-flash", _gemini(GEMINI_2_5)),
    Family("gemini-2.5-flash-lite", _gemini(FLASH_LITE_2_5)),
    Family("gemini-2.5-flash-image", ModelFacts("gemini", 65536, 32768, SEES, tools=False)),
    Family("gemini-3-pro-image", ModelFacts("gemini", 65536, 32768, SEES, tools=False)),
    *(Family(f"gemini-3{n}-flash", _gemini(GEMINI_3_FLASH), later_too=True)
      for n in ("", *(f".{m}" for m in range(1, 10)))),
    Family("gemini-3", _gemini(GEMINI_3), later_too=True),
    Family("gemini-pro-latest", _gemini(GEMINI_3)),
    Family("gemini-flash-latest", _gemini(GEMINI_3_FLASH)),
    Family("gemma-3", _open("gemma", 128 * KI, 8192, SEES, tools=False)),
    Family("gemma3", _open("gemma", 128 * KI, 8192, SEES, tools=False)),
    Family("gemma-3n", _open("gemma", 32 * KI, 8192, SEES, tools=False)),
    Family("gemma3n", _open("gemma", 32 * KI, 8192, tools=False)),
    Family("gemma-4", _open("gemma", 256 * KI, 32768, SEES, SWITCH)),
    Family("gemma4", _open("gemma", 256 * KI, 32768, SEES, SWITCH)),
)  # fmt: skip

OPEN = (
    Family("qwen2.5", _open("qwen", 32 * KI, 8192), later_too=True),
    Family("qwen2.5-vl", _open("qwen", 32 * KI, 8192, SEES, tools=False)),
    Family("qwen2.5vl", _open("qwen", 32 * KI, 8192, SEES, tools=False)),
    Family("qwen3", _open("qwen", 128 * KI, 32768, thinking=SWITCH), later_too=True),
    Family("qwen3-coder", _open("qwen", 256 * KI, 65536), later_too=True),
    Family("qwen3-max", _open("qwen", 256 * KI, 65536, thinking=SWITCH)),
    Family("qwen3-vl", _open("qwen", 256 * KI, 32768, SEES, SWITCH), later_too=True),
    Family("qwen3.", _open("qwen", 256 * KI, 65536, SEES, SWITCH), later_too=True),
    Family("qwq", _open("qwen", 128 * KI, 32768, thinking=ALWAYS)),
    Family("deepseek-chat", _open("deepseek", 128 * K, 8192)),
    Family("deepseek-reasoner", _open("deepseek", 128 * K, 65536, thinking=ALWAYS)),
    Family("deepseek-r1", _open("deepseek", 128 * K, 65536, thinking=ALWAYS), later_too=True),
    Family("deepseek-v3", _open("deepseek", 128 * K, 8192)),
    Family("deepseek-v3.1", _open("deepseek", 128 * K, 65536, thinking=SWITCH)),
    Family("deepseek-v3.2", _open("deepseek", 128 * K, 65536, thinking=SWITCH)),
    Family("deepseek-v4", _open("deepseek", M, 384 * K, thinking=SWITCH), later_too=True),
    Family("kimi-k2", _open("kimi", 256 * KI, 32768)),
    Family("kimi-k2-thinking", _open("kimi", 256 * KI, 65536, thinking=ALWAYS)),
    Family("kimi-k2.", _open("kimi", 256 * KI, 65536, SEES, SWITCH), later_too=True),
    Family("kimi-k3", _open("kimi", 256 * KI, 65536, SEES, SWITCH), later_too=True),
    Family("glm-4", _open("glm", 128 * K, 8192)),
    Family("glm-4.5", _open("glm", 128 * K, 96 * K, thinking=SWITCH)),
    Family("glm-4.5v", _open("glm", 64 * K, 16 * K, SEES, SWITCH)),
    Family("glm-4.6", _open("glm", 200 * K, 128 * K, thinking=SWITCH)),
    Family("glm-4.6v", _open("glm", 128 * K, 32 * K, SEES, SWITCH)),
    Family("glm-4.7", _open("glm", 200 * K, 128 * K, thinking=SWITCH)),
    Family("glm-5", _open("glm", 200 * K, 128 * K, thinking=SWITCH), later_too=True),
    Family("llama3", _open("llama", 8192, 4096, tools=False)),
    Family("llama-3", _open("llama", 8192, 4096, tools=False)),
    *(Family(f"llama{dash}3.{n}", _open("llama", 128 * KI, 8192))
      for dash in ("", "-") for n in (1, 2, 3)),
    *(Family(f"llama{dash}3.2-vision", _open("llama", 128 * KI, 8192, SEES, tools=False))
      for dash in ("", "-")),
    *(Family(f"llama{dash}4", _open("llama", M, 16384, SEES)) for dash in ("", "-")),
    *(Family(f"llama{dash}4-scout", _open("llama", 10 * M, 16384, SEES)) for dash in ("", "-")),
    *(Family(prefix, _open("mistral", 128 * KI, 16384, later), later_too=True)
      for prefix, later in (
          ("mistral-large", SEES), ("mistral-medium", SEES), ("mistral-small", SEES),
          ("mistral-nemo", TEXT), ("devstral", TEXT), ("ministral", TEXT), ("pixtral", SEES))),
    Family("mistral", _open("mistral", 32 * KI, 8192)),
    Family("codestral", _open("mistral", 256 * K, 16384), later_too=True),
    Family("magistral", _open("mistral", 128 * KI, 40960, SEES, ALWAYS), later_too=True),
    Family("minimax-m1", _open("minimax", M, 80 * K, thinking=ALWAYS)),
    Family("minimax-m2", _open("minimax", 204_800, 128 * K, thinking=ALWAYS), later_too=True),
    Family("minimax-m3", _open("minimax", 204_800, 128 * K, thinking=SWITCH), later_too=True),
    Family("grok-2", _open("grok", 131_072, 16384)),
    Family("grok-2-vision", _open("grok", 32_768, 8192, SEES)),
    Family("grok-3", _open("grok", 131_072, 16384)),
    Family("grok-3-mini", _open("grok", 131_072, 16384, thinking=GROK_MINI)),
    Family("grok-4", _open("grok", 256 * K, 64 * K, SEES, None)),
    Family("grok-4-fast", _open("grok", 2 * M, 64 * K, SEES, None)),
    Family("grok-4.1", _open("grok", 2 * M, 64 * K, SEES, None)),
    Family("grok-4-1", _open("grok", 2 * M, 64 * K, SEES, None)),
    Family("grok-4.", _open("grok", 2 * M, 64 * K, SEES, None), later_too=True),
    Family("grok-5", _open("grok", 2 * M, 64 * K, SEES, None), later_too=True),
    Family("grok-code-fast", _open("grok", 256 * K, 64 * K, thinking=None)),
)  # fmt: skip

FAMILIES = (*CLAUDE, *OPENAI, *GEMINI, *OPEN)

EXACT: dict[str, ModelFacts] = {
    "o3-deep-research": _o(),
    "o4-mini-deep-research": _o(),
    "gpt-4-32k": ModelFacts("gpt", 32768, 32768),
}
"""Names whose beginning would say something wrong."""
