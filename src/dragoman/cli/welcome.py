"""What a start shows: where the gateway is, what it serves, and a line to paste for each client."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from dragoman.config.settings import Settings

_SHOWN_MODELS = 12

_GEMINI_HOME = "~/.gemini-dragoman"
_GEMINI_SETTINGS = '{"security":{"auth":{"selectedType":"gemini-api-key"}}}'
"""Without it Gemini CLI asks how to sign in, keeps to a Google account chosen before, or ends when
it has no terminal. It stands in a home of its own, so that the user's own settings stay as they
are."""


def address_of(settings: Settings, port: int) -> str:
    """Where a client on this machine reaches the gateway."""
    scheme = "https" if settings.tls.enable else "http"
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def client_lines(address: str, key: str, model: str) -> list[tuple[str, str]]:
    """A client's name and the shell line that starts it on this gateway."""
    secret = shlex.quote(key)
    name = shlex.quote(model)
    provider = (
        f'model_providers.dragoman={{name="dragoman",base_url="{address}/v1",'
        'env_key="DRAGOMAN_KEY",wire_api="responses"}'
    )
    opencode = (
        '{"provider":{"dragoman":{"npm":"@ai-sdk/openai-compatible","options":{"baseURL":"'
        f'{address}/v1","apiKey":"{key}"}},"models":{{"{model}":{{}}}}}}}}}}'
    )
    body = f'{{"model":"{model}","messages":[{{"role":"user","content":"Hello"}}]}}'
    return [
        (
            "Claude Code",
            f"ANTHROPIC_BASE_URL={address} ANTHROPIC_AUTH_TOKEN={secret} "
            f"ANTHROPIC_MODEL={name} ANTHROPIC_DEFAULT_HAIKU_MODEL={name} claude",
        ),
        (
            "Codex",
            f"DRAGOMAN_KEY={secret} codex -c model_provider=dragoman "
            f"-c {shlex.quote(provider)} -m {name}",
        ),
        (
            "Gemini CLI",
            f"mkdir -p {_GEMINI_HOME}/.gemini && [ -e {_GEMINI_HOME}/.gemini/settings.json ] || "
            f"echo {shlex.quote(_GEMINI_SETTINGS)} > {_GEMINI_HOME}/.gemini/settings.json; "
            f"GEMINI_CLI_HOME={_GEMINI_HOME} "
            f"GOOGLE_GEMINI_BASE_URL={address} GEMINI_API_KEY={secret} gemini -m {name}",
        ),
        (
            "opencode",
            f"OPENCODE_CONFIG_CONTENT={shlex.quote(opencode)} opencode -m "
            f"{shlex.quote('dragoman/' + model)}",
        ),
        ("Amp", f"AMP_URL={address} AMP_API_KEY={secret} amp"),
        ("OpenAI SDK", f"OPENAI_BASE_URL={address}/v1 OPENAI_API_KEY={secret} python app.py"),
        (
            "curl",
            f"curl {address}/v1/chat/completions -H {shlex.quote('Authorization: Bearer ' + key)} "
            f"-d {shlex.quote(body)}",
        ),
    ]


def show_welcome(
    console: Console, address: str, key: str, models: Sequence[str], written: str
) -> None:
    """Prints it. Lines to paste are never wrapped, so that they can be pasted."""
    if written:
        console.print(f"wrote {written} with a new client key", highlight=False)
    shown = ", ".join(models[:_SHOWN_MODELS]) or "none yet"
    more = len(models) - _SHOWN_MODELS
    table = Table.grid(padding=(0, 2))
    table.add_row("address", address)
    table.add_row("key", key or "none: only this machine is served")
    table.add_row("models", shown + (f" and {more} more" if more > 0 else ""))
    console.print(table, highlight=False)
    console.print("\nPaste one of these:\n", highlight=False)
    model = models[0] if models else "MODEL"
    for name, line in client_lines(address, key or "unused", model):
        console.print(f"[bold]{name}[/bold]", highlight=False)
        console.print(f"  {line}\n", highlight=False, markup=False, soft_wrap=True)
