"""A disk without room, for root too."""

import contextlib
import resource
from collections.abc import Iterator

LARGE = 600_000


@contextlib.contextmanager
def no_more_disk() -> Iterator[None]:
    """No file of this size can be written, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE // 2, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
