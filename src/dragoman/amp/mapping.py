"""`model-mappings`: the models that stand for one Amp asks for. Exact names first, in any letter
case, the last written of one name; then regular expressions in their order, found anywhere in the
name. The name comes without its thinking suffix, which stays in force unless a target has its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dragoman.config.ampcode import AmpMapping
from dragoman.routing.names import Mapped


def compiled(mappings: Sequence[AmpMapping]) -> Mapped:
    """A look-up over all of them; without any it finds nothing."""
    exact = {one.from_.lower(): one.to for one in mappings if not one.regex}
    patterns = [(re.compile(one.from_, re.IGNORECASE), one.to) for one in mappings if one.regex]

    def mapped(name: str) -> tuple[str, ...]:
        found = exact.get(name.lower())
        if found is not None:
            return found
        return next((to for pattern, to in patterns if pattern.search(name)), ())

    return mapped
