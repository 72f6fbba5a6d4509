"""Responses over WebSocket, as Codex speaks it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest
from tests.fakes import ChatFake, ResponsesFake, serve
from tests.server.running import ECHO, KEY, OTHER_KEY, app_of, running
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from dragoman.server.app import App

ENDS = {"response.completed", "response.failed", "response.incomplete", "error"}


def opening(address: str, path: str = "/v1/responses", **headers: str) -> connect:
    given = {"authorization": f"Bearer {KEY}", "openai-beta": "responses_websockets=2026-02-06"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return connect(f"ws://{address}{path}", additional_headers={**given, **named}, proxy=None)


async def sent(socket: ClientConnection, **body: object) -> None:
    await socket.send(json.dumps({"type": "response.create", "model": "echo", **body}))


async def events(socket: ClientConnection) -> list[Any]:
    out: list[Any] = []
    while not out or out[-1]["type"] not in ENDS:
        frame = await asyncio.wait_for(socket.recv(), 10)
        assert isinstance(frame, str)
        out.append(json.loads(frame))
    return out


async def answered(socket: ClientConnection, **body: object) -> Any:
    """The finished response's object, or the error frame."""
    await sent(socket, **body)
    last = (await events(socket))[-1]
    return last.get("response", last)


def user(text: str) -> dict[str, object]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def text_of(response: Any) -> str:
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/responses",
        "/backend-api/codex/responses",
        "/openai/v1/responses",
        "/openai/backend-api/codex/responses",
        "/v1/responses/",
    ],
)
@pytest.mark.parametrize("compression", ["deflate", None])
async def test_codex_warms_up_and_goes_on_with_new_items_alone(
    path: str, compression: str | None
) -> None:
    fake = ChatFake(models=["m"])
    async with serve(fake) as url, running(chat_app(url)) as address:
        link = connect(
            f"ws://{address}{path}",
            additional_headers={"authorization": f"Bearer {KEY}"},
            compression=compression,
            proxy=None,
        )
        async with link as socket:
            common = {"model": "m", "store": False, "stream": True}
            developer = {**user("Be brief."), "role": "developer"}
            await sent(socket, **common, generate=False, input=[developer])
            warm = await events(socket)
            assert [event["type"] for event in warm] == [
                "response.created",
                "response.in_progress",
                "response.completed",
            ]
            assert warm[-1]["response"]["output"] == []
            assert fake.requests == []
            first = await answered(
                socket,
                **common,
                previous_response_id=warm[-1]["response"]["id"],
                input=[user("echo: one")],
            )
            assert text_of(first) == "one"
            second = await answered(
                socket,
                **common,
                previous_response_id=first["id"],
                input=[user("echo: two")],
            )
            assert text_of(second) == "two"
    told = [(message["role"], message["content"]) for message in fake.last["messages"]]
    roles = [role for role, _ in told]
    assert roles in (
        ["system", "user", "assistant", "user"],
        ["developer", "user", "assistant", "user"],
    )
    assert "one" in json.dumps(told[2])
    assert "Be brief." in json.dumps(told[0])


def chat_app(url: str) -> App:
    upstream = {
        "name": "up",
        "protocol": "openai",
        "base-url": url,
        "keys": ["up-key"],
        "models": [{"name": "m"}],
    }
    return app_of([upstream, ECHO], streaming={"keepalive-seconds": 1})


async def test_each_event_is_one_frame_numbered_in_order() -> None:
    async with running(app_of()) as address, opening(address) as socket:
        await sent(socket, input="Hello there", store=False)
        got = await events(socket)
    assert [event["sequence_number"] for event in got] == list(range(len(got)))
    assert "response.output_item.done" in [event["type"] for event in got]


async def test_two_frames_at_once_are_answered_one_after_the_other() -> None:
    async with running(app_of()) as address, opening(address) as socket:
        await sent(socket, input="first")
        await sent(socket, input="second")
        one, two = await events(socket), await events(socket)
    assert text_of(one[-1]["response"]) == "first"
    assert text_of(two[-1]["response"]) == "second"


@pytest.mark.parametrize(
    ("frame", "status", "words"),
    [
        ("{no json", 400, "not valid JSON"),
        ("[]", 400, "expected an object"),
        ('"text"', 400, "expected an object"),
        ('{"type":"response.cancel"}', 400, "response.create"),
        ('{"model":"echo"}', 400, "response.create"),
        ('{"type":"response.create","model":"nobody","input":"x"}', 404, "not served here"),
        ('{"type":"response.create","input":"x"}', 400, "model"),
        ('{"type":"response.create","model":7,"input":"x"}', 400, "model"),
        ('{"type":"response.create","model":"nobody","generate":false}', 404, "not served here"),
        ('{"type":"response.create","model":"echo","input":[7]}', 400, "input"),
        ('{"type":"response.create","model":"echo","input":{"a":1}}', 400, "input"),
        (
            '{"type":"response.create","model":"echo","previous_response_id":"resp_no"}',
            400,
            "'resp_no' not found",
        ),
        (
            '{"type":"response.create","model":"echo","previous_response_id":7,"input":"x"}',
            400,
            "previous_response_id",
        ),
    ],
)
async def test_a_bad_frame_gets_an_error_frame_and_the_connection_stays(
    frame: str, status: int, words: str
) -> None:
    async with running(app_of()) as address, opening(address) as socket:
        await socket.send(frame)
        error = (await events(socket))[-1]
        assert (error["type"], error["status"]) == ("error", status)
        assert words in error["error"]["message"]
        assert text_of(await answered(socket, input="still here")) == "still here"


