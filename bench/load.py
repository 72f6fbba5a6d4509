"""One run of wrk against one process, and one request to see that the answer is right."""

from __future__ import annotations

import http.client
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.processes import LOAD_CORE, Member, on_core, program

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_name("post.lua")
_MARK = "BENCH "


class Failed(Exception):
    """Requests failed: the figures would mean nothing."""


class Lane(NamedTuple):
    """One way for requests to go. `body` is a file."""

    name: str
    member: Member
    path: str
    body: Path
    proof: bytes


class Run(msgspec.Struct, frozen=True):
    """What one run of wrk came to. Latencies in µs; `cpu_us` is the proxy's processor time for
    one request, `busy` the share of the time it was at work."""

    requests_s: float
    p50_us: float
    p99_us: float
    cpu_us: float
    busy: float


class _Report(msgspec.Struct):
    requests: int
    micros: int
    p50: int
    p99: int
    refused: int
    broken: int


def check(lane: Lane) -> None:
    """
    Raises:
        Failed: one request did not get the answer it should.
    """
    connection = http.client.HTTPConnection("127.0.0.1", lane.member.port, timeout=20)
    headers = {"content-type": "application/json", "authorization": "Bearer bench-key"}
    try:
        connection.request("POST", lane.path, lane.body.read_bytes(), headers)
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or lane.proof not in data:
        shown = data[:500].decode("utf-8", "replace")
        raise Failed(f"{lane.name}: status {answer.status}, {lane.proof!r} not in: {shown}")


def run(lane: Lane, seconds: float, *, pinned: bool, rate: float = 0) -> Run:
    """As many requests as go through, or about `rate` a second.

    Raises:
        Failed: not every request was answered with 2xx.
    """
    wrk = program("wrk")
    assert wrk is not None
    delay_ms = round(CONNECTIONS / rate * 1000) if rate else 0
    environment = {
        **os.environ,
        "BENCH_BODY": str(lane.body),
        "BENCH_PATH": lane.path,
        "BENCH_DELAY_MS": str(delay_ms),
    }
    command = [*on_core(LOAD_CORE, pinned=pinned), wrk, "-t1", f"-c{CONNECTIONS}"]
    command += [f"-d{max(1, round(seconds))}s", "-s", str(_SCRIPT), "--timeout", "10s"]
    command.append(f"http://127.0.0.1:{lane.member.port}")
    before = lane.member.cpu_s()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    cpu_s = lane.member.cpu_s() - before
    line = next((line for line in done.stdout.splitlines() if line.startswith(_MARK)), "")
    if not line:
        raise Failed(f"{lane.name}: wrk said: {done.stdout}{done.stderr}")
    report = msgspec.json.decode(line.removeprefix(_MARK), type=_Report)
    if report.refused or report.broken or not report.requests:
        raise Failed(
            f"{lane.name}: of {report.requests} requests {report.refused} were refused "
            f"and {report.broken} connections broke"
        )
    took_s = report.micros / 1_000_000
    return Run(
        requests_s=report.requests / took_s,
        p50_us=report.p50,
        p99_us=report.p99,
        cpu_us=cpu_s / report.requests * 1_000_000,
        busy=cpu_s / took_s,
    )
