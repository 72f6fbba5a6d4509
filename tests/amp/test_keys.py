"""Which key of ampcode.com a caller's requests go with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dragoman.amp.keys import KEPT_S, KeySource, UpstreamKeys
from dragoman.config.ampcode import Ampcode

AMP = "https://ampcode.com"


class Home:
    """A user's home with Amp's secrets file in it, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / ".local/share/amp/secrets.json"
        self.now_s = 1000.0

    def write(self, content: object) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        self.file.write_text(text, encoding="utf-8")

    def keys(self, *, url: str = AMP, environment: str = "", **settings: Any) -> UpstreamKeys:
        written = {name.replace("_", "-"): value for name, value in settings.items()}
        return UpstreamKeys(
            Ampcode.model_validate({"upstream-url": url, **written}),
            lambda text: text.startswith("sk-client"),
            {"AMP_API_KEY": environment},
            lambda: self.now_s,
        )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path)


async def test_the_order_is_client_configuration_environment_file(home: Home) -> None:
    home.write({f"apiKey@{AMP}/": "from-file"})
    by_client = [{"upstream-api-key": "of-alice", "api-keys": ["sk-client-alice"]}]
    every = home.keys(
        upstream_api_keys=by_client, upstream_api_key="written", environment="from-env"
    )
    assert await every.of("sk-client-alice") == "of-alice"
    assert await every.of("sk-client-bob") == "written"
    assert await home.keys(environment=" from-env ").of("") == "from-env"
    assert await home.keys().of("") == "from-file"


async def test_a_client_key_in_two_entries_is_the_firsts(home: Home) -> None:
    entries = [
        {"upstream-api-key": "first", "api-keys": [" sk-client-a ", "", "sk-client-a"]},
        {"upstream-api-key": "second", "api-keys": ["sk-client-a", "sk-client-b"]},
    ]
    keys = home.keys(upstream_api_keys=entries)
    assert await keys.of("sk-client-a") == "first"
    assert await keys.of("sk-client-b") == "second"


async def test_a_client_key_of_the_gateway_is_no_key_of_ampcode(home: Home) -> None:
    home.write({f"apiKey@{AMP}/": "sk-client-one"})
    assert await home.keys(environment="sk-client-one").of("sk-client-one") == ""


async def test_what_the_file_says_holds_for_five_minutes_also_when_it_is_nothing(
    home: Home,
) -> None:
    keys = home.keys()
    assert await keys.of("") == ""
    home.write({f"apiKey@{AMP}/": "new"})
    home.now_s += KEPT_S - 1
    assert await keys.of("") == ""
    home.now_s += 1
    assert await keys.of("") == "new"


@pytest.mark.parametrize(
    "content",
    ["", "no json", "[]", {"apiKey@https://other.example/": "x"}, {f"apiKey@{AMP}/": 5}],
)
async def test_a_file_without_the_key_is_as_none(home: Home, content: object) -> None:
    home.write(content)
    assert await home.keys().of("") == ""


@pytest.mark.parametrize("name", ["http://127.0.0.1:1234", "http://127.0.0.1:1234/", f"{AMP}/"])
async def test_the_file_tells_the_key_by_the_servers_address_or_amps_own(
    home: Home, name: str
) -> None:
    home.write({f"apiKey@{name}": "found"})
    assert await home.keys(url="http://127.0.0.1:1234").of("") == "found"


async def test_a_refused_key_is_looked_up_anew_once_amp_has_logged_in_again(home: Home) -> None:
    home.write({f"apiKey@{AMP}/": "old"})
    source = KeySource(home.keys(), "", [])
    sent = await source.headers()
    assert sent == [("x-api-key", "old"), ("authorization", "Bearer old")]
    assert not await source.refused(sent)
    home.write({f"apiKey@{AMP}/": "new"})
    assert await source.refused(sent)
    assert await source.headers() == [("x-api-key", "new"), ("authorization", "Bearer new")]


async def test_without_any_key_requests_go_without(home: Home) -> None:
    assert await KeySource(home.keys(), "", []).headers() == []
