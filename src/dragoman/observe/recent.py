"""How each credential fared lately: attempts that went well and that did not, in all since the
start and in steps of ten minutes. In memory; as CLIProxyAPI's management API tells it."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

STEP_S = 600
STEPS = 20
_MOST = 10_000


class Step(NamedTuple):
    """`at` is when it began."""

    at: float
    good: int = 0
    bad: int = 0


class Fared(NamedTuple):
    good: int
    bad: int
    steps: tuple[Step, ...]


class _Record:
    __slots__ = ("bad", "good", "steps")

    def __init__(self) -> None:
        self.good = 0
        self.bad = 0
        self.steps: deque[Step] = deque(maxlen=STEPS)


_records: OrderedDict[str, _Record] = OrderedDict()


def count(account: str, now_s: float, *, good: bool) -> None:
    """One more attempt with a credential, as cool-downs name it."""
    record = _records.get(account)
    if record is None:
        record = _records[account] = _Record()
        if len(_records) > _MOST:
            _records.popitem(last=False)
    at = now_s // STEP_S * STEP_S
    last = record.steps.pop() if record.steps and record.steps[-1].at == at else Step(at)
    if good:
        record.good += 1
        record.steps.append(last._replace(good=last.good + 1))
    else:
        record.bad += 1
        record.steps.append(last._replace(bad=last.bad + 1))


def fared(accounts: Iterable[str], now_s: float) -> Fared:
    """Those credentials together: the last twenty steps, the present one last."""
    found = [record for name in accounts if (record := _records.get(name)) is not None]
    now = now_s // STEP_S * STEP_S
    sums = {now - STEP_S * back: [0, 0] for back in reversed(range(STEPS))}
    for record in found:
        for step in record.steps:
            if step.at in sums:
                sums[step.at][0] += step.good
                sums[step.at][1] += step.bad
    return Fared(
        sum(record.good for record in found),
        sum(record.bad for record in found),
        tuple(Step(at, good, bad) for at, (good, bad) in sums.items()),
    )
