"""A model name's thinking suffix: `gpt-5(high)`, `gemini-2.5-pro(8192)`, `m(none)`, `m(auto)`."""

from __future__ import annotations

from dragoman.neutral.requests import ReasoningSettings
from dragoman.reasoning.levels import LADDER

_WORDS = {
    "none": ReasoningSettings(mode="off"),
    "auto": ReasoningSettings(mode="adaptive"),
    "-1": ReasoningSettings(mode="adaptive"),
    **{level: ReasoningSettings(effort=level) for level in LADDER},
}


def parse_suffix(model: str) -> tuple[str, ReasoningSettings | None]:
    """The name without its suffix, and what the suffix asks for: it goes before what the body says.
    A suffix that says nothing known is taken off and ignored."""
    base, bracket, suffix = model.rpartition("(")
    if not bracket or not base or not suffix.endswith(")"):
        return model, None
    word = suffix[:-1].strip().lower()
    if word in _WORDS:
        return base, _WORDS[word]
    if word.isascii() and word.isdecimal() and len(word) < 10:
        tokens = int(word)
        return base, ReasoningSettings(budget=tokens) if tokens else _WORDS["none"]
    return base, None
