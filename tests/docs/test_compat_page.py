"""docs/compat.md shows what the code sends, and names every form that it reads."""

from __future__ import annotations

import re

from tests.docs.compat_example import told_example
from tests.docs.test_docs import ROOT, blocks_of

from dragoman.toolcalls.text.dialects import DIALECTS

PAGE = ROOT / "docs" / "compat.md"


def test_the_page_shows_the_text_that_models_get() -> None:
    shown = [block.text.strip() for block in blocks_of(PAGE) if block.kind == "text"]
    assert shown == list(told_example())


def test_the_page_names_every_form_that_is_read() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(DIALECTS)
