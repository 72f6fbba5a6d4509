"""What the settings say of body logs: where they are, how large, and which secrets they must not
hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from dragoman.config.secrets import Secret
from dragoman.config.settings import Settings
from dragoman.observe.rotated_file import RotatedFile

FILES = 8
_USUAL_MB = 256


def body_file(settings: Settings) -> RotatedFile:
    total_mb = settings.logs_max_total_size_mb or _USUAL_MB
    path = settings.data_dir / "body-logs" / "bodies.jsonl"
    return RotatedFile(path, total_mb * 1024 * 1024 // FILES, FILES)


def secrets_in(value: object) -> Iterator[str]:
    """Every secret in the settings, wherever it stands."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from secrets_in(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from secrets_in(entry)
