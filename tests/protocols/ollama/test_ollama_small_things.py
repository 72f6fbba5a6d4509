import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.parts import Media
from dragoman.protocols.ollama.context import context_window
from dragoman.protocols.ollama.images import image_in
from dragoman.protocols.ollama.instants import rfc3339, unix_seconds
from dragoman.protocols.ollama.pairing import CallIds


@pytest.mark.parametrize(
    ("seconds", "stamp"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_795_231_135, "2026-11-21T03:18:55Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ],
)
def test_unix_time_is_written_as_a_utc_stamp(seconds: int, stamp: str) -> None:
    assert rfc3339(seconds) == stamp
    assert unix_seconds(stamp) == seconds


@given(st.integers(min_value=-2_000_000_000, max_value=200_000_000_000))
def test_stamps_agree_with_the_standard_library(seconds: int) -> None:
    moment = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(seconds=seconds)
    assert rfc3339(seconds) == moment.isoformat().replace("+00:00", "Z")
    assert unix_seconds(rfc3339(seconds)) == seconds


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("2025-05-04T17:37:44.706015396-07:00", 1_746_405_464),
        ("2025-05-05T02:37:44+02:00", 1_746_405_464),
        ("2025-05-05 00:37:44z", 1_746_405_464),
        ("yesterday", 0),
        ("", 0),
    ],
)
def test_stamps_are_read_with_zone_and_fraction(stamp: str, seconds: int) -> None:
    assert unix_seconds(stamp) == seconds


@pytest.mark.parametrize(
    ("start", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"GIF87a", "image/gif"),
        (b"RIFF\x24\x12\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\x12\x00\x00WAVEfmt ", ""),
        (b"%PDF-1.7", ""),
    ],
)
def test_the_type_of_an_image_is_told_by_its_first_bytes(start: bytes, mime: str) -> None:
    data = base64.b64encode(start + bytes(20)).decode()

    assert image_in(data) == Media("image", data=data, mime=mime)


def test_a_data_url_is_taken_for_the_data_it_holds() -> None:
    assert image_in("data:image/png;base64,AAAA") == Media("image", data="AAAA", mime="image/png")
    assert image_in("data:;base64,/9j/AAAA") == Media("image", data="/9j/AAAA", mime="image/jpeg")


def test_an_answer_to_nobody_leaves_the_waiting_calls_alone() -> None:
    ids = CallIds()
    ids.called("a", "f")
    ids.answered("unknown")

    assert ids.next_result("f") == "a"
    assert ids.next_result("g") == "a"
    assert ids.name_of("a") == "f"
    assert ids.name_of("b") == ""


@pytest.mark.parametrize(
    ("characters", "limit", "expected"),
    [
        (10, None, 8_192),
        (3 * 4_000, None, 8_192),
        (3 * 4_200, None, 16_384),
        (3 * 20_000, 8_000, 32_768),
        (3 * 20_000, 32_000, 65_536),
        (3_000_000, None, 131_072),
    ],
)
def test_the_window_is_the_next_power_of_two_within_bounds(
    characters: int, limit: int | None, expected: int
) -> None:
    options = {} if limit is None else {"num_predict": limit}

    assert (
        context_window(
            {
                "messages": [{"role": "user", "content": "x" * characters}],
                "options": dict(options),
            }
        )
        == expected
    )


def test_images_count_as_images_and_not_as_text() -> None:
    picture = "A" * 3_000_000

    assert context_window({"messages": [{"role": "user", "images": [picture]}]}) == 8_192
    assert context_window({"messages": [{"role": "user", "images": [picture] * 5}]}) == 16_384


def test_a_growing_conversation_keeps_its_window_until_it_has_outgrown_it() -> None:
    windows = [
        context_window({"messages": [{"role": "user", "content": "word " * 100}] * turns})
        for turns in range(1, 200)
    ]

    assert windows == sorted(windows)
    assert sorted(set(windows)) == [8_192, 16_384, 32_768, 65_536]


def test_tools_and_format_count_too() -> None:
    assert context_window({"messages": [], "tools": ["x" * 20_000]}) == 16_384
    assert context_window({"messages": [], "format": {"description": "x" * 20_000}}) == 16_384
