"""The scenes of the SDK suite, each a conversation and what must come of it, whatever SDK plays it
and wherever the fake stands: directly behind the SDK, or behind the gateway."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from tests.fakes.script import CACHED, FRESH, PREFACE, SPOKEN, THOUGHT, THOUGHT_TOKENS, WRITTEN
from tests.sdk.session import PARAMETERS, Schema, Session, Settings, Usage

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
RESULT = 'it\'s "done" – é中文 🚀 {\'a\': "b"} \\n <tag> &amp;'
ARGUMENTS = {"text": "it's a \"test\" – é中文 🚀 \\ 'x'"}
ANSWER: Schema = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["title", "count"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Stage:
    """Who plays before whom: opens sessions of `client` with `settings` against `upstream`."""

    client: str
    upstream: str
    stream: bool
    newest: bool
    open: Callable[[Settings], AbstractAsyncContextManager[Session]]

    def session(self, settings: Settings) -> AbstractAsyncContextManager[Session]:
        return self.open(replace(settings, stream=self.stream, newest=self.newest))

    def usage(self, *, thinking: bool = False) -> Usage:
        """What the fake's fixed numbers are in the client's counting."""
        written = WRITTEN if self.upstream == "anthropic" else 0
        cached = 0 if "ollama" in {self.client, self.upstream} else CACHED
        out = SPOKEN + (THOUGHT_TOKENS if thinking else 0)
        return Usage(FRESH + CACHED + written, out, cached)


SOME = Settings(stream=True)
TOOLS = {"look_up": PARAMETERS, "note-down": PARAMETERS}


def call(name: str, arguments: dict[str, str] = ARGUMENTS) -> str:
    return f"call {name} {json.dumps(arguments, ensure_ascii=False)}"


async def text_comes_whole(stage: Stage) -> None:
    async with stage.session(SOME) as session:
        said = await session.say(f"echo: Hello, {RESULT}")
    assert said.text == f"Hello, {RESULT}"
    assert said.stop == "end"
    assert said.calls == []


async def the_system_prompt_arrives(stage: Stage) -> None:
    async with stage.session(replace(SOME, system="You're a test.")) as session:
        assert (await session.say("system?")).text == "System: You're a test."


async def a_second_turn_continues_the_first(stage: Stage) -> None:
    async with stage.session(SOME) as session:
        assert (await session.say("echo: one")).text == "one"
        assert (await session.say("echo: two")).text == "two"


async def a_tool_loop_comes_to_its_end(stage: Stage) -> None:
    async with stage.session(replace(SOME, tools=TOOLS)) as session:
        said = await session.say(call("look_up"))
        assert said.text == "".join(PREFACE)
        assert said.calls == [("look_up", ARGUMENTS)]
        assert said.stop == "tool"
        said = await session.give([RESULT])
        assert said.text == f"Result: {RESULT}"
        assert said.stop == "end"


async def parallel_calls_keep_apart(stage: Stage) -> None:
    async with stage.session(replace(SOME, tools=TOOLS)) as session:
        second = {"text": "b" * 40}
        said = await session.say(f"{call('look_up')}\n{call('note-down', second)}")
        assert said.calls == [("look_up", ARGUMENTS), ("note-down", second)]
        assert (await session.give([RESULT, "two"])).text == f"Result: {RESULT} | two"


async def thinking_is_shown_and_replayed(stage: Stage) -> None:
    async with stage.session(replace(SOME, tools=TOOLS, thinking=True)) as session:
        said = await session.say(call("look_up"))
        assert said.thinking == "".join(THOUGHT)
        assert said.calls == [("look_up", ARGUMENTS)]
        said = await session.give([RESULT])
        assert said.text == f"Result: {RESULT}"
        # Ollama's calls have no ids by which a signature could be kept for them: an upstream that
        # demands it can only be asked not to think in this turn
        if stage.client != "ollama" or stage.upstream != "anthropic":
            assert said.thinking == "".join(THOUGHT)
        assert (await session.say("echo: on")).text == "on"


async def an_image_is_seen(stage: Stage) -> None:
    async with stage.session(SOME) as session:
        said = await session.say("look", png=PNG)
    assert said.text == f"I see an image of type image/png, {len(PNG)} bytes."


async def structured_output_fits_its_schema(stage: Stage) -> None:
    async with stage.session(replace(SOME, schema=ANSWER)) as session:
        said = await session.say("json please")
    assert json.loads(said.text) == {"title": "it's text – é中文😀", "count": 7}


async def usage_is_counted_exactly(stage: Stage) -> None:
    async with stage.session(SOME) as session:
        assert (await session.say("echo: one")).usage == stage.usage()


async def usage_holds_the_thinking(stage: Stage) -> None:
    async with stage.session(replace(SOME, thinking=True)) as session:
        assert (await session.say("echo: one")).usage == stage.usage(thinking=True)


async def a_length_stop_is_told(stage: Stage) -> None:
    async with stage.session(replace(SOME, max_tokens=20)) as session:
        said = await session.say("long")
    assert said.stop == "length"
    assert said.text == "".join(f"word{n} " for n in range(20))


Scene = Callable[[Stage], Awaitable[None]]

SCENES: list[Scene] = [
    text_comes_whole,
    the_system_prompt_arrives,
    a_second_turn_continues_the_first,
    a_tool_loop_comes_to_its_end,
    parallel_calls_keep_apart,
    thinking_is_shown_and_replayed,
    an_image_is_seen,
    structured_output_fits_its_schema,
    usage_is_counted_exactly,
    usage_holds_the_thinking,
    a_length_stop_is_told,
]
