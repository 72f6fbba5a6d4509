"""`dragoman explain`: where a request would go and why, told without sending anything."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console

from dragoman.accounts.client_keys import NO_KEY
from dragoman.cli.explained import show
from dragoman.config.load import find_config, load
from dragoman.config.problems import ConfigError
from dragoman.config.settings import Settings
from dragoman.errors import DragomanError
from dragoman.exchange.explanation import Explanation
from dragoman.exchange.incoming import Incoming
from dragoman.neutral.json import JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Text
from dragoman.neutral.requests import Request, Turn
from dragoman.protocols.codec import Codec, Target
from dragoman.protocols.registry import CODECS
from dragoman.server.admission import caller_of
from dragoman.server.explaining import explanation
from dragoman.server.gateway import Gateway
from dragoman.server.ways import Way
from dragoman.storage.active_group import ACTIVE_GROUP
from dragoman.storage.client_keys import ClientKey
from dragoman.storage.reading import client_keys_now, shared_now, state_now
from dragoman.storage.seal_key import known_seal_key

_SHORT = {"chat": "openai", "claude": "anthropic"}


class Wrong(Exception):
    """What was asked for cannot be explained; the text says why."""


class Asker(NamedTuple):
    """Who is to ask: with which key, behind which group, in compat mode."""

    group: str = ""
    key: str = ""
    compat: bool = False


def run(
    config: Path | None,
    model: str,
    asker: Asker,
    request: Path | None,
    protocol: str,
    as_json: bool,
) -> int:
    """Prints the explanation; the process's exit status: 0 when somebody would be asked."""
    errors = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    try:
        settings = _settings(config)
        incoming = _incoming(model, request, _codec(protocol))
        told = asyncio.run(_explained(settings, incoming, asker))
    except (Wrong, ConfigError, OSError) as error:
        errors.print(str(error))
        return 1
    except DragomanError as error:
        errors.print(error.message)
        return 1
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")
    else:
        show(Console(soft_wrap=True, markup=False, highlight=False), told)
    return 0 if told.upstream and not told.error else 1


async def _explained(settings: Settings, incoming: Incoming, asker: Asker) -> Explanation:
    folder = settings.data_dir
    gateway = Gateway(settings, state_now(folder), known_seal_key(folder))
    try:
        gateway.accounts.load()
        await gateway.take_active_group(shared_now(folder, ACTIVE_GROUP))
        key = _key(folder, asker.key) if asker.key else NO_KEY
        caller = caller_of(key, Way(asker.group, asker.compat), gateway)
        return explanation(gateway, msgspec.structs.replace(incoming, caller=caller))
    finally:
        await gateway.http.close()


def _key(folder: Path, name: str) -> ClientKey:
    """The key of this name that is not revoked."""
    for key in client_keys_now(folder):
        if key.name == name and key.revoked_at is None:
            return key
    raise Wrong(f"there is no key {name!r}; see: dragoman key list")


def _settings(config: Path | None) -> Settings:
    path = find_config(config, Path.cwd(), Path.home())
    if path is None:
        raise Wrong("there is no configuration; name one with --config")
    return load(path).settings


def _codec(protocol: str) -> Codec:
    codec = CODECS.get(_SHORT.get(protocol, protocol))
    if codec is None:
        raise Wrong(f"{protocol!r} is no protocol; known: {', '.join(CODECS)}")
    return codec


def _incoming(model: str, file: Path | None, codec: Codec) -> Incoming:
    """The request in the file, or a short one, as a client of the protocol sends it."""
    if file is None:
        if not model:
            raise Wrong("name a model with --model, or a request with --request")
        hello = Request(codec.name, model, (Turn("user", (Text("Hello"),)),))
        body = codec.request_out(hello, Target(model, "", ""), Losses())
    else:
        body = _read(file)
    in_url = codec.name == "gemini"
    if model and not in_url:
        body["model"] = model
    if in_url:
        model = model or str(body.pop("model", ""))
        if not model:
            raise Wrong("Gemini's requests have the model in the address: name it with --model")
    return Incoming("explain", codec, [], encode(body), in_url=in_url, model=model)


def _read(file: Path) -> JsonObject:
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        body = decode(data)
    except ValueError as error:
        raise Wrong(f"{file}: {error}") from None
    if not isinstance(body, dict):
        raise Wrong(f"{file}: a request is a JSON object")
    return body
