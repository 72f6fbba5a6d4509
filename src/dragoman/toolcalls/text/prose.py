"""Where in a model's prose a place is: inside code or a quotation, at a line's start, behind a
finished sentence. CommonMark 0.31 as far as it matters: fences, code spans on one line, quotes."""

from __future__ import annotations

import re

_PIECES = re.compile(r"\n|`+|~+|[^\n`~]+")
_FENCE = 3
_SENTENCE_ENDS = frozenset(".!?…。！？")
_QUOTES = frozenset("\"'“‘«„‚『「")
_LIST_MARK = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)]?)?\s*")
_LONGEST_MARK = 80
_CLOSERS = "\"')]}*_”’»"


class Prose:
    """The text so far, taken in pieces cut anywhere."""

    __slots__ = (
        "_blank", "_fence", "_fence_line", "_last", "_line", "_run", "_sentence", "_span",
    )  # fmt: skip

    def __init__(self) -> None:
        self._fence = ""
        self._fence_line = ""
        """The fence that this line opened or closed, were it one after all."""
        self._run = ""
        self._span = 0
        self._line = ""
        """The line's beginning, as far as it tells a quotation or only blanks."""
        self._blank = True
        self._last = ""
        self._sentence = ""

    def add(self, text: str) -> None:
        for piece in _PIECES.findall(text):
            if piece[0] in "`~":
                if self._run and self._run[0] != piece[0]:
                    self._settle()
                self._run += piece
            else:
                self._settle()
                if piece == "\n":
                    self._new_line()
                else:
                    self._words(piece)
            self._last = piece[-1]

    def called(self) -> None:
        """A call stood here: what follows stands as it would at the turn's beginning."""
        self._run = self._sentence = self._last = ""
        self._new_line()

    @property
    def at_line_start(self) -> bool:
        """Only blanks stand before this place on its line."""
        return self._blank and not self._run

    @property
    def is_quoting(self) -> bool:
        """This place is inside code, in a quoted line or right behind a quotation mark."""
        self._settle()
        quoted = self._line.lstrip().startswith(">") or self._last in _QUOTES
        return quoted or bool(self._fence) or self._span > 0

    @property
    def stands_alone(self) -> bool:
        """Nothing is before this place, or a call, or a finished sentence."""
        return not self._sentence or self._sentence in _SENTENCE_ENDS

    def _new_line(self) -> None:
        self._span = 0
        self._line = ""
        self._blank = True
        self._fence_line = ""

    def _words(self, text: str) -> None:
        if self._fence_line and not self._fence and text.strip():
            self._fence = self._fence_line
        if self._blank:
            self._line += text[:_LONGEST_MARK]
            self._blank = _LIST_MARK.fullmatch(self._line) is not None
        end = text.rstrip()
        if end:
            self._sentence = (end.rstrip(_CLOSERS) or end)[-1]

    def _settle(self) -> None:
        """A run of backticks or tildes has come to its end."""
        run, self._run = self._run, ""
        if not run:
            return
        at_start, self._blank = self._blank, False
        self._sentence = run[-1]
        if len(run) >= _FENCE and at_start and self._fence_line == "":
            if not self._fence:
                self._fence = self._fence_line = run
            elif run.startswith(self._fence):
                self._fence, self._fence_line = "", self._fence
        elif run[0] == "`" and self._fence and self._fence == self._fence_line:
            self._fence = self._fence_line = ""
        elif run[0] == "`" and not self._fence:
            self._span = 0 if self._span == len(run) else self._span or len(run)
