"""Changes to a configuration file that leave the rest of it as it stands: comments, order, quotes
and `${NAME}`s. A value is written in its place in the text; nothing is printed anew.

The composer's marks tell where each value begins and ends, so only scalars and lists of scalars
are changed here.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dragoman.config.document import VARIABLE


class Unwritable(Exception):
    """The file has a form in which this change cannot be written; the user has to."""


def with_scalar(text: str, place: Sequence[str], value: str) -> str:
    """The text with another scalar at a place where there is one.

    Raises:
        Unwritable.
    """
    node = _root(text)
    for name in place:
        node = _member(node, name)
    if not isinstance(node, ScalarNode) or node.style in ("|", ">"):
        raise Unwritable(f"{'.'.join(place)} is not written as one plain value")
    return _spliced(text, node, _written(value))


def raw_scalar(text: str, place: Sequence[str]) -> str | None:
    """A scalar as it is written, before variables are filled in; None where there is none."""
    node = _root(text)
    for name in place:
        node = _member(node, name)
    return node.value if isinstance(node, ScalarNode) else None


def with_list(text: str, key: str, now: Sequence[str], wanted: Sequence[str]) -> str:
    """The text with `wanted` as the top-level list `key`, whose values are `now`. What stays in
    the list keeps its line, and its comment.

    Raises:
        Unwritable.
    """
    root = _root(text)
    node = _member(root, key)
    if node is None:
        return _appended(text, root, key, wanted)
    if isinstance(node, ScalarNode):
        flow = _flow([_written(value) for value in wanted])
        return _spliced(text, node, flow) if node.value else _after_key(text, root, key, flow)
    if not isinstance(node, SequenceNode):
        raise Unwritable(f"{key} is no list")
    items: list[Node] = node.value
    if len(items) != len(now) or not all(isinstance(item, ScalarNode) for item in items):
        raise Unwritable(f"{key} is not a list of plain values")
    steps = SequenceMatcher(None, list(now), list(wanted), autojunk=False).get_opcodes()
    if node.flow_style:
        raw = [text[item.start_mark.index : item.end_mark.index] for item in items]
        return _spliced(text, node, _flow(_merged(steps, raw, wanted)))
    return _relined(text, items, steps, wanted)


_Steps = Sequence[tuple[str, int, int, int, int]]


def _merged(steps: _Steps, raw: Sequence[str], wanted: Sequence[str]) -> list[str]:
    out: list[str] = []
    for step, first, last, start, end in steps:
        out += raw[first:last] if step == "equal" else map(_written, wanted[start:end])
    return out


def _relined(text: str, items: list[Node], steps: _Steps, wanted: Sequence[str]) -> str:
    """A block list, an item a line. Worked off from its end, so that marks stay true."""
    lines = text.splitlines(keepends=True)
    dash = _dash(lines, items[0])
    indent = lines[items[0].start_mark.line][:dash]
    for step, first, last, start, end in reversed(steps):
        if step == "equal":
            continue
        paired = min(last - first, end - start)
        for item in reversed(items[first + paired : last]):
            if _dash(lines, item) != dash:
                raise Unwritable("an item of the list does not begin on its own line")
            del lines[item.start_mark.line : item.end_mark.line + 1]
        new = [f"{indent}- {_written(value)}\n" for value in wanted[start + paired : end]]
        at = _line_after(lines, items, first + paired)
        if new and at and not lines[at - 1].endswith("\n"):
            lines[at - 1] += "\n"
        lines[at:at] = new
        for offset in reversed(range(paired)):
            _replaced(lines, items[first + offset], _written(wanted[start + offset]))
    if not wanted:
        _emptied(lines, items[0].start_mark.line)
    return "".join(lines)


def _line_after(lines: list[str], items: list[Node], index: int) -> int:
    """The line where an item at `index` begins, or would."""
    at = int(items[index - 1].end_mark.line) + 1 if index else int(items[0].start_mark.line)
    return min(at, len(lines))


def _dash(lines: list[str], item: Node) -> int:
    """The column of an item's dash."""
    before = lines[item.start_mark.line][: item.start_mark.column]
    if before.strip() != "-" or item.end_mark.line != item.start_mark.line:
        raise Unwritable("an item of the list does not stand on a line of its own")
    return len(before) - len(before.lstrip())


def _replaced(lines: list[str], item: Node, written: str) -> None:
    at = item.start_mark.line
    line = lines[at]
    lines[at] = line[: item.start_mark.column] + written + line[item.end_mark.column :]


def _emptied(lines: list[str], first: int) -> None:
    """`key:` without items is null; an empty list has to be said."""
    at = first - 1
    while at >= 0 and (not lines[at].strip() or lines[at].lstrip().startswith("#")):
        at -= 1
    head, colon, rest = lines[at].partition(":") if at >= 0 else ("", "", "")
    if not colon:
        raise Unwritable("the list's key is not on the line before it")
    lines[at] = f"{head}: []{rest.rstrip(chr(10)) if rest.strip() else ''}\n"


def _appended(text: str, root: Any, key: str, wanted: Sequence[str]) -> str:
    if root is not None and (not isinstance(root, MappingNode) or root.flow_style):
        raise Unwritable(f"the file is written in one piece; add {key} to it by hand")
    if not wanted:
        return text
    gap = "" if not text or text.endswith("\n") else "\n"
    return text + gap + f"{key}:\n" + "".join(f"  - {_written(value)}\n" for value in wanted)


def _after_key(text: str, root: Any, key: str, written: str) -> str:
    """For a key without a value: the composer's mark of nothing is where the next thing begins."""
    name = next(name for name, _ in root.value if name.value == key)
    colon = text.index(":", name.end_mark.index) + 1
    return f"{text[:colon]} {written}{text[colon:]}"


def _root(text: str) -> Any:
    return YAML(typ="safe", pure=True).compose(text)


def _member(node: Any, name: str) -> Any:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == name:
                return value
    return None


def _spliced(text: str, node: Node, written: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    return text[:start] + written + text[end:]


def _flow(written: Sequence[str]) -> str:
    return f"[{', '.join(written)}]"


def _written(value: str) -> str:
    """A text in quotes, safe from being read as a variable."""
    return json.dumps(VARIABLE.sub(lambda found: "$" + found[0], value), ensure_ascii=False)


def write(path: Path, text: str) -> None:
    """Whole or not at all, and with the file's own mode; a symbolic link stays one. In place where
    the file cannot be exchanged (one that is mounted into a container)."""
    target = path.resolve()
    data = text.encode("utf-8")
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except PermissionError:
        target.write_bytes(data)
        return
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        target.write_bytes(data)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
