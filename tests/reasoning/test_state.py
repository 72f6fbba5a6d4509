"""Foreign reasoning state goes out sealed and comes back to its place: cliproxyapi.md §6.3 case 37,
and the carriers of DESIGN.md."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.events import (
    Event,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Media, Part, Reasoning, ReasoningState, Refusal, Text, ToolCall
from dragoman.neutral.requests import ProtocolName, Request, Role, Turn
from dragoman.neutral.responses import fold
from dragoman.reasoning.carrier import is_sealed, seal, unseal
from dragoman.reasoning.passage import fits, unsealed
from dragoman.reasoning.sealing import StateSealer, needs_sealing

KEY = b"k" * 32
STATE = ReasoningState("c2ln", "gemini", "google", "key-1")


def sealed_state(state: ReasoningState, client: ProtocolName = "anthropic") -> ReasoningState:
    """What a client's decoder makes of a sealed field."""
    return ReasoningState(seal(state, KEY), client)


def on_call(call_id: str) -> ReasoningState:
    return ReasoningState("c2ln", "gemini", "google", "key-1", call_id)


@given(*[st.text()] * 5)
def test_any_state_survives_its_seal(
    blob: str, protocol: str, upstream: str, credential: str, call_id: str
) -> None:
    state = ReasoningState(blob, protocol, upstream, credential, call_id)
    text = seal(state, KEY)
    assert is_sealed(text)
    assert text.startswith("dgm1.")
    assert "=" not in text
    assert unseal(text, KEY) == state
    assert seal(state, KEY) == text


def test_a_changed_forged_or_broken_seal_is_none() -> None:
    text = seal(STATE, KEY)
    assert unseal(text, b"another") is None
    raw = bytearray(base64.urlsafe_b64decode(text[5:] + "=" * (-len(text[5:]) % 4)))
    for at in range(len(raw)):
        changed = bytes(raw[:at]) + bytes([raw[at] ^ 1]) + bytes(raw[at + 1 :])
        assert unseal("dgm1." + base64.urlsafe_b64encode(changed).decode(), KEY) is None
    for broken in ("dgm1.", "dgm1.a", "dgm1.!!!!", "dgm1.é", "dgm1.AAAA", "c2ln", text[:-2]):
        assert unseal(broken, KEY) is None
    assert not is_sealed("c2ln")


def test_a_seal_of_another_version_is_none() -> None:
    payload = b"\x01"
    mac = hmac.new(KEY, payload, hashlib.sha256).digest()[:16]
    assert unseal("dgm1." + base64.urlsafe_b64encode(payload + mac).decode(), KEY) is None


@pytest.mark.parametrize(
    ("state", "fit"),
    [
        (STATE, True),
        (ReasoningState("b", "gemini"), True),
        (ReasoningState("b", "gemini", "google"), True),
        (ReasoningState("b", "anthropic"), False),
        (ReasoningState("b", "gemini", "other"), False),
        (ReasoningState("b", "gemini", "google", "key-2"), False),
    ],
)
def test_a_state_goes_to_its_own_account_or_bare_to_its_protocol(
    state: ReasoningState, fit: bool
) -> None:
    assert fits(state, "gemini", "google", "key-1") is fit


def turn(role: Role, *parts: Part) -> Turn:
    return Turn(role, parts)


def opened(*turns: Turn) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    losses = Losses()
    return unsealed(Request("anthropic", "m", turns), KEY, losses).turns, losses.fields


def test_a_request_without_seals_comes_back_as_the_same_object() -> None:
    native = Reasoning("hm", ReasoningState("bare", "anthropic"))
    request = Request("anthropic", "m", (turn("assistant", native, Refusal("no")),))
    assert unsealed(request, KEY, Losses()) is request


def test_a_sealed_state_becomes_real_where_it_stands() -> None:
    image = Media("image", data="aa", state=sealed_state(STATE))
    turns, losses = opened(
        turn("user", Text("hi"), Text("signed", state=sealed_state(STATE))),
        turn("assistant", Reasoning("hm", sealed_state(STATE)), Reasoning("", sealed_state(STATE))),
        turn("assistant", ToolCall("a", "f", "{}", state=sealed_state(STATE)), image),
    )
    assert turns == (
        turn("user", Text("hi"), Text("signed", state=STATE)),
        turn("assistant", Reasoning("hm", STATE), Reasoning("", STATE)),
        turn(
            "assistant",
            ToolCall("a", "f", "{}", state=STATE),
            Media("image", data="aa", state=STATE),
        ),
    )
    assert losses == ()


