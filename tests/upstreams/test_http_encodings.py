import gzip
import zlib

import brotli
import pytest
import zstandard
from tests.upstreams.calling import call, fetched
from tests.upstreams.raw_host import answering, chunk, chunked, raw_host, whole

from dragoman.errors import Broken
from dragoman.upstreams.http import HttpClient

TEXT = b'{"text":"' + b"words " * 500 + b'"}'


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


ENCODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "Deflate": raw_deflate(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    "identity": TEXT,
}


@pytest.mark.parametrize("encoding", list(ENCODED))
@pytest.mark.parametrize("size", [1, 13, 100_000])
async def test_a_compressed_answer_is_decoded_at_any_cut(
    client: HttpClient, encoding: str, size: int
) -> None:
    data = ENCODED[encoding]
    head = chunked()[0].replace(b"\r\n\r\n", f"\r\ncontent-encoding: {encoding}\r\n\r\n".encode())
    pieces = [chunk(data[at : at + size]) for at in range(0, len(data), size)]
    async with raw_host(answering(head, *pieces, b"0\r\n\r\n")) as host:
        assert await fetched(client, call(host)) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "snappy"])
async def test_a_damaged_or_unknown_encoding_is_a_fault_that_names_it(
    client: HttpClient, encoding: str
) -> None:
    body = b"\x07this is none of them, and long enough to show it" * 20
    head = whole(body).replace(b"\r\n\r\n", f"\r\ncontent-encoding: {encoding}\r\n\r\n".encode(), 1)
    async with raw_host(answering(head)) as host:
        with pytest.raises(Broken, match=rf"^upstream up sent a damaged {encoding} body$"):
            await fetched(client, call(host))
