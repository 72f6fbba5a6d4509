"""Upstream headers whose value is copied from the client's request."""

from tests.exchange.frames import STREAMS
from tests.exchange.world import asking, path_of, upstream, world
from tests.upstreams.raw_host import answering, raw_host, whole

from dragoman.upstreams.hosts import Credential


def test_a_copied_header_has_the_clients_value_and_is_left_out_without_one() -> None:
    headers = (("x-api-key", "k"), ("x-team", "$X-Team"), ("x-user", "$X-User"))
    credential = Credential(0, "label", headers, copies=("x-team", "x-user"))
    assert credential.sent([("x-team", "blue"), ("x-team", "red")]) == {
        "x-api-key": "k",
        "x-team": "blue",
    }


async def test_a_copied_header_reaches_the_upstream_in_conversion_too() -> None:
    async with (
        raw_host(answering(whole(STREAMS["openai"].whole))) as host,
        world(upstream("openai", host.url, "m-1", headers={"X-Team": "$X-Our-Team"})) as here,
    ):
        for client in ("openai", "anthropic"):
            path = path_of(client, "m-1", stream=False)
            body = asking(client, "m-1", "hi", stream=False)
            reply = await here.post(path, body, **{"x-our-team": "blue"})
            assert reply.status_code == 200
    assert [asked.header("x-team") for asked in host.asked] == ["blue", "blue"]
