"""`make faults`: a pool of five credentials behind upstreams that fail three attempts in ten.

10,000 requests, streamed and not, over every pair of client and upstream protocols; each must be
answered as if nothing had happened. Prints the figures that docs/reliability.md holds."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.answers import TEXT
from tests.faults.client import PROTOCOLS, Told, ask
from tests.faults.upstream import PASSING, FaultyUpstream, faulty_upstream
from tests.ports import claimed_port
from tests.sdk.gateway import CLIENT_KEY, gateway

from dragoman.upstreams.http import HttpClient

KEYS = [f"key-{number}" for number in range(5)]
FIRST_BYTE_S = 2
_QUANTILES = (0.5, 0.95, 0.99)


@dataclass
class Figures:
    seconds: float = 0
    attempts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)

    def share(self, quantile: float) -> float:
        ordered = sorted(self.latencies_s)
        return ordered[min(int(len(ordered) * quantile), len(ordered) - 1)]


def chooser(rate: float, seed: int) -> Callable[[str], str]:
    """A seeded fault, or none, for each attempt."""
    chance = random.Random(seed)

    def choose(_key: str) -> str:
        return chance.choice(PASSING) if chance.random() < rate else ""

    return choose


@contextlib.asynccontextmanager
async def flapping(port: int, target: int, rate: float) -> AsyncIterator[int]:
    """A port that refuses connections for this share of the time, and passes the others on."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            other, onward = await asyncio.open_connection("127.0.0.1", target)
            await asyncio.gather(pump(reader, onward), pump(other, writer))

    async def flap() -> None:
        while True:
            server = await asyncio.start_server(accept, "127.0.0.1", port)
            await asyncio.sleep(1 - rate)
            server.close()
            await asyncio.sleep(rate)

    task = asyncio.create_task(flap())
    try:
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def upstreams(port: int, refusing_port: int) -> list[dict[str, object]]:
    """Each protocol's pool: four credentials of one host, and the fifth behind a port that refuses
    connections now and then."""
    out: list[dict[str, object]] = []
    for protocol in PROTOCOLS:
        base = {"openai": "/v1", "responses": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}
        path = f"/{protocol}{base.get(protocol, '/api')}"
        shared = {"protocol": protocol, "models": [{"name": "m", "alias": f"m-{protocol}"}]}
        for name, place, keys in (("", port, KEYS[:4]), ("-flapping", refusing_port, KEYS[4:])):
            url = f"http://127.0.0.1:{place}{path}"
            out.append({"name": protocol + name, "base-url": url, "keys": keys, **shared})
    return out


async def endure(
    folder: Path, requests: int, at_once: int, rate: float, seed: int
) -> tuple[Figures, FaultyUpstream]:
    figures = Figures()
    pairs = [(c, u, s) for u in PROTOCOLS for c in PROTOCOLS for s in (True, False)]
    todo = iter(range(requests))
    spare = claimed_port()
    async with (
        faulty_upstream(chooser(rate, seed)) as (upstream, port),
        flapping(spare, port, rate) as refusing,
        gateway(
            folder,
            upstreams(port, refusing),
            timeouts={"connect": 2, "first-byte": FIRST_BYTE_S},
            log_level="warning",
        ) as base_url,
    ):
        http = HttpClient()

        async def work() -> None:
            for number in todo:
                client, protocol, stream = pairs[number % len(pairs)]
                began = time.monotonic()
                told = await ask(http, base_url, CLIENT_KEY, client, f"m-{protocol}", stream=stream)
                figures.latencies_s.append(time.monotonic() - began)
                if wrong(told):
                    figures.failures.append(f"{client} → {protocol}, stream={stream}: {told}")

        began = time.monotonic()
        await asyncio.gather(*(work() for _ in range(at_once)))
        figures.seconds = time.monotonic() - began
        await http.close()
    figures.attempts = len(upstream.asked)
    figures.faults = Counter(one.fault for one in upstream.asked if one.fault)
    return figures, upstream


def wrong(told: Told) -> bool:
    return told.status != 200 or told.error != "" or told.text != TEXT


def report(figures: Figures, requests: int) -> str:
    failed = sum(figures.faults.values())
    lines = [
        f"requests                {requests:>8,}",
        f"failures seen by clients{len(figures.failures):>8,}",
        f"attempts that arrived   {figures.attempts:>8,}",
        f"of them failed          {failed:>8,}  ({failed / figures.attempts:.1%})",
        f"seconds                 {figures.seconds:>8.1f}",
        *(f"latency p{q * 100:<3.0f}            {figures.share(q):>8.3f} s" for q in _QUANTILES),
        f"slowest                 {max(figures.latencies_s):>8.3f} s",
        "",
        *(f"  {name:<22}{count:>8,}" for name, count in sorted(figures.faults.items())),
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures, _ = asyncio.run(
            endure(Path(folder), asked.requests, asked.at_once, asked.rate, asked.seed)
        )
    print(report(figures, asked.requests))  # noqa: T201 - its purpose
    for failure in figures.failures[:20]:
        print(failure)  # noqa: T201
    return 1 if figures.failures else 0


if __name__ == "__main__":
    sys.exit(main())
