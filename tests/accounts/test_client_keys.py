import hashlib

import pytest

from dragoman.accounts.client_keys import NO_KEY, ClientKeys, key_name, new_key, shown_keys
from dragoman.errors import Unauthenticated
from dragoman.storage.client_keys import ClientKey

NOW_S = 1_800_000_000.0
DAY_S = 86400.0


def keys_of(*written: str, made: list[ClientKey] | None = None) -> ClientKeys:
    keys = ClientKeys(lambda: NOW_S)
    keys.take_written(written)
    keys.take_made(made or [])
    return keys


def made(
    text: str,
    name: str = "laptop",
    expires_at: float | None = None,
    revoked_at: float | None = None,
) -> ClientKey:
    digest = hashlib.sha256(text.encode()).digest()
    return ClientKey(f"k-{name}", name, digest, expires_at=expires_at, revoked_at=revoked_at)


KEYS = keys_of("sk-one", "sk-two")
TWO = key_name("sk-two")


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
    assert KEYS.admit(headers, query, loopback=False).id == TWO


def test_the_first_known_key_wins() -> None:
    headers = [("x-goog-api-key", "sk-one"), ("authorization", "Bearer sk-two")]
    assert shown_keys(headers, "key=sk-one") == ["sk-two", "sk-one", "sk-one"]
    assert KEYS.admit(headers, "key=sk-one", loopback=False).id == TWO


def test_an_unknown_key_is_401_also_from_this_machine() -> None:
    with pytest.raises(Unauthenticated, match=r"^unknown API key; send one") as caught:
        KEYS.admit([("x-api-key", "sk-three")], "", loopback=True)
    assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    assert "sk-three" not in caught.value.message


def test_no_key_is_401_and_says_so() -> None:
    with pytest.raises(Unauthenticated, match=r"^no API key in the request; send one"):
        KEYS.admit([("authorization", "Bearer ")], "key=", loopback=True)


def test_without_configured_keys_only_this_machine_is_served() -> None:
    open_ = keys_of()
    assert not open_.any
    assert KEYS.any
    assert open_.admit([("x-api-key", "whatever")], "", loopback=True) is NO_KEY
    with pytest.raises(Unauthenticated, match="add api-keys to its configuration"):
        open_.admit([("x-api-key", "whatever")], "", loopback=False)


def test_a_key_of_any_bytes_is_compared_and_not_a_crash() -> None:
    with pytest.raises(Unauthenticated):
        KEYS.admit([("x-api-key", "\x80\xff")], "key=%ff%fe", loopback=False)


def test_a_made_key_is_the_record_it_was_made_with() -> None:
    one = made("sk-made")
    keys = keys_of("sk-one", made=[one])
    assert keys.admit([("x-api-key", "sk-made")], "", loopback=False) is one
    assert keys.owner_of(["unknown", "sk-made"]) == "k-laptop"
    assert keys.owner_of(["unknown"]) is None


def test_an_expired_and_a_revoked_key_are_401_and_say_so() -> None:
    keys = keys_of(
        made=[
            made("sk-old", "old", expires_at=NOW_S - DAY_S),
            made("sk-gone", "gone", revoked_at=NOW_S, expires_at=NOW_S - DAY_S),
            made("sk-good", "good", expires_at=NOW_S + 1),
        ]
    )
    with pytest.raises(Unauthenticated) as caught:
        keys.admit([("x-api-key", "sk-old")], "", loopback=True)
    assert caught.value.message == (
        "this API key (old) expired on 2027-01-14; send one of the gateway's api-keys as a "
        "Bearer token, x-api-key or x-goog-api-key"
    )
    with pytest.raises(Unauthenticated, match=r"^this API key \(gone\) was revoked on 2027-01-15;"):
        keys.admit([("x-api-key", "sk-gone")], "", loopback=True)
    assert keys.owner_of(["sk-gone", "sk-old"]) is None
    both = [("x-api-key", "sk-old"), ("x-goog-api-key", "sk-good")]
    assert keys.admit(both, "", loopback=False).name == "good"


def test_once_a_key_was_made_this_machine_needs_one_too_also_when_it_is_revoked() -> None:
    keys = keys_of(made=[made("sk-gone", revoked_at=NOW_S)])
    assert keys.any
    with pytest.raises(Unauthenticated, match="no API key in the request"):
        keys.admit([], "", loopback=True)


def test_a_new_key_has_256_random_bits_and_only_its_hash_is_kept() -> None:
    text, digest = new_key()
    other, _ = new_key()
    assert text != other
    assert text.startswith("sk-dragoman-")
    assert len(text) == len("sk-dragoman-") + 43
    assert digest == hashlib.sha256(text.encode()).digest()
