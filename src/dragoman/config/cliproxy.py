"""CLIProxyAPI's key blocks as upstreams, with its meaning kept.

Names are stable: the block and the entry's place in it (`gemini-api-key-1`), or the name an
openai-compatibility block gives itself. Nothing is refused here that CLIProxyAPI would load: what
it drops is dropped, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar
from urllib.parse import urlsplit

from dragoman.config.cliproxy_blocks import (
    ClaudeKey,
    CodexKey,
    Compatibility,
    KeyBlock,
    KeyBlocks,
    TheirModel,
)
from dragoman.config.models import ModelRule
from dragoman.config.problems import Notice, Place
from dragoman.config.secrets import Secret
from dragoman.config.upstreams import NOT_IN_NAMES, RESERVED_NAMES, Key, Upstream

GEMINI = "https://generativelanguage.googleapis.com"
ANTHROPIC = "https://api.anthropic.com"
ANTHROPIC_HOST = "api.anthropic.com"
VERTEX = "https://aiplatform.googleapis.com"
VERTEX_PATH = "/v1/publishers/google"
LOGIN_TOKEN = "sk-ant-oat"  # noqa: S105 - how Anthropic's login tokens begin, not one of them

B = TypeVar("B", bound=KeyBlock)
Notices = list[Notice]


def upstreams_of(blocks: KeyBlocks) -> tuple[tuple[Upstream, ...], tuple[Notice, ...]]:
    """All upstreams the blocks stand for, in the file's order of kinds, and what to tell of it."""
    notices: Notices = []
    found = [
        *_keys("gemini-api-key", blocks.gemini_api_key, _gemini, notices),
        *_keys("interactions-api-key", blocks.interactions_api_key, _interactions, notices),
        *_keys("claude-api-key", blocks.claude_api_key, _claude, notices),
        *_keys("codex-api-key", blocks.codex_api_key, _codex, notices),
        *_keys("xai-api-key", blocks.xai_api_key, _codex, notices),
        *_keys("vertex-api-key", blocks.vertex_api_key, _vertex, notices),
        *_compatibility(blocks.openai_compatibility, notices),
    ]
    return tuple(found), tuple(notices)


def _keys(
    block: str,
    entries: Iterable[B],
    translate: Callable[[B, str, Place, Notices], Upstream | None],
    notices: Notices,
) -> Iterator[Upstream]:
    seen: dict[object, int] = {}
    for at, entry in enumerate(entries):
        place: Place = (block, at)
        first = seen.setdefault(_identity(block, entry), at)
        if first != at:
            notices.append(Notice(place, f"repeats {block}[{first}]; the repetition is dropped"))
            continue
        upstream = translate(entry, f"{block}-{at + 1}", place, notices)
        if upstream is not None:
            yield upstream


def _identity(block: str, entry: KeyBlock) -> object:
    if block == "vertex-api-key":
        return (entry.api_key, entry.base_url)
    headers = tuple(sorted(entry.headers.items()))
    return (entry.api_key, entry.base_url, entry.proxy_url, entry.prefix, headers)


def _gemini(entry: KeyBlock, name: str, place: Place, notices: Notices) -> Upstream | None:
    if not entry.api_key and not entry.base_url:
        notices.append(Notice(place, "has neither api-key nor base-url; the entry is dropped"))
        return None
    base = _with_path(entry.base_url or GEMINI, "/v1beta")
    return _upstream(entry, name, place, notices, protocol="gemini", base_url=base)


def _interactions(entry: KeyBlock, name: str, place: Place, notices: Notices) -> Upstream | None:
    upstream = _gemini(entry, name, place, notices)
    if upstream is None:
        return None
    notices.append(Notice(place, "is kept aside: the Interactions API is not served yet"))
    return upstream.model_copy(update={"disabled": True})


def _claude(entry: ClaudeKey, name: str, place: Place, notices: Notices) -> Upstream | None:
    if not entry.api_key and not entry.base_url:
        notices.append(Notice(place, "has neither api-key nor base-url; the entry is dropped"))
        return None
    base = entry.base_url or ANTHROPIC
    own = urlsplit(base).hostname == ANTHROPIC_HOST and LOGIN_TOKEN not in entry.api_key.reveal()
    upstream = _upstream(
        entry, name, place, notices, protocol="anthropic", base_url=_with_path(base, "/v1")
    )
    return upstream.model_copy(update={"auth": "x-api-key" if own else "bearer"})


def _codex(entry: CodexKey, name: str, place: Place, notices: Notices) -> Upstream | None:
    if not entry.base_url:
        notices.append(Notice(place, "has no base-url; the entry is dropped"))
        return None
    if not entry.models:
        notices.append(Notice(place, "lists no models, so it serves none; add models"))
    upstream = _upstream(entry, name, place, notices, protocol="responses", base_url=entry.base_url)
    update = {
        "base_url": _as_it_is(entry.base_url),
        "models": upstream.models or (),
        "websockets": entry.websockets,
    }
    return upstream.model_copy(update=update)


