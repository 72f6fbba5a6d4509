from collections.abc import AsyncIterator

import pytest

from dragoman.upstreams.http import HttpClient


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.close()