def test_case_37_a_calls_state_is_attached_to_it_again_and_its_carrier_is_gone() -> None:
    first, second = ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")
    turns, losses = opened(
        turn("assistant", Reasoning("", sealed_state(on_call("b")))),
        turn("assistant", Reasoning("hm", sealed_state(on_call("a"))), first),
        turn("system", Text("s")),
        turn("assistant", second, Reasoning("own")),
    )
    assert turns == (
        turn("assistant", Reasoning("hm"), ToolCall("a", "f", "{}", state=STATE)),
        turn("system", Text("s")),
        turn("assistant", ToolCall("b", "f", "{}", state=STATE), Reasoning("own")),
    )
    assert losses == ()


def test_case_37_a_calls_state_never_crosses_a_user_turn() -> None:
    call = ToolCall("a", "f", "{}")
    turns, losses = opened(
        turn("assistant", Reasoning("", sealed_state(on_call("a"))), Text("x")),
        turn("user", Text("hi")),
        turn("assistant", call),
    )
    assert turns == (
        turn("assistant", Text("x")),
        turn("user", Text("hi")),
        turn("assistant", call),
    )
    assert losses == ("reasoning state",)


def test_case_37_a_forged_carrier_is_dropped_and_recorded() -> None:
    forged = ReasoningState("dgm1.AAAA", "anthropic")
    turns, losses = opened(
        turn("assistant", Reasoning("", forged), Reasoning("hm", forged), Text("x", state=forged)),
        turn("assistant", Refusal("no")),
        turn("user", Text("hi")),
    )
    assert turns == (
        turn("assistant", Reasoning("hm"), Text("x")),
        turn("assistant", Refusal("no")),
        turn("user", Text("hi")),
    )
    assert losses == ("reasoning state",)


def test_a_texts_state_finds_the_text_after_or_before_its_carrier() -> None:
    after, before = sealed_state(on_call("#next-text")), sealed_state(on_call("#previous-text"))
    turns, losses = opened(
        turn("assistant", Reasoning("", after), ToolCall("c", "f", "{}"), Text("x"), Text("y")),
        turn("assistant", Text("z"), Reasoning("", before)),
    )
    assert turns == (
        turn("assistant", ToolCall("c", "f", "{}"), Text("x", state=STATE), Text("y")),
        turn("assistant", Text("z", state=STATE)),
    )
    assert losses == ()


@pytest.mark.parametrize("place", ["#next-text", "#previous-text"])
def test_a_texts_state_without_its_text_is_lost(place: str) -> None:
    turns, losses = opened(turn("assistant", Reasoning("", sealed_state(on_call(place)))))
    assert turns == ()
    assert losses == ("reasoning state",)


def sent(client: ProtocolName, *events: Event) -> list[Event]:
    sealer = StateSealer(client, KEY)
    return [out for event in events for out in sealer.apply(event)]


@pytest.mark.parametrize(
    ("client", "upstream", "needed"),
    [
        ("anthropic", "gemini", True),
        ("gemini", "responses", True),
        ("responses", "responses", False),
        ("openai", "gemini", False),
        ("ollama", "anthropic", False),
    ],
)
def test_sealing_is_needed_between_protocols_where_the_client_has_a_field(
    client: ProtocolName, upstream: ProtocolName, needed: bool
) -> None:
    assert needs_sealing(client, upstream) is needed


def foreign(call_id: str = "") -> ReasoningState:
    """What a sealed event carries: the sealed blob under its own protocol."""
    state = on_call(call_id)
    return ReasoningState(seal(state, KEY), "gemini", "google", "key-1", call_id)


def carrier(index: int, place: str) -> list[Event]:
    return [PartStarted(index, Reasoning()), StateDelta(index, foreign(place)), PartEnded(index)]


CALLS: list[Event] = [
    Started("id"),
    PartStarted(0, Reasoning()),
    TextDelta(0, "hm"),
    StateDelta(0, STATE),
    PartEnded(0),
    PartStarted(1, ToolCall("a", "f", "", state=STATE)),
    InputDelta(1, "{}"),
    PartStarted(2, ToolCall("b", "f", "")),
    PartEnded(1),
    InputDelta(2, "{}"),
    PartEnded(2),
    Ping(),
    Finished("tool-call"),
]


@pytest.mark.parametrize("client", ["anthropic", "responses"])
def test_a_calls_state_goes_on_a_reasoning_part_before_it(client: ProtocolName) -> None:
    assert sent(client, *CALLS) == [
        Started("id"),
        PartStarted(0, Reasoning()),
        TextDelta(0, "hm"),
        StateDelta(0, foreign()),
        PartEnded(0),
        *carrier(1, "a"),
        PartStarted(2, ToolCall("a", "f", "")),
        InputDelta(2, "{}"),
        PartStarted(3, ToolCall("b", "f", "")),
        PartEnded(2),
        InputDelta(3, "{}"),
        PartEnded(3),
        Ping(),
        Finished("tool-call"),
    ]


