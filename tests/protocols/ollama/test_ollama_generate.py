import pytest

from dragoman.errors import InvalidRequest
from dragoman.neutral.events import Finished, PartStarted, TextDelta
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Media, Text
from dragoman.neutral.requests import (
    FunctionTool,
    ReasoningSettings,
    Request,
    Sampling,
    Turn,
)
from dragoman.neutral.responses import fold
from dragoman.protocols.codec import Reply, Target
from dragoman.protocols.ollama.codec import GENERATE
from dragoman.protocols.ollama.generate import is_load_request, load_answer
from dragoman.protocols.ollama.records import generate_shape

JPEG = "/9j/AAAA"


def test_a_prompt_is_a_system_turn_and_a_user_turn() -> None:
    request = GENERATE.request_in(
        {
            "model": "m",
            "prompt": "why",
            "system": "be brief",
            "images": [JPEG],
            "suffix": "end",
            "raw": False,
            "options": {"seed": 1, "num_ctx": 9},
            "think": False,
            "stream": False,
        },
        Losses(),
    )

    assert request == Request(
        protocol="ollama",
        model="m",
        turns=(
            Turn("system", (Text("be brief"),)),
            Turn("user", (Media("image", data=JPEG, mime="image/jpeg"), Text("why"))),
        ),
        sampling=Sampling(seed=1),
        reasoning=ReasoningSettings(mode="off"),
        extras={"suffix": "end", "raw": False, "options": {"num_ctx": 9}},
    )


def test_a_prompt_may_be_absent_when_there_are_images() -> None:
    request = GENERATE.request_in({"model": "m", "images": [JPEG]}, Losses())

    assert request.turns == (Turn("user", (Media("image", data=JPEG, mime="image/jpeg"),)),)


@pytest.mark.parametrize(
    ("body", "loads"),
    [
        ({"model": "m"}, True),
        ({"model": "m", "prompt": ""}, True),
        ({"model": "m", "messages": []}, True),
        ({"model": "m", "prompt": "x"}, False),
        ({"model": "m", "messages": [{"role": "user"}]}, False),
        ({"model": "m", "images": [JPEG]}, False),
        ({"model": "m", "suffix": "x"}, False),
    ],
)
def test_a_body_without_a_prompt_only_loads_the_model(body: JsonObject, loads: bool) -> None:
    assert is_load_request(body) is loads


def test_loading_and_unloading_are_answered_by_one_done_record() -> None:
    assert load_answer({}, "m", 0) == {
        "model": "m",
        "created_at": "1970-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "load",
    }
    assert load_answer({"keep_alive": 0}, "m", 0, generate_shape) == {
        "model": "m",
        "created_at": "1970-01-01T00:00:00Z",
        "response": "",
        "done": True,
        "done_reason": "unload",
    }


def test_the_whole_answer_has_the_response_field() -> None:
    request = Request("ollama", "m", ())
    reply = Reply(request, "m", new_id=str, clock=lambda: 0.0, created_s=0)
    response = fold([PartStarted(0, Text("")), TextDelta(0, "yes"), Finished("length")])

    assert GENERATE.answer_out(response, reply) == {
        "model": "m",
        "created_at": "1970-01-01T00:00:00.000000Z",
        "response": "yes",
        "done": True,
        "done_reason": "length",
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_duration": 0,
        "eval_duration": 0,
    }


@pytest.mark.parametrize(
    "request_",
    [
        Request("ollama", "m", ()),
        Request("ollama", "m", (Turn("assistant", (Text("x"),)),)),
        Request("ollama", "m", (Turn("user", ()), Turn("user", ()))),
        Request("ollama", "m", (Turn("user", ()),), tools=(FunctionTool("f"),)),
    ],
)
def test_a_conversation_does_not_fit_the_generate_route(request_: Request) -> None:
    with pytest.raises(InvalidRequest, match="takes one prompt"):
        GENERATE.request_out(request_, Target(model="m"), Losses())


def test_the_two_routes_have_their_paths() -> None:
    assert GENERATE.path("m", True) == "/generate"
