"""What the settings say of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from dragoman.accounts.oauth_clients import providers_from
from dragoman.accounts.providers import Provider
from dragoman.accounts.sealing import Seal, Sealed, key_from
from dragoman.config.settings import Settings
from dragoman.observe.log import logger

WORKERS = 16


class AccountOptions(msgspec.Struct, frozen=True):
    auth_dir: Path
    providers: Mapping[str, Provider]
    adopt: bool = False
    workers: int = WORKERS
    seal: Seal = Seal()
    proxy_url: str | None = None
    webhook: str = ""


def options_of(settings: Settings, environment: Mapping[str, str]) -> AccountOptions:
    """Blocking where the key lies in the system's keyring."""
    return AccountOptions(
        auth_dir=settings.auth_dir.expanduser(),
        adopt=settings.adopt_auth_files,
        workers=settings.auth_auto_refresh_workers or WORKERS,
        seal=_seal(settings, environment),
        proxy_url=settings.proxy_url,
        webhook=settings.account_webhook,
        providers=providers_from(settings.oauth_clients, environment),
    )


def _seal(settings: Settings, environment: Mapping[str, str]) -> Seal:
    """Without a usable key sealed files are told of one by one; nothing is written in the clear
    that should not be."""
    try:
        return Seal(key_from(environment, keyring=settings.auth_keyring))
    except Sealed as error:
        logger().error("sealed auth files cannot be read, nor logins kept", reason=str(error))
        return Seal(barred=str(error))
