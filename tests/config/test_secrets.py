import json

import pytest
from pydantic import ValidationError

from dragoman.config.secrets import Secret
from dragoman.config.upstreams import Key


def test_a_long_secret_shows_its_ends_only() -> None:
    secret = Secret("sk-live-0123456789abcdef3f2a")
    assert str(secret) == "sk-l…3f2a"
    assert repr(secret) == "Secret('sk-l…3f2a')"
    assert f"{secret}" == "sk-l…3f2a"
    assert secret.reveal() == "sk-live-0123456789abcdef3f2a"


def test_a_short_secret_shows_nothing_and_an_empty_one_is_false() -> None:
    assert str(Secret("hunter2")) == "…"
    assert str(Secret("")) == ""
    assert not Secret("")
    assert Secret("x")


def test_secrets_are_equal_by_value_and_unlike_plain_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("ä")}) == 2


def test_a_block_with_a_secret_masks_it_in_repr_and_json() -> None:
    key = Key(key=Secret("sk-live-0123456789abcdef3f2a"), proxy_url="http://u:pw@proxy:1")
    assert "0123456789" not in repr(key)
    assert "pw" not in repr(key)
    assert json.loads(key.model_dump_json(by_alias=True))["key"] == "sk-l…3f2a"
    assert key.model_dump()["key"] == "sk-l…3f2a"


def test_numbers_are_taken_as_text_and_blanks_around_trimmed() -> None:
    assert Key.model_validate({"key": 12345}).key.reveal() == "12345"
    assert Key.model_validate({"key": "  sk-a\n"}).key.reveal() == "sk-a"


@pytest.mark.parametrize("value", ["two\nlines-of-it", ["sk-listed"], True])
def test_an_error_about_a_secret_never_quotes_it(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Key.model_validate({"key": value})
    (error,) = caught.value.errors()
    assert error["type"] == "secret"
    assert "lines-of-it" not in error["msg"]
    assert "sk-listed" not in error["msg"]
