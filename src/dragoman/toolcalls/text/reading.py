"""A model's text, cut anywhere, as prose and calls.

What it gives adds up to what it was fed: prose as it comes, but for the possible beginning of a
call and the blanks before it; calls with the text they were read from. It decides on the text in
its order alone, so that cuts change nothing.

What is a call: in our own form (it carries the request's mark) one of a declared tool. In any other
form also the arguments must fit the tool's schema, and it must stand where a call stands: at the
turn's beginning, behind a call or a finished sentence; elsewhere, and fenced JSON and ReAct lines
always, only when nothing but calls follows. In code, quoted lines and quotation marks is none.
"""

from __future__ import annotations

import re

import msgspec

from dragoman.neutral.json import encode_text
from dragoman.toolcalls.text.arguments import Misfit, fitted, loosely_fitted
from dragoman.toolcalls.text.dialects import LEFT_OPEN, STRAY, STRAY_BEGUN, Form
from dragoman.toolcalls.text.offer import Offer
from dragoman.toolcalls.text.pieces import Absorbed, Broken, Called, Piece, Said
from dragoman.toolcalls.text.prose import Prose
from dragoman.toolcalls.text.steps import Asked, Ending, Read, Unread, Wait

_BLANKS = re.compile(r"\s{0,256}")
_MOST_BLANKS = 256
_TRIGGER = re.compile(r"[<\[`A]")
NO_CALL = ""
"""Why something is no call, and never was meant as one."""
_OVERLAP = 800
"""More than the longest tag that is waited for."""


