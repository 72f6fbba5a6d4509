"""A request that nobody reads names its model somewhere; only that is written anew."""

import pytest

from dragoman.exchange.model_places import Unread

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n\x00\xff\r\n'
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n%s\r\n--b--\r\n'
)
KIND = "multipart/form-data; boundary=b"


def unread(path: str = "/files", query: str = "", body: bytes = b"", kind: str = "") -> Unread:
    return Unread(path, query, body, kind)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (unread(body=FORM % b"qwen@w", kind=KIND), unread(body=FORM % b"new/w", kind=KIND)),
        (
            unread(body=b'{ "n": 1.0,"model" : "qwen@w" }'),
            unread(body=b'{ "n": 1.0,"model" : "new/w" }'),
        ),
        (unread(query="a=1&model=qwen%40w&b="), unread(query="a=1&model=new%2Fw&b=")),
        (unread("/models/qwen@w:predict"), unread("/models/new/w:predict")),
        (
            unread("/models/other:predict", query="model=qwen@w"),
            unread("/models/other:predict", query="model=new%2Fw"),
        ),
    ],
)
def test_the_model_is_found_and_exchanged_in_its_place(before: Unread, after: Unread) -> None:
    assert before.model == "qwen@w"
    assert before.with_model("new/w") == after
    assert before.with_model("qwen@w") is before


@pytest.mark.parametrize(
    "one",
    [
        unread(),
        unread(body=b"\xff{"),
        unread(body=b'{"model": 1}'),
        unread(body=b"--b--", kind=KIND),
    ],
)
def test_a_request_may_name_none(one: Unread) -> None:
    assert one.model == ""