async def test_frames_of_bytes_are_read_too() -> None:
    async with running(app_of()) as address, opening(address) as socket:
        await socket.send(b'{"type":"response.create","model":"echo","input":"bytes"}')
        assert text_of((await events(socket))[-1]["response"]) == "bytes"


async def test_an_upstreams_429_is_a_503_frame_and_the_connection_stays() -> None:
    async with (
        serve(ChatFake(models=["m"])) as url,
        running(chat_app(url)) as address,
        opening(address) as socket,
    ):
        error = await answered(socket, model="m", input="fail 429")
        assert (error["type"], error["status"]) == ("error", 503)
        assert "told to fail with 429" in error["error"]["message"]
        last = await answered(socket, model="m", input="cut")
        assert last["status"] == "failed"
        assert text_of(await answered(socket, input="still here")) == "still here"


async def test_the_upstream_is_closed_when_the_client_leaves_in_mid_response() -> None:
    fake = ChatFake(models=["m"])
    async with serve(fake) as url, running(chat_app(url)) as address:
        socket = await opening(address)
        await sent(socket, model="m", input="stall")
        while "output_text.delta" not in str(await socket.recv()):
            pass
        await socket.close()
        await asyncio.wait_for(fake.disconnected.wait(), 2)


async def test_keepalives_never_become_frames() -> None:
    fake = ChatFake(models=["m"])
    async with serve(fake) as url, running(chat_app(url)) as address, opening(address) as socket:
        await sent(socket, model="m", input="stall")
        got: list[Any] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.6):
                while True:
                    got.append(json.loads(await socket.recv()))
    assert got
    assert all(event["type"].startswith("response.") for event in got)
    assert [event["sequence_number"] for event in got] == list(range(len(got)))


async def refused(link: connect) -> tuple[int, Any]:
    with pytest.raises(InvalidStatus) as caught:
        await link
    response = caught.value.response
    return response.status_code, json.loads(response.body or b"null")


async def test_a_handshake_is_refused_with_a_status_and_a_reason() -> None:
    async with running(app_of()) as address:
        status, body = await refused(opening(address, authorization="Bearer wrong"))
        assert (status, body["error"]["code"]) == (401, "invalid_api_key")
        status, body = await refused(opening(address, origin="https://evil.example"))
        assert status == 403
        assert "evil.example" in body["error"]["message"]
        status, body = await refused(opening(address, "/v1/realtime"))
        assert status == 404
        assert "/v1/realtime" in body["error"]["message"]


async def test_a_response_of_another_key_is_not_found() -> None:
    async with running(app_of()) as address:
        async with opening(address) as socket:
            mine = await answered(socket, input="kept")
        async with opening(address, authorization=f"Bearer {OTHER_KEY}") as socket:
            error = await answered(socket, input="x", previous_response_id=mine["id"])
            assert error["error"]["code"] == "previous_response_not_found"
        async with opening(address) as socket:
            again = await answered(socket, input="more", previous_response_id=mine["id"])
            assert text_of(again) == "more"


async def test_compaction_gives_exactly_one_item_that_every_upstream_reads_as_text() -> None:
    fake = ChatFake(models=["m"])
    async with serve(fake) as url, running(chat_app(url)) as address, opening(address) as socket:
        items = [user("echo: the gist"), {"type": "compaction_trigger"}]
        await sent(socket, model="m", store=False, input=items)
        got = await events(socket)
        done = [e["item"] for e in got if e["type"] == "response.output_item.done"]
        assert [item["type"] for item in done] == ["compaction"]
        assert got[-1]["response"]["output"] == done
        await answered(socket, model="m", store=False, input=[done[0], user("echo: on")])
    assert "Summary of the conversation" in json.dumps(fake.last["messages"])


async def test_a_conversation_its_upstream_keeps_goes_on_there() -> None:
    fake = ResponsesFake(models=["m"])
    async with serve(fake) as url:
        upstream = {
            "name": "up",
            "protocol": "responses",
            "base-url": url,
            "keys": ["up-key"],
            "models": [{"name": "m"}],
        }
        async with running(app_of([upstream])) as address:
            async with opening(address) as socket:
                mine = await answered(socket, model="m", store=True, input="echo: kept")
            async with opening(address) as socket:
                again = await answered(
                    socket, model="m", input="echo: on", previous_response_id=mine["id"]
                )
    assert text_of(again) == "on"
    assert fake.last["previous_response_id"] == mine["id"]


async def test_with_the_management_key_each_response_is_explained_instead() -> None:
    manage = {"secret-key": "the-management-key"}
    app = app_of(remote_management=manage)
    headers = {"x_dragoman_explain": "1", "x_management_key": "the-management-key"}
    async with running(app) as address, opening(address, **headers) as socket:
        for model in ("echo", "nobody"):
            await sent(socket, model=model, input="Hello")
            told = json.loads(await asyncio.wait_for(socket.recv(), 10))
            assert told["type"] == "dragoman.explanation"
            assert told["explanation"]["model"] == model
        assert told["explanation"]["decision"] == "nobody is asked"


async def test_without_the_management_key_nothing_is_explained_over_websocket() -> None:
    manage = {"secret-key": "the-management-key"}
    app = app_of(remote_management=manage)
    async with running(app) as address, opening(address, x_dragoman_explain="1") as socket:
        error = await answered(socket, input="Hello")
    assert (error["type"], error["status"]) == ("error", 401)
