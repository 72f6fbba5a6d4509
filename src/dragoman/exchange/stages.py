"""What stands between an attempt's events and the client's renderer: each stage takes an event and
gives events. Fixed per attempt; with none, events pass straight through.

A stage may be followed: when the model's turn is over it can ask for another, whose events it takes
in (`turns`). What it then gives passes the stages behind it, into the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from dragoman.errors import DragomanError
from dragoman.neutral.events import Event
from dragoman.neutral.requests import Turn


class Follower(Protocol):
    """Whoever may ask for a further turn. It keeps the answer's Finished back until none follows;
    the further turn's usage is counted without it."""

    def wanted(self) -> tuple[Turn, ...]:
        """What the conversation goes on with in a further turn; () = the answer is over."""

    def joined(self, events: list[Event]) -> list[Event]:
        """What these events of the further turn add to the answer."""

    def failed(self, error: DragomanError) -> list[Event]:
        """The answer's end when the further turn failed.

        Raises:
            DragomanError: the answer fails with it.
        """


def _nothing() -> list[Event]:
    return []


class Stage(msgspec.Struct, frozen=True):
    """`finish` gives what is still held when the events break off without their end."""

    apply: Callable[[Event], list[Event]]
    finish: Callable[[], list[Event]] = _nothing
    follower: Follower | None = None


def staged(stages: Sequence[Stage], events: list[Event]) -> list[Event]:
    """The events after every stage, in order."""
    for stage in stages:
        events = [out for event in events for out in stage.apply(event)]
    return events


def left_over(stages: Sequence[Stage]) -> list[Event]:
    """What the stages still held, each through those behind it."""
    events: list[Event] = []
    for stage in stages:
        events = [out for event in events for out in stage.apply(event)] + stage.finish()
    return events


def follower_in(stages: Sequence[Stage]) -> tuple[Follower | None, Sequence[Stage]]:
    """Who may ask for a further turn, and the stages behind it."""
    for index, stage in enumerate(stages):
        if stage.follower is not None:
            return stage.follower, stages[index + 1 :]
    return None, ()