def test_a_gemini_client_has_its_own_states_bare_and_in_place() -> None:
    assert sent("gemini", *CALLS) == CALLS
    other = ReasoningState("sig", "anthropic")
    head = ToolCall("a", "f", "", state=other)
    sealed = ReasoningState(seal(other, KEY), "anthropic")
    assert sent("gemini", PartStarted(0, head)) == [
        PartStarted(0, ToolCall("a", "f", "", state=sealed))
    ]


@pytest.mark.parametrize("client", ["openai", "ollama"])
def test_clients_without_a_field_see_no_states(client: ProtocolName) -> None:
    assert sent(client, *CALLS) == [
        PartStarted(1, ToolCall("a", "f", "")) if event == CALLS[5] else event
        for event in CALLS
        if not isinstance(event, StateDelta)
    ]


def test_a_texts_state_travels_before_it_or_right_behind_it_when_it_comes_late() -> None:
    assert sent(
        "anthropic",
        PartStarted(0, Text("", state=STATE)),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "x"),
        StateDelta(1, STATE),
        TextDelta(1, "y"),
        PartEnded(1),
        PartStarted(2, Text("")),
        PartEnded(2),
    ) == [
        *carrier(0, "#next-text"),
        PartStarted(1, Text("")),
        PartEnded(1),
        PartStarted(2, Text("")),
        TextDelta(2, "x"),
        TextDelta(2, "y"),
        PartEnded(2),
        *carrier(3, "#previous-text"),
        PartStarted(4, Text("")),
        PartEnded(4),
    ]


def test_an_own_state_passes_bare_and_a_media_parts_foreign_one_has_no_place() -> None:
    own = ReasoningState("sig", "anthropic", "host", "key")
    events: list[Event] = [
        PartStarted(0, Reasoning(state=own, redacted=True)),
        PartEnded(0),
        PartStarted(1, Text("", state=own)),
        StateDelta(1, own),
        PartEnded(1),
        PartStarted(2, Refusal("")),
    ]
    assert sent("anthropic", *events) == events
    image = PartStarted(0, Media("image", data="aa", state=STATE))
    assert sent("anthropic", image) == [PartStarted(0, Media("image", data="aa"))]
    assert sent("anthropic", PartStarted(0, Reasoning(state=STATE))) == [
        PartStarted(0, Reasoning(state=foreign()))
    ]


def test_a_redacted_part_of_another_protocol_comes_back_redacted() -> None:
    opaque = ReasoningState("data", "anthropic", "claude")
    [event] = sent("responses", PartStarted(0, Reasoning(state=opaque, redacted=True)))
    assert isinstance(event, PartStarted)
    assert isinstance(event.head, Reasoning)
    assert event.head.state is not None
    assert event.head.state.protocol == "anthropic"
    echoed = ReasoningState(event.head.state.blob, "responses")
    turns, losses = opened(
        turn("assistant", Reasoning("", echoed), Reasoning("", sealed_state(STATE), redacted=True))
    )
    assert turns == (turn("assistant", Reasoning("", opaque, redacted=True), Reasoning("", STATE)),)
    assert losses == ()


def test_events_of_a_part_nobody_started_pass() -> None:
    events: list[Event] = [TextDelta(0, "x"), PartEnded(0)]
    assert sent("anthropic", *events) == events
    assert sent("anthropic", StateDelta(0, STATE)) == [StateDelta(0, foreign())]


def test_what_goes_out_sealed_comes_back_to_the_same_places() -> None:
    late: list[Event] = [
        *CALLS[1:-2],
        PartStarted(3, Text("")),
        TextDelta(3, "z"),
        StateDelta(3, STATE),
        PartEnded(3),
        PartStarted(4, ToolCall("late", "f", "")),
        StateDelta(4, STATE),
        PartEnded(4),
        Finished("tool-call"),
    ]
    original = fold(late).choices[0].parts
    echoed = tuple(
        Reasoning(part.text, ReasoningState(part.state.blob, "anthropic"))
        if isinstance(part, Reasoning) and part.state
        else part
        for part in fold(sent("anthropic", *late)).choices[0].parts
    )
    turns, losses = opened(Turn("assistant", echoed))
    assert turns == (Turn("assistant", original),)
    assert losses == ()


def test_thinking_that_its_model_does_not_sign_is_signed_for_anthropic_clients() -> None:
    sealer = StateSealer("anthropic", KEY)
    events: list[Event] = [
        PartStarted(0, Reasoning()),
        TextDelta(0, "I should."),
        PartEnded(0),
    ]

    sealed = [out for event in events for out in sealer.apply(event)]

    signed = sealed[2]
    assert isinstance(signed, StateDelta)
    assert sealed == [*events[:2], signed, events[2]]
    back = Reasoning("I should.", ReasoningState(signed.state.blob, "anthropic"))
    losses = Losses()
    request = Request("anthropic", "m", (Turn("assistant", (back,)),))
    assert unsealed(request, KEY, losses).turns[0].parts == (Reasoning("I should."),)
    assert not losses
