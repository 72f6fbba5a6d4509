"""Time that stands until a test moves it."""

from __future__ import annotations

START = 1_795_924_800.0  # 2026-11-29 04:00 UTC


class Clock:
    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds

    async def sleep(self, seconds: float) -> None:
        """Sleeps by moving the time."""
        self.now += seconds
