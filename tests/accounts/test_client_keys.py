import pytest

from dragoman.accounts.client_keys import ClientKeys, shown_keys
from dragoman.errors import Unauthenticated

KEYS = ClientKeys([("key-1", "sk-one"), ("key-2", "sk-two")])


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([("authorization", "Bearer sk-two")], ""),
        ([("authorization", "bearer  sk-two ")], ""),
        ([("authorization", "sk-two")], ""),
        ([("x-api-key", "sk-two")], ""),
        ([("x-goog-api-key", "sk-two")], ""),
        ([], "key=sk-two"),
        ([], "alt=sse&auth_token=sk%2Dtwo"),
        ([("authorization", "Bearer wrong"), ("x-api-key", "sk-two")], ""),
        ([("x-api-key", "wrong"), ("x-goog-api-key", "wrong")], "key=wrong&key=sk-two"),
    ],
)
def test_a_key_is_found_wherever_a_client_may_put_it(
    headers: list[tuple[str, str]], query: str
) -> None:
    assert KEYS.admit(headers, query, loopback=False) == "key-2"


def test_the_first_known_key_wins() -> None:
    headers = [("x-goog-api-key", "sk-one"), ("authorization", "Bearer sk-two")]
    assert shown_keys(headers, "key=sk-one") == ["sk-two", "sk-one", "sk-one"]
    assert KEYS.admit(headers, "key=sk-one", loopback=False) == "key-2"


def test_an_unknown_key_is_401_also_from_this_machine() -> None:
    with pytest.raises(Unauthenticated, match=r"^unknown API key; send one") as caught:
        KEYS.admit([("x-api-key", "sk-three")], "", loopback=True)
    assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    assert "sk-three" not in caught.value.message


def test_no_key_is_401_and_says_so() -> None:
    with pytest.raises(Unauthenticated, match=r"^no API key in the request; send one"):
        KEYS.admit([("authorization", "Bearer ")], "key=", loopback=True)


def test_without_configured_keys_only_this_machine_is_served() -> None:
    open_ = ClientKeys([])
    assert not open_.any
    assert KEYS.any
    assert open_.admit([("x-api-key", "whatever")], "", loopback=True) == ""
    with pytest.raises(Unauthenticated, match="add api-keys to its configuration"):
        open_.admit([("x-api-key", "whatever")], "", loopback=False)


def test_a_key_of_any_bytes_is_compared_and_not_a_crash() -> None:
    with pytest.raises(Unauthenticated):
        KEYS.admit([("x-api-key", "\x80\xff")], "key=%ff%fe", loopback=False)
