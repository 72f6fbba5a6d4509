"""Local model servers that are up, found by knocking: Ollama, LM Studio, llama.cpp, vLLM.

Never itself: a gateway among them is told by the `x-dragoman` header its answers carry."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from dragoman.errors import DragomanError
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.registry import CODECS
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Call, Deadlines, HttpClient

INTERVAL_S = 30
OWN_MARK = "x-dragoman"
_KNOCK_S = 2.0


class Place(NamedTuple):
    """Where a kind of server listens by default, and what it speaks."""

    name: str
    port: int
    protocol: str
    base_path: str


PLACES = (
    Place("ollama", 11434, "ollama", "/api"),
    Place("lmstudio", 1234, "openai", "/v1"),
    Place("llamacpp", 8080, "openai", "/v1"),
    Place("vllm", 8000, "openai", "/v1"),
)


class Found(NamedTuple):
    host: Host
    models: list[ModelEntry]


async def discover(
    http: HttpClient, deadlines: Deadlines, taken: frozenset[str], own_port: int
) -> list[Found]:
    """The servers that answer now. `taken`: addresses ("127.0.0.1:11434") the user configured."""
    places = [
        place
        for place in PLACES
        if place.port != own_port and f"127.0.0.1:{place.port}" not in taken
    ]
    results = await asyncio.gather(*(_knock(http, place, deadlines) for place in places))
    return [found for found in results if found is not None]


async def _knock(http: HttpClient, place: Place, deadlines: Deadlines) -> Found | None:
    codec = CODECS[place.protocol]
    host = Host(
        name=place.name,
        codec=codec,
        base=f"http://127.0.0.1:{place.port}{place.base_path}",
        hostname="127.0.0.1",
        query=(),
        credentials=(Credential(0, place.name, ()),),
        deadlines=deadlines,
    )
    quick = Deadlines(connect=_KNOCK_S, first_byte=_KNOCK_S, idle=_KNOCK_S)
    call = Call(place.name, "GET", host.url(codec.models_path), [], deadlines=quick)
    try:
        answer = await http.send(call)
        try:
            if answer.status != 200 or answer.header(OWN_MARK):
                return None
            return Found(host, codec.models_in(await answer.read_all()))
        finally:
            answer.close()
    except DragomanError:
        return None
