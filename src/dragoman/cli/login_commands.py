"""`dragoman login` and `dragoman accounts`, as the command line takes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration file, for auth-dir.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Names = Annotated[list[str], typer.Argument(help="Files or names, as they are listed.")]
ProviderArgument = Annotated[
    str,
    typer.Argument(
        help="claude, codex, gemini, antigravity, qwen, kimi, xai, copilot, vertex, or import."
    ),
]
ProgramArgument = Annotated[
    str,
    typer.Argument(help="For import: claude-code, codex, gemini-cli or qwen-code; default all."),
]
NoBrowserOption = Annotated[
    bool, typer.Option("--no-browser", help="Show the page's address, do not open it.")
]
PortOption = Annotated[
    int,
    typer.Option(
        "--oauth-callback-port",
        min=0,
        max=65535,
        help="Listen here for the browser; for a port that is forwarded to this machine.",
    ),
]
DeviceOption = Annotated[
    bool, typer.Option("--device", help="codex: with a code, without a browser here.")
]
ProjectOption = Annotated[
    str,
    typer.Option("--project", help="gemini: Google Cloud projects, with commas; default its own."),
]
LabelOption = Annotated[
    str,
    typer.Option("--label", help="A name for the account where the provider tells none."),
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option("--service-account", help="vertex: the key file of a service account."),
]
PrefixOption = Annotated[str, typer.Option("--prefix", help="vertex: a prefix for its models.")]
LocationOption = Annotated[
    str, typer.Option("--location", help="vertex: the region; default us-central1.")
]
TakeOverOption = Annotated[
    bool, typer.Option("--take-over", help="import: renew the login from here on.")
]

accounts_app = typer.Typer(
    name="accounts", help="List the logins; adopt, switch and delete them.", no_args_is_help=False
)


def login(
    name: ProviderArgument,
    program: ProgramArgument = "",
    no_browser: NoBrowserOption = False,
    oauth_callback_port: PortOption = 0,
    device: DeviceOption = False,
    project: ProjectOption = "",
    label: LabelOption = "",
    service_account: KeyFileOption = None,
    prefix: PrefixOption = "",
    location: LocationOption = "",
    take_over: TakeOverOption = False,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Log in with a subscription, or take over a login that is here."""
    from dragoman.cli.login import Wanted, run

    wanted = Wanted(
        name=name.strip().lower(),
        config=config,
        program=program,
        no_browser=no_browser,
        callback_port=oauth_callback_port,
        device=device,
        project=project,
        label=label,
        service_account=service_account,
        prefix=prefix,
        location=location,
        take_over=take_over,
        yes=yes,
    )
    sys.exit(run(wanted))


@accounts_app.callback(invoke_without_command=True)
def _accounts(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    if context.invoked_subcommand is None:
        from dragoman.cli.accounts import show

        sys.exit(show(config, as_json=as_json))


@accounts_app.command()
def adopt(
    names: Annotated[list[str] | None, typer.Argument(help="Files or names.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every login there is.")] = False,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Renew logins that another program wrote from here on."""
    from dragoman.cli.accounts import adopt as run

    if not names and not everything:
        raise typer.BadParameter("name the logins, or say --all")
    sys.exit(run(config, names or [], everything=everything, yes=yes))


@accounts_app.command()
def enable(names: Names, config: ConfigOption = None) -> None:
    """Use accounts again."""
    from dragoman.cli.accounts import turn

    sys.exit(turn(config, names, on=True))


@accounts_app.command()
def disable(names: Names, config: ConfigOption = None) -> None:
    """Do not use accounts for now."""
    from dragoman.cli.accounts import turn

    sys.exit(turn(config, names, on=False))


@accounts_app.command()
def remove(names: Names, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Delete the auth files of accounts."""
    from dragoman.cli.accounts import remove as run

    sys.exit(run(config, names, yes=yes))


@accounts_app.command()
def key() -> None:
    """Print a new key for DRAGOMAN_AUTH_KEY, which seals auth files."""
    from dragoman.cli.accounts import key as run

    sys.exit(run())
