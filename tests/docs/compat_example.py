"""The conversation that docs/compat.md shows as text."""

from __future__ import annotations

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Text, ToolCall, ToolResult
from dragoman.neutral.requests import CustomTool, FunctionTool, Request, Turn
from dragoman.toolcalls.text.history import told_as_text

MARK = "k7f2q"

EDIT = FunctionTool(
    "Edit",
    "Replaces text in a file.",
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file."},
            "edits": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"old": {"type": "string"}, "new": {"type": "string"}},
                    "required": ["old", "new"],
                },
            },
            "encoding": {"type": "string", "enum": ["utf-8", "latin-1"], "default": "utf-8"},
        },
        "required": ["path", "edits"],
    },
)
PATCH = CustomTool("apply_patch", "Applies a patch.")

EXAMPLE = Request(
    "anthropic",
    "m",
    (
        Turn("user", (Text("Swap the operands."),)),
        Turn(
            "assistant",
            (
                ToolCall(
                    "toolu_1",
                    "Edit",
                    '{"path":"a.py","edits":[{"old":"a < b","new":"b > a"}],"encoding":"utf-8"}',
                ),
            ),
        ),
        Turn("user", (ToolResult("toolu_1", (Text("No such file"),), "Edit", is_error=True),)),
    ),
    tools=(EDIT, PATCH),
)


def told_example() -> tuple[str, str, str]:
    """The tools' text, the call and its result, with the page's mark."""
    told = told_as_text(EXAMPLE, b"docs", Losses())
    texts = [
        part.text.replace(told.mark, MARK)
        for turn in told.request.turns
        for part in turn.parts
        if isinstance(part, Text) and part.text != "Swap the operands."
    ]
    guide, call, result = texts
    return guide, call, result
