"""Model lists both ways and token counts. Messages has no embeddings.

platform.claude.com/docs/en/api/models-list and …/messages-count-tokens (2023-06-01). Lists of
compatible hosts, which may be in OpenAI's shape, are read too.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence

from dragoman.errors import Broken
from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.anthropic.wire import object_at

COUNT_PATH = "/messages/count_tokens"

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)")
_CAPABILITIES = (("image_input", "vision"), ("thinking", "thinking"))
_EPOCH_YEAR = 1970


def models_in(body: bytes) -> list[ModelEntry]:
    """The models an upstream lists; entries without an id are passed over.

    Raises:
        Broken: it is no list of models.
    """
    try:
        whole = decode(body)
    except ValueError as error:
        raise Broken(f"the upstream's model list is not JSON: {error}") from error
    data = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(data, list):
        raise Broken("the upstream's model list has no array `data`")
    return [_entry(item, name) for item in data if isinstance(item, dict) if (name := _id(item))]


def _id(item: JsonObject) -> str:
    value = item.get("id")
    return value if isinstance(value, str) else ""


def _entry(item: JsonObject, name: str) -> ModelEntry:
    owner, display = item.get("owned_by"), item.get("display_name")
    return ModelEntry(
        id=name,
        owner=owner if isinstance(owner, str) else "anthropic",
        display_name=display if isinstance(display, str) else "",
        created_s=_count(item.get("created")) or _seconds(item.get("created_at")),
        context_tokens=_count(item.get("max_input_tokens")),
        output_tokens=_count(item.get("max_tokens")),
        capabilities=_capabilities(object_at(item, "capabilities")),
    )


def _capabilities(told: JsonObject | None) -> tuple[str, ...]:
    if told is None:
        return ()
    has = [word for key, word in _CAPABILITIES if (object_at(told, key) or {}).get("supported")]
    return ("completion", "tools", *has)


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: Json) -> int:
    """Unix time of an RFC 3339 time in UTC; 0 for anything else."""
    found = _TIME.match(value) if isinstance(value, str) else None
    return 0 if found is None else calendar.timegm((*map(int, found.groups()), 0, 0, 0))


def models_out(models: Sequence[ModelEntry]) -> JsonObject:
    return {
        "data": [model_out(model) for model in models],
        "has_more": False,
        "first_id": models[0].id if models else None,
        "last_id": models[-1].id if models else None,
    }


def model_out(model: ModelEntry) -> JsonObject:
    out: JsonObject = {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name or model.id,
        "created_at": _rfc3339(model.created_s),
    }
    if model.context_tokens is not None:
        out["max_input_tokens"] = model.context_tokens
    if model.output_tokens is not None:
        out["max_tokens"] = model.output_tokens
    return out


def _rfc3339(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    year = _EPOCH_YEAR
    while days >= (length := 366 if calendar.isleap(year) else 365):
        days -= length
        year += 1
    month = 1
    while days >= (length := calendar.monthrange(year, month)[1]):
        days -= length
        month += 1
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{year:04}-{month:02}-{days + 1:02}T{clock}Z"


def count_out(tokens: int) -> JsonObject:
    return {"input_tokens": tokens}
