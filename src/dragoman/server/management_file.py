"""The configuration file as the management routes change it: one change at a time, in force when
the answer comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from dragoman.admin.config_file import ConfigFile
from dragoman.admin.refusals import Refused

if TYPE_CHECKING:
    from dragoman.server.gateway import Gateway


def file_of(gateway: Gateway) -> ConfigFile:
    """
    Raises:
        Refused: there is no file.
    """
    if gateway.reload is None:
        raise Refused(404, "not found", "this gateway runs without a configuration file")
    return ConfigFile(gateway.reload.path)


async def changed_file(gateway: Gateway, change: Callable[[ConfigFile], None]) -> None:
    """Changes the file and puts it in force.

    Raises:
        Refused.
    """
    file = file_of(gateway)
    assert gateway.reload is not None
    async with gateway.reload.writing:
        await asyncio.to_thread(change, file)
        await gateway.reload.now()
