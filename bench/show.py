"""The figures as tables: medians over the rounds, ratios taken within each round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from bench.load import Run
from bench.measure import Figures, Paced, Round

_SIDES = ("bare", "tuned", "dragoman")


def ratio(figures: Figures) -> float:
    """What the floor is held against: the smaller of the two ratios to the bare nginx. By requests
    alone a proxy that waits for the load would look better, by processor time alone one that
    sleeps."""
    return min(_requests(figures, lambda one: one.nginx), _cpu(figures, lambda one: one.nginx))


def below_floor(all_figures: Iterable[Figures]) -> list[str]:
    """What is not good enough, in words."""
    return [
        f"{figures.scenario}: {ratio(figures):.2f} of nginx, the floor is {figures.floor:.2f}"
        for figures in all_figures
        if ratio(figures) < figures.floor
    ]


def show(console: Console, all_figures: list[Figures]) -> None:
    """Throughput first, then latency."""
    console.print(_throughput(console, all_figures))
    console.print(_latency(console, all_figures))


def _throughput(console: Console, all_figures: list[Figures]) -> Table:
    names = [f"{side}\n{unit}" for unit in ("req/s", "CPU µs") for side in _SIDES]
    names += ["req/s\nof bare", "CPU\nof bare", "CPU\nof tuned", "floor"]
    table = _table(console, "As much as goes through (medians)", names)
    for figures in all_figures:
        sides: list[Callable[[Round], Run]] = [
            lambda one: one.nginx,
            lambda one: one.tuned,
            lambda one: one.dragoman,
        ]
        table.add_row(
            figures.scenario,
            *(f"{_median(figures, side, 'requests_s'):,.0f}" for side in sides),
            *(f"{_median(figures, side, 'cpu_us'):,.0f}" for side in sides),
            f"{_requests(figures, sides[0]):.2f}",
            f"{_cpu(figures, sides[0]):.2f}",
            f"{_cpu(figures, sides[1]):.2f}",
            _verdict(figures),
        )
    return table


def _latency(console: Console, all_figures: list[Figures]) -> Table:
    names = ["req/s", "direct\np50", "bare\n+p50", "dragoman\n+p50"]
    names += ["direct\np99", "bare\n+p99", "dragoman\n+p99"]
    title = "Added to the answer's time at 30 % of dragoman's maximum, in ms (medians)"
    table = _table(console, title, names)
    for figures in all_figures:
        paced = figures.paced
        cells = [f"{median(one.dragoman.requests_s for one in paced):,.0f}"]
        for field in ("p50_us", "p99_us"):
            cells.append(_ms(getattr(one.direct, field) for one in paced))
            cells.append(_ms(_added(paced, field, "nginx")))
            cells.append(_ms(_added(paced, field, "dragoman")))
        table.add_row(figures.scenario, *cells)
    return table


def _table(console: Console, title: str, names: list[str]) -> Table:
    """For a terminal, or as Markdown, whose headings are one line each."""
    on_terminal = console.is_terminal
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD if on_terminal else box.MARKDOWN,
        collapse_padding=on_terminal,
        pad_edge=not on_terminal,
    )
    table.add_column("", no_wrap=True)
    for name in names:
        heading = name if on_terminal else name.replace("\n", " ")
        table.add_column(heading, justify="right", no_wrap=not on_terminal)
    return table


def _median(figures: Figures, side: Callable[[Round], Run], field: str) -> float:
    return float(median(getattr(side(one), field) for one in figures.rounds))


def _requests(figures: Figures, nginx: Callable[[Round], Run]) -> float:
    return median(one.dragoman.requests_s / nginx(one).requests_s for one in figures.rounds)


def _cpu(figures: Figures, nginx: Callable[[Round], Run]) -> float:
    return median(nginx(one).cpu_us / one.dragoman.cpu_us for one in figures.rounds)


def _verdict(figures: Figures) -> str:
    if not figures.floor:
        return "-"
    missed = " [bold red]MISSED[/]" if ratio(figures) < figures.floor else ""
    return f"{figures.floor:.2f}{missed}"


def _added(paced: list[Paced], field: str, side: str) -> Iterable[float]:
    return (getattr(getattr(one, side), field) - getattr(one.direct, field) for one in paced)


def _ms(micros: Iterable[float]) -> str:
    return f"{median(micros) / 1000:.2f}"
