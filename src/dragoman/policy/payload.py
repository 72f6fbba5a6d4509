"""Payload rules: fields of an upstream's body set or removed, after everything else was decided.

They work on the body's bytes: only the top-level fields that a rule names are opened, and only
those that it changed are written anew. Who is meant, and what is there, is looked up in the body
as it was before any rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.config.payload import PROTOCOLS, Payload, PayloadModel, PayloadRule, RawPayloadRule
from dragoman.neutral.conditions import same
from dragoman.neutral.globs import matches
from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.neutral.paths import Path, Place, found, parse_path, places, put, remove
from dragoman.protocols.framing.splice import Spans


class Sent(msgspec.Struct, frozen=True):
    """A request as rules look at it. `models`: the upstream's name of the model, and the names it
    was asked by; `protocol` is the upstream's, `client` the client's. `kind`: what rules may call
    the host instead of its protocol."""

    models: tuple[str, ...]
    protocol: str
    client: str
    headers: Sequence[tuple[str, str]]
    kind: str = ""


class Change(msgspec.Struct, frozen=True):
    """What a rule did: its kind, its place in the file's list, counted from 0, and the path."""

    kind: str
    rule: int
    path: str


class _Test(msgspec.Struct, frozen=True):
    """One entry of a rule's `models`."""

    name: str
    protocol: str
    client: str
    headers: tuple[tuple[str, str], ...]
    match: tuple[tuple[Path, Json], ...]
    not_match: tuple[tuple[Path, Json], ...]
    exist: tuple[Path, ...]
    not_exist: tuple[Path, ...]

    @property
    def paths(self) -> list[Path]:
        pairs = (*self.match, *self.not_match)
        return [*(path for path, _ in pairs), *self.exist, *self.not_exist]

    def is_for(self, sent: Sent) -> bool:
        return (
            self.protocol in ("", sent.protocol, sent.kind)
            and self.client in ("", sent.client)
            and any(matches(self.name, model.lower()) for model in sent.models)
            and all(
                any(name == own and matches(glob, value) for own, value in sent.headers)
                for name, glob in self.headers
            )
        )

    def holds(self, body: JsonObject) -> bool:
        return (
            all(_has(body, path, value) for path, value in self.match)
            and not any(_has(body, path, value) for path, value in self.not_match)
            and all(found(body, path) for path in self.exist)
            and not any(found(body, path) for path in self.not_exist)
        )


def _has(body: JsonObject, path: Path, value: Json) -> bool:
    return any(same(one, value) for one in found(body, path))


class _Rule(msgspec.Struct, frozen=True):
    """`params`: what is set, as JSON; to be removed where there is none."""

    kind: str
    number: int
    tests: tuple[_Test, ...]
    params: tuple[tuple[Path, bytes], ...]

    @property
    def paths(self) -> list[Path]:
        return [path for path, _ in self.params] + [p for test in self.tests for p in test.paths]


class PayloadRules:
    """Those of one configuration, in the order in which they work."""

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._rules = rules

    def applied(self, body: bytes, sent: Sent) -> tuple[bytes, tuple[Change, ...]]:
        """The body with every rule that is for it, and what they did.

        Raises:
            InvalidRequest: the body is no JSON object, or a key stands twice in it.
        """
        rules: list[_Rule] = []
        for rule in self._rules:
            tests = tuple(test for test in rule.tests if test.is_for(sent))
            if tests:
                rules.append(msgspec.structs.replace(rule, tests=tests))
        if not rules:
            return body, ()
        spans = Spans(body)
        document = _opened(spans, rules)
        meant = [rule for rule in rules if any(test.holds(document) for test in rule.tests)]
        work = _Work(document)
        work.fill([rule for rule in meant if rule.kind in _DEFAULTS])
        for rule in meant:
            work.run(rule)
        changes = {head: value for head in work.touched for value in _written(spans, head, work)}
        return (spans.replaced(changes) if changes else body), tuple(work.done)


