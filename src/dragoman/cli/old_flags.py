"""CLIProxyAPI's flags on the bare command (about v7.2, and those it had before), said in today's
words. Its users type them with one dash, as Go's programs take them."""

from __future__ import annotations

from collections.abc import Sequence

_LOGINS: dict[str, tuple[str, ...]] = {
    "login": ("gemini",),
    "claude-login": ("claude",),
    "codex-login": ("codex",),
    "codex-device-login": ("codex", "--device"),
    "antigravity-login": ("antigravity",),
    "qwen-login": ("qwen",),
    "kimi-login": ("kimi",),
    "xai-login": ("xai",),
    "iflow-login": ("iflow",),
    "iflow-cookie": ("iflow",),
}
_SWITCHES = {"no-browser": "--no-browser"}
_VALUES = {
    "config": "--config",
    "oauth-callback-port": "--oauth-callback-port",
    "project_id": "--project",
    "vertex-import": "--service-account",
    "vertex-import-prefix": "--prefix",
}


def translated(arguments: Sequence[str]) -> list[str]:
    """The arguments with old flags exchanged. Those of a command with a name stay as they are."""
    if not arguments or not arguments[0].startswith("-"):
        return list(arguments)
    login: tuple[str, ...] = ()
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-"):
            rest.append(word)
        elif name in _LOGINS:
            login = login if value.lower() in ("false", "0") else _LOGINS[name]
        elif name in _SWITCHES:
            rest.append(_SWITCHES[name])
        elif name in _VALUES:
            rest.append(_VALUES[name])
            rest += [value] if equals else waiting[:1]
            del waiting[: 0 if equals else 1]
            if name == "vertex-import":
                login = ("vertex",)
        else:
            rest.append(word)
    return ["login", *login, *rest] if login else rest
