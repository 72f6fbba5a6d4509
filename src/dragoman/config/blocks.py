"""What every settings block is made of: its base class and the kinds of value the fields share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from dragoman.neutral.json import decode

LATER = " Parsed and checked; has no effect yet."
THEIRS = " Accepted from CLIProxyAPI's file; dragoman does not do this, so it has no effect."


def kebab(name: str) -> str:
    """`base_url` as it is written in the file: `base-url`."""
    return name.replace("_", "-")


class Block(BaseModel):
    """A mapping in the file. Keys it does not know are told of by `unknown.py`, not kept.

    A key written without a value (`models:`) means its default, as in CLIProxyAPI.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=kebab,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        validate_default=True,
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _absent_is_default(cls, value: object) -> object:
        if isinstance(value, Mapping):
            return {name: entry for name, entry in value.items() if entry is not None}
        return value


HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def address(text: str) -> str:
    """An http(s) URL without user, query, fragment or trailing slash; an empty text stays."""
    text = text.strip()
    if not text:
        return ""
    parts = _split(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("expected a URL such as https://api.example.com/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user or password; put credentials into keys or headers")
    if parts.query or parts.fragment:
        raise ValueError("holds a query or fragment; put query parameters into query")
    return text.rstrip("/")


def proxy(text: str) -> str | None:
    """A proxy's URL; "direct" for direct and none; None for an empty text."""
    text = text.strip()
    if not text:
        return None
    if text.lower() in {"direct", "none"}:
        return "direct"
    parts = _split(text)
    if parts.scheme not in PROXY_SCHEMES or not parts.hostname:
        raise ValueError(
            "expected http://host:port, https://…, socks5://…, socks5h://…, direct or none"
        )
    return text


def _split(text: str) -> Any:
    if any(character.isspace() for character in text):
        raise ValueError("holds a blank; a URL has none")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("is no URL: its host or port cannot be read") from None
    return parts


def segment(text: str) -> str:
    """One path segment, outer slashes trimmed."""
    text = text.strip().strip("/")
    if "/" in text or any(character.isspace() for character in text):
        raise ValueError("expected one word without / or blanks, such as team")
    return text


def header_name(name: str) -> str:
    if not HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no header name; use letters, digits and -")
    return name


def header_value(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds a line break or control character; write it on one line")
    return value


def duration_s(value: object) -> object:
    """`1h`, `90s`, `1h30m` or a number of seconds."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    pieces = DURATION.findall(text)
    if pieces and "".join(number + unit for number, unit in pieces) == text:
        return sum(float(number) * UNIT_S[unit] for number, unit in pieces)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    raise ValueError(f"{text!r} is no duration; write 1h, 30m, 90s or a number of seconds")


def regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    return text


def json_text(value: object) -> object:
    """A raw value: text is JSON, anything else stands for itself."""
    if isinstance(value, str):
        try:
            decode(value)
        except ValueError as error:
            raise ValueError(
                f"is not JSON: {error}; strings need quotes inside: '\"text\"'"
            ) from None
    return value


def one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def home_path(path: Path, info: ValidationInfo) -> Path:
    """`~` expanded; a relative path is relative to the configuration file's folder."""
    path = path.expanduser()
    folder = (info.context or {}).get("folder")
    return path if folder is None else Path(folder) / path


def filled_in(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("is empty; write a value or remove the entry")
    return text


Url = Annotated[str, AfterValidator(address)]
ProxyUrl = Annotated[str | None, AfterValidator(lambda text: None if text is None else proxy(text))]
Prefix = Annotated[str, AfterValidator(segment)]
Headers = dict[
    Annotated[str, AfterValidator(header_name)], Annotated[str, AfterValidator(header_value)]
]
Regex = Annotated[str, AfterValidator(regex)]
Name = Annotated[str, AfterValidator(filled_in)]
Names = Annotated[
    tuple[Name, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str])
]
Duration = Annotated[
    float, BeforeValidator(duration_s, json_schema_input_type=float | str), Field(ge=0)
]
Seconds = Annotated[float, Field(ge=0)]
SecondsOrOff = Annotated[float, AfterValidator(lambda number: max(0.0, number))]
Weight = Annotated[int, Field(ge=0, le=1_000_000)]
CountOrOff = Annotated[int, AfterValidator(lambda number: max(0, number))]
Count = Annotated[int, Field(ge=0)]
HomePath = Annotated[Path, AfterValidator(home_path)]
