"""How dragoman names itself to providers: by its own name and version, never another program's."""

from __future__ import annotations

import platform
import socket

from dragoman import __version__
from dragoman.accounts.fetching import Headers

USER_AGENT = f"dragoman/{__version__}"


def device_headers(device_id: str) -> Headers:
    """What Kimi's login wants to know of the device that logs in."""
    return [
        ("x-msh-platform", "dragoman"),
        ("x-msh-version", __version__),
        ("x-msh-device-name", _plain(socket.gethostname())),
        ("x-msh-device-model", _plain(f"{platform.system()} {platform.machine()}")),
        ("x-msh-device-id", device_id),
    ]


def _plain(text: str) -> str:
    return "".join(sign if " " <= sign <= "~" else "?" for sign in text)
