"""What a model without function calling is told: how to call tools in text, and which there are.
docs/compat.md shows it."""

from __future__ import annotations

from dragoman.neutral.requests import ToolChoice
from dragoman.toolcalls.text.listing import listed
from dragoman.toolcalls.text.offer import Offer, told_name

_GUIDE = """\
# Tools

You can call the tools listed below. To call one, write a block of exactly this form:

<call-{mark} name="TOOL">
<arg-{mark} name="ARGUMENT">value</arg-{mark}>
<arg-{mark} name="ANOTHER">
a value of several lines, for example a whole file
</arg-{mark}>
</call-{mark}>

- Write values as they are. Nothing is escaped: no entities, no backslashes, no code fences. Only
  the value of an object or array is JSON.
- A value may begin on its own line; then the line break after its opening tag and the one before
  its closing tag are not part of it.
- A tool that takes free text has it directly between <call-{mark} name="TOOL"> and </call-{mark}>.
- If a value itself contains </arg-{mark}> or </call-{mark}>, put an x behind {mark} in all tags of
  that call: <call-{mark}x …>.
- {several}
- Then stop: the results come in the next message, as <result-{mark} …>. Never write one yourself.
- Give every required argument. Do not put calls into code fences or quotes, and do not write these
  tags unless you mean to call.

{tools}"""
_SEVERAL = "You may write several blocks one after another when no call needs another's result."
_ONE = "Write one block at a time."

_CHOICES = {
    "none": "Do not call any tool in this answer.",
    "required": "You must call at least one tool in this answer.",
    "named": "You must call the tool {name} in this answer.",
}
_ALLOWED = "In this answer you may only call: {names}."


def guide(offer: Offer, mark: str, *, several: bool) -> str:
    """The system text."""
    return _GUIDE.format(mark=mark, several=_SEVERAL if several else _ONE, tools=listed(offer))


def choice_told(choice: ToolChoice) -> str:
    """What this request demands of the answer, beyond what the guide says; "" when nothing. It goes
    to the conversation's end, so that the system text stays the same."""
    if choice.kind == "hosted":
        return ""
    told = _CHOICES.get(choice.mode or "", "").format(name=told_name(choice.namespace, choice.name))
    if choice.allowed and choice.mode != "none":
        told = f"{told} {_ALLOWED.format(names=', '.join(choice.allowed))}".strip()
    return told


def broken_told(why: str, mark: str) -> str:
    """What a model is told about a call of its own that could not be read."""
    return (
        f"Your tool call could not be read: {why}. Write it again, complete and in the form"
        f' <call-{mark} name="TOOL">…</call-{mark}>. Write nothing else.'
    )
