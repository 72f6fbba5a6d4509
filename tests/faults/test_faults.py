"""Every fault against every pair of protocols: which attempt served, what the client saw, what
cooled down. The first of two credentials fails, the second is well."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pytest
from tests.fakes import serve
from tests.faults.answers import TEXT
from tests.faults.client import PROTOCOLS, Told, ask
from tests.faults.upstream import faulty_upstream
from tests.ports import claimed_port

from dragoman.config.settings import Settings
from dragoman.routing.candidates import candidate
from dragoman.routing.cooldowns import SPACE, Cooldowns
from dragoman.server.app import App
from dragoman.server.gateway import Gateway
from dragoman.storage.state import State
from dragoman.upstreams.http import HttpClient

DEADLINES = {
    "stall": {"first-byte": 0.8, "idle": 0.8},
    "stall-after-content": {"idle": 0.8},
    "endless": {"total": 1.8},
}
"""In seconds, for the faults that only a deadline ends; the others must not meet one on a machine
that is busy."""
CLIENT_KEY = "sk-client"
BASES = {"openai": "/v1", "responses": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}


@dataclass(frozen=True)
class Seen:
    """`served`: the credential whose answer the client read, None where it was told an error, with
    a `status` of this hundred (the protocols' tables know different ones).
    `rests`: what cooled down (`*` the whole account, else the model), why and for how long."""

    served: int | None
    attempts: int
    status: int = 200
    rests: tuple[str, ...] = ()


SHAKEN = ("model transient 60",)
SWITCHED = Seen(1, 2, rests=SHAKEN)
TOLD_LATE = Seen(None, 1, rests=SHAKEN)

BEFORE_CONTENT = {
    "401": Seen(1, 2, rests=("* auth 1800",)),
    "403": Seen(1, 2, rests=("model auth 1800",)),
    "404": Seen(1, 2, rests=("model missing 43200",)),
    "408": SWITCHED,
    "413": Seen(None, 1, 400),
    "422": Seen(None, 1, 400),
    "429": Seen(1, 2, rests=("model quota 1",)),
    "429-soon": Seen(1, 2, rests=("model quota 0",)),
    "500": SWITCHED,
    "502": SWITCHED,
    "503": SWITCHED,
    "529": SWITCHED,
    "refused": SWITCHED,
    "reset-before-headers": SWITCHED,
    "reset-after-headers": SWITCHED,
    "reset-after-first-event": SWITCHED,
    "stall": SWITCHED,
    "slow-drip": Seen(0, 1),
    "garbage": SWITCHED,
    "garbage-body": SWITCHED,
    "wrong-content-type": SWITCHED,
    "error-in-200": SWITCHED,
}
AFTER_CONTENT = ("reset-after-content", "stall-after-content", "error-after-content")


def expected(*, client: str, upstream: str, stream: bool) -> dict[str, Seen]:
    """A whole answer has no point of no return; a stream has one, and is told its end. An endless
    preamble is passed on unread between equals."""
    out = dict(BEFORE_CONTENT)
    out |= dict.fromkeys(AFTER_CONTENT, TOLD_LATE if stream else SWITCHED)
    out["endless"] = TOLD_LATE if stream and client == upstream else SWITCHED
    return out


def settings(protocol: str, faults: list[str], port: int) -> Settings:
    """An upstream for each fault, its model named after it."""
    path = f"/{protocol}{BASES.get(protocol, '/api')}"
    upstreams: list[dict[str, object]] = []
    for fault in faults:
        models = [{"name": "m", "alias": fault}]
        shared = {"protocol": protocol, "models": models, "request-retry": 0}
        url = f"http://127.0.0.1:{port}{path}"
        keys = [f"{fault}/0", f"{fault}/1"]
        if fault == "refused":
            dead = f"http://127.0.0.1:{claimed_port()}{path}"
            upstreams.append({"name": "dead", "base-url": dead, "keys": keys[:1], **shared})
            keys = keys[1:]
        more = {"timeouts": DEADLINES[fault]} if fault in DEADLINES else {}
        upstreams.append({"name": fault, "base-url": url, "keys": keys, **shared, **more})
    return Settings.model_validate(
        {
            "upstreams": upstreams,
            "api-keys": [CLIENT_KEY],
            "discover": False,
            "auth-dir": "/nonexistent/logins",
            "log-level": "error",
        }
    )


def seen(told: Told, fault: str, gateway: Gateway, state: State, attempts: int) -> Seen:
    served: int | None = None
    if told.status == 200 and told.text == TEXT:
        served = int(told.headers["x-dragoman-credential"])
        if fault == "refused":
            served = int(told.headers["x-dragoman-upstream"] == fault)
    else:
        assert told.error, told
    return Seen(served, attempts, told.status // 100 * 100, rests_of(fault, gateway, state))


def rests_of(fault: str, gateway: Gateway, state: State) -> tuple[str, ...]:
    cooldowns = Cooldowns(state)
    found: list[str] = []
    now_s = time.time()
    for target in gateway.names.resolve(fault).targets:
        for credential in target.host.credentials:
            one = candidate(target, credential)
            rest = cooldowns.rest(one)
            if rest is not None:
                scope = "*" if state.get(SPACE, one.account) else "model"
                length = rest.end_s - rest.since_s
                found.append(f"{scope} {rest.reason_at(rest.since_s)} {length:.0f}")
                assert rest.since_s <= now_s
    return tuple(found)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("upstream", PROTOCOLS)
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_each_fault_is_survived_or_told(client: str, upstream: str, stream: bool) -> None:
    due = expected(client=client, upstream=upstream, stream=stream)

    def choose(key: str) -> str:
        fault, _, number = key.partition("/")
        return fault if number == "0" else ""

    state = State()
    async with faulty_upstream(choose) as (faulty, port):
        gateway = Gateway(settings(upstream, list(due), port), state, b"k" * 32)
        http = HttpClient()
        async with serve(App(gateway)) as base_url:
            told = await asyncio.gather(
                *(ask(http, base_url, CLIENT_KEY, client, f, stream=stream) for f in due)
            )
        await http.close()
        await gateway.close()
    found = {
        fault: seen(
            one, fault, gateway, state,
            sum(asked.key.startswith(fault + "/") for asked in faulty.asked)
            + (fault == "refused"),
        )
        for fault, one in zip(due, told, strict=True)
    }  # fmt: skip
    assert found == due
