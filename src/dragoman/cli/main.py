"""The command line. `dragoman` alone is `dragoman serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dragoman import __version__
from dragoman.cli.client_commands import PASSED_ON, connect, environment, start
from dragoman.cli.config_commands import config_app
from dragoman.cli.group_commands import group_app
from dragoman.cli.key_commands import key_app
from dragoman.cli.login_commands import accounts_app, login
from dragoman.cli.old_flags import translated

app = typer.Typer(
    name="dragoman",
    help="One address between AI coding clients and any model.",
    epilog="CLIProxyAPI's flags log in as well: --claude-login, --codex-login, "
    "--codex-device-login, --login (Gemini), --antigravity-login, --qwen-login, --kimi-login, "
    "--xai-login, with --no-browser and --oauth-callback-port; also with one dash.",
    no_args_is_help=False,
    add_completion=True,
    pretty_exceptions_enable=False,
)
app.add_typer(config_app, name="config")
app.add_typer(accounts_app, name="accounts")
app.command()(login)
app.command("env")(environment)
app.command("run", context_settings=PASSED_ON)(start)
app.command()(connect)
app.add_typer(key_app, name="key")
app.add_typer(group_app, name="group")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Configuration file; default ./config.yaml, then ~/.config/dragoman/config.yaml.",
    ),
]
HostOption = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
PortOption = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 = any.")
]


@app.callback(invoke_without_command=True)
def _default(
    context: typer.Context,
    config: ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"dragoman {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        serve(config, host, port)


@app.command()
def serve(config: ConfigOption = None, host: HostOption = None, port: PortOption = None) -> None:
    """Start the gateway. Without a configuration, ./config.yaml is written first."""
    from dragoman.cli.serve import run  # the server's imports cost what `--help` need not wait for

    sys.exit(run(config, host, port))


@app.command()
def explain(
    model: Annotated[str, typer.Option("--model", help="The model a client asks for.")] = "",
    group: Annotated[
        str, typer.Option("--group", help="The group in its path; switch = the active one.")
    ] = "",
    key: Annotated[str, typer.Option("--key", help="The client key, by its name.")] = "",
    compat: Annotated[bool, typer.Option("--compat", help="Compat mode in its path.")] = False,
    request: Annotated[
        Path | None, typer.Option("--request", help="A file with a request's body; - = input.")
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol", help="The client's: openai, responses, anthropic, gemini or ollama."
        ),
    ] = "openai",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Tell where a request would go and why. Nothing is sent."""
    from dragoman.cli.explain import Asker, run
    from dragoman.observe.log import set_up

    set_up("error", "text")  # to standard error: what is printed may be JSON
    sys.exit(run(config, model, Asker(group, key, compat), request, protocol, as_json))


def main() -> None:
    """The `dragoman` program."""
    app(translated(sys.argv[1:]))
