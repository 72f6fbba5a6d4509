"""A port for what must know it before it listens, or where nobody is to listen.

Below the range from which systems give out ports by themselves, and claimed by a lock for as long
as the process lives, so that neither another test's socket nor another process's test gets it.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_RANGE = range(12_000, 30_000)
_CLAIMS = Path(tempfile.gettempdir()) / "dragoman-test-ports"


def claimed_port() -> int:
    """A port of 127.0.0.1 that is nobody's, and will be nobody else's."""
    _CLAIMS.mkdir(exist_ok=True)
    for port in random.sample(_RANGE, len(_RANGE)):
        claim = os.open(_CLAIMS / str(port), os.O_CREAT | os.O_RDWR)  # kept until the process ends
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("127.0.0.1", port))
        except OSError:
            os.close(claim)
        else:
            return port
    raise RuntimeError("no free port")
