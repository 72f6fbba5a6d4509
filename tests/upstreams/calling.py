"""Calls of a raw host as the tests of the HTTP client make them."""

from tests.upstreams.raw_host import RawHost

from dragoman.upstreams.http import Call, Deadlines, Headers, HttpClient

LONG = Deadlines()


def call(
    host: RawHost,
    method: str = "POST",
    body: bytes = b"{}",
    deadlines: Deadlines = LONG,
    headers: Headers | None = None,
) -> Call:
    return Call("up", method, host.url + "/v1/x?a=b", headers or [], body, deadlines=deadlines)


async def fetched(client: HttpClient, one: Call) -> bytes:
    answer = await client.send(one)
    try:
        return await answer.read_all()
    finally:
        answer.close()
