"""What a model's name tells of its thinking, for models the catalogue does not know.

Anthropic "Extended thinking" and "Effort" (2026-11), Gemini API "Thinking" (v1beta), Ollama
"Thinking" (0.13).
"""

from __future__ import annotations

import re

from dragoman.neutral.requests import ProtocolName
from dragoman.reasoning.levels import NO_THINKING, Thinking

CLAUDE_BUDGET = Thinking(min=1024, max=128000, zero_allowed=True)
CLAUDE_ADAPTIVE = Thinking(
    zero_allowed=True,
    dynamic_allowed=True,
    levels=("low", "medium", "high", "xhigh", "max"),
)
CLAUDE_ADAPTIVE_4_6 = Thinking(
    min=1024,
    max=128000,
    zero_allowed=True,
    dynamic_allowed=True,
    levels=("low", "medium", "high", "max"),
)
EFFORT = Thinking(zero_allowed=True, levels=("minimal", "low", "medium", "high", "xhigh"))
GEMINI_2_5 = Thinking(max=24576, zero_allowed=True, dynamic_allowed=True)
GEMINI_2_5_PRO = Thinking(min=128, max=32768, dynamic_allowed=True)
GEMINI_3 = Thinking(dynamic_allowed=True, levels=("low", "medium", "high"))
GEMINI_3_FLASH = Thinking(dynamic_allowed=True, levels=("minimal", "low", "medium", "high"))
SWITCH = Thinking(zero_allowed=True, dynamic_allowed=True, levels=("low", "medium", "high"))
GPT_OSS = Thinking(levels=("low", "medium", "high"))

_BY_NAME: dict[ProtocolName, tuple[tuple[str, Thinking], ...]] = {
    "anthropic": (
        (r"claude-(instant|2|3[-.](5|opus|sonnet|haiku))", NO_THINKING),
        (r"claude-3[-.]7|claude-(sonnet|opus|haiku)-4([-.][0-5])?(?![-.]?\d(?!\d))", CLAUDE_BUDGET),
        (r"claude-(sonnet|opus|haiku)-4[-.]6", CLAUDE_ADAPTIVE_4_6),
        (r"", CLAUDE_ADAPTIVE),
    ),
    "openai": ((r"", EFFORT),),
    "responses": ((r"", EFFORT),),
    "gemini": (
        (r"gemini-([3-9]|\d\d).*flash", GEMINI_3_FLASH),
        (r"gemini-([3-9]|\d\d)", GEMINI_3),
        (r"gemini-2\.5-pro", GEMINI_2_5_PRO),
        (r"gemini-2\.5", GEMINI_2_5),
        (r"", NO_THINKING),
    ),
    "ollama": ((r"gpt-oss", GPT_OSS), (r"", SWITCH)),
}
_PATTERNS = {
    protocol: tuple((re.compile(pattern), thinking) for pattern, thinking in rows)
    for protocol, rows in _BY_NAME.items()
}


def thinking_by_name(protocol: ProtocolName, model: str) -> Thinking:
    """The first row of the protocol's table that the name fits; each ends with one for all."""
    name = model.lower()
    return next(thinking for pattern, thinking in _PATTERNS[protocol] if pattern.search(name))
