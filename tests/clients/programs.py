"""How each coding client is started without a terminal: its command, environment and the files it
wants in HOME. Commands and settings are those of the clients' own documentation."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.clients.install import binary, environment

LIMIT_S = 120
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")


@dataclass(frozen=True)
class Start:
    """A command with what it needs; `files` are relative to HOME, `told` is its standard input."""

    command: list[str]
    variables: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)
    told: str = ""


@dataclass(frozen=True)
class Done:
    status: int
    stdout: str
    stderr: str
    work: Path

    def __str__(self) -> str:
        return f"exit status {self.status}\n{self.stdout[-4000:]}\n--\n{self.stderr[-4000:]}"


Starter = Callable[[str, str, str, str], Start]
"""From the gateway's address, key, model and the prompt."""


def claude_code(address: str, key: str, model: str, prompt: str) -> Start:
    variables = {
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_AUTH_TOKEN": key,
        "ANTHROPIC_MODEL": model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
        "IS_SANDBOX": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }
    claude = str(binary("claude-code"))
    command = [claude, "-p", prompt, "--model", model, "--dangerously-skip-permissions"]
    return Start(command, variables)


def codex_http(address: str, key: str, model: str, prompt: str) -> Start:
    return _codex(address, key, model, prompt, websocket=False)


def codex_websocket(address: str, key: str, model: str, prompt: str) -> Start:
    return _codex(address, key, model, prompt, websocket=True)


def _codex(address: str, key: str, model: str, prompt: str, *, websocket: bool) -> Start:
    config = f"""
model = "{model}"
model_provider = "gw"
[model_providers.gw]
name = "gw"
base_url = "{address}/v1"
env_key = "GW_KEY"
wire_api = "responses"
supports_websockets = {str(websocket).lower()}
"""
    command = [str(binary("codex")), "exec", "--skip-git-repo-check"]
    command += ["--dangerously-bypass-approvals-and-sandbox", prompt]
    return Start(command, {"GW_KEY": key}, {".codex/config.toml": config})


def gemini_cli(address: str, key: str, model: str, prompt: str) -> Start:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
    }
    variables = {
        "GOOGLE_GEMINI_BASE_URL": address,
        "GEMINI_API_KEY": key,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "NO_BROWSER": "1",
    }
    command = [str(binary("gemini-cli")), "-p", prompt, "-m", model, "--yolo"]
    return Start(command, variables, {".gemini/settings.json": json.dumps(settings)})


def qwen_code(address: str, key: str, model: str, prompt: str) -> Start:
    settings = {"privacy": {"usageStatisticsEnabled": False}}
    variables = {"OPENAI_BASE_URL": f"{address}/v1", "OPENAI_API_KEY": key}
    command = [str(binary("qwen-code")), "-p", prompt, "--auth-type", "openai", "-m", model]
    return Start([*command, "--yolo"], variables, {".qwen/settings.json": json.dumps(settings)})


def opencode(package: str) -> Starter:
    """opencode with one of the AI SDK's provider packages. It quotes what stands in its arguments,
    so the prompt goes in by standard input."""
    path = "/v1beta" if package == "@ai-sdk/google" else "/v1"

    def start(address: str, key: str, model: str, prompt: str) -> Start:
        provider = {
            "npm": package,
            "options": {"baseURL": address + path, "apiKey": "{env:GW_KEY}"},
            "models": {model: {"limit": {"context": 200_000, "output": 8000}}},
        }
        config = {"provider": {"gw": provider}, "permission": "allow", "autoupdate": False}
        variables = {
            "GW_KEY": key,
            "OPENCODE_CONFIG_CONTENT": json.dumps(config),
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        }
        command = [str(binary("opencode")), "run", "-m", f"gw/{model}"]
        return Start(command, variables, told=prompt)

    return start


def run(start: Start, folder: Path) -> Done:
    """Runs it in a HOME and an empty work folder of its own."""
    home, work = folder / "home", folder / "work"
    work.mkdir(parents=True)
    for name, text in start.files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    home.mkdir(exist_ok=True)
    return finished(start.command, {**start.variables, "HOME": str(home)}, work, start.told)


def finished(
    command: list[str] | str, variables: Mapping[str, str], work: Path, told: str = ""
) -> Done:
    """The end of a command, or of a shell line; one that takes too long is ended (status -1)."""
    kept = {name: value for name, value in environment().items() if name in KEPT}
    process = subprocess.Popen(
        command,
        shell=isinstance(command, str),
        env={**kept, **variables},
        cwd=work,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(told, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return Done(-1, out, f"ended after {LIMIT_S} s\n{err}", work)
    return Done(process.returncode, out, err, work)
