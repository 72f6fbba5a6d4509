"""Amp's settings as the management API shows and changes them, after CLIProxyAPI's (up to v7.1):
bodies are `{"value": …}`; PATCH of a list adds entries, or exchanges the one of the same name.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.admin.refusals import Refused
from dragoman.config.ampcode import Ampcode
from dragoman.neutral.json import Json, JsonObject


def shown(amp: Ampcode) -> JsonObject:
    """All of them, the keys as they are: whoever sees them may read the file."""
    key = amp.upstream_api_key
    return {
        "upstream-url": amp.upstream_url,
        "upstream-api-key": key.reveal() if key else "",
        "upstream-api-keys": [
            {
                "upstream-api-key": entry.upstream_api_key.reveal(),
                "api-keys": [client.reveal() for client in entry.api_keys],
            }
            for entry in amp.upstream_api_keys
        ],
        "restrict-management-to-localhost": amp.restrict_management_to_localhost,
        "model-mappings": [
            {
                "from": one.from_,
                "to": one.to[0] if len(one.to) == 1 else list(one.to),
                **({"regex": True} if one.regex else {}),
            }
            for one in amp.model_mappings
        ],
        "force-model-mappings": amp.force_model_mappings,
        "skip-unreadable-mappings": amp.skip_unreadable_mappings,
        "fallback-on-failure": amp.fallback_on_failure,
        "control-plane": amp.control_plane,
    }


TEXTS = ("upstream-url", "upstream-api-key", "control-plane")
SWITCHES = (
    "restrict-management-to-localhost",
    "force-model-mappings",
    "skip-unreadable-mappings",
    "fallback-on-failure",
)
LISTS = {"model-mappings": "from", "upstream-api-keys": "upstream-api-key"}
"""The lists, with what names an entry of each."""
_EMPTIED_BY_NOTHING = frozenset({"model-mappings"})
"""Lists that a DELETE without a value empties; for another that is a mistake."""


def put(key: str) -> Callable[[Json, Json], Json]:
    """Makes the setting's new value of its old one and a body."""

    def changed(now: Json, body: Json) -> Json:
        value = _value(body)
        if key in TEXTS and isinstance(value, str):
            return value.strip()
        if key in SWITCHES and isinstance(value, bool):
            return value
        if key in LISTS and _are_objects(value):
            return value
        raise Refused(400, "invalid body")

    return changed


def patch(key: str) -> Callable[[Json, Json], Json]:
    """As `put`; a list keeps the entries that the body does not name."""
    if key not in LISTS:
        return put(key)
    name = LISTS[key]

    def changed(now: Json, body: Json) -> Json:
        entries = [*now] if isinstance(now, list) else []
        value = _value(body)
        if not isinstance(value, list) or not _are_objects(value):
            raise Refused(400, "invalid body")
        for entry in value:
            at = next(
                (at for at, one in enumerate(entries) if _name(one, name) == _name(entry, name)),
                None,
            )
            if at is None:
                entries.append(entry)
            else:
                entries[at] = entry
        return entries

    return changed


def delete(key: str) -> Callable[[Json, Json], Json]:
    """The entries that the body names go, or all of them; a text becomes empty."""
    if key not in LISTS:
        return lambda now, body: ""
    name = LISTS[key]

    def changed(now: Json, body: Json) -> Json:
        entries = now if isinstance(now, list) else []
        value = body.get("value") if isinstance(body, dict) else None
        if value is None and key not in _EMPTIED_BY_NOTHING:
            raise Refused(400, "missing value")
        if not value:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise Refused(400, "invalid body")
        gone = {str(one).strip() for one in value}
        return [entry for entry in entries if _name(entry, name) not in gone]

    return changed


def _value(body: Json) -> Json:
    if not isinstance(body, dict) or body.get("value") is None:
        raise Refused(400, "invalid body")
    return body["value"]


def _are_objects(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _name(entry: Json, key: str) -> str:
    return str(entry.get(key, "")).strip() if isinstance(entry, dict) else ""
