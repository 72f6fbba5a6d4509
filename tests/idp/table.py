"""The table of providers with every address at the fake."""

from __future__ import annotations

import msgspec

from dragoman.accounts.providers import PROVIDERS, Provider
from dragoman.config.secrets import Secret

SECRET = "the-secret-of-the-fake"
_PATHS = {
    "authorize_url": "authorize",
    "token_url": "token",
    "device_url": "device",
    "profile_url": "profile",
    "exchange_url": "exchange",
}


def _moved(provider: Provider, base: str) -> dict[str, str]:
    out = {
        field: f"{base}/{provider.name}/{path}"
        for field, path in _PATHS.items()
        if getattr(provider, field)
    }
    out["base_url"] = f"{base}/{provider.name}/api"
    if provider.name == "codex":
        out["device_url"] = f"{base}/codex/deviceauth/usercode"
    return out


def providers(base: str) -> dict[str, Provider]:
    out = {}
    for name, provider in PROVIDERS.items():
        moved = msgspec.structs.replace(provider, **_moved(provider, base))
        if provider.needs_secret:
            moved = msgspec.structs.replace(moved, secret=Secret(SECRET))
        out[name] = moved
    return out


def configured(base: str) -> dict[str, dict[str, str]]:
    """The same as `oauth-clients` of a configuration."""
    out: dict[str, dict[str, str]] = {}
    for name, provider in PROVIDERS.items():
        out[name] = {key.replace("_", "-"): url for key, url in _moved(provider, base).items()}
        if provider.needs_secret:
            out[name]["client-secret"] = SECRET
    return out
