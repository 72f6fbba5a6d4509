"""A request that is over is gone at once, body and all, without the collector: it runs seldom here
(`cli/serve.py`), and what it has to find first stays in memory until then."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.exchange.world import asking, path_of, upstream, world
from tests.fakes import FAKES, in_thread

from dragoman.exchange.job import Job

MODELS = {
    "openai": "qwen3-coder",
    "responses": "gpt-4.1",
    "anthropic": "claude-haiku-4-5",
    "gemini": "gemini-2.5-flash",
    "ollama": "qwen3",
}


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[dict[str, object]]]:
    with ExitStack() as stack:
        fakes = {name: fake(models=[MODELS[name]]) for name, fake in FAKES.items()}
        urls = {name: stack.enter_context(in_thread(fake)) for name, fake in fakes.items()}
        yield [upstream(name, url, MODELS[name], name=name) for name, url in urls.items()]


def jobs() -> int:
    return sum(isinstance(one, Job) for one in gc.get_objects())


async def none_left() -> bool:
    """The client has its answer before the gateway has closed it."""
    for _ in range(200):
        if jobs() == 0:
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_request_that_is_over_is_gone(hosts: list[dict[str, object]], stream: bool) -> None:
    async with world(*hosts) as here:
        gc.collect()
        gc.disable()
        try:
            for client in FAKES:
                for model in MODELS.values():
                    body = asking(client, model, "hello", stream=stream)
                    answer = await here.post(path_of(client, model, stream=stream), body)
                    assert answer.status_code == 200, answer.text
                    assert await none_left(), f"{client} to {model}"
        finally:
            gc.enable()
