"""What Ollama lists: tags, ps, show, version (https://docs.ollama.com/api/tags, /ps,
/api-reference/show-model-details).

Models here are not files, so sizes are 0; the digest is that of the name, so that it never changes.
Editors ask `/api/show` what a model can do before they offer tools or images.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import msgspec

from dragoman.errors import Broken
from dragoman.neutral.json import JsonObject, decode
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.ollama.instants import rfc3339, unix_seconds

_NEVER = "2318-01-01T00:00:00Z"
_FIRST_LETTERS = re.compile(r"[a-z]+")


def models_out(entries: Sequence[ModelEntry]) -> JsonObject:
    """The body of `/api/tags`."""
    return {
        "models": [
            {**_identity(entry), "modified_at": rfc3339(entry.created_s)} for entry in entries
        ]
    }


def running_out(entries: Sequence[ModelEntry]) -> JsonObject:
    """The body of `/api/ps`: everything that is served counts as loaded, for ever."""
    return {
        "models": [
            {
                **_identity(entry),
                "expires_at": _NEVER,
                "size_vram": 0,
                "context_length": entry.context_tokens or 0,
            }
            for entry in entries
        ]
    }


def model_out(entry: ModelEntry) -> JsonObject:
    """The body of `/api/show`."""
    family = _family(entry)
    info: JsonObject = {"general.architecture": family, "general.basename": entry.id}
    parameters = ""
    if entry.context_tokens is not None:
        info[f"{family}.context_length"] = entry.context_tokens
        parameters = f"num_ctx {entry.context_tokens}"
    return {
        "license": "",
        "modelfile": f"FROM {entry.id}",
        "parameters": parameters,
        "template": "",
        "details": _details(entry),
        "model_info": info,
        "capabilities": list(entry.capabilities or ("completion",)),
        "modified_at": rfc3339(entry.created_s),
    }


def version_out(version: str) -> JsonObject:
    return {"version": version}


class _Details(msgspec.Struct):
    family: str | None = None


class _Model(msgspec.Struct):
    name: str = ""
    model: str = ""
    modified_at: str = ""
    details: _Details | None = None
    capabilities: list[str] | None = None


class _Tags(msgspec.Struct):
    models: list[_Model] | None


_TAGS = msgspec.json.Decoder(_Tags)


def models_in(body: bytes) -> list[ModelEntry]:
    """The models of `/api/tags`.

    Raises:
        Broken: it is no such list.
    """
    try:
        tags = _TAGS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Broken(f"the upstream's model list is not Ollama's: {error}") from error
    return [
        ModelEntry(
            id=name,
            owner="ollama",
            created_s=unix_seconds(model.modified_at),
            capabilities=tuple(model.capabilities or ()),
            family=(model.details and model.details.family) or "",
        )
        for model in tags.models or ()
        if (name := model.model or model.name)
    ]


def shown_in(entry: ModelEntry, body: bytes) -> ModelEntry:
    """The entry with the capabilities and context length that `/api/show` tells.

    Raises:
        Broken: the body is no JSON object.
    """
    try:
        shown = decode(body)
    except ValueError as error:
        raise Broken(f"the upstream's model details are not JSON: {error}") from error
    if not isinstance(shown, dict):
        raise Broken("the upstream's model details are no object")
    found = shown.get("capabilities")
    words = tuple(w for w in found if isinstance(w, str)) if isinstance(found, list) else ()
    return msgspec.structs.replace(
        entry,
        capabilities=words or entry.capabilities,
        context_tokens=_context_length(shown) or entry.context_tokens,
    )


def _context_length(shown: JsonObject) -> int | None:
    info = shown.get("model_info")
    family = info.get("general.architecture") if isinstance(info, dict) else None
    if isinstance(info, dict) and isinstance(family, str):
        length = info.get(f"{family}.context_length")
        if isinstance(length, int):
            return length
    return None


def _identity(entry: ModelEntry) -> JsonObject:
    return {
        "name": entry.id,
        "model": entry.id,
        "size": 0,
        "digest": hashlib.sha256(entry.id.encode()).hexdigest(),
        "details": _details(entry),
    }


def _details(entry: ModelEntry) -> JsonObject:
    family = _family(entry)
    return {
        "parent_model": "",
        "format": "",
        "family": family,
        "families": [family],
        "parameter_size": "",
        "quantization_level": "",
    }


def _family(entry: ModelEntry) -> str:
    """The known family, else the letters the name begins with."""
    found = _FIRST_LETTERS.match(entry.id.rpartition("/")[2].lower())
    return entry.family or (found[0] if found else "unknown")
