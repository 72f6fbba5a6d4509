"""`python -m bench [--quick] [--json FILE]`: dragoman beside a bare nginx.

Exit status: 0 all floors met, 1 nothing could be said (a program is missing, a request failed),
3 a floor was missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console

from bench.load import Failed
from bench.measure import QUICK, Figures, Plan, measured
from bench.processes import Field, missing_programs, program, running
from bench.show import below_floor, show

CANNOT_SAY, FLOOR_MISSED = 1, 3
_PLAIN_WIDTH = 200


def main() -> int:
    """Runs all of it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute; coarser figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every run's figures, raw")
    chosen = parser.parse_args()
    told = Console(stderr=True, highlight=False)
    if missing := missing_programs():
        told.print(f"needed beside it: {', '.join(missing)} (apt-get install {' '.join(missing)})")
        return CANNOT_SAY
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    console.print(_machine())
    try:
        with (
            tempfile.TemporaryDirectory(prefix="dragoman-bench-") as name,
            running(Path(name)) as field,
        ):
            _say_how(console, field)
            before = field.dragoman.memory_mb()
            plan = QUICK if chosen.quick else Plan()
            figures = measured(field, Path(name), plan, lambda text: told.print(f"  {text}"))
            after = field.dragoman.memory_mb()
    except (Failed, RuntimeError) as error:
        told.print(f"the bench failed: {error}", markup=False)
        return CANNOT_SAY
    show(console, figures)
    console.print(f"dragoman's memory: {before:.1f} MB before the load, {after:.1f} MB after it")
    had = median(one.dragoman.busy for found in figures for one in found.rounds)
    console.print(f"load on the machine at the end: {os.getloadavg()[0]:.1f}")
    console.print(
        f"dragoman was at work for {had:.0%} of its rounds; less than all is other programs'"
    )
    if chosen.json:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
    return _verdict(console, figures)


def _verdict(console: Console, figures: list[Figures]) -> int:
    missed = below_floor(figures)
    for line in missed:
        console.print(f"MISSED: {line}", style="bold red")
    return FLOOR_MISSED if missed else 0


def _machine() -> str:
    nginx = program("nginx")
    assert nginx is not None
    version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, nginx {version.strip().rpartition('/')[2]}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _say_how(console: Console, field: Field) -> None:
    if field.pinned:
        console.print("the proxies on core 0, one at a time; the load and the host on core 1")
    else:
        console.print("one core, or no taskset: nothing is pinned, proxies and load share it")


if __name__ == "__main__":
    sys.exit(main())
