"""A group's sampling values: what a client's own become, whoever serves the request. No I/O.

Which of them an upstream takes is its protocol's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from dragoman.config.groups import Bounds, Sampling
from dragoman.neutral.requests import Number
from dragoman.neutral.requests import Sampling as Values

_FIELDS = ("temperature", "top_p", "top_k", "max_tokens", "presence_penalty", "frequency_penalty")
_DIGITS = 20
"""A temperature with more before or behind its point is none, and is left to the upstream."""


class Range(msgspec.Struct, frozen=True):
    """`default` is sent where the client sends none."""

    default: Number | None = None
    least: Number | None = None
    most: Number | None = None

    def applied(self, value: Number | None) -> Number | None:
        if value is None:
            return self.default
        if self.least is not None and value < self.least:
            return self.least
        if self.most is not None and value > self.most:
            return self.most
        return value


class Tuning(msgspec.Struct, frozen=True):
    """The client's temperature is multiplied by `ratio` before its range is looked at."""

    ratio: Decimal
    ranges: Mapping[str, Range]

    def applied(self, values: Values) -> Values:
        """A client's values as the group wants them."""
        sent = values.temperature
        if sent is not None and self.ratio != 1 and abs(Decimal(sent).adjusted()) < _DIGITS:
            values = msgspec.structs.replace(values, temperature=_number(sent * self.ratio))
        changes = {name: one.applied(getattr(values, name)) for name, one in self.ranges.items()}
        return msgspec.structs.replace(values, **changes)


def tuning_of(sampling: Sampling) -> Tuning | None:
    """None where nothing is tuned."""
    ratio = Decimal(str(sampling.temperature_ratio))
    written = {name: getattr(sampling, name) for name in _FIELDS}
    ranges = {name: _range(bounds) for name, bounds in written.items() if bounds is not None}
    return Tuning(ratio, ranges) if ranges or ratio != 1 else None


def _range(bounds: Bounds) -> Range:
    return Range(*(_of(value) for value in (bounds.default, bounds.min, bounds.max)))


def _of(value: float | None) -> Number | None:
    return None if value is None else _number(Decimal(str(value)))


def _number(value: Decimal) -> Number:
    """Without zeros at its end: 0.70 is 0.7, and 1.0 is 1."""
    return int(value) if value == value.to_integral_value() else value.normalize()
