"""Which Google Cloud project an account's requests are counted against, found out when its file
does not say: `loadCodeAssist` tells it, `onboardUser` makes one (Gemini CLI's source,
packages/core/src/code_assist/setup.ts, 2026-11)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from dragoman.accounts.fetching import Fetch, Headers, post_json
from dragoman.errors import ErrorKind, UpstreamFault, UpstreamRefused
from dragoman.neutral.json import Json, JsonObject
from dragoman.upstreams.hosts import TokenSource

_POLLS = 5
POLL_S = 2.0
"""Between two looks at a project that is being made."""
_USUAL_TIER = "legacy-tier"
METADATA: JsonObject = {
    "ideType": "IDE_UNSPECIFIED",
    "platform": "PLATFORM_UNSPECIFIED",
    "pluginType": "GEMINI",
}


class WithProject:
    """An account's token source that knows the project too: `facts["project"]` is there once its
    headers have been asked for."""

    def __init__(
        self, inner: TokenSource, facts: dict[str, str], find: Callable[[Headers], Finding]
    ) -> None:
        self._inner = inner
        self._facts = facts
        self._find = find
        self._finding = asyncio.Lock()

    async def headers(self) -> Headers:
        found = await self._inner.headers()
        if not self._facts.get("project"):
            async with self._finding:
                if not self._facts.get("project"):
                    self._facts["project"] = await self._find(found).project()
        return found

    async def refused(self, sent: Headers) -> bool:
        return await self._inner.refused(sent)


class Finding:
    """One account's, with the headers that open it."""

    def __init__(
        self,
        fetch: Fetch,
        base: str,
        label: str,
        proxy: str | None,
        headers: Headers,
    ) -> None:
        self._fetch = fetch
        self._base = base
        self._label = label
        self._proxy = proxy
        self._headers = headers

    async def project(self) -> str:
        """
        Raises:
            UpstreamFault: the account has none, and none was made.
        """
        loaded = await self._ask("loadCodeAssist", {"metadata": METADATA})
        return _name(loaded.get("cloudaicompanionProject")) or await self._onboarded(loaded)

    async def _onboarded(self, loaded: JsonObject) -> str:
        body: JsonObject = {"tierId": _tier(loaded), "metadata": METADATA}
        for _ in range(_POLLS):
            made = await self._ask("onboardUser", body)
            response = made.get("response")
            if made.get("done") is True:
                name = response.get("cloudaicompanionProject") if isinstance(response, dict) else ""
                if project := _name(name):
                    return project
                break
            await asyncio.sleep(POLL_S)
        raise UpstreamFault(
            f"account {self._label}: Google names no project for it; write one into its file as "
            "project_id (Google Cloud console, with the Gemini for Google Cloud API enabled)",
            status=403,
            kind=ErrorKind.PERMISSION,
        )

    async def _ask(self, action: str, body: JsonObject) -> JsonObject:
        url = f"{self._base}/v1internal:{action}"
        answer = await post_json(self._fetch, url, body, self._headers, self._proxy)
        if answer.status != 200:
            raise UpstreamRefused(
                f"account {self._label}: {action} was refused with {answer.status}: "
                f"{answer.body[:500].decode('utf-8', 'replace')}",
                status=answer.status,
            )
        return answer.json


def _name(value: Json) -> str:
    """A project's name, told alone or as an object with an id."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def _tier(loaded: JsonObject) -> str:
    """The tier that a new account gets by default."""
    tiers = loaded.get("allowedTiers")
    for tier in tiers if isinstance(tiers, list) else ():
        if isinstance(tier, dict) and tier.get("isDefault") is True:
            name = tier.get("id")
            return name if isinstance(name, str) else _USUAL_TIER
    return _USUAL_TIER
