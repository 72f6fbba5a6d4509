"""Sealed states in a field that must be base64."""

from __future__ import annotations

import base64

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import ReasoningState, Text
from dragoman.protocols.gemini.requests_in import request_in
from dragoman.protocols.gemini.signatures import ENCODED_SEAL, from_field, to_field

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.text(LETTERS))
def test_a_sealed_state_survives_either_alphabet_with_or_without_padding(body: str) -> None:
    field = to_field(f"dgm1.{body}")
    safe = field.replace("+", "-").replace("/", "_")
    assert field.startswith(ENCODED_SEAL)
    for back in (field, safe, field.rstrip("="), safe.rstrip("=")):
        assert from_field(back) == f"dgm1.{body}"


@pytest.mark.parametrize(
    "signature",
    ["CiQB-_+/==", "skip_thought_signature_validator", "ZGdtMS", "ZGdtMS!", "ZGdtMSB4", "ZGdtMS7/"],
)
def test_what_is_no_sealed_state_is_never_touched(signature: str) -> None:
    assert from_field(signature) == signature
    assert to_field(signature) == signature


def test_googles_sdk_reads_the_field_and_a_client_sends_the_state_back() -> None:
    part = types.Part.model_validate({"text": "", "thoughtSignature": to_field("dgm1.a-b_c")})
    assert part.thought_signature == b"dgm1.a-b_c"
    echoed = base64.urlsafe_b64encode(part.thought_signature).decode()
    body = request_in(
        {"model": "m", "contents": [{"parts": [{"text": "", "thought_signature": echoed}]}]},
        Losses(),
    )
    assert body.turns[0].parts == (Text("", state=ReasoningState("dgm1.a-b_c", "gemini")),)
