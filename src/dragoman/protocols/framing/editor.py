"""The interpreter of edits on a client's bytes, as far as all protocols share it; what each does
with its own fields stands in its `edits.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, assert_never

import msgspec

from dragoman.neutral.editing import NO_WORDS
from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    KeepTools,
    PutSystem,
    ReplaceSystemText,
    SetField,
)
from dragoman.neutral.json import Fields, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Number, ReasoningSettings, Sampling
from dragoman.protocols.codec import Target
from dragoman.protocols.framing.conversations import Conversation, Shape
from dragoman.protocols.framing.drafts import Draft, decoded
from dragoman.protocols.framing.tool_lists import Filter

Ranges = Mapping[str, tuple[Number | None, Number | None]]
"""The sampling values that a protocol has, by their neutral names, each with its least and most."""

TUNED = ("max_tokens", "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty")


class Editor(ABC):
    """One body while edits change it. `fields`: where its sampling values stand; `shape`: how its
    conversation is written."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]]
    shape: ClassVar[Shape]

    def __init__(self, body: bytes, target: Target, losses: Losses) -> None:
        """
        Raises:
            InvalidRequest: not a JSON object.
        """
        self.draft = self.opened(body)
        self.target = target
        self.losses = losses

    @classmethod
    def on_bytes(cls, body: bytes, edits: Sequence[Edit], target: Target, losses: Losses) -> bytes:
        """
        Raises:
            InvalidRequest: what an edit means cannot be read.
        """
        editor = cls(body, target, losses)
        for edit in edits:
            editor._apply(edit)
        return editor.draft.body()

    def opened(self, raw: bytes) -> Draft:
        return Draft(raw)

    def _apply(self, edit: Edit) -> None:
        match edit:
            case AddSystem():
                self.add_system(edit.text)
            case PutSystem():
                self.put_system(edit.text)
            case ReplaceSystemText():
                self.replace_text(edit)
            case AddUser():
                if not self.add_user(edit.text):
                    self.losses.add("prompt", NO_WORDS)
            case DropTools() | KeepTools():
                found = Filter(edit)
                self.filter_tools(found)
                if found.dropped:
                    self.fit_choice(found)
            case SetField():
                self.set_field(edit.field, edit.value)
            case _:
                assert_never(edit)

    # The system prompt of a protocol without a field of its own for it; others say it better.

    def add_system(self, text: str) -> None:
        with self._conversation() as conversation:
            conversation.add_system(text)

    def put_system(self, text: str) -> None:
        with self._conversation() as conversation:
            conversation.put_system(text)

    def replace_text(self, edit: ReplaceSystemText) -> None:
        with self._conversation() as conversation:
            conversation.replace_text(edit)

    def add_user(self, text: str) -> bool:
        """Whether there are words of the user to put it before."""
        with self._conversation() as conversation:
            return conversation.add_user(text)

    @contextmanager
    def _conversation(self) -> Iterator[Conversation]:
        path = self.shape.path
        conversation = Conversation(self.draft.get(path) or b"[]", self.shape)
        yield conversation
        self.draft.put(path, conversation.body())

    @abstractmethod
    def filter_tools(self, found: Filter) -> None: ...

    @abstractmethod
    def fit_choice(self, found: Filter) -> None:
        """Called when tools were dropped."""

    def set_field(self, field: str, value: Number) -> None:
        self._put(self.path_of(field), encode(value))

    def path_of(self, field: str) -> tuple[str, ...]:
        return self.fields[field]

    def _put(self, path: tuple[str, ...], value: bytes) -> None:
        if len(path) == 1:
            self.draft.put(path[0], value)
            return
        outer, key = path
        inner = self.opened(self.draft.get(outer) or b"{}")
        inner.put(key, value)
        self.draft.put(outer, inner.body())


def fields_of(raw: Mapping[str, msgspec.Raw], keys: Sequence[str]) -> Fields:
    """Single top-level fields of a body, opened for reading.

    Raises:
        InvalidRequest: one of them cannot be read.
    """
    return Fields({key: decoded(bytes(raw[key]), key) for key in keys if key in raw})


def limited(
    before: Sampling, after: Sampling, ranges: Ranges, target: Target, losses: Losses
) -> Sampling:
    """`after`, as far as an upstream has such settings and within what it takes; what the client
    itself has sent stays as it is. What is cut or left out is told."""
    changes: dict[str, Number | None] = {}
    for name in TUNED:
        own, value = getattr(before, name), getattr(after, name)
        if value == own:
            continue
        if name not in ranges:
            losses.add(f"sampling.{name}", "the upstream's protocol has no such setting")
            changes[name] = own
            continue
        least, most = ranges[name]
        if name == "max_tokens":
            most = target.max_output
        fitted = value if least is None else max(least, value)
        fitted = fitted if most is None else min(most, fitted)
        if fitted != value:
            losses.add(f"sampling.{name}", f"{value} became {fitted}")
        changes[name] = fitted
    return msgspec.structs.replace(after, **changes)


def within_ranges(
    ranges: Ranges,
) -> Callable[[Sampling, Sampling, ReasoningSettings, Target, Losses], Sampling]:
    """`Editing.fitted` of a protocol whose models all take the same, whether they think or not."""

    def fitted(
        before: Sampling,
        after: Sampling,
        _reasoning: ReasoningSettings,
        target: Target,
        losses: Losses,
    ) -> Sampling:
        return limited(before, after, ranges, target, losses)

    return fitted


def unchanged(
    before: Sampling, after: Sampling, names: Sequence[str], reason: str, losses: Losses
) -> Sampling:
    """`after` with these values as the client sent them, and told where that is not what was
    wished."""
    for name in names:
        if getattr(before, name) != getattr(after, name):
            losses.add(f"sampling.{name}", reason)
    return msgspec.structs.replace(after, **{name: getattr(before, name) for name in names})
