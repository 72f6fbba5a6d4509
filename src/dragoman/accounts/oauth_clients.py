"""Which OAuth client a login is made with: the user's own, or the provider's public one.

Google's installed-app clients have a secret, which "is obviously not treated as a secret"
(developers.google.com/identity/protocols/oauth2), but is not ours to hand out. Gemini CLI's is
read from an installed copy of that program, which is Google's own and open source.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from dragoman.accounts.providers import PROVIDERS, Provider
from dragoman.config.secrets import Secret
from dragoman.config.settings import OauthClient

PACKAGE = "@google/gemini-cli"
_SECRET = re.compile(rb"""["'](GOCSPX-[A-Za-z0-9_-]{20,40})["']""")
_LARGEST = 64 * 1024 * 1024
_NEAR = 4096


def variable(name: str, what: str) -> str:
    """The environment variable of a provider's client: DRAGOMAN_GEMINI_CLIENT_SECRET."""
    return f"DRAGOMAN_{name.upper()}_CLIENT_{what}"


def providers_from(
    clients: Mapping[str, OauthClient], environment: Mapping[str, str]
) -> dict[str, Provider]:
    """The table with what the user has set over it."""
    return {
        name: _with(provider, clients.get(name), environment)
        for name, provider in PROVIDERS.items()
    }


def _with(
    provider: Provider, client: OauthClient | None, environment: Mapping[str, str]
) -> Provider:
    changes: dict[str, object] = {}
    client_id = environment.get(variable(provider.name, "ID"), "")
    secret = environment.get(variable(provider.name, "SECRET"), "")
    if client is not None:
        for field in ("authorize_url", "token_url", "device_url", "profile_url", "exchange_url"):
            changes[field] = getattr(client, field)
        changes["base_url"] = client.base_url
        client_id = client.client_id or client_id
        secret = client.client_secret.reveal() if client.client_secret else secret
    changes |= {"client_id": client_id, "secret": Secret(secret) if secret else None}
    return msgspec.structs.replace(provider, **{key: v for key, v in changes.items() if v})


def with_secret(provider: Provider, environment: Mapping[str, str]) -> Provider:
    """The provider with the secret that its client needs, looked for where it may be; blocking.

    Raises:
        Missing: it needs one that is nowhere.
    """
    if not provider.needs_secret or provider.secret:
        return provider
    if provider.name == "gemini" and provider.client_id == PROVIDERS["gemini"].client_id:
        found = installed_secret(provider.client_id, environment.get("PATH", ""))
        if found:
            return msgspec.structs.replace(provider, secret=Secret(found))
    raise Missing(provider)


class Missing(Exception):
    """A client's secret is nowhere; the text says where to get it and where to put it."""

    def __init__(self, provider: Provider) -> None:
        name = provider.name
        if name == "gemini":
            where = (
                f"It stands in Google's own open-source program: install it (npm install -g "
                f"{PACKAGE}) and dragoman finds it there."
            )
        else:
            where = "Google gives it away with Antigravity; dragoman does not have it."
        super().__init__(
            f"Logging in with {provider.title} needs the secret of its OAuth client. {where} Or "
            f"put one into config.yaml, as oauth-clients.{name}.client-secret, or into the "
            f"environment, as {variable(name, 'SECRET')}."
        )


_found: dict[tuple[str, str], str] = {}


def installed_secret(client_id: str, path: str) -> str:
    """The secret beside this client id in an installed Gemini CLI; "" when there is none."""
    known = _found.get((client_id, path), "")
    if known:
        return known
    for root in _installations(path):
        for file in sorted(root.rglob("*.js")):
            found = _beside(file, client_id.encode())
            if found:
                _found[client_id, path] = found
                return found
    return ""


def _installations(path: str) -> Iterator[Path]:
    program = shutil.which("gemini", path=path)
    if program is not None:
        for parent in Path(program).resolve().parents:
            if (parent / "package.json").is_file():
                yield parent
                break
    node = shutil.which("node", path=path)
    prefixes = [Path(node).resolve().parent.parent] if node is not None else []
    prefixes += [Path("/usr/local"), Path("/usr"), Path("/opt/homebrew")]
    for prefix in prefixes:
        root = prefix / "lib/node_modules" / PACKAGE
        if root.is_dir():
            yield root


def _beside(file: Path, client_id: bytes) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            return ""
        data = file.read_bytes()
    except OSError:
        return ""
    at = data.find(client_id)
    while at >= 0:
        found = _SECRET.search(data, max(at - _NEAR, 0), at + _NEAR)
        if found is not None:
            return found.group(1).decode()
        at = data.find(client_id, at + 1)
    return ""
