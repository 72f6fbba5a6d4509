"""Changes to the list of client keys, as the management API's bodies and queries ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.admin.refusals import Refused
from dragoman.neutral.json import Json


def put(body: Json) -> list[str]:
    """A whole list: `[..]` or `{"items": [..]}`."""
    items = body.get("items") if isinstance(body, dict) else body
    if not isinstance(items, list):
        raise Refused(400, "invalid body")
    wanted = [item.strip() for item in items if isinstance(item, str) and item.strip()]
    if len(wanted) != len(items):
        raise Refused(400, "invalid body", "every key is a text that is not empty")
    return list(dict.fromkeys(wanted))


def patch(now: Sequence[str], body: Json) -> list[str]:
    """`{"old", "new"}` exchanges a key, or adds it where the old one is not there; `{"index",
    "value"}` exchanges one by its place."""
    if not isinstance(body, dict):
        raise Refused(400, "invalid body")
    keys = list(now)
    index, value = body.get("index"), body.get("value")
    if index is not None and value is not None:
        key = _key(value)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(keys):
            raise Refused(400, "missing fields", f"index is a number below {len(keys)}")
        keys[index] = key
        return keys
    old, new = body.get("old"), body.get("new")
    if old is None or new is None:
        raise Refused(400, "missing fields", "send old and new, or index and value")
    if old in keys:
        keys[keys.index(str(old))] = _key(new)
    else:
        keys.append(_key(new))
    return keys


def delete(now: Sequence[str], query: Mapping[str, str]) -> list[str]:
    """`?index=` or `?value=`."""
    index, value = query.get("index", ""), query.get("value", "").strip()
    if index.isascii() and index.isdigit() and int(index) < len(now):
        return [key for at, key in enumerate(now) if at != int(index)]
    if value:
        if value not in now:
            raise Refused(404, "item not found")
        return [key for key in now if key != value]
    raise Refused(400, "missing index or value")


def _key(value: Json) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(400, "invalid body", "a key is a text that is not empty")
    return value.strip()
