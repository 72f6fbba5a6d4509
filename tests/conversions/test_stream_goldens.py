"""Recorded upstream streams (`streams/<scene>.<protocol>.txt`) as every client receives them
(`stream_goldens/`), however the network cuts them."""

from __future__ import annotations

import pytest
from tests.conversions.goldens import STREAM_GOLDENS, STREAMS
from tests.conversions.pipeline import PROTOCOLS, Exchange

from dragoman.neutral.events import Failed

_RECORDED = sorted(path.stem for path in STREAMS.glob("*.txt"))
_PAIRS = [(name, client) for name in _RECORDED for client in PROTOCOLS]


def _stream(name: str) -> tuple[bytes, str]:
    return (STREAMS / f"{name}.txt").read_bytes(), name.rpartition(".")[2]


@pytest.mark.parametrize(("name", "client"), _PAIRS)
def test_a_stream_becomes_what_its_golden_says(
    name: str, client: str, update_goldens: bool
) -> None:
    data, upstream = _stream(name)

    received = Exchange(upstream, client).streamed([data])

    golden = STREAM_GOLDENS / f"{name}.to-{client}.txt"
    if update_goldens:
        golden.write_bytes(received)
    assert received.decode() == golden.read_bytes().decode()


@pytest.mark.parametrize("name", _RECORDED)
def test_a_stream_cut_at_every_byte_gives_the_same_events(name: str) -> None:
    data, upstream = _stream(name)

    def told(*pieces: bytes) -> str:
        return repr(Exchange(upstream, "anthropic").events(pieces))

    whole = told(data)

    for at in range(1, len(data)):
        assert told(data[:at], data[at:]) == whole, f"cut at byte {at}"
    assert told(*(bytes([b]) for b in data)) == whole


@pytest.mark.parametrize(("name", "client"), _PAIRS)
def test_a_client_receives_the_same_from_single_bytes_and_events(name: str, client: str) -> None:
    data, upstream = _stream(name)
    exchange = Exchange(upstream, client)
    by_bytes = exchange.streamed([bytes([b]) for b in data])

    golden = (STREAM_GOLDENS / f"{name}.to-{client}.txt").read_bytes()

    assert by_bytes == golden


@pytest.mark.parametrize("name", [n for n in _RECORDED if n.startswith(("error", "cut"))])
def test_only_a_broken_stream_ends_as_a_failure(name: str) -> None:
    data, upstream = _stream(name)

    last = Exchange(upstream, "openai").events([data])[-1]

    assert isinstance(last, Failed)


def test_every_stream_golden_has_its_recording() -> None:
    wanted = {f"{name}.to-{client}.txt" for name, client in _PAIRS}

    assert {path.name for path in STREAM_GOLDENS.glob("*.txt")} == wanted
