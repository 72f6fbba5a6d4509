"""What the echo model takes for the user's words, among what coding clients put around them."""

from dragoman.neutral.parts import Part, Text, ToolCall, ToolResult
from dragoman.neutral.requests import FunctionTool, Request, Turn
from dragoman.neutral.responses import fold
from dragoman.upstreams import echo

SHELL = FunctionTool("Bash", "", {"type": "object"})


def answered(*parts: Part) -> tuple[Part, ...]:
    request = Request("anthropic", "echo", (Turn("user", parts),), tools=(SHELL,))
    return fold(list(echo.answer(request, "echo", lambda prefix: f"{prefix}1"))).choices[0].parts


def test_the_last_text_of_a_turn_is_said_back() -> None:
    reminder = Text("<system-reminder>\nIt is Saturday.\n</system-reminder>")
    assert answered(reminder, Text("Hello, you")) == (Text("Hello, you"),)
    assert answered() == (Text(""),)


def test_a_call_is_made_whatever_stands_before_it() -> None:
    call = ToolCall("call_1", "Bash", '{"command": "ls"}')
    assert answered(Text("surroundings"), Text('call Bash {"command": "ls"}')) == (call,)


def test_what_tools_answered_is_said_back_whole() -> None:
    results = (ToolResult("a", (Text("one"),)), ToolResult("b", (Text("two"),)))
    assert answered(*results, Text("a reminder")) == (Text("one\ntwo\na reminder"),)
