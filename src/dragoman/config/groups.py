"""`groups`: named sets of aliases and request policies, reached by path, name or client key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator

from dragoman.config.blocks import Block, Count, HomePath, Name, Names, regex
from dragoman.config.routing import GroupAliases
from dragoman.toolcalls.text.dialects import DIALECTS

ToolMode = Literal["auto", "native", "compat"]
DEFAULT_GROUP = "default"
"""The group of requests that name none. It is there even where nobody wrote it."""
RESERVED_GROUPS = frozenset(
    {
        "switch", "compat", "compat_mode", "auto", "v0", "v1", "v1beta", "v1beta1", "api", "mcp",
        "amp", "admin", "console", "backend-api", "openai", "anthropic", "gemini", "ollama",
        "health", "healthz", "metrics", "docs", "static", "auth", "login", "threads", "settings",
        "ws", "actors", "_app", "threads.rss", "news.rss",
    }
)  # fmt: skip


def group_name(name: str) -> str:
    """A group's name is a path segment in front of every route."""
    if name.lower() in RESERVED_GROUPS:
        raise ValueError(f"{name!r} is taken by a route; choose another name")
    if not name[:1].isalnum() or not all(sign.isalnum() or sign in "-_." for sign in name):
        raise ValueError(
            f"{name!r} is no group name; use letters, digits, '-', '_' and '.', "
            "and begin with a letter or digit"
        )
    return name


def empty_groups(value: object) -> object:
    """`qwen:` with nothing behind it is a group without settings."""
    if isinstance(value, Mapping):
        return {name: {} if group is None else group for name, group in value.items()}
    return value


def bare_bounds(value: object) -> object:
    return value if isinstance(value, Mapping | Bounds) else {"default": value}


class Bounds(Block):
    """A sampling value: what is sent when the client says nothing, and its limits."""

    default: float | None = Field(default=None, description="Sent when the client sends none.")
    min: float | None = Field(default=None, description="Smaller values are raised to it.")
    max: float | None = Field(default=None, description="Larger values are lowered to it.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is larger than max")
        return self


def whole(bounds: Bounds) -> Bounds:
    values = (bounds.default, bounds.min, bounds.max)
    if any(value is not None and not value.is_integer() for value in values):
        raise ValueError("takes whole numbers")
    return bounds


Bound = Annotated[Bounds, BeforeValidator(bare_bounds, json_schema_input_type=float | Bounds)]
WholeBound = Annotated[Bound, AfterValidator(whole)]


class Sampling(Block):
    """Sampling defaults and limits; a bare number is a default."""

    temperature_ratio: float = Field(
        default=1, ge=0, le=10, description="The client's temperature is multiplied by it."
    )
    temperature: Bound | None = Field(default=None, description="Temperature.")
    top_p: Bound | None = Field(default=None, description="Nucleus sampling.")
    top_k: WholeBound | None = Field(default=None, description="Top-k sampling.")
    max_tokens: WholeBound | None = Field(default=None, description="Longest answer in tokens.")
    presence_penalty: Bound | None = Field(default=None, description="Presence penalty.")
    frequency_penalty: Bound | None = Field(default=None, description="Frequency penalty.")


class Prompt(Block):
    """A text put into every request of the group."""

    mode: Literal["off", "enhance", "replace"] = Field(
        default="off", description="Add to the client's prompt, or stand in its place."
    )
    position: Literal["system", "user"] = Field(
        default="system", description="Where the text goes."
    )
    when: Names = Field(default=(), description="Only for these models (wildcards).")
    text: str = Field(default="", description="The text.")
    file: HomePath | None = Field(default=None, description="A file with the text.")

    _read: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.mode == "off":
            return self
        if bool(self.text) == (self.file is not None):
            raise ValueError("needs text or file, and only one of them")
        if self.file is not None:
            self._read = _text_of(self.file)
        return self

    @property
    def content(self) -> str:
        """The text, wherever it stands."""
        return self.text or self._read


def _text_of(file: Path) -> str:
    """
    Raises:
        ValueError: the file is not there, cannot be read, or holds no text.
    """
    if not file.is_file():
        raise ValueError(f"the file {file} is not there")
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file {file} cannot be read: {error}") from None
    if not text:
        raise ValueError(f"the file {file} is empty")
    return text


class PromptReplace(Block):
    """A text or `/regular expression/` to find in the system prompt."""

    find: Annotated[str, Field(min_length=1)] = Field(
        description="Text, or a regular expression between slashes."
    )
    replace: str = Field(default="", description="What stands there instead.")

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        if len(self.find) > 2 and self.find[0] == self.find[-1] == "/":
            pattern = re.compile(regex(self.find[1:-1]))
            try:
                pattern.sub(self.replace, "")
            except (re.error, IndexError) as error:
                raise ValueError(f"{self.replace!r} does not fit {self.find!r}: {error}") from None
        return self


def _dialect(name: str) -> str:
    if name not in DIALECTS:
        raise ValueError(f"there is no such form; there are {', '.join(DIALECTS)}")
    return name


Dialect = Annotated[str, AfterValidator(_dialect)]


class ToolFilter(Block):
    """Which tools reach the model, and how."""

    drop: tuple[Name, ...] = Field(default=(), description="Tools taken out (names or globs).")
    only: tuple[Name, ...] = Field(default=(), description="The only tools kept; empty = all.")
    mode: ToolMode = Field(
        default="auto",
        description="native: as functions; compat: as text (docs/compat.md); auto: as text where"
        " the path or the model wants it.",
    )
    dialects: tuple[Dialect, ...] = Field(
        default=(), description="Forms in which text calls are read beside our own; empty = all."
    )
    repair_retry: bool = Field(
        default=False, description="Ask the model once more when its call cannot be read."
    )


class Group(Block):
    """One group."""

    models: GroupAliases | None = Field(
        default=None,
        description="Aliases (wildcards) to targets in order; the group is closed to them. The "
        'target `*` is the model asked for itself, so `"*": "*"` opens the group.',
    )
    prompt: Prompt = Field(default_factory=Prompt, description="A text for every request.")
    prompt_replace: tuple[PromptReplace, ...] = Field(
        default=(), description="Replacements in the system prompt, in order."
    )
    tools: ToolFilter = Field(default_factory=ToolFilter, description="Tool filter and mode.")
    sampling: Sampling = Field(default_factory=Sampling, description="Sampling values.")
    max_context: Count = Field(
        default=0,
        description="Longest input in tokens, as dragoman estimates it; 0 = the model's own.",
    )
    body_log: bool = Field(default=False, description="Log bodies of this group.")
    disabled: bool = Field(default=False, description="Requests to the group are refused.")


Groups = Annotated[
    dict[Annotated[str, AfterValidator(group_name)], Group],
    BeforeValidator(empty_groups, json_schema_input_type=dict[str, Group | None]),
]


class GroupKeys(Block):
    """Top-level keys of groups."""

    groups: Groups = Field(default_factory=dict, description="Named groups.")
    active_group: str = Field(
        default=DEFAULT_GROUP,
        description="The group that /switch means, until another is chosen with `dragoman group "
        "use` or the management API.",
    )
