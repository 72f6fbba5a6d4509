"""Unix time to and from the RFC 3339 text Ollama's records carry, without a clock or time zones.

Days are counted by the proleptic Gregorian calendar, in 400-year eras that begin on 1 March.
"""

from __future__ import annotations

import re

_DAY_S = 86_400
_ERA_DAYS = 146_097
_EPOCH_DAYS = 719_468
"""From 1 March of year 0 to 1 January 1970."""

_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))"
)


def rfc3339(seconds: int) -> str:
    """UTC, to the second."""
    return f"{date_and_time(seconds)}Z"


def date_and_time(seconds: int) -> str:
    """UTC, to the second, without its zone, so that a fraction can follow."""
    days, second = divmod(seconds, _DAY_S)
    era, day_of_era = divmod(days + _EPOCH_DAYS, _ERA_DAYS)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    year = year_of_era + era * 400 + (month <= 2)
    hour, minute = second // 3600, second // 60 % 60
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second % 60:02}"


def unix_seconds(stamp: str) -> int:
    """Whole seconds; 0 for what is no RFC 3339 time."""
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return 0
    year, month, day, hour, minute, second = (int(match[index]) for index in range(1, 7))
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    days = era * _ERA_DAYS + day_of_era - _EPOCH_DAYS
    offset = int(match[8]) * 3600 + int(match[9]) * 60 if match[7] else 0
    local = days * _DAY_S + hour * 3600 + minute * 60 + second
    return local + offset if match[7] == "-" else local - offset
