"""What stands between an attempt's events and the client's renderer: each stage takes an event and
gives events. Fixed per attempt; with none, events pass straight through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from dragoman.neutral.events import Event

Stage: TypeAlias = Callable[[Event], list[Event]]


def staged(stages: Sequence[Stage], events: list[Event]) -> list[Event]:
    """The events after every stage, in order."""
    for stage in stages:
        events = [out for event in events for out in stage(event)]
    return events
