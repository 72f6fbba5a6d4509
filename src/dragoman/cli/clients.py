"""The coding clients by name: what their environment, command line and settings files must say to
reach the gateway. Places and fields are those of the clients' own documentation, tried with Claude
Code 2.1.329, Codex 0.169.0, Gemini CLI 0.61.0, opencode 1.18.33 and Amp 0.0.1777897475; Zed, Cline
and Roo Code need a screen and rest on their documentation (2026)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from dragoman.catalog.models import facts
from dragoman.cli import jsonc, toml_text
from dragoman.cli.reached import Reached, Wrong
from dragoman.neutral.json import Json, JsonObject

Environment: TypeAlias = Mapping[str, str]
_CONTEXT = 200_000
"""Tokens a model holds of which nothing is known."""


class File(NamedTuple):
    """One of a client's settings files: where it is, and its text with the gateway in it."""

    place: Callable[[Environment, Path], Path]
    merged: Callable[[str, Reached], str]


class Client(NamedTuple):
    """`variables` are None where a client takes no address from its environment; `arguments` go
    before the user's own. `files` hold what `connect` writes, `told` what is to be done by hand
    beside them. `prepared`: a file that its `variables` point to."""

    program: str
    package: str
    variables: Callable[[Reached], dict[str, str]] | None = None
    arguments: Callable[[Reached], list[str]] = lambda _: []
    files: tuple[File, ...] = ()
    told: Callable[[Reached], str] = lambda _: ""
    prepared: File | None = None
    writes: bool = False
    """Its file is written without being asked to."""


def _json_file(place: Callable[[Environment, Path], Path], *values: _Value) -> File:
    def merged(text: str, way: Reached) -> str:
        for path, value in values:
            text = jsonc.with_value(text, path, value(way))
        return text

    return File(place, merged)


_Value: TypeAlias = tuple[tuple[str, ...], Callable[[Reached], Json]]


def _below_home(*parts: str) -> Callable[[Environment, Path], Path]:
    return lambda _environment, home: home.joinpath(*parts)


def _in(variable: str, folder: tuple[str, ...], name: str) -> Callable[[Environment, Path], Path]:
    """A file in the folder that a variable names, else in one below home."""

    def place(environment: Environment, home: Path) -> Path:
        named = environment.get(variable)
        return (Path(named) if named else home.joinpath(*folder)) / name

    return place


def _xdg(*parts: str) -> Callable[[Environment, Path], Path]:
    def place(environment: Environment, home: Path) -> Path:
        linux = sys.platform not in ("darwin", "win32")
        own = environment.get("XDG_CONFIG_HOME") if linux else None
        return (Path(own) if own else home / ".config").joinpath(*parts)

    return place


# -- Claude Code


def _claude(way: Reached) -> dict[str, str]:
    variables = {"ANTHROPIC_BASE_URL": way.base, "ANTHROPIC_AUTH_TOKEN": way.key}
    if way.model:
        variables["ANTHROPIC_MODEL"] = way.model
        variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"] = way.model
    return variables


def _claude_merged(text: str, way: Reached) -> str:
    for name, value in _claude(way).items():
        text = jsonc.with_value(text, ("env", name), value)
    return text


# -- Codex


def _codex_provider(way: Reached) -> dict[str, Json]:
    return {
        "name": "dragoman",
        "base_url": f"{way.base}/v1",
        "env_key": "DRAGOMAN_KEY",
        "wire_api": "responses",
    }


def _codex_arguments(way: Reached) -> list[str]:
    fields = ",".join(f"{key}={json.dumps(value)}" for key, value in _codex_provider(way).items())
    arguments = ["-c", "model_provider=dragoman", "-c", f"model_providers.dragoman={{{fields}}}"]
    return [*arguments, "-m", way.model] if way.model else arguments


def _codex_merged(text: str, way: Reached) -> str:
    top = {"model_provider": "dragoman"}
    if way.model:
        top = {"model": way.model, **top}
    provider = {**_codex_provider(way), "supports_websockets": True}
    return toml_text.with_values(text, top, "model_providers.dragoman", provider)


# -- Gemini CLI


def _gemini(way: Reached) -> dict[str, str]:
    variables = {"GOOGLE_GEMINI_BASE_URL": way.base, "GEMINI_API_KEY": way.key}
    return {**variables, "GEMINI_MODEL": way.model} if way.model else variables


def _gemini_apart(way: Reached) -> dict[str, str]:
    """With a home of its own, whose settings say that a key is used: no variable does."""
    return {"GEMINI_CLI_HOME": str(Path.home() / ".gemini-dragoman"), **_gemini(way)}


def _dotenv_merged(text: str, way: Reached) -> str:
    wanted = _gemini(way)
    lines = [line for line in text.splitlines() if line.partition("=")[0].strip() not in wanted]
    return "\n".join([*lines, *(f'{name}="{value}"' for name, value in wanted.items())]) + "\n"


_BY_KEY: _Value = (("security", "auth", "selectedType"), lambda _: "gemini-api-key")


# -- opencode


def _opencode_provider(way: Reached) -> JsonObject:
    models: JsonObject = {name: {"limit": _limits(name)} for name in way.named}
    return {
        "npm": "@ai-sdk/openai-compatible",
        "name": "dragoman",
        "options": {"baseURL": f"{way.base}/v1", "apiKey": "{env:DRAGOMAN_KEY}"},
        "models": models,
    }


def _limits(model: str) -> JsonObject:
    known = facts(model)
    context = (known.context_tokens if known else None) or _CONTEXT
    output = (known.output_tokens if known else None) or 32_000
    return {"context": context, "output": output}


