"""`python -m tests.clients.install`: the coding clients into `.clients/`, at pinned versions.

The lock files name no host, so any npm mirror serves them; `--lock` writes them anew from the
table below. Install scripts are left out (optional parts would be compiled), but for those that put
a client's own binary in its place. Where the machine's Node.js is missing or too old for the
clients written in JavaScript, one from npm is put beside them."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / ".clients"
LOCKS = Path(__file__).parent
OLDEST_NODE = 20
NODE_VERSION = "22.23.3"
NPMRC = "omit-lockfile-registry-resolved=true\naudit=false\nfund=false\nupdate-notifier=false\n"


class Client(NamedTuple):
    """`setup` is the script of the package that puts its binary in place; `script`: the binary is
    JavaScript and needs Node.js."""

    package: str
    version: str
    binary: str
    setup: str = ""
    script: bool = False


CLIENTS = {
    "claude-code": Client("@anthropic-ai/claude-code", "2.1.329", "claude", "install.cjs"),
    "codex": Client("@openai/codex", "0.169.0", "codex", script=True),
    "gemini-cli": Client("@google/gemini-cli", "0.61.0", "gemini", script=True),
    "opencode": Client("opencode-ai", "1.18.33", "opencode", "postinstall.mjs"),
    "qwen-code": Client("@qwen-code/qwen-code", "0.24.4", "qwen", script=True),
    "amp": Client("@sourcegraph/amp", "0.0.1777897475-g2324e1", "amp", script=True),
}


def binary(client: str) -> Path:
    return TARGET / "npm" / "node_modules" / ".bin" / CLIENTS[client].binary


def node_folder() -> Path | None:
    """Where the Node.js that runs the clients is, when it is one of ours."""
    folder = TARGET / "node" / "node_modules" / f"node-{_platform()}" / "bin"
    return folder if (folder / "node").exists() else None


def _platform() -> str:
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}-{machine}"


def _manifests() -> dict[str, dict[str, Any]]:
    clients = {one.package: one.version for one in CLIENTS.values()}
    nodes = {f"node-linux-{machine}": NODE_VERSION for machine in ("x64", "arm64")}
    return {
        "npm": {"name": "clients", "private": True, "dependencies": clients},
        "node": {"name": "node", "private": True, "optionalDependencies": nodes},
    }


def lock() -> None:
    for name, manifest in _manifests().items():
        folder = LOCKS / name
        folder.mkdir(exist_ok=True)
        (folder / ".npmrc").write_text(NPMRC)
        (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
        (folder / "package-lock.json").unlink(missing_ok=True)
        _npm(folder, "install", "--package-lock-only", "--ignore-scripts", "--force")
        file = folder / "package-lock.json"
        locked = json.loads(file.read_text())
        for package in locked["packages"].values():
            package.pop("funding", None)
        text = json.dumps(locked, indent=2) + "\n"
        if "://" in text:
            raise SystemExit(f"{file} names a host")
        file.write_text(text)


def install() -> None:
    if _node_version() < OLDEST_NODE:
        _install("node")
    if _install("npm"):
        modules = TARGET / "npm" / "node_modules"
        for client in CLIENTS.values():
            if client.setup:
                folder = modules / client.package
                subprocess.run(["node", client.setup], cwd=folder, env=environment(), check=True)
    for name, client in CLIENTS.items():
        found = _version_of(name)
        if client.version not in found:
            raise SystemExit(f"{name}: expected version {client.version}, it says {found!r}")
        sys.stdout.write(f"{name} {client.version}\n")


def environment() -> dict[str, str]:
    """The process environment, with our Node.js first where there is one."""
    folder = node_folder()
    if folder is None:
        return dict(os.environ)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def _install(name: str) -> bool:
    """Installs what a lock names; False when it already is."""
    source, folder = LOCKS / name, TARGET / name
    wanted = (source / "package-lock.json").read_bytes()
    done = folder / ".installed"
    if done.exists() and done.read_bytes() == wanted:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    for file in (".npmrc", "package.json", "package-lock.json"):
        shutil.copyfile(source / file, folder / file)
    _npm(folder, "install", "--no-save", "--ignore-scripts")
    done.write_bytes(wanted)
    return True


def _npm(folder: Path, *arguments: str) -> None:
    command = ["npm", *arguments, "--no-progress", "--loglevel=error"]
    subprocess.run(command, cwd=folder, env=environment(), check=True)


def _node_version() -> int:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("the coding clients come from npm: install nodejs and npm")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0


def _version_of(name: str) -> str:
    home = TARGET / "home"
    home.mkdir(exist_ok=True)
    command = [str(binary(name)), "--version"]
    settings = {**environment(), "HOME": str(home), "DISABLE_AUTOUPDATER": "1"}
    done = subprocess.run(
        command, env=settings, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


if __name__ == "__main__":
    if sys.argv[1:] == ["--lock"]:
        lock()
    else:
        install()