class TextReader:
    """`mends`: the first call that cannot be read is kept, with what follows it, in `broken` until
    the text ends; `given_up` then gives it as text."""

    def __init__(self, offer: Offer, forms: tuple[Form, ...], *, mends: bool = False) -> None:
        self._offer = offer
        self._forms = {sign: [f for f in forms if _first(f) == sign] for sign in "<[`A"}
        self._mends = mends
        self._text = ""
        self._new: list[str] = []
        self._prose = Prose()
        self._known = 0
        """How much of `_text` the prose has been told."""
        self._form: Form | None = None
        self._lead = 0
        self._wait: Wait | None = None
        self._after = False
        self._pending: list[Called | Absorbed] = []
        self._out: list[Piece] = []
        self.broken: Broken | None = None

    def feed(self, text: str) -> list[Piece]:
        self._new.append(text)
        if self.broken is None and not self._still_waits(text):
            self._join()
            self._run(None)
        return self._taken()

    def finish(self, ending: Ending) -> list[Piece]:
        """What was held. "more": other content follows in the turn; "cut": it was not finished."""
        self._join()
        if self.broken is None:
            self._run(ending)
        if self.broken is not None:
            self.broken = Broken(self._text, self.broken.why)
            if ending != "end":
                return self.given_up(ending)
        return self._taken()

    def given_up(self, ending: Ending = "end") -> list[Piece]:
        """The broken call and what followed it, as they would be without mending."""
        self.broken, self._mends = None, False
        self._run(ending)
        return self._taken()

    def _taken(self) -> list[Piece]:
        out, self._out = self._out, []
        return out

    def _join(self) -> None:
        self._text += "".join(self._new)
        self._new.clear()

    def _still_waits(self, text: str) -> bool:
        """Whether what a body waits for has still not come; cheap, however long the body is."""
        wait = self._wait
        if wait is None:
            return False
        if wait.signs and not any(sign in text for sign in wait.signs):
            return True
        if len(self._new) > 1 and sum(map(len, self._new)) > _OVERLAP:
            tail = "".join(self._new)
            self._join()
            start = max(wait.start, len(self._text) - len(tail) - _OVERLAP)
            return wait.need.search(self._text, start) is None
        recent = self._text[max(wait.start, len(self._text) - _OVERLAP) :] + "".join(self._new)
        return wait.need.search(recent) is None

    def _run(self, ending: Ending | None) -> None:
        while self.broken is None:
            if self._form is not None:
                going = self._read(self._form, ending)
            elif self._after:
                going = self._behind_a_call(ending)
            else:
                going = self._seek(ending)
            if not going:
                break

    def _seek(self, ending: Ending | None) -> bool:
        """Prose up to the next call's head."""
        text = self._text
        for trigger in _TRIGGER.finditer(text, self._known):
            at = trigger.start()
            self._tell(at)
            form, begun = self._form_at(at)
            if form is not None:
                self._say(at - _blanks_before(text, at))
                self._form, self._lead = form, at - (len(text) - len(self._text))
                return True
            if begun and ending is None:
                self._say(at - _blanks_before(text, at))
                return False
            self._tell(at + 1)
        self._tell(len(text))
        self._say(len(text) - (_blanks_before(text, len(text)) if ending is None else 0))
        return False

    def _form_at(self, at: int) -> tuple[Form | None, bool]:
        """The form that begins here, or whether one may be beginning."""
        forms = self._forms[self._text[at]]
        if not forms or (forms[0].at_line_start and not self._prose.at_line_start):
            return None, False
        if self._prose.is_quoting:
            return None, False
        begun = False
        for form in forms:
            if form.begins.whole.match(self._text, at):
                return form, False
            begun = begun or form.begins.begun.match(self._text, at) is not None
        return None, begun

    def _behind_a_call(self, ending: Ending | None) -> bool:
        """Blanks and ends that belong to the call; then another call, or not."""
        text = self._text
        blanks = _BLANKS.match(text)
        at = blanks.end() if blanks else 0
        stray = STRAY.match(text, at)
        if stray is not None:
            self._absorb(stray.end())
            return True
        rest_open = at == len(text) or LEFT_OPEN.match(text, at) is not None
        if rest_open and ending is not None:
            self._absorb(len(text))
            self._settle(accept=ending == "end")
            return False
        begun = rest_open or STRAY_BEGUN.match(text, at) is not None
        if text[at : at + 1] in self._forms:
            self._tell(at)
            form, may_be = self._form_at(at)
            if form is not None:
                self._form, self._lead = form, at
                return True
            begun = begun or may_be
        if begun and ending is None:
            return False
        self._settle(accept=False)
        self._after = False
        return True

    def _read(self, form: Form, ending: Ending | None) -> bool:
        head = form.begins.whole.match(self._text, self._lead)
        assert head is not None
        step = form.body(self._text, head, ending, self._offer)
        if isinstance(step, Wait):
            self._wait = step
            return False
        self._wait = None
        unread = self._accepted(form, step) if isinstance(step, Read) else step
        if unread is not None:
            self._refused(form, unread)
        return True

    def _accepted(self, form: Form, read: Read) -> Unread | None:
        """Takes the calls; what is wrong with them when they are none."""
        try:
            calls = [self._called(form, asked) for asked in read.calls]
        except Misfit as misfit:
            return Unread(read.end, str(misfit))
        calls[0] = msgspec.structs.replace(calls[0], source=self._text[: read.end])
        last = form.last or not self._prose.stands_alone or bool(self._pending)
        if last and not form.marked:
            self._pending += calls
        else:
            self._settle(accept=True)
            self._out += calls
        self._drop(read.end)
        self._prose.called()
        self._form, self._after = None, True
        return None

    def _called(self, form: Form, asked: Asked) -> Called:
        tool = self._offer.find(asked.name)
        if tool is None:
            raise Misfit(NO_CALL)
        if tool.kind == "custom":
            return Called(tool, _free_text(asked), "")
        if asked.free is not None:
            raise Misfit("its arguments are not an object")
        fit = loosely_fitted if form.marked else fitted
        return Called(tool, encode_text(fit(asked.arguments, tool.schema, texts=asked.texts)), "")

    def _refused(self, form: Form, unread: Unread) -> None:
        """The text is none of a call."""
        if self._mends and unread.why and not form.last and not self._pending:
            self.broken = Broken(self._text, unread.why)
            self._form, self._after = None, False
            return
        self._form = None
        self._settle(accept=False)
        self._after = False
        self._tell(unread.end)
        self._say(unread.end)

    def _settle(self, *, accept: bool) -> None:
        """Calls that counted only if nothing but calls followed."""
        pending, self._pending = self._pending, []
        if accept:
            self._out += pending
        elif pending:
            text = "".join(one.source for one in pending)
            self._prose.add(text)
            self._out.append(Said(text))

    def _absorb(self, end: int) -> None:
        if end:
            piece = Absorbed(self._text[:end])
            (self._pending or self._out).append(piece)
            self._drop(end)
            self._prose.called()

    def _tell(self, end: int) -> None:
        if end > self._known:
            self._prose.add(self._text[self._known : end])
            self._known = end

    def _say(self, end: int) -> None:
        if end > 0:
            self._out.append(Said(self._text[:end]))
            self._drop(end)

    def _drop(self, end: int) -> None:
        self._text = self._text[end:]
        self._known = max(self._known - end, 0)


def _first(form: Form) -> str:
    """The sign a form begins with."""
    return {"react": "A", "json": "`", "mistral": "["}.get(form.dialect, "<")


def _blanks_before(text: str, at: int) -> int:
    """How many blanks end there, up to as many as are held."""
    near = text[max(at - _MOST_BLANKS, 0) : at]
    return len(near) - len(near.rstrip())


def _free_text(asked: Asked) -> str:
    """What a free-form tool was given, whichever way."""
    if asked.free is not None:
        return asked.free
    given = asked.arguments.get("input")
    if given is None and len(asked.arguments) == 1:
        given = next(iter(asked.arguments.values()))
    if not isinstance(given, str):
        raise Misfit("its input is not a text")
    return given
