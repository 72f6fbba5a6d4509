"""The credentials that accounts give, where hosts are the providers' own."""

from __future__ import annotations

from typing import Any

from dragoman.accounts.providers import PROVIDERS
from dragoman.accounts.records import Account, Contents
from dragoman.config.settings import Settings
from dragoman.upstreams.fetch import Fetcher
from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import HttpClient
from dragoman.upstreams.subscriptions.kinds import KINDS
from dragoman.upstreams.subscriptions.seats import Desk, account_id, host_of, seats_of


def desk(**settings: Any) -> Desk:
    places: dict[str, int] = {}

    return Desk(
        Settings.model_validate(settings),
        Fetcher(HttpClient()),
        PROVIDERS.__getitem__,
        lambda _: Never(),
        lambda _, credential: places.setdefault(credential, len(places)),
        lambda account, windows: None,
    )


class Never:
    async def headers(self) -> list[tuple[str, str]]:
        return []

    async def refused(self, sent: object) -> bool:
        return False


def seats(account: Account, **settings: Any) -> list[Credential]:
    made = seats_of(KINDS[account.provider], account, desk(**settings))
    return [seat.credential for seat in made]


def test_antigravitys_second_address_is_tried_after_the_first() -> None:
    first, second = seats(Account("a.json", "antigravity", "ann", projects=("p",), priority=4))
    assert (first.facts.get("base"), first.priority) == (None, 4)
    assert (second.facts["base"], second.priority) == ("https://cloudcode-pa.googleapis.com", 3)
    assert account_id(second.id) == "a.json"


def test_every_pool_stands_at_its_providers_own_address() -> None:
    hosts = {
        kind.name: host_of(kind, [], desk()).base
        for kind in KINDS.values()
        if kind.name != "vertex"
    }
    assert hosts == {
        "claude": "https://api.anthropic.com/v1",
        "codex": "https://chatgpt.com/backend-api/codex",
        "gemini-cli": "https://cloudcode-pa.googleapis.com",
        "antigravity": "https://daily-cloudcode-pa.googleapis.com",
        "qwen": "https://portal.qwen.ai/v1",
        "kimi": "https://api.kimi.com/coding/v1",
        "xai": "https://cli-chat-proxy.grok.com/v1",
        "copilot": "https://api.githubcopilot.com",
    }


def test_an_accounts_file_goes_before_the_general_settings() -> None:
    account = Account(
        "a.json",
        "codex",
        "ann",
        proxy_url="socks5://127.0.0.1:1",
        disable_cooling=True,
        request_retry=0,
        weight=7,
        websockets=True,
        fields=Contents({"account_id": "acc"}),
    )
    (one,) = seats(account, **{"proxy-url": "http://127.0.0.1:2"})
    assert one.proxy == "socks5://127.0.0.1:1"
    assert (one.cools, one.rounds, one.weight, one.websocket) == (False, 0, 7, True)
    assert one.sent([]) == {"chatgpt-account-id": "acc"}
    (other,) = seats(Account("b.json", "qwen", "bo"), **{"proxy-url": "http://127.0.0.1:2"})
    assert (other.proxy, other.cools, other.websocket) == ("http://127.0.0.1:2", True, False)


def test_errors_mean_for_a_pool_what_the_configuration_says_of_its_provider() -> None:
    rule = {"status": 418, "action": "continue"}
    for name in ("gemini", "gemini-cli"):
        given = desk(**{"oauth-request-scoped-errors": {name: [rule]}})
        found = host_of(KINDS["gemini"], [], given).conduct.rules
        assert [(one.status, one.action) for one in found] == [(418, "continue")]
