"""The gateway as the SDK suite runs it: `python -m dragoman serve` in a process of its own, with a
configuration written for the occasion. What changes with the command line changes here alone."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.ports import claimed_port

CLIENT_KEY = "sk-of-the-client"
START_LIMIT_S = 30.0


def exists() -> bool:
    """Whether there is a gateway to run yet."""
    found = importlib.util.find_spec("dragoman.cli")
    return found is not None and importlib.util.find_spec("dragoman.cli.main") is not None


@contextmanager
def gateway_process(
    folder: Path, upstreams: Sequence[dict[str, object]], **settings: object
) -> Iterator[str]:
    """The gateway's address (without a path) while it runs. `upstreams` and `settings` are the
    configuration's own keys, `_` for `-`. JSON is YAML: that is how the file is written."""
    port = claimed_port()
    config: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "data-dir": str(folder / "data"),
        "api-keys": [CLIENT_KEY],
        "discover": False,
        "auth-dir": "/nonexistent/logins",
        "upstreams": list(upstreams),
        **{name.replace("_", "-"): value for name, value in settings.items()},
    }
    file = folder / "config.yaml"
    file.write_text(json.dumps(config, indent=1), encoding="utf-8")
    file.chmod(0o600)
    command = [sys.executable, "-m", "dragoman", "serve", "--config", str(file)]
    log = folder / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port)], stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@asynccontextmanager
async def gateway(
    folder: Path, upstreams: Sequence[dict[str, object]], **settings: object
) -> AsyncIterator[str]:
    """The same for asynchronous tests."""
    with gateway_process(folder, upstreams, **settings) as base_url:
        yield base_url


def wait_until_healthy(base_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{base_url}/healthz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"the gateway did not start:\n{log.read_text(errors='replace')[-4000:]}")
