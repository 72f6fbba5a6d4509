"""From a model's name, as any host writes it, to what the model can do.

Hosts put a vendor before the name and a size, a date or a tag behind it ("moonshotai/kimi-k2:free",
"qwen3:8b", "claude-opus-4-5@20251101"): the longest known beginning decides. A name nobody knows
has no facts, and a newer version of a known model has them only where its family says so. The
facts themselves stand in `families`; prices come with a later issue.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dragoman.catalog.families import EXACT, FAMILIES, Family, ModelFacts

__all__ = ["ModelFacts", "facts"]

_VERSION_GOES_ON = re.compile(r"[-.]?\d{1,2}(?![\da-z])|\.\d")
"""Behind a known beginning: another version number ("-7", ".6"), not a size ("-8b") or a date."""

_BY_FIRST_LETTERS: dict[str, list[Family]] = {}
for _family in sorted(FAMILIES, key=lambda family: -len(family.prefix)):
    _BY_FIRST_LETTERS.setdefault(_family.prefix[:2], []).append(_family)


@lru_cache(maxsize=2048)
def facts(model: str) -> ModelFacts | None:
    """What is known of the model; None when nothing is."""
    name = _bare(model)
    exact = EXACT.get(name)
    if exact is not None:
        return exact
    for family in _BY_FIRST_LETTERS.get(name[:2], ()):
        if name.startswith(family.prefix) and _belongs(name[len(family.prefix) :], family):
            return family.facts
    return None


def _bare(model: str) -> str:
    """The name in small letters without vendor, tag, region and Ollama's library prefix."""
    name = model.strip().lower().rpartition("/")[2].partition(":")[0].partition("@")[0]
    name = re.sub(r"^(?:(?:us|eu|apac|global)\.)?(?:anthropic|meta|mistral|deepseek)\.", "", name)
    return name.replace("_", "-")


def _belongs(rest: str, family: Family) -> bool:
    if not rest or family.later_too:
        return True
    return not rest[0].isalnum() and _VERSION_GOES_ON.match(rest) is None
