"""An error behind events that passed unread goes on with their numbers."""

import json

from dragoman.errors import Broken
from dragoman.neutral.requests import Request
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_responses.codec import CODEC


def failed(response_id: str, last: bytes) -> dict[str, object]:
    reply = Reply(Request("responses", "m", ()), "m", lambda prefix: prefix + "new", float, 0)
    assert CODEC.fail_behind is not None
    frames = CODEC.fail_behind(Broken("it was cut"), response_id, last, reply)
    event, data = frames.decode().rstrip("\n").split("\n")
    assert event == "event: response.failed"
    found = json.loads(data.removeprefix("data: "))
    assert found["response"]["error"]["message"] == "it was cut"
    return {"number": found["sequence_number"], "id": found["response"]["id"]}


def test_the_number_follows_the_last_one_the_client_has_had() -> None:
    last = b'data: {"sequence_number":8}\n\ndata: {"sequence_number": 9,"delta":"x"}\n\n'
    assert failed("resp_1", last) == {"number": 10, "id": "resp_1"}


def test_without_any_event_the_stream_begins_with_its_error() -> None:
    assert failed("", b"") == {"number": 0, "id": "resp_new"}
