"""The folder of logins, listed without what is in them beyond their kind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dragoman.neutral.json import Json, object_of

_LARGEST = 1024 * 1024


def listed(folder: Path) -> list[Json]:
    """The JSON files of the folder by name; none where there is no folder. Blocking."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".json")
    except OSError:
        return []
    return [entry for path in paths if (entry := _entry(path)) is not None]


def _entry(path: Path) -> Json:
    try:
        if not path.is_file():
            return None
        stat = path.stat()
        text = path.read_text("utf-8", "replace") if stat.st_size <= _LARGEST else ""
    except OSError:
        return None
    content = object_of(text) or {}
    kind = content.get("type")
    kind = kind if isinstance(kind, str) else "unknown"
    return {
        "id": path.name,
        "name": path.name,
        "type": kind,
        "provider": kind,
        "source": "file",
        "size": stat.st_size,
        "disabled": content.get("disabled") is True,
        "modtime": datetime.fromtimestamp(stat.st_mtime, UTC).isoformat(),
    }
