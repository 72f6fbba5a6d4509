"""`dragoman serve`: configuration found or written, the port taken, the server run until it is
told to stop; then it drains."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import math
import os
import secrets
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from rich.console import Console

from dragoman.cli.welcome import address_of, show_welcome
from dragoman.config.load import find_config, load_bytes, read
from dragoman.config.problems import ConfigError
from dragoman.config.settings import Settings
from dragoman.config.template import write_default
from dragoman.observe.log import logger, set_up
from dragoman.server.app import App
from dragoman.server.gateway import Gateway
from dragoman.server.reload import Reload
from dragoman.storage.database import open_database
from dragoman.storage.seal_key import seal_key
from dragoman.storage.state import State

DRAIN_S = 30
_BACKLOG = 2048
_NEW_OBJECTS_A_COLLECTION = 10_000


def run(config: Path | None, host: str | None, port: int | None) -> int:
    """Runs the gateway; the process's exit status."""
    errors = Console(stderr=True, soft_wrap=True)
    written = ""
    try:
        path = find_config(config, Path.cwd(), Path.home())
        if path is None:
            path = Path.cwd() / "config.yaml"
            write_default(path, "sk-local-" + secrets.token_urlsafe(32))
            written = "./config.yaml"
        data = read(path)
        loaded = load_bytes(data, path)
    except ConfigError as error:
        errors.print(str(error), markup=False, highlight=False)
        return 1
    except OSError as error:
        errors.print(f"cannot write config.yaml here: {error}", markup=False, highlight=False)
        return 1
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = loaded.settings.model_copy(update=changes)
    set_up(settings.effective_log_level, settings.log_format)
    for warning in loaded.warnings:
        logger().warning(str(warning))
    reload = Reload(path, data, settings, changes)
    try:
        listener = _listen(settings)
    except OSError as error:
        errors.print(_why_not(error, settings), markup=False, highlight=False)
        return 1
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(_serve(settings, listener, written, reload))
    except ssl.SSLError as error:
        errors.print(
            f"tls: {settings.tls.cert} and {settings.tls.key} are no certificate with its key: "
            f"{error}",
            markup=False,
            highlight=False,
        )
        return 1
    except OSError as error:
        errors.print(f"data-dir {settings.data_dir}: {error}", markup=False, highlight=False)
        return 1
    return 0


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keep_alive(listener, settings.nonstream_keepalive_interval)
    try:
        listener.bind((settings.host, settings.port))
    except OSError:
        listener.close()
        raise
    return listener


def keep_alive(listener: socket.socket, every_s: float) -> None:
    """Has the connections that come from this listener kept alive below HTTP; 0 = as the system
    does it."""
    if every_s <= 0:
        return
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in ("TCP_KEEPIDLE", "TCP_KEEPALIVE", "TCP_KEEPINTVL"):
        if hasattr(socket, option):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), math.ceil(every_s))


def _why_not(error: OSError, settings: Settings) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {settings.port} is taken; choose another with --port, or stop what holds it"
    if error.errno == errno.EACCES:
        return (
            f"port {settings.port} needs rights this user has not; "
            "choose one above 1023 with --port"
        )
    return (
        f"cannot listen on {settings.host}: {error.strerror or error}; choose another with --host"
    )


async def _serve(settings: Settings, listener: socket.socket, written: str, reload: Reload) -> None:
    state = State(await open_database(settings.data_dir))
    await state.open()
    password = os.environ.get("MANAGEMENT_PASSWORD", "")
    gateway = Gateway(settings, state, seal_key(settings.data_dir), reload, password)
    server = _Server(
        _uvicorn_config(App(gateway), settings),
        lambda: _welcome(gateway, settings, listener, written),
    )
    try:
        await server.serve(sockets=[listener])
    finally:
        await state.close()


class _Server(uvicorn.Server):
    """Tells when it accepts connections; drains on a signal, and then ends like any program: the
    library would end the process by the same signal again, before the state is written."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()
            _spare_what_stays()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def _spare_what_stays() -> None:
    """What the start has made stays for good, so the collector need not look at it again and again,
    and it looks less often: a sixth of a small request's time (docs/performance.md)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_A_COLLECTION, 10, 10)


def _uvicorn_config(app: App, settings: Settings) -> uvicorn.Config:
    tls = settings.tls
    return uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.max_body_mb * 1024 * 1024,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_S,
        ssl_certfile=tls.cert if tls.enable else None,
        ssl_keyfile=tls.key if tls.enable else None,
    )


def _welcome(gateway: Gateway, settings: Settings, listener: socket.socket, written: str) -> None:
    """The whole greeting on a terminal or after a first start; else only the address, for logs
    must not hold the key."""
    address = address_of(settings, listener.getsockname()[1])
    models = [entry.id for entry in gateway.entries()]
    console = Console()
    if written or sys.stdout.isatty():
        key = settings.api_keys[0].reveal() if settings.api_keys else ""
        show_welcome(console, address, key, models, written)
    else:
        console.print(f"dragoman listens on {address}", highlight=False)
