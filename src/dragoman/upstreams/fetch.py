"""The HTTP client as accounts use it: a short request and its whole answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from dragoman.accounts.fetching import Fetched
from dragoman.accounts.identity import USER_AGENT
from dragoman.upstreams.build import proxy_of
from dragoman.upstreams.http import Call, Deadlines, Headers, HttpClient

_DEADLINES = Deadlines(connect=10, first_byte=30, idle=30, total=60)


class Fetcher:
    """`proxy` None = the environment's, `direct` = none."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def __call__(
        self, method: str, url: str, headers: Headers, body: bytes, proxy: str | None
    ) -> Fetched:
        """
        Raises:
            UpstreamFault: there is no answer.
        """
        name = urlsplit(url).hostname or url
        sent = [("user-agent", USER_AGENT), *headers]
        call = Call(name, method, url, sent, body, proxy_of(proxy, url), _DEADLINES)
        answer = await self._http.send(call)
        try:
            data = await answer.read_all()
        finally:
            answer.close()
        return Fetched(answer.status, {key.lower(): v for key, v in answer.headers}, data)
