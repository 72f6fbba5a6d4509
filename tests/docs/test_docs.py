"""The README and docs/ as a reader uses them: commands run, outputs are what the program prints,
configuration loads, links lead somewhere. A block is runnable when it is ```sh and starts with
`curl`, or is ```python; the ```json or ```text block right under it is its output."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.sdk.gateway import CLIENT_KEY, gateway_process

from dragoman.cli.welcome import client_lines
from dragoman.config.load import load_text

ROOT = Path(__file__).parents[2]
ADDRESS = "http://127.0.0.1:8317"
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
VOLATILE = frozenset({"id", "created", "created_at"})

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{(\w+)")


class Block(NamedTuple):
    """A fenced block; `output` is the one that follows with nothing between them."""

    page: str
    line: int
    kind: str
    text: str
    output: str


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = list(_FENCE.finditer(text))
    blocks = []
    for at, match in enumerate(found):
        after = found[at + 1] if at + 1 < len(found) else None
        follows = after is not None and not text[match.end() : after.start()].strip()
        output = after[2] if after is not None and follows and after[1] in ("json", "text") else ""
        line = text.count("\n", 0, match.start()) + 1
        blocks.append(Block(page.name, line, match[1], match[2], output))
    return blocks


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def named(block: Block) -> str:
    return f"{block.page}:{block.line}"


def of_kind(kind: str, start: str = "") -> list[Block]:
    return [one for one in BLOCKS if one.kind == kind and one.text.startswith(start)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    echo: dict[str, object] = {"name": "echo", "protocol": "echo"}
    with gateway_process(tmp_path_factory.mktemp("gateway"), [echo]) as base_url:
        yield base_url


def environment() -> dict[str, str]:
    return {**os.environ, "KEY": CLIENT_KEY, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def steady(value: object) -> object:
    """Without what is different every time."""
    if isinstance(value, dict):
        return {key: "…" if key in VOLATILE else steady(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [steady(inner) for inner in value]
    return value


def models_keep_their_names(expected: object, printed: object) -> bool:
    """Ids of models are no accident, unlike those of answers."""
    if not isinstance(expected, dict) or expected.get("object") != "list":
        return True
    return expected == printed


@pytest.mark.parametrize("block", of_kind("sh", "curl"), ids=named)
def test_a_curl_command_answers_as_the_page_says(block: Block, address: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = block.text.replace(ADDRESS, address)
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, env=environment(), timeout=30, check=True
    )
    printed = done.stdout.decode()
    if block.output:
        expected, answer = json.loads(block.output), json.loads(printed)
        assert steady(answer) == steady(expected)
        assert models_keep_their_names(expected, answer)
    elif block.page == "errors.md":
        assert '"error"' in printed
    else:
        assert printed
        assert '"error"' not in printed.replace('"error":null', "")


@pytest.mark.parametrize("block", of_kind("python"), ids=named)
def test_a_python_program_prints_what_the_page_says(block: Block, address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text.replace(ADDRESS, address)],
        capture_output=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode() == block.output


@pytest.mark.parametrize("block", of_kind("yaml"), ids=named)
def test_a_configuration_loads_without_a_warning(block: Block) -> None:
    variables = dict.fromkeys(_VARIABLE.findall(block.text), "sk-of-the-environment")
    loaded = load_text(block.text, ROOT / "config.yaml", variables)
    assert [str(warning) for warning in loaded.warnings] == []


@pytest.mark.parametrize("block", of_kind("json"), ids=named)
def test_json_blocks_are_json(block: Block) -> None:
    assert json.loads(block.text)


@pytest.mark.parametrize("block", of_kind("toml"), ids=named)
def test_toml_blocks_are_toml(block: Block) -> None:
    assert tomllib.loads(block.text)


def anchors_of(page: Path) -> set[str]:
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{page.name}: {link}"


def test_the_chinese_readme_has_the_blocks_and_links_of_the_english_one() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    assert [(one.kind, one.text) for one in blocks_of(chinese)] == [
        (one.kind, one.text) for one in blocks_of(english)
    ]
    theirs = set(_LINK.findall(chinese.read_text(encoding="utf-8"))) - {"README.md"}
    ours = set(_LINK.findall(english.read_text(encoding="utf-8"))) - {"README.zh-CN.md"}
    assert theirs == ours


def test_every_page_of_docs_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")]
    assert [page for page in pages if page not in readme] == []


@pytest.mark.parametrize(
    ("client", "page"), [("Claude Code", "claude-code"), ("Codex", "codex"), ("Amp", "amp")]
)
def test_the_line_to_paste_on_a_clients_page_is_the_one_a_start_prints(
    client: str, page: str
) -> None:
    line = dict(client_lines(ADDRESS, "KEY", "echo"))[client].replace("=KEY ", "=$KEY ")
    texts = [block.text.strip() for block in blocks_of(ROOT / "docs" / f"{page}.md")]
    assert line in texts


def test_every_make_target_a_page_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named_targets = set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)$", text, re.MULTILINE))
        assert {one or other for one, other in named_targets} <= targets, page.name
