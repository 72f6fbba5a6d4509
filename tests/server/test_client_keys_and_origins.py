"""Who is admitted: keys wherever clients put them, hosts and origins."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from tests.fakes import FAKES, serve
from tests.server.running import KEY, OTHER_KEY, app_of, asked, running

from dragoman.server.guard import Guard, is_loopback

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 9}


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": f"Bearer {KEY}"}, ""),
        ({"authorization": f"bearer {KEY}"}, ""),
        ({"authorization": KEY}, ""),
        ({"x-api-key": KEY}, ""),
        ({"x-goog-api-key": KEY}, ""),
        ({}, f"?key={KEY}"),
        ({}, f"?auth_token={KEY}"),
        ({"authorization": "Bearer placeholder", "x-api-key": KEY}, ""),
        ({"authorization": "Bearer unused", "x-goog-api-key": "no"}, f"?key=x&key={KEY}"),
    ],
)
async def test_a_key_is_taken_from_any_place_and_goes_no_further(
    headers: dict[str, str], query: str
) -> None:
    for protocol, path in (
        ("openai", "/v1/chat/completions"),
        ("anthropic", "/v1/messages"),
        ("ollama", "/api/chat"),
    ):
        fake = FAKES[protocol](models=["m"])
        async with serve(fake) as url:
            upstream = {
                "name": "up",
                "protocol": protocol,
                "base-url": url,
                "keys": ["up-key"],
                "models": [{"name": "m"}],
            }
            body = {**CHAT, "stream": False}
            if protocol == "ollama":
                body = {"model": "m", "messages": CHAT["messages"], "stream": False}
            given = {**headers, "anthropic-version": "2023-06-01"}
            answer = await asked(
                app_of([upstream]),
                "POST",
                path + query,
                json.dumps(body).encode(),
                headers=given,
                key="",
            )
        assert answer.status == 200, answer.body
        (got,) = fake.requests
        assert KEY not in repr(got)
        assert not {"key", "auth_token"} & set(got.query)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v1/chat/completions", ("error", "code", "invalid_api_key")),
        ("/v1/responses", ("error", "code", "invalid_api_key")),
        ("/v1/messages", ("error", "type", "authentication_error")),
        ("/v1beta/models/m:generateContent", ("error", "status", "UNAUTHENTICATED")),
        ("/v1/models/m:generateContent", ("error", "status", "UNAUTHENTICATED")),
    ],
)
async def test_a_wrong_key_is_401_in_the_clients_shape(
    path: str, place: tuple[str, str, str]
) -> None:
    for key, words in (("sk-wrong", "unknown API key"), ("", "no API key")):
        answer = await asked(app_of(), "POST", path, b"{}", key=key)
        assert answer.status == 401
        error = answer.json[place[0]]
        assert error[place[1]] == place[2]
        assert words in error["message"]
        assert "sk-wrong" not in error["message"]


async def test_a_wrong_key_at_an_ollama_route_is_ollamas_error() -> None:
    answer = await asked(app_of(), "POST", "/api/chat", b"{}", key="sk-wrong")
    assert (answer.status, list(answer.json)) == (401, ["error"])


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_without_keys_this_machine_is_served(peer: str) -> None:
    answer = await asked(app_of(api_keys=[]), "GET", "/v1/models", key="", peer=peer)
    assert answer.status == 200


@pytest.mark.parametrize("peer", ["10.1.2.3", "203.0.113.9", "2001:db8::1", "nonsense"])
async def test_without_keys_nobody_else_is(peer: str) -> None:
    answer = await asked(app_of(api_keys=[]), "GET", "/v1/models", key="any", peer=peer)
    assert answer.status == 401
    assert "add api-keys" in answer.json["error"]["message"]


async def test_ollama_routes_can_be_open_to_this_machine_alone() -> None:
    app = app_of(ollama_open_on_loopback=True)
    body = b'{"model":"echo","messages":[{"role":"user","content":"hi"}],"stream":false}'
    assert (await asked(app, "GET", "/api/tags", key="")).status == 200
    assert (await asked(app, "POST", "/ollama/api/chat", body, key="")).status == 200
    assert (await asked(app, "GET", "/api/tags", key="", peer="10.0.0.1")).status == 401
    assert (await asked(app, "GET", "/v1/models", key="")).status == 401
    assert (await asked(app_of(), "GET", "/api/tags", key="")).status == 401


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8317", "LOCALHOST:1", "a.localhost", "127.0.0.1:8317",
             "[::1]:8317", "192.168.1.5", "gw.example.com", "gw.example.com:443", "here.lan"]
)  # fmt: skip
async def test_own_names_and_addresses_are_served(host: str) -> None:
    app = app_of(allowed_hosts=["gw.example.com"], host="here.lan")
    for _ in range(2):
        assert (await asked(app, "GET", "/healthz", host=host)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "gw.example.com.evil", "", "[", "[::1", "@"]
)
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/chat/completions", "permission_denied"),
        ("/v1/messages", "permission_error"),
        ("/v1beta/models/m:generateContent", "PERMISSION_DENIED"),
        ("/api/chat", ""),
    ],
)
async def test_a_foreign_host_is_403_in_the_clients_shape(host: str, path: str, kind: str) -> None:
    answer = await asked(app_of(allowed_hosts=["gw.example.com"]), "POST", path, host=host)
    assert answer.status == 403
    error = answer.json["error"]
    message = error if isinstance(error, str) else error["message"]
    assert "allowed-hosts" in message
    if kind:
        assert kind in (error.get("type"), error.get("status"), error.get("code"))


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8317", 200),
        ("http://LOCALHOST:8317", 200),
        ("http://localhost:9999", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
    ],
)
async def test_only_pages_of_the_gateway_itself_may_ask(origin: str, status: int) -> None:
    answer = await asked(app_of(), "GET", "/v1/models", headers={"origin": origin})
    assert answer.status == status
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_guard_remembers_a_bounded_number_of_hosts() -> None:
    guard = Guard([])
    for number in range(300):
        guard.check(f"127.0.0.1:{number}", "")
    assert len(guard._known) == 100


def test_only_loopback_addresses_are_this_machine() -> None:
    assert is_loopback("127.0.0.1")
    assert not is_loopback("::ffff:10.0.0.1")
    assert not is_loopback("localhost")


async def test_the_gateway_listens_on_ipv6_too() -> None:
    async with running(app_of(), host="::1") as address, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{address}/v1/models", headers={"x-api-key": KEY})
        assert answer.status_code == 200


async def test_no_key_is_ever_written(capfd: pytest.CaptureFixture[str]) -> None:
    fake = FAKES["openai"](models=["m"], key="sk-of-the-upstream-42")
    async with serve(fake) as url:
        upstream = {
            "name": "up",
            "protocol": "openai",
            "base-url": url,
            "keys": ["sk-of-the-upstream-42", "sk-wrong-upstream-43"],
            "models": [{"name": "m"}],
        }
        app = app_of([upstream], log_level="debug")
        async with running(app) as address, httpx.AsyncClient(trust_env=False) as http:
            for text in ("Hello", "fail 401", "fail 500", "cut", "nothing"):
                for stream in (True, False):
                    body = {
                        "model": "m",
                        "messages": [{"role": "user", "content": text}],
                        "stream": stream,
                    }
                    await http.post(
                        f"http://{address}/v1/chat/completions?key={OTHER_KEY}",
                        json=body,
                        headers={"authorization": f"Bearer {KEY}"},
                    )
            await http.get(f"http://{address}/v1/models?key=sk-unknown-44")
    await asyncio.sleep(0)
    out, err = capfd.readouterr()
    assert err.count("request id=") == 11
    for secret in (
        KEY,
        OTHER_KEY,
        "sk-of-the-upstream-42",
        "sk-wrong-upstream-43",
        "sk-unknown-44",
    ):
        assert secret not in out + err