def _opencode(way: Reached) -> dict[str, str]:
    config: JsonObject = {
        "provider": {"dragoman": _opencode_provider(way)},
        "model": f"dragoman/{way.named[0]}",
    }
    return {"DRAGOMAN_KEY": way.key, "OPENCODE_CONFIG_CONTENT": json.dumps(config)}


def _opencode_place(environment: Environment, home: Path) -> Path:
    place = _xdg("opencode", "opencode.json")(environment, home)
    with_comments = place.with_suffix(".jsonc")
    return with_comments if with_comments.exists() else place


# -- Zed, Roo Code, Cline


def _zed_place(environment: Environment, home: Path) -> Path:
    if sys.platform == "win32":
        return Path(environment.get("APPDATA", home)) / "Zed" / "settings.json"
    return _xdg("zed", "settings.json")(environment, home)


def _zed_provider(way: Reached) -> Json:
    models: list[Json] = [
        {"name": name, "display_name": name, "max_tokens": _limits(name)["context"]}
        for name in way.named
    ]
    return {"api_url": f"{way.base}/v1", "available_models": models}


def _roo_profile(way: Reached) -> Json:
    return {
        "apiProvider": "openai",
        "openAiBaseUrl": f"{way.base}/v1",
        "openAiApiKey": way.key,
        "openAiModelId": way.named[0],
        "id": "dragoman",
    }


def _fields(way: Reached) -> str:
    return (
        "API Provider: OpenAI Compatible\n"
        f"Base URL:     {way.base}/v1\n"
        f"API Key:      {way.key}\n"
        f"Model ID:     {way.named[0]}\n"
    )


def _roo_told(way: Reached) -> str:
    return (
        "Roo Code reads that file by Settings > About Roo Code > Import, or at every start with "
        'this in the settings of VS Code: "roo-cline.autoImportSettingsPath": '
        '"~/.config/dragoman/roo-code-settings.json". By hand its profile says:\n\n' + _fields(way)
    )


def _cline_told(way: Reached) -> str:
    return (
        "Cline keeps its settings inside VS Code, where no other program writes. In its settings "
        "enter:\n\n" + _fields(way)
    )


# -- Amp


def _amp(way: Reached) -> dict[str, str]:
    return {"AMP_URL": _from_the_root(way), "AMP_API_KEY": way.key}


def _from_the_root(way: Reached) -> str:
    if way.base != way.address:
        raise Wrong(
            "Amp asks for every path from the root of its server, so that a group in front would "
            "be lost. Bind the key to the group instead: dragoman key add amp --group GROUP."
        )
    return way.address


def _amp_place(environment: Environment, home: Path) -> Path:
    """As the CLI looks for it (0.0.1777897475)."""
    if named := environment.get("AMP_SETTINGS_FILE"):
        return Path(named)
    return _xdg("amp", "settings.json")(environment, home)


def _amp_told(way: Reached) -> str:
    from dragoman.cli.shells import exports

    return (
        "For this shell alone, or where the key is still missing (`amp login` asks for it too):\n\n"
        + exports(_amp(way), "bash")
    )


def _export_told(name: str, what: str) -> Callable[[Reached], str]:
    from dragoman.cli.shells import exports

    return lambda way: (
        f"{what} finds the key in its environment:\n\n" + exports({name: way.key}, "bash")
    )


CLIENTS: dict[str, Client] = {
    "claude": Client(
        "claude",
        "@anthropic-ai/claude-code",
        _claude,
        files=(File(_in("CLAUDE_CONFIG_DIR", (".claude",), "settings.json"), _claude_merged),),
    ),
    "codex": Client(
        "codex",
        "@openai/codex",
        lambda way: {"DRAGOMAN_KEY": way.key},
        _codex_arguments,
        (File(_in("CODEX_HOME", (".codex",), "config.toml"), _codex_merged),),
        _export_told("DRAGOMAN_KEY", "Codex"),
    ),
    "gemini": Client(
        "gemini",
        "@google/gemini-cli",
        _gemini_apart,
        files=(
            _json_file(_below_home(".gemini", "settings.json"), _BY_KEY),
            File(_below_home(".gemini", ".env"), _dotenv_merged),
        ),
        prepared=_json_file(_below_home(".gemini-dragoman", ".gemini", "settings.json"), _BY_KEY),
    ),
    "opencode": Client(
        "opencode",
        "opencode-ai",
        _opencode,
        files=(_json_file(_opencode_place, (("provider", "dragoman"), _opencode_provider)),),
        told=_export_told("DRAGOMAN_KEY", "opencode"),
    ),
    "amp": Client(
        "amp",
        "@sourcegraph/amp",
        _amp,
        files=(_json_file(_amp_place, (("amp.url",), _from_the_root)),),
        told=_amp_told,
        writes=True,
    ),
    "zed": Client(
        "zed",
        "",
        files=(
            _json_file(
                _zed_place, (("language_models", "openai_compatible", "dragoman"), _zed_provider)
            ),
        ),
        told=_export_told("DRAGOMAN_API_KEY", "Zed"),
    ),
    "cline": Client("code", "", told=_cline_told),
    "roo": Client(
        "code",
        "",
        files=(
            _json_file(
                _below_home(".config", "dragoman", "roo-code-settings.json"),
                (("providerProfiles", "apiConfigs", "dragoman"), _roo_profile),
                (("providerProfiles", "currentApiConfigName"), lambda _: "dragoman"),
            ),
        ),
        told=_roo_told,
    ),
}
"""By the name that commands take."""


def home_place(file: File) -> Path:
    """Where a client's file is for this user."""
    return file.place(os.environ, Path.home())