def _vertex(entry: KeyBlock, name: str, place: Place, notices: Notices) -> Upstream | None:
    if not entry.api_key:
        notices.append(Notice(place, "has no api-key; the entry is dropped"))
        return None
    base = _with_path(entry.base_url or VERTEX, VERTEX_PATH)
    upstream = _upstream(entry, name, place, notices, protocol="gemini", base_url=base)
    rules = []
    for at, rule in enumerate(entry.models):
        if rule.name and rule.alias:
            rules.append(_rule(rule))
        else:
            notices.append(
                Notice((*place, "models", at), "needs name and alias; the model is dropped")
            )
    return upstream.model_copy(update={"models": tuple(rules) or None})


def _as_it_is(base: str) -> str:
    """CLIProxyAPI adds no path of the protocol's own to these; a bare `/` says the same here."""
    return base if urlsplit(base).path else f"{base}/"


def _with_path(base: str, path: str) -> str:
    return base if base.endswith(path) else base + path


def _upstream(
    entry: KeyBlock,
    name: str,
    place: Place,
    notices: Notices,
    *,
    protocol: str,
    base_url: str,
) -> Upstream:
    return Upstream.model_validate(
        {
            "name": name,
            "protocol": protocol,
            "base_url": base_url,
            "keys": _credentials(entry.api_key, entry.weight, entry.proxy_url),
            "headers": entry.headers,
            "proxy_url": entry.proxy_url,
            "models": _rules(entry.models) or None,
            "excluded_models": entry.excluded_models,
            "prefix": _prefix(entry.prefix, place, notices),
            "disabled": "*" in entry.excluded_models,
            "priority": entry.priority,
            "disable_cooling": entry.disable_cooling,
            "request_retry": entry.request_retry,
            "request_scoped_errors": entry.request_scoped_errors,
        }
    )


def _credentials(secret: Secret, weight: int, proxy_url: str | None) -> tuple[Key, ...]:
    if not secret:
        return ()
    return (Key(key=secret, weight=max(0, weight), proxy_url=proxy_url),)


def _rules(rules: Iterable[TheirModel]) -> tuple[ModelRule, ...]:
    """Written twice is once; one alias with several names stays, as a pool."""
    kept = {(rule.name, rule.served_as): rule for rule in map(_rule, rules)}
    return tuple(kept.values())


def _rule(rule: TheirModel) -> ModelRule:
    whole = {name: getattr(rule, name) for name in rule.model_fields_set}
    return ModelRule.model_validate({**whole, "name": rule.name or rule.alias})


def _prefix(text: str, place: Place, notices: Notices) -> str:
    text = text.strip().strip("/")
    if "/" in text or any(sign.isspace() for sign in text):
        notices.append(Notice((*place, "prefix"), "is no single word; the prefix is dropped"))
        return ""
    return text


def _compatibility(blocks: Iterable[Compatibility], notices: Notices) -> Iterator[Upstream]:
    taken: set[str] = set()
    for at, block in enumerate(blocks):
        place: Place = ("openai-compatibility", at)
        if not block.base_url:
            notices.append(Notice(place, "has no base-url; the block is dropped"))
            continue
        if not block.models:
            notices.append(Notice(place, "lists no models, so it serves none; add models"))
        name = _free_name(block.name, at, taken)
        if name != block.name:
            notices.append(Notice((*place, "name"), f"is called {name} here"))
        yield _compat_upstream(block, name, place, notices)


def _free_name(wanted: str, at: int, taken: set[str]) -> str:
    """The block's own name, made fit to stand before a `/` and unique."""
    signs = ("-" if sign in NOT_IN_NAMES or sign.isspace() else sign for sign in wanted.strip())
    stem = "".join(signs) or f"openai-compatibility-{at + 1}"
    if stem.lower() in RESERVED_NAMES:
        stem = f"{stem}-{at + 1}"
    name, count = stem, 2
    while name.lower() in taken:
        name, count = f"{stem}-{count}", count + 1
    taken.add(name.lower())
    return name


def _compat_upstream(block: Compatibility, name: str, place: Place, notices: Notices) -> Upstream:
    keys: dict[Secret, Key] = {}
    for entry in block.api_key_entries:
        for key in _credentials(entry.api_key, entry.weight, entry.proxy_url):
            keys.setdefault(key.key, key)
    for secret in block.api_keys:
        for key in _credentials(secret, 1, None):
            keys.setdefault(key.key, key)
    upstream = Upstream.model_validate(
        {
            "name": name,
            "protocol": "openai",
            "base_url": block.base_url,
            "keys": tuple(keys.values()),
            "headers": block.headers,
            "models": _rules(block.models),
            "excluded_models": block.excluded_models,
            "prefix": _prefix(block.prefix, place, notices),
            "disabled": block.disabled,
            "priority": block.priority,
            "disable_cooling": block.disable_cooling,
            "request_retry": block.request_retry,
            "request_scoped_errors": block.request_scoped_errors,
            "support_prompt_cache_key": block.support_prompt_cache_key,
        }
    )
    return upstream.model_copy(update={"base_url": _as_it_is(block.base_url)})