def compiled(payload: Payload) -> PayloadRules | None:
    """The rules as requests use them; None where there are none."""
    blocks: tuple[tuple[str, Sequence[PayloadRule | RawPayloadRule]], ...] = (
        ("default", payload.default),
        ("default-raw", payload.default_raw),
        ("override", payload.override),
        ("override-raw", payload.override_raw),
    )
    rules = [
        _Rule(
            kind,
            number,
            _tests(rule.models),
            tuple((parse_path(path), _json(kind, value)) for path, value in rule.params.items()),
        )
        for kind, block in blocks
        for number, rule in enumerate(block)
        if rule.params
    ]
    rules += [
        _Rule(
            _FILTER,
            number,
            _tests(rule.models),
            tuple((parse_path(path), b"") for path in rule.params),
        )
        for number, rule in enumerate(payload.filter)
        if rule.params
    ]
    return PayloadRules(rules) if rules else None


_DEFAULTS = ("default", "default-raw")
_FILTER = "filter"


class _Work:
    """The opened part of one body while rules change it."""

    def __init__(self, document: JsonObject) -> None:
        self.document = document
        self.touched: dict[str, None] = {}
        self.done: list[Change] = []
        self._missing: dict[tuple[str, int, str], list[Place]] = {}

    def fill(self, rules: Sequence[_Rule]) -> None:
        """Finds what is missing before anything is set; of several rules the first has it."""
        taken: set[Place] = set()
        for rule in rules:
            for path, _ in rule.params:
                there = set(places(self.document, path, "find"))
                missing = [
                    place
                    for place in places(self.document, path, "put")
                    if place not in there and place not in taken
                ]
                taken.update(missing)
                self._missing[rule.kind, rule.number, path.text] = missing

    def run(self, rule: _Rule) -> None:
        for path, value in rule.params:
            if rule.kind == _FILTER:
                where = places(self.document, path, "remove")[::-1]
                for place in where:
                    remove(self.document, place)
            else:
                key = (rule.kind, rule.number, path.text)
                where = self._missing.get(key, [])
                if rule.kind not in _DEFAULTS:
                    where = places(self.document, path, "put")
                for place in where:
                    put(self.document, place, decode(value))
            if where:
                self.done.append(Change(rule.kind, rule.number, path.text))
                self.touched.update((str(place[0]), None) for place in where)


def _opened(spans: Spans, rules: Sequence[_Rule]) -> JsonObject:
    """The top-level fields that the rules name, decoded."""
    heads = {path.head for rule in rules for path in rule.paths}
    return {
        key: decode(bytes(raw)) for key, raw in spans.raw.items() if None in heads or key in heads
    }


def _written(spans: Spans, head: str, work: _Work) -> list[bytes | None]:
    """A touched field's new bytes, None when it is gone; nothing when it is as it was."""
    raw = spans.raw.get(head)
    if head not in work.document:
        return [] if raw is None else [None]
    value = work.document[head]
    if raw is not None and same(decode(bytes(raw)), value):
        return []
    return [encode(value)]


def _tests(models: Sequence[PayloadModel]) -> tuple[_Test, ...]:
    """Without any, a rule is for every request."""
    return tuple(map(_test, models or (PayloadModel(),)))


def _test(model: PayloadModel) -> _Test:
    def pairs(written: Sequence[dict[str, Json]]) -> tuple[tuple[Path, Json], ...]:
        return tuple(
            (parse_path(path), decode(encode(value)))
            for values in written
            for path, value in values.items()
        )

    return _Test(
        name=model.name.lower(),
        protocol=PROTOCOLS.get(model.protocol.lower(), ""),
        client=PROTOCOLS.get(model.from_protocol.lower(), ""),
        headers=tuple((name.lower(), glob) for name, glob in model.headers.items()),
        match=pairs(model.match),
        not_match=pairs(model.not_match),
        exist=tuple(map(parse_path, model.exist)),
        not_exist=tuple(map(parse_path, model.not_exist)),
    )


def _json(kind: str, value: object) -> bytes:
    """A value's JSON; raw ones that are text hold it already."""
    if kind.endswith("-raw") and isinstance(value, str):
        return value.encode()
    return msgspec.json.encode(value)
