"""What a request can be served by: a target's model with one of its host's credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Credential, Host


class Candidate(msgspec.Struct, frozen=True, eq=False):
    """`rank` is its pool's place in the chain. `account` is the credential alone, `key` the
    credential with this model: what cool-downs and turns are kept under."""

    target: Target
    credential: Credential
    rank: int
    account: str
    key: str

    @property
    def public_label(self) -> str:
        """What clients may read: a key's label, an account's number in place of its address."""
        if self.credential.source is None:
            return self.credential.label
        return f"{self.target.host.name}#{self.credential.index}"

    @property
    def rounds(self) -> int:
        """How often it is tried again after all have failed: its own word before its host's."""
        own = self.credential.rounds
        return self.target.host.conduct.rounds if own is None else own

    @property
    def index(self) -> tuple[str, int]:
        """The credential as logs and headers name it."""
        return self.target.host.name, self.credential.index


def account_of(host: Host, credential: Credential) -> str:
    return f"{host.name}/{credential.id or credential.index}"


@lru_cache(maxsize=4096)
def mark_of(account: str) -> str:
    """An account's name for where others may read it: it stays the same, and tells nothing."""
    return hashlib.blake2s(account.encode(), digest_size=8).hexdigest()


def candidate(target: Target, credential: Credential, rank: int = 0) -> Candidate:
    account = account_of(target.host, credential)
    return Candidate(target, credential, rank, account, f"{account}/{target.model}")


def candidates(pools: Iterable[Sequence[Target]], *, weighted: bool) -> Iterator[Candidate]:
    """Every pair of every pool, each once; models outside, so that keys take turns first. Under
    weights, a credential of weight 0 is none."""
    seen: set[str] = set()
    for rank, pool in enumerate(pools):
        for target in pool:
            for credential in target.host.credentials:
                one = candidate(target, credential, rank)
                if one.key not in seen and (credential.weight > 0 or not weighted):
                    seen.add(one.key)
                    yield one
