"""One member of a top-level block exchanged in a configuration file: `ampcode: model-mappings`. The
block alone is laid out anew, its comments, quotes and `${NAME}`s kept; the rest of the file stays
as it stands.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.util import load_yaml_guess_indent

from dragoman.config.document import VARIABLE
from dragoman.config.save import Unwritable, raw_scalar, with_scalar
from dragoman.neutral.json import Json


def with_member(text: str, block: str, key: str, now: Json, wanted: Json | None) -> str:
    """The text with `wanted` under `block: key`, where `now` stands as the program reads it; None =
    without the key. Entries of a list that stay keep what is written of them.

    Raises:
        Unwritable: the file has a form in which this cannot be written.
    """
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        raise Unwritable(str(error)) from None
    if root is not None and (not isinstance(root, MappingNode) or root.flow_style):
        raise Unwritable(f"the file is written in one piece; write {block}.{key} by hand")
    lines = text.splitlines(keepends=True)
    span = _span(root, block, len(lines))
    if span is None:
        if wanted is None:
            return text
        lines.append("" if not lines or lines[-1].endswith("\n") else "\n")
        return "".join(lines) + _dumped(_yaml(""), CommentedMap({block: {key: _safe(wanted)}}))
    if isinstance(wanted, str) and raw_scalar(text, (block, key)):
        return with_scalar(text, (block, key), wanted)
    start, end = span
    changed = _changed("".join(lines[start:end]), block, key, now, wanted)
    return "".join(lines[:start]) + changed + "".join(lines[end:])


def _span(root: Any, block: str, count: int) -> tuple[int, int] | None:
    """The lines of a top-level block up to its last value."""
    for name, value in [] if root is None else root.value:
        if name.value == block:
            last = max(_last_line(name), _last_line(value))
            return name.start_mark.line, min(last + 1, count)
    return None


def _last_line(node: Any) -> int:
    """The line a value ends on: a block's own end mark lies behind the comments that follow it."""
    if not isinstance(node, ScalarNode) and not node.flow_style and node.value:
        inner = node.value[-1]
        return max(map(_last_line, inner)) if isinstance(inner, tuple) else _last_line(inner)
    end = node.end_mark
    if isinstance(node, ScalarNode) and not node.value:
        end = node.start_mark
    return int(end.line) - (1 if end.column == 0 and end.line > node.start_mark.line else 0)


def _changed(snippet: str, block: str, key: str, now: Json, wanted: Json | None) -> str:
    try:
        yaml = _yaml(snippet)
        data = yaml.load(snippet)
    except YAMLError:
        raise Unwritable(f"{block} refers to other places of the file; change it by hand") from None
    members = data[block]
    if members is None:
        members = data[block] = CommentedMap()
    if not isinstance(members, CommentedMap):
        raise Unwritable(f"{block} is no mapping")
    there = members.get(key)
    if wanted is None:
        members.pop(key, None)
        if not members:
            data[block] = CommentedMap()
            data[block].fa.set_flow_style()
    elif isinstance(there, CommentedSeq) and isinstance(wanted, list) and _same_length(there, now):
        _exchange(there, now, wanted)
    else:
        members[key] = _safe(wanted)
    return _dumped(yaml, data)


def _same_length(there: Sequence[Any], now: Json) -> bool:
    return isinstance(now, list) and len(now) == len(there)


def _exchange(there: CommentedSeq, now: Json, wanted: list[Json]) -> None:
    """Worked off from the end, so that places stay true."""
    assert isinstance(now, list)
    before, after = [repr(one) for one in now], [repr(one) for one in wanted]
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for step, first, last, start, end in reversed(steps):
        if step == "equal":
            continue
        paired = min(last - first, end - start)
        for at in reversed(range(first + paired, last)):
            del there[at]
        for offset, one in enumerate(wanted[start + paired : end]):
            there.insert(first + paired + offset, _safe(one))
        for offset in range(paired):
            there[first + offset] = _safe(wanted[start + offset])


def _yaml(snippet: str) -> YAML:
    """A printer that indents as the snippet does."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    _, sequence, offset = load_yaml_guess_indent(snippet) if snippet else (None, 4, 2)
    member = next(
        (
            line
            for line in snippet.splitlines()[1:]
            if line.strip() and line.lstrip()[0] not in "#-"
        ),
        "  ",
    )
    mapping = len(member) - len(member.lstrip()) or 2
    yaml.indent(mapping=mapping, sequence=sequence or mapping + 2, offset=offset or 0)
    return yaml


def _dumped(yaml: YAML, data: Any) -> str:
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def _safe(value: Json) -> Any:
    """A value whose texts are not read as variables."""
    match value:
        case str():
            return VARIABLE.sub(lambda found: "$" + found[0], value)
        case list():
            return CommentedSeq([_safe(one) for one in value])
        case dict():
            return CommentedMap({name: _safe(one) for name, one in value.items()})
    return value
