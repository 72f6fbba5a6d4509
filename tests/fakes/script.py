"""What a fake model says: a function of the conversation alone, the same in every protocol.

Lines of the last user text that it obeys (each alone on its line):

    echo: X          answers X                       call NAME {json}  calls a declared tool
    system?          answers the system text         look              describes the images seen
    refuse           refuses                         cite              quotes a web page
    long             200 words                       redact            thinks, but unreadably
    fail N           error answer of status N        fail-mid          an error inside the stream
    cut              stream ends without its end     drop              connection dropped mid-stream
    stall            content, then silence           hang              nothing at all, ever
    run: X           runs the command X by the shell tool declared, whichever client's it is

Without one: the results of tools, else the images, else "You said: …". A schema asked for is
obeyed, a forced tool is called. Text is cut at `max_tokens` words and at stop sequences.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace

from tests.fakes.refusal import JsonObject, Refusal

THOUGHT = ("Let me ", "think: ", "it's ", "a test – ", "é中文😀.")
PREFACE = ("I'll ", "call ", "it.")
REFUSED = ("I can't ", "help ", "with that.")
LONG = tuple(f"word{n} " for n in range(200))
PARTIAL = ("A partial ", "answer ")
FAULTS = ("fail-mid", "cut", "drop", "stall", "hang")

FRESH, CACHED, WRITTEN, SPOKEN, THOUGHT_TOKENS = 100, 16, 4, 30, 12
"""Tokens of every answer: read anew, from the cache, into the cache (Anthropic only); said; and,
when thinking was asked for, thought."""


@dataclass(frozen=True)
class Call:
    name: str
    arguments: str
    """The exact text."""

    @property
    def parsed(self) -> JsonObject:
        value = json.loads(self.arguments)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True)
class Citation:
    url: str = "https://example.com/page"
    title: str = "An example page"
    quote: str = "examples are everywhere"


@dataclass(frozen=True)
class Seen:
    """What the script needs of a request. `text` and `results` are what follows the last assistant
    turn; `tools` are declared names with their schemas; `forced` is a name, "*" for any tool."""

    text: str = ""
    results: tuple[str, ...] = ()
    images: tuple[tuple[str, int], ...] = ()
    system: str = ""
    tools: dict[str, JsonObject] = field(default_factory=dict)
    forced: str | None = None
    schema: JsonObject | None = None
    thinking: bool = False
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()


@dataclass(frozen=True)
class Play:
    """What is to be said. `stop` is end, tool, length, stop-sequence or refusal."""

    words: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    thought: tuple[str, ...] = ()
    redacted: bool = False
    citation: Citation | None = None
    stop: str = "end"
    stop_sequence: str | None = None
    fault: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def thinking(self) -> str:
        return "".join(self.thought)

    @property
    def tokens_out(self) -> int:
        return SPOKEN + self.tokens_thought

    @property
    def tokens_thought(self) -> int:
        return THOUGHT_TOKENS if self.thought or self.redacted else 0


def write(seen: Seen) -> Play:
    """The answer to a conversation; a Refusal when it is told to fail."""
    lines = [line.strip() for line in seen.text.splitlines()]
    for line in lines:
        if found := re.fullmatch(r"fail (\d{3})", line):
            raise Refusal(f"told to fail with {line[5:]}", status=int(found.group(1)))
    play = _told(seen, lines) or _untold(seen)
    if seen.thinking:
        hidden = "redact" in lines
        play = replace(play, thought=() if hidden else THOUGHT, redacted=hidden)
    return _stopped(play, seen)


def _told(seen: Seen, lines: list[str]) -> Play | None:
    calls = [found for line in lines if (found := re.fullmatch(r"call (\S+) (\{.*\})", line))]
    if calls:
        known = tuple(Call(c[1], c[2]) for c in calls if c[1] in seen.tools)
        if len(known) < len(calls):
            return Play(words("I don't have all of these tools."))
        return Play(PREFACE, known, stop="tool")
    for line in lines:
        if line.startswith("run: "):
            call = _shell_call(seen, line[5:])
            return Play(PREFACE, (call,), stop="tool") if call else Play(words("I have no shell."))
        if line.startswith("echo: "):
            return Play(words(line[6:]))
        if line in FAULTS:
            return Play(PARTIAL, fault=line)
        if line in _TOLD:
            return _TOLD[line]
        if line == "system?":
            return Play(words(f"System: {seen.system}"))
        if line == "look":
            return Play(words(described(seen)))
    return None


_COMMAND_FIELDS = {
    "Bash": "command",
    "bash": "command",
    "run_shell_command": "command",
    "exec_command": "cmd",
}
"""The shell tools of the coding clients, by the name that stands after a namespace."""


def _shell_call(seen: Seen, command: str) -> Call | None:
    for name in seen.tools:
        plain = name.rsplit("__", 1)[-1]
        if plain in _COMMAND_FIELDS:
            arguments = {_COMMAND_FIELDS[plain]: command}
            return Call(name, json.dumps(arguments, ensure_ascii=False))
        if plain == "exec":
            told = json.dumps({"cmd": command}, ensure_ascii=False)
            source = f"const r = await tools.exec_command({told}); text(r.output);"
            return Call(name, json.dumps({"input": source}, ensure_ascii=False))
    return None


_TOLD = {
    "long": Play(LONG),
    "refuse": Play(REFUSED, stop="refusal"),
    "cite": Play(("As the page says, ", "examples ", "are everywhere."), citation=Citation()),
}


def _untold(seen: Seen) -> Play:
    if seen.forced is not None and seen.tools:
        name = next(iter(seen.tools)) if seen.forced == "*" else seen.forced
        arguments = json.dumps(sample(seen.tools.get(name, {"type": "object"})))
        return Play((), (Call(name, arguments),), stop="tool")
    if seen.schema is not None:
        return Play(words(json.dumps(sample(seen.schema))))
    if seen.results:
        said = f"Result: {' | '.join(seen.results)}"
        return Play(words(f"{said} {described(seen)}" if seen.images else said))
    return Play(words(described(seen) if seen.images else f"You said: {seen.text}"))


def described(seen: Seen) -> str:
    return " ".join(f"I see an image of type {kind}, {size} bytes." for kind, size in seen.images)


def _stopped(play: Play, seen: Seen) -> Play:
    for stop in seen.stops:
        if stop and (at := play.text.find(stop)) >= 0:
            cut = words(play.text[:at])
            return replace(play, words=cut, calls=(), stop="stop-sequence", stop_sequence=stop)
    if seen.max_tokens is not None and len(play.words) > seen.max_tokens:
        return replace(play, words=play.words[: seen.max_tokens], calls=(), stop="length")
    return play


def words(text: str) -> tuple[str, ...]:
    """A text as its words, each with the space after it."""
    return tuple(re.findall(r"\s*\S+\s?|\s+", text))


_SAMPLES = {
    "string": "it's text – é中文😀",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "null": None,
}


def sample(schema: JsonObject, root: JsonObject | None = None) -> object:
    """A value that fits a schema."""
    root = root or schema
    if "$ref" in schema:
        target: object = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            assert isinstance(target, dict)
            target = target[step]
        assert isinstance(target, dict)
        return sample(target, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        if schema.get(union):
            return sample(schema[union][0], root)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        return {k: sample(v, root) for k, v in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}), root)]
    if kind == "integer" and "minimum" in schema:
        return max(7, int(schema["minimum"]))
    return _SAMPLES[kind]


def embedding(text: str, dimensions: int | None) -> list[float]:
    """A vector that tells texts apart; exact in 32 bits."""
    size = dimensions or 4
    return [((len(text) + 1) * (n + 1) % 16) / 16 for n in range(size)]
