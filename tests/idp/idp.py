"""The fake's state and its endpoints. One object plays all providers; paths begin with a name.

A person at a browser is `approve` and `deny` for device codes, and `at_the_browser` for login
pages. `fail_next` makes the next answers of an endpoint something else.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
from tests.idp.clock import Clock
from tests.idp.tokens import challenge_of, jwt, valid_assertion

from dragoman.accounts.providers import PROVIDERS

LIFETIME_S = {"claude": 8 * 3600, "codex": 10 * 86400, "copilot": 1800}


class Asked(NamedTuple):
    provider: str
    what: str
    form: dict[str, str]
    headers: dict[str, str]


class Grant(NamedTuple):
    account: str
    query: dict[str, str]


class Device(NamedTuple):
    provider: str
    expires_at: float
    challenge: str
    account: str = ""
    denied: bool = False


class Idp:
    """`rotates`: a refresh token is worth nothing once it was used; using it again is refused
    (`refresh_token_reused` at codex, `invalid_grant` elsewhere)."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.url = ""
        self.rotates = True
        self.lifetime_s: dict[str, float] = {**LIFETIME_S}
        self.asked: list[Asked] = []
        self.issued: Counter[str] = Counter()
        self.access: dict[str, tuple[str, str, float]] = {}
        self.refresh: dict[str, tuple[str, str]] = {}
        self.used: set[str] = set()
        self.codes: dict[str, Grant] = {}
        self.devices: dict[str, Device] = {}
        self.expires_in: float = 900
        self.interval = 5
        self.redirects: dict[str, str] = {}
        self.revoke_old = False
        self.project = "project-of-the-fake"
        self._next: dict[tuple[str, str], list[tuple[int, Any, dict[str, str]]]] = defaultdict(list)
        self._hold: Callable[[], Awaitable[None]] | None = None

    # What a test does.

    def fail_next(
        self, provider: str, what: str, status: int, body: Any, times: int = 1, **headers: str
    ) -> None:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self._next[provider, what] += [(status, body, told)] * times

    def hold_tokens(self, until: Callable[[], Awaitable[None]] | None) -> None:
        """Answers of token endpoints wait for this."""
        self._hold = until

    def login(self, provider: str, account: str = "ann") -> tuple[str, str]:
        """Tokens as after a login: access, refresh."""
        body = self._tokens(provider, account)
        return body["access_token"], body.get("refresh_token", "")

    def revoke(self, refresh: str) -> None:
        self.refresh.pop(refresh, None)
        self.used.discard(refresh)

    def approve(self, user_code: str, account: str = "ann") -> None:
        self.devices[user_code] = self.devices[user_code]._replace(account=account)

    def deny(self, user_code: str) -> None:
        self.devices[user_code] = self.devices[user_code]._replace(denied=True)

    def valid(self, provider: str, token: str) -> bool:
        known = self.access.get(token)
        return known is not None and known[0] == provider and known[2] > self.clock()

    def count(self, provider: str, what: str) -> int:
        return sum(one.provider == provider and one.what == what for one in self.asked)

    async def at_the_browser(self, url: str, account: str = "ann", **wrong: str) -> str:
        """Logs in at the page; the address that the browser is sent to (`wrong` changes its query
        parameters). Denied with account ""."""
        async with httpx2.AsyncClient() as client:
            answer = await client.get(url, params=None, headers={"x-account": account})
        assert answer.status_code == 302, answer.text
        parts = urlsplit(answer.headers["location"])
        query = dict(parse_qsl(parts.query)) | wrong
        return parts._replace(query=urlencode(query)).geturl()

    # ASGI.

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        _, provider, *rest = scope["path"].split("/")
        what = "/".join(rest)
        form = self._read(headers, body, scope["query_string"].decode())
        self.asked.append(Asked(provider, what, form, headers))
        waiting = self._next.get((provider, what))
        if waiting:
            status, told, extra = waiting.pop(0)
        else:
            if what == "token" and self._hold is not None:
                await self._hold()
            status, told, extra = self._answer(provider, what, form, headers)
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        lines = [(name.encode(), value.encode()) for name, value in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": data})

    def _read(self, headers: dict[str, str], body: bytes, query: str) -> dict[str, str]:
        if headers.get("content-type", "").startswith("application/json"):
            return {"_json": "yes", **json.loads(body)}
        return {name: values[0] for name, values in parse_qs(body.decode() or query).items()}

    def _answer(
        self, provider: str, what: str, form: dict[str, str], headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        shown = headers.get("authorization", "")
        match what:
            case "authorize":
                return self._authorize(provider, form, headers)
            case "token":
                return (*self._token(provider, form), {})
            case "device" if provider == "xai" and "client_id" not in form:
                base = f"{self.url}/xai"
                told = {
                    "token_endpoint": f"{base}/token",
                    "device_authorization_endpoint": f"{base}/device",
                }
                return 200, told, {}
            case "device" | "deviceauth/usercode":
                return (*self._device(provider, form), {})
            case "deviceauth/token":
                return (*self._codex_poll(form), {})
            case "exchange":
                return (*self._exchange(shown), {})
            case "profile":
                return (*self._profile(provider, shown), {})
            case "api/v1internal:loadCodeAssist" | "api/v1internal:onboardUser":
                return 200, {"cloudaicompanionProject": self.project}, {}
        return 404, {"error": "not_found"}, {}

    def _authorize(
        self, provider: str, form: dict[str, str], headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        known = PROVIDERS[provider]
        assert form["client_id"] == known.client_id, form
        assert form["redirect_uri"] == self.redirects.get(provider, known.redirect_uri), form
        assert form["response_type"] == "code", form
        assert form["scope"].split() == list(known.scopes), form
        for name, value in known.extra:
            assert form[name] == value, form
        if known.pkce:
            assert form["code_challenge_method"] == "S256", form
        account = headers["x-account"]
        query = {"state": form["state"]}
        if account:
            query["code"] = f"code-{provider}-{len(self.codes)}"
            self.codes[query["code"]] = Grant(account, form)
        else:
            query["error"] = "access_denied"
        return 302, b"", {"location": f"{form['redirect_uri']}?{urlencode(query)}"}

    def _token(self, provider: str, form: dict[str, str]) -> tuple[int, Any]:
        known = PROVIDERS[provider]
        if ("_json" in form) != (known.form == "json"):
            return 400, {"error": "invalid_request", "error_description": "wrong content type"}
        grant = form.get("grant_type", "")
        if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            if not valid_assertion(form["assertion"], self.clock(), f"{self.url}/vertex/token"):
                return 400, {"error": "invalid_grant", "error_description": "Invalid JWT"}
            return 200, self._tokens("vertex", "robot", refresh=False)
        if form.get("client_id") != known.client_id:
            return 401, {"error": "invalid_client"}
        if known.needs_secret and not form.get("client_secret"):
            return 400, {"error": "invalid_request", "error_description": "client_secret missing"}
        if grant == "authorization_code":
            return self._by_code(provider, form)
        if grant == "refresh_token":
            return self._by_refresh(provider, form["refresh_token"])
        if grant == "urn:ietf:params:oauth:grant-type:device_code":
            return self._by_device(provider, form)
        return 400, {"error": "unsupported_grant_type"}

    def _by_code(self, provider: str, form: dict[str, str]) -> tuple[int, Any]:
        grant = self.codes.pop(form["code"], None)
        if grant is None:
            return 400, {"error": "invalid_grant", "error_description": "unknown code"}
        if form["redirect_uri"] != grant.query["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": "redirect_uri mismatch"}
        wanted = grant.query.get("code_challenge")
        if wanted and challenge_of(form.get("code_verifier", "")) != wanted:
            return 400, {"error": "invalid_grant", "error_description": "wrong verifier"}
        if provider == "claude" and form.get("state") != grant.query["state"]:
            return 400, {"error": "invalid_request", "error_description": "wrong state"}
        return 200, self._tokens(provider, grant.account)

    def _by_refresh(self, provider: str, shown: str) -> tuple[int, Any]:
        known = self.refresh.get(shown)
        if known is None or known[0] != provider or shown in self.used:
            reused = shown in self.used
            if provider == "codex":
                code = "refresh_token_reused" if reused else "refresh_token_invalidated"
                return 401, {"error": {"code": code, "message": "log in again", "type": "x"}}
            return 400, {"error": "invalid_grant", "error_description": "token not valid"}
        if self.rotates:
            self.used.add(shown)
        if self.revoke_old:
            for token, (name, account, _) in list(self.access.items()):
                if (name, account) == known:
                    del self.access[token]
        body = self._tokens(provider, known[1], refresh=self.rotates)
        return 200, body

    def _device(self, provider: str, form: dict[str, str]) -> tuple[int, Any]:
        assert form["client_id"] == PROVIDERS[provider].client_id
        user_code = f"CODE-{len(self.devices)}"
        ends = self.clock() + self.expires_in
        self.devices[user_code] = Device(provider, ends, form.get("code_challenge", ""))
        if provider == "codex":
            return 200, {
                "device_auth_id": f"id-{user_code}",
                "user_code": user_code,
                "interval": "5",
            }
        return 200, {
            "device_code": f"device-{user_code}",
            "user_code": user_code,
            "verification_uri": f"{self.url}/{provider}/enter",
            "verification_uri_complete": f"{self.url}/{provider}/enter?code={user_code}",
            "expires_in": int(self.expires_in),
            "interval": self.interval,
        }

    def _by_device(self, provider: str, form: dict[str, str]) -> tuple[int, Any]:
        status = 200 if provider == "copilot" else 400  # GitHub's errors have status 200
        user_code = form["device_code"].removeprefix("device-")
        device = self.devices.get(user_code)
        if device is None or device.expires_at <= self.clock():
            return status, {"error": "expired_token"}
        if device.denied:
            return status, {"error": "access_denied"}
        if device.challenge and challenge_of(form.get("code_verifier", "")) != device.challenge:
            return status, {"error": "invalid_grant"}
        if not device.account:
            return status, {"error": "authorization_pending"}
        return 200, self._tokens(provider, device.account)

    def _codex_poll(self, form: dict[str, str]) -> tuple[int, Any]:
        device = self.devices.get(form["user_code"])
        if device is None or device.denied:
            return 400, {"error": {"code": "access_denied", "message": "denied"}}
        if not device.account:
            return 403, {"error": {"code": "deviceauth_authorization_unknown", "message": "wait"}}
        verifier = "v" * 43
        code = f"code-device-{len(self.codes)}"
        redirect = f"{self.url}/deviceauth/callback"
        query = {"redirect_uri": redirect, "code_challenge": challenge_of(verifier)}
        self.codes[code] = Grant(device.account, query)
        return 200, {
            "authorization_code": code,
            "code_verifier": verifier,
            "code_challenge": challenge_of(verifier),
        }

    def _exchange(self, shown: str) -> tuple[int, Any]:
        login = shown.removeprefix("token ")
        if login not in self.refresh and not self.valid("copilot", login):
            return 401, {"message": "Bad credentials"}
        token = self._issue("copilot", "ann", self.lifetime_s["copilot"])
        return 200, {
            "token": token,
            "expires_at": int(self.clock() + self.lifetime_s["copilot"]),
            "endpoints": {"api": f"{self.url}/copilot/api"},
            "sku": "copilot_for_individuals",
        }

    def _profile(self, provider: str, shown: str) -> tuple[int, Any]:
        token = shown.partition(" ")[2]
        if not self.valid(provider, token):
            return 401, {"error": "invalid_token"}
        account = self.access[token][1]
        email = f"{account}@example.com"
        if provider == "claude":
            return 200, {
                "account": {"uuid": f"uuid-{account}", "email": email},
                "organization": {"uuid": "org-1", "name": "Org", "organization_type": "claude_max"},
            }
        if provider == "copilot":
            return 200, {"login": account, "email": None}
        return 200, {"email": email, "name": account}

    def _issue(self, provider: str, account: str, lasts_s: float) -> str:
        self.issued[provider] += 1
        token = f"at-{provider}-{account}-{self.issued[provider]}"
        if provider == "codex":
            token = jwt(sub=account, exp=int(self.clock() + lasts_s), n=self.issued[provider])
        self.access[token] = (provider, account, self.clock() + lasts_s)
        return token

    def _tokens(self, provider: str, account: str, *, refresh: bool = True) -> dict[str, Any]:
        lasts_s = self.lifetime_s.get(provider, 3600)
        if provider == "copilot":
            token = self._issue(provider, account, 10**9)
            return {"access_token": token, "token_type": "bearer", "scope": "read:user"}
        body: dict[str, Any] = {
            "access_token": self._issue(provider, account, lasts_s),
            "token_type": "Bearer",
            "expires_in": int(lasts_s),
        }
        if refresh:
            digest = hashlib.sha256(body["access_token"].encode()).hexdigest()[:12]
            body["refresh_token"] = f"rt-{provider}-{digest}"
            self.refresh[body["refresh_token"]] = (provider, account)
        if provider in ("codex", "xai", "gemini", "antigravity"):
            body["id_token"] = self._id_token(account)
        if provider == "qwen":
            body["resource_url"] = "portal.qwen.ai"
        return body

    def _id_token(self, account: str) -> str:
        claim = {"chatgpt_plan_type": "plus", "chatgpt_account_id": f"acc-{account}"}
        return jwt(
            sub=f"sub-{account}",
            email=f"{account}@example.com",
            **{"https://api.openai.com/auth": claim},
        )
