"""An explanation as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from rich.console import Console
from rich.text import Text

from dragoman.exchange.explanation import Asking, Chain, CredentialNow, Explanation, TargetNow

_COLOURS = {"ready": "green", "cooling": "yellow", "probing": "yellow", "disabled": "dim"}
_WAYS = {
    "passed": "the client's bytes pass",
    "converted": "the request is converted",
    "own": "dragoman answers by itself",
}


def show(out: Console, told: Explanation) -> None:
    """Prints it, a paragraph for each question it answers."""
    out.print(Text.assemble(("Model ", "bold"), told.model, f"  (client speaks {told.protocol})"))
    out.print(Text.assemble(("Group ", "bold"), _asking(told.asking)))
    for step in told.steps:
        out.print(f"  {step.kind}: {step.text}")
    for chain in told.chains:
        _chain(out, chain)
    if told.disabled_upstreams:
        out.print(f"Disabled upstreams: {', '.join(told.disabled_upstreams)}")
    out.print(Text.assemble(("Now ", "bold"), told.decision))
    if told.way:
        because = f": {told.because}" if told.because else ""
        out.print(Text.assemble(("Way ", "bold"), _WAYS[told.way] + because))
    _listed(out, "Lost", (f"{loss.field}: {loss.reason}" for loss in told.losses))
    _listed(out, f"Done by group {told.asking.group}", told.policies)
    _listed(
        out,
        "Payload rules",
        (f"{change.kind}[{change.rule}] {change.path}" for change in told.payload_rules),
    )
    if told.request is not None:
        out.print(Text.assemble(("Request ", "bold"), f"{told.request.method} {told.request.url}"))
        for name, value in told.request.headers:
            out.print(f"  {name}: {value}")
        out.print(msgspec.json.format(bytes(told.request.body)).decode())
    if told.error:
        out.print(Text.assemble(("Refused ", "bold red"), told.error))


def _asking(asking: Asking) -> str:
    compat = ", compat mode by the path" if asking.compat else ""
    if not asking.key:
        return asking.group + compat
    groups, models = (", ".join(names) or "all" for names in (asking.groups, asking.models))
    return f"{asking.group}{compat}  (key {asking.key}: groups {groups}; models {models})"


def _listed(out: Console, title: str, lines: Iterable[str]) -> None:
    for number, line in enumerate(lines):
        if not number:
            out.print(Text(title, "bold"))
        out.print(f"  {line}")


def _chain(out: Console, chain: Chain) -> None:
    title = f"When it fails with {', '.join(chain.on)}" if chain.on else "Targets in order"
    out.print(Text(title, "bold"))
    for number, pool in enumerate(chain.pools, 1):
        for target in pool:
            out.print(f"  {number}. {_target(target)}")
            for credential in target.credentials:
                out.print(_credential(credential))


def _target(target: TargetNow) -> str:
    speaks = f", speaks {target.protocol}" if target.protocol else ""
    thinking = f", thinking {target.thinking}" if target.thinking else ""
    return f"{target.upstream}/{target.model}{speaks}{thinking}"


def _credential(one: CredentialNow) -> Text:
    until = f" until {one.until}" if one.until else ""
    index = "" if one.index is None else f" #{one.index}"
    return Text.assemble(
        "     → " if one.chosen else "       ",
        (f"{one.label}{index}", "bold" if one.chosen else ""),
        "  ",
        (one.state + until, _COLOURS[one.state]),
        f"  priority {one.priority}, weight {one.weight}" if one.index is not None else "",
        f"  {one.why}" if one.why != one.state else "",
    )
