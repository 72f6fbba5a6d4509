import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.upstreams.raw_host import Asked, Exchange, RawHost, answering, raw_host, whole

from dragoman.errors import Unreachable
from dragoman.upstreams import connecting
from dragoman.upstreams.build import proxy_of
from dragoman.upstreams.http import Call, HttpClient


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed one for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "cert.pem"
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the system's store held the certificate."""
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(connecting, "tls_context", lambda: context)


async def fetched(client: HttpClient, url: str, proxy: str = "") -> bytes:
    answer = await client.send(Call("up", "POST", url, [], b"{}", proxy))
    try:
        return await answer.read_all()
    finally:
        answer.close()


async def test_https_with_a_trusted_certificate_answers_and_is_kept(
    client: HttpClient, serving: ssl.SSLContext, trusting: None
) -> None:
    async with raw_host(answering(whole(b"ok")), serving) as host:
        assert await fetched(client, host.url) == b"ok"
        assert await fetched(client, host.url) == b"ok"
        assert host.connections == 1
        await client.close()


async def test_a_certificate_nobody_vouches_for_is_told(
    client: HttpClient, serving: ssl.SSLContext
) -> None:
    async with raw_host(answering(whole(b"ok")), serving) as host:
        with pytest.raises(Unreachable) as caught:
            await fetched(client, host.url)
    assert caught.value.message == (
        "upstream up: its TLS certificate was not accepted (self-signed certificate)"
    )


async def test_a_host_that_speaks_no_tls_is_told(client: HttpClient) -> None:
    async def plain(exchange: Exchange) -> None:
        await exchange.reader.read(10)
        await exchange.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await exchange.gone()

    async with raw_host(plain) as host:
        with pytest.raises(Unreachable) as caught:
            await fetched(client, f"https://127.0.0.1:{host.port}")
    assert caught.value.message == "upstream up: the TLS handshake failed"


# -- proxies


async def _joined(exchange: Exchange, host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)

    async def copied(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
        sink.close()

    try:
        await asyncio.gather(copied(exchange.reader, writer), copied(reader, exchange.writer))
    finally:
        writer.transport.abort()


async def http_proxy(exchange: Exchange) -> None:
    asked = await exchange.request()
    assert asked is not None
    method, target, _ = asked.line.split(" ")
    assert method == "CONNECT"
    wanted = "Basic " + base64.b64encode(b"me:p@ss").decode()
    if asked.header("proxy-authorization") != wanted:
        await exchange.send(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        exchange.writer.close()
        return
    await exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    host, _, port = target.rpartition(":")
    await _joined(exchange, host, int(port))


async def socks_proxy(exchange: Exchange) -> None:
    read, send = exchange.reader.readexactly, exchange.send
    _, methods = await read(2)
    assert 2 in await read(methods)
    await send(b"\x05\x02")
    _, length = await read(2)
    user = await read(length)
    password = await read((await read(1))[0])
    good = (user, password) == (b"me", b"p@ss")
    await send(b"\x01\x00" if good else b"\x01\x01")
    if not good:
        exchange.writer.close()
        return
    *_, kind = await read(4)
    name = await read(4) if kind == 1 else await read((await read(1))[0])
    host = ".".join(map(str, name)) if kind == 1 else name.decode()
    port = int.from_bytes(await read(2))
    await send(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
    exchange.host.asked.append(Asked(host, [], b""))
    await _joined(exchange, "127.0.0.1", port)


def with_login(proxy: RawHost, scheme: str, login: str = "me:p%40ss") -> str:
    return f"{scheme}://{login}@127.0.0.1:{proxy.port}"


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_a_host_is_reached_through_a_proxy(
    client: HttpClient, serving: ssl.SSLContext, trusting: None, scheme: str, tls: bool
) -> None:
    script = socks_proxy if scheme == "socks5" else http_proxy
    async with (
        raw_host(answering(whole(b"ok")), serving if tls else None) as host,
        raw_host(script, serving if scheme == "https" else None) as proxy,
    ):
        for _ in range(2):
            assert await fetched(client, host.url, with_login(proxy, scheme)) == b"ok"
        assert (proxy.connections, host.connections) == (1, 1)
        assert host.asked[0].line == "POST / HTTP/1.1"
        assert host.asked[0].header("proxy-authorization") is None
        await client.close()


async def test_a_socks_proxy_is_given_the_name_not_an_address(client: HttpClient) -> None:
    async with raw_host(answering(whole(b"ok"))) as host, raw_host(socks_proxy) as proxy:
        url = f"http://no-such-host.invalid:{host.port}"
        assert await fetched(client, url, with_login(proxy, "socks5")) == b"ok"
        assert [asked.line for asked in proxy.asked] == ["no-such-host.invalid"]


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_a_proxy_that_refuses_is_told_without_its_password(
    client: HttpClient, serving: ssl.SSLContext, trusting: None, scheme: str
) -> None:
    script = socks_proxy if scheme == "socks5" else http_proxy
    async with raw_host(script, serving if scheme == "https" else None) as proxy:
        with pytest.raises(Unreachable) as caught:
            await fetched(client, "http://127.0.0.1:9", with_login(proxy, scheme, "me:secret"))
    assert caught.value.message == "upstream up: no connection through its proxy"
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_a_proxy_that_is_not_there_or_breaks_off_is_told(
    client: HttpClient, serving: ssl.SSLContext, trusting: None, scheme: str
) -> None:
    async def rude(exchange: Exchange) -> None:
        await exchange.reader.read(1)
        exchange.writer.close()

    async with raw_host(rude, serving if scheme == "https" else None) as proxy:
        address = with_login(proxy, scheme)
        with pytest.raises(Unreachable, match="no connection through its proxy"):
            await fetched(client, "http://127.0.0.1:9", address)
    with pytest.raises(Unreachable, match="no connection through its proxy"):
        await fetched(client, "http://127.0.0.1:9", address)


def test_a_written_proxy_comes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://env:3128")
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1,.example.com")
    assert proxy_of("socks5://p:1", "https://api.host") == "socks5://p:1"
    assert proxy_of("direct", "https://api.host") == ""
    assert proxy_of("none", "https://api.host") == ""
    assert proxy_of(None, "https://api.host/v1") == "http://env:3128"
    assert proxy_of(None, "http://api.host/v1") == ""
    assert proxy_of(None, "https://127.0.0.1:11434") == ""
    assert proxy_of(None, "https://api.example.com") == ""
    assert proxy_of(None, "") == ""
