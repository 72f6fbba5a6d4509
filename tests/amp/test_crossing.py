"""The parts of the way to Amp's server and back that need no server."""

from __future__ import annotations

import gzip
import zlib

import pytest

from dragoman.amp import crossing
from dragoman.amp.gunzip import Gunzip, is_sound
from dragoman.amp.masked import Mask

ORIGIN = "https://ampcode.com"


def of_client(text: str) -> bool:
    return text == "sk-client"


def test_what_connection_names_is_the_connections_own() -> None:
    headers = [("connection", "keep-alive, X-Hop"), ("x-hop", "1"), ("upgrade", "h2c"), ("a", "b")]
    assert crossing.up(headers, ORIGIN, of_client, basic=False) == [("a", "b")]


def test_a_client_key_goes_nowhere_whatever_header_it_stands_in() -> None:
    headers = [("x-own", "sk-client"), ("cookie", "x"), ("x-other", "Bearer sk-client")]
    assert crossing.up(headers, ORIGIN, of_client, basic=False) == [("cookie", "x")]


def test_a_user_and_password_goes_on_only_where_it_may() -> None:
    headers = [("authorization", "Basic YTpi")]
    assert crossing.up(headers, ORIGIN, of_client, basic=True) == headers
    assert crossing.up(headers, ORIGIN, of_client, basic=False) == []
    bearer = [("authorization", "Bearer token-of-amp")]
    assert crossing.up(bearer, ORIGIN, of_client, basic=True) == []


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ""),
        ("a=1&key=sk-client&b=%2F", "a=1&b=%2F"),
        ("key=other&auth_token=sk%2Dclient", "key=other"),
        ("other=sk-client", "other=sk-client"),
    ],
)
def test_a_key_leaves_the_query_only_where_it_is_the_clients(query: str, wanted: str) -> None:
    assert crossing.query(query, of_client) == wanted


@pytest.mark.parametrize(
    ("location", "wanted"),
    [
        (f"{ORIGIN}/threads", "/threads"),
        (ORIGIN, "/"),
        (f"{ORIGIN}?x=1", "?x=1"),
        (f"{ORIGIN}.evil.example/x", f"{ORIGIN}.evil.example/x"),
        ("https://auth.example/login", "https://auth.example/login"),
        ("/relative", "/relative"),
    ],
)
def test_redirects_to_amps_server_lead_to_the_gateway(location: str, wanted: str) -> None:
    assert crossing.back([("location", location)], ORIGIN, secure=False) == [("location", wanted)]


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_are_the_gateways_own(secure: bool) -> None:
    cookie = "a=secure; Domain=.ampcode.com; Secure; SameSite=None; Path=/"
    kept = "a=secure; Secure; SameSite=None; Path=/" if secure else "a=secure; SameSite=Lax; Path=/"
    assert crossing.back([("set-cookie", cookie)], ORIGIN, secure=secure) == [("set-cookie", kept)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_key_is_masked_however_the_answer_is_cut(size: int) -> None:
    mask = Mask("abcabcabd")
    data = b"abcabc abcabcabcabd abcabcab" + b"abcabcabd" * 2 + b"abc"
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    out = b"".join(map(mask.feed, pieces)) + mask.finish()
    assert out == data.replace(b"abcabcabd", b"*" * 9)


def test_only_what_may_be_the_keys_beginning_waits() -> None:
    mask = Mask("secret-key")
    assert mask.feed(b"data: x\n\n") == b"data: x\n\n"
    assert (mask.feed(b"my sec"), mask.finish()) == (b"my ", b"sec")


def test_no_key_and_a_short_one_are_not_looked_for() -> None:
    for key in ("", "short"):
        assert Mask(key).feed(b"short") == b"short"
        assert Mask(key).text("short") == "short"


@pytest.mark.parametrize("size", [1, 10, 100_000])
def test_gzip_of_several_parts_is_expanded_however_it_is_cut(size: int) -> None:
    data = gzip.compress(b"one " * 1000) + gzip.compress(b"two")
    gunzip = Gunzip()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert (
        b"".join(out for piece in pieces for out in gunzip.feed(piece)) == b"one " * 1000 + b"two"
    )
    assert gunzip.whole


def test_a_large_body_is_expanded_in_bounded_pieces() -> None:
    data = gzip.compress(bytes(80 * 1024 * 1024), 1)
    assert is_sound(data, ended=True)
    assert max(map(len, Gunzip().feed(data))) <= 256 * 1024


def test_what_only_begins_as_gzip_is_none() -> None:
    data = gzip.compress(b"x" * 100)
    assert not is_sound(data[:-4], ended=True)
    assert is_sound(data[:-4], ended=False)
    assert not is_sound(data[:-8] + b"00000000", ended=True)
    with pytest.raises(zlib.error):
        list(Gunzip().feed(data[:-8] + b"00000000"))
