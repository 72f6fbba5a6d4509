"""The layers of DESIGN.md: each package imports only from those before it, and packages on one
level not from each other. `protocols` packages know themselves, framing and the codec alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "dragoman"

LEVELS = [
    {"errors", "__init__"},
    {"neutral"},
    {"protocols", "reasoning", "toolcalls", "permissions", "toolboxes"},
    {"config", "catalog"},
    {"storage", "observe"},
    {"accounts"},
    {"upstreams"},
    {"routing", "policy"},
    {"exchange"},
    {"amp", "mcp_hub", "admin"},
    {"server"},
    {"cli"},
    {"__main__"},
]
RANK = {name: rank for rank, level in enumerate(LEVELS) for name in level}
AGENT_MAY = {"errors", "neutral", "protocols", "permissions", "toolboxes", "config", "agent"}

PURE = ["protocols", "neutral", "reasoning", "toolcalls", "permissions"]
IMPURE_MODULES = {
    "aiohttp", "asyncio", "datetime", "http", "os", "pathlib", "random", "secrets", "socket",
    "subprocess", "time", "uuid",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def room(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_the_layers_before_it(path: Path) -> None:
    own = room(path)
    for name in imports(path):
        if name == "dragoman" or not name.startswith("dragoman."):
            continue
        other = name.split(".")[1]
        if own == "agent":
            assert other in AGENT_MAY, f"{path} imports {name}"
        else:
            assert own == other or RANK[other] < RANK[own], f"{path} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_module_reaches_for_no_clock_network_or_chance(path: Path) -> None:
    if room(path) in PURE:
        found = {name.split(".")[0] for name in imports(path)} & IMPURE_MODULES
        assert not found, f"{path} imports {found}"


def test_a_protocol_knows_itself_and_the_neutral_model_alone() -> None:
    for folder in (ROOT / "protocols").iterdir():
        if not folder.is_dir() or folder.name in {"framing", "__pycache__"}:
            continue
        for path in folder.rglob("*.py"):
            for name in imports(path):
                if name.startswith("dragoman.protocols."):
                    assert name.split(".")[2] in {folder.name, "framing", "codec"}, (
                        f"{path} imports {name}"
                    )


def test_only_the_http_client_knows_what_is_behind_it() -> None:
    behind = {"http.py", "connection.py", "connecting.py"}
    for path in modules():
        if path.parent != ROOT / "upstreams" or path.name not in behind:
            found = {name.split(".")[0] for name in imports(path)}
            assert not found & {"httptools", "python_socks", "aiohttp", "httpx"}, path
