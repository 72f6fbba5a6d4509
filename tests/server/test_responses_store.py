"""Responses that are kept: for the next request, for retrieval, for their owner alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import AnthropicFake, ChatFake, ResponsesFake, serve
from tests.server.running import KEY, OTHER_KEY, Answered, app_of, asked

from dragoman.accounts.client_keys import key_name
from dragoman.server.app import App
from dragoman.storage.database import open_database
from dragoman.storage.state import State


def served_by(protocol: str, url: str, **changes: object) -> dict[str, object]:
    return {
        "name": "up",
        "protocol": protocol,
        "base-url": url,
        "keys": ["up-key"],
        "models": [{"name": "m"}],
        **changes,
    }


async def created(app: App, **body: object) -> Answered:
    data = json.dumps({"model": "m", **body}).encode()
    return await asked(app, "POST", "/v1/responses", data)


def text_of(response: Any) -> str:
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
    )


@pytest.mark.parametrize("fake", [ChatFake(models=["m"]), AnthropicFake(models=["m"])])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_previous_response_is_written_out_for_an_upstream_that_keeps_none(
    fake: ChatFake | AnthropicFake, stream: bool
) -> None:
    async with serve(fake) as url:
        app = app_of([served_by(fake.protocol, url)])
        first = await created(app, input="echo: one", stream=stream)
        id_ = first.json["id"] if not stream else _completed(first)["id"]
        second = await created(app, input="echo: two", previous_response_id=id_)
        third = await created(app, input="echo: three", previous_response_id=second.json["id"])
    assert text_of(third.json) == "three"
    roles = [message["role"] for message in fake.last["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    told = json.dumps(fake.last["messages"])
    assert told.index("echo: one") < told.index("echo: two") < told.index("echo: three")


def _completed(answer: Answered) -> Any:
    frames = [line[6:] for line in answer.body.splitlines() if line.startswith(b"data: ")]
    return json.loads(frames[-1])["response"]


async def test_a_response_is_its_keys_alone_and_can_be_read_and_deleted() -> None:
    app = app_of()
    kept = (await created(app, model="echo", input="hello")).json
    path = f"/v1/responses/{kept['id']}"
    assert (await asked(app, "GET", path)).json == kept
    for method in ("GET", "DELETE"):
        other = await asked(app, method, path, key=OTHER_KEY)
        assert (other.status, other.json["error"]["param"]) == (404, "id")
    data = json.dumps({"model": "echo", "input": "x", "previous_response_id": kept["id"]})
    stranger = await asked(app, "POST", "/v1/responses", data.encode(), key=OTHER_KEY)
    assert (stranger.status, stranger.json["error"]["code"]) == (
        400,
        "previous_response_not_found",
    )
    gone = await asked(app, "DELETE", path)
    assert gone.json == {"id": kept["id"], "object": "response", "deleted": True}
    assert (await asked(app, "GET", path)).status == 404


async def test_what_is_not_to_be_stored_is_not() -> None:
    app = app_of()
    kept = (await created(app, model="echo", input="hello", store=False)).json
    assert (await asked(app, "GET", f"/v1/responses/{kept['id']}")).status == 404
    answer = await created(app, model="echo", input="x", previous_response_id=kept["id"])
    assert (answer.status, answer.json["error"]["code"]) == (400, "previous_response_not_found")
    assert answer.json["error"]["param"] == "previous_response_id"


async def test_the_oldest_response_goes_after_a_thousand_and_all_after_a_day() -> None:
    now = [0.0]
    app = app_of(state=State(clock=lambda: now[0]))
    stored = app.gateway.stored
    for number in range(1_001):
        stored.keep({"id": f"resp_{number}"}, [], key_name(KEY))
    assert (await asked(app, "GET", "/v1/responses/resp_0")).status == 404
    assert (await asked(app, "GET", "/v1/responses/resp_1")).status == 200
    now[0] = 86_400
    assert (await asked(app, "GET", "/v1/responses/resp_1000")).status == 404


async def test_responses_are_bounded_in_bytes_too() -> None:
    app = app_of()
    big = "x" * (20 * 1024 * 1024)
    for number in range(4):
        app.gateway.stored.keep({"id": f"resp_{number}", "t": big}, [], key_name(KEY))
    found = [(await asked(app, "GET", f"/v1/responses/resp_{n}")).status for n in range(4)]
    assert found == [404, 200, 200, 200]


async def test_a_restart_keeps_them(tmp_path: Path) -> None:
    state = State(await open_database(tmp_path))
    await state.open()
    kept = (await created(app_of(state=state), model="echo", input="hello")).json
    await state.close()
    again = State(await open_database(tmp_path))
    await again.open()
    app = app_of(state=again)
    assert (await asked(app, "GET", f"/v1/responses/{kept['id']}")).json == kept
    await again.close()


async def test_what_an_upstream_keeps_stays_with_the_account_that_has_it() -> None:
    fake = ResponsesFake(models=["m"], key="")
    async with serve(fake) as url:
        app = app_of([served_by("responses", url, keys=["key-a", "key-b"])])
        begun = [(await created(app, input="echo: kept", store=True)).json for _ in range(2)]
        accounts = [request.header("authorization") for request in fake.requests]
        assert accounts == ["Bearer key-a", "Bearer key-b"]
        for first, account in zip(begun[::-1], accounts[::-1], strict=True):
            again = await created(app, input="echo: on", previous_response_id=first["id"])
            assert text_of(again.json) == "on"
            path = f"/v1/responses/{first['id']}"
            assert (await asked(app, "GET", path)).json == first
            assert (await asked(app, "DELETE", path)).json["deleted"] is True
            assert [r.header("authorization") for r in fake.requests[-3:]] == [account] * 3
            assert (await asked(app, "GET", path)).status == 404
    (post,) = [r for r in fake.requests if r.json.get("previous_response_id")][-1:]
    assert post.json["input"] == "echo: on"


def user(text: str) -> dict[str, object]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


@pytest.mark.parametrize("stream", [True, False])
async def test_a_compaction_trigger_is_answered_with_one_item(stream: bool) -> None:
    fake = ChatFake(models=["m"])
    async with serve(fake) as url:
        app = app_of([served_by("openai", url)])
        items = [user("echo: the gist"), {"type": "compaction_trigger"}]
        answer = await created(app, input=items, stream=stream, store=False)
        response = _completed(answer) if stream else answer.json
        (item,) = response["output"]
        assert item["type"] == "compaction"
        await created(app, input=[item, user("echo: on")], store=False)
        assert "Summary of the conversation" in json.dumps(fake.last)
        blob = item["encrypted_content"]
        broken = {**item, "encrypted_content": blob[:-4] + ("AAAA" if blob[-4:] != "AAAA" else "B")}
        answer = await created(app, input=[broken, user("echo: on")], store=False)
        assert answer.status == 200
        assert "Summary of the conversation" not in json.dumps(fake.last)
        assert blob[:40] not in json.dumps(fake.last)


async def test_compact_answers_with_a_conversation_made_short() -> None:
    fake = ChatFake(models=["m"])
    async with serve(fake) as url:
        app = app_of([served_by("openai", url)])
        data = json.dumps({"model": "m", "input": [user("echo: the gist")]}).encode()
        for path in ("/v1/responses/compact", "/backend-api/codex/responses/compact"):
            answer = await asked(app, "POST", path, data)
            assert answer.status == 200, answer.body
            assert answer.json["object"] == "response.compaction"
            assert [item["type"] for item in answer.json["output"]][-1] == "compaction"
        answer = await asked(app, "POST", "/v1/responses/compact", b'{"model":7}')
        assert (answer.status, answer.json["error"]["param"]) == (400, "model")
