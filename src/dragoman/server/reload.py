"""The configuration file, and the files that it reads prompts from, followed while the process
runs: what is valid takes effect for the requests that begin from then on; what is not is refused
with its reasons, and the old one stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from dragoman.admin.secret_key import keep_hashed
from dragoman.config.blocks import kebab
from dragoman.config.load import Loaded, load_bytes
from dragoman.config.problems import ConfigError
from dragoman.config.settings import Settings
from dragoman.config.watch import changes, digest_of
from dragoman.observe.log import logger, set_up

_LOOK_S = 0.5
NEEDS_RESTART = ("host", "port", "tls", "data_dir")


def prompt_files(settings: Settings) -> tuple[Path, ...]:
    """The files that groups read their prompts from."""
    found = (group.prompt.file for group in settings.groups.values())
    return tuple(dict.fromkeys(file for file in found if file is not None))


def states_of(files: Sequence[Path]) -> tuple[object, ...]:
    """What tells a file from what it was."""
    return tuple(map(_state, files))


def _state(file: Path) -> object:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class Reload:
    """`data` is what was read of the file to make `settings`, of which `overrides` are the command
    line's. Opened by the gateway that it reloads. `writing` is held by who changes the file."""

    def __init__(
        self, path: Path, data: bytes, settings: Settings, overrides: Mapping[str, object]
    ) -> None:
        self.path = path
        self.writing = asyncio.Lock()
        self._seen = digest_of(data)
        self._settings = settings
        self._overrides = overrides
        self._apply: Callable[[Settings], None] = lambda settings: None
        self._lock = asyncio.Lock()
        self._told_of_restart: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._turned = asyncio.Event()

    def open(self, apply: Callable[[Settings], None]) -> None:
        """Calls `apply` with every valid configuration from now on."""
        self._apply = apply
        self._tasks = [
            asyncio.create_task(self._follow()),
            asyncio.create_task(self._follow_prompts()),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def now(self) -> None:
        """Takes what stands in the file without waiting to be told of a change."""
        await self._take(await asyncio.to_thread(self.path.read_bytes))

    async def _follow(self) -> None:
        await asyncio.to_thread(keep_hashed, self.path, self._settings)
        async with aclosing(changes(self.path, self._seen)) as found:
            async for data in found:
                try:
                    await self._take(data)
                except Exception as error:  # noqa: BLE001 - the next change must be seen all the same
                    logger().error("the configuration could not be reloaded", exc_info=error)

    async def _follow_prompts(self) -> None:
        """Looks at the prompts' files twice a second; without any, waits for a configuration."""
        files: tuple[Path, ...] = ()
        known: tuple[object, ...] = ()
        while True:
            now = prompt_files(self._settings)
            if not now:
                self._turned.clear()
                await self._turned.wait()
                continue
            states = await asyncio.to_thread(states_of, now)
            if now == files and states != known:
                try:
                    await self._take_again()
                except Exception as error:  # noqa: BLE001 - as above
                    logger().error("a prompt's file could not be reloaded", exc_info=error)
            files, known = now, states
            await asyncio.sleep(_LOOK_S)

    async def _take_again(self) -> None:
        """What stands in the file now, with what its prompts' files say now."""
        data = await asyncio.to_thread(self.path.read_bytes)
        async with self._lock:
            await self._read(data)

    async def _take(self, data: bytes | None) -> None:
        if data is None:
            logger().warning(
                "the configuration file is gone or empty; the last configuration stays in force "
                "until it is back",
                file=str(self.path),
            )
            return
        async with self._lock:
            digest = digest_of(data)
            if digest == self._seen:
                return
            self._seen = digest
            await self._read(data)

    async def _read(self, data: bytes) -> None:
        try:
            loaded = await asyncio.to_thread(load_bytes, data, self.path)
        except ConfigError as error:
            self._refuse(error)
            return
        self._turn_to(loaded)
        await asyncio.to_thread(keep_hashed, self.path, self._settings)

    def _refuse(self, error: ConfigError) -> None:
        for problem in error.problems:
            logger().error(
                "the configuration is refused; the old one stays in force",
                reason=problem.told(self.path),
            )

    def _turn_to(self, loaded: Loaded) -> None:
        for warning in loaded.warnings:
            logger().warning(str(warning))
        old = self._settings
        written = loaded.settings.model_copy(update=dict(self._overrides))
        fixed = {name: getattr(old, name) for name in NEEDS_RESTART}
        self._tell_of_restart({name for name in fixed if getattr(written, name) != fixed[name]})
        settings = written.model_copy(update=fixed)
        changed = [
            kebab(name)
            for name in type(settings).model_fields
            if getattr(settings, name) != getattr(old, name)
        ]
        if not changed:
            return
        self._apply(settings)
        self._settings = settings
        self._turned.set()
        if (settings.effective_log_level, settings.log_format) != (
            old.effective_log_level,
            old.log_format,
        ):
            set_up(settings.effective_log_level, settings.log_format)
        logger().info("configuration reloaded", changed=", ".join(changed))

    def _tell_of_restart(self, names: set[str]) -> None:
        for name in sorted(names - self._told_of_restart):
            logger().warning(f"{kebab(name)} has changed in the file; this needs a restart")
        self._told_of_restart = names
