"""Wildcards in names: `*` stands for any run of signs, `?` for one, everything else for itself.
The whole name has to fit. Brackets mean nothing: they stand in model names."""

from __future__ import annotations

import re
from functools import lru_cache


def is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def matches(glob: str, name: str) -> bool:
    """Whether the whole name fits, letter case included."""
    return _pattern(glob).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _pattern(glob: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign, re.escape(sign)) for sign in glob), re.DOTALL)
