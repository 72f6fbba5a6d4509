"""Lines typed or piped in. Read byte by byte, without a buffer: what a prompt leaves is there for
the next reader, and a reader that waits does not keep the process from ending."""

from __future__ import annotations

import os

STDIN = 0


def read_line() -> str:
    """The next line with its end; "" when there is none."""
    line = bytearray()
    while not line.endswith(b"\n"):
        try:
            byte = os.read(STDIN, 1)
        except OSError:
            break
        if not byte:
            break
        line += byte
    return line.decode("utf-8", "replace")
