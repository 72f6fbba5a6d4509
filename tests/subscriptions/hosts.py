"""Strict fakes of the hosts that logins open: each is the fake of its protocol at the host's own
paths, and refuses what the host refuses beyond it, in the host's words where they are known."""

from __future__ import annotations

import json
import re
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from tests.fakes.anthropic import AnthropicFake
from tests.fakes.fake import Answer, Fake, Receive, Recorded, Route, Send, Stream, bearer
from tests.fakes.gemini import GeminiFake
from tests.fakes.openai_chat import ChatFake
from tests.fakes.refusal import JsonObject, Refusal
from tests.fakes.responses import ResponsesFake
from tests.fakes.script import CACHED, FRESH


class LoginFake(Fake):
    """`tokens` are those that open it now; what else a request shows counts for nothing."""

    def open_to(self, *tokens: str) -> None:
        self.tokens = set(tokens)

    def _answer(self, request: Recorded) -> Answer | Stream:
        shown = bearer(request)
        if shown not in self.tokens:
            raise self.unauthorized(missing=shown is None)
        for name in ("x-api-key", "x-goog-api-key"):
            if request.header(name) is not None:
                raise Refusal(f"{name} beside a login", status=401)
        self.key = ""
        self.check(request)
        return super()._answer(request)

    def check(self, request: Recorded) -> None:
        """What this host wants beyond its protocol."""


class ClaudeHost(LoginFake, AnthropicFake):
    """Takes Claude Code's requests alone."""

    def check(self, request: Recorded) -> None:
        betas = (request.header("anthropic-beta") or "").split(",")
        if "oauth-2025-04-20" not in betas:
            raise Refusal("OAuth authentication is currently not supported.", status=401)
        if request.path.endswith("/count_tokens"):
            return
        system = request.json.get("system")
        texts = [block.get("text", "") for block in system] if isinstance(system, list) else []
        program = (request.header("user-agent") or "").startswith("claude-cli/")
        if not program or not any(text.startswith(IDENTITIES) for text in texts[:2]):
            raise Refusal(
                "This credential is only authorized for use with Claude Code and cannot be used "
                "for other API requests."
            )


IDENTITIES = (
    "You are Claude Code, Anthropic's official CLI for Claude.",
    "You are a Claude agent, built on Anthropic's Claude Agent SDK.",
)


class CodexHost(LoginFake, ResponsesFake):
    """Streams only, stores nothing, takes few fields; its last event is without the output."""

    accounts: frozenset[str] = frozenset()
    refused = (
        "max_output_tokens",
        "temperature",
        "top_p",
        "user",
        "truncation",
        "previous_response_id",
        "prompt_cache_retention",
        "safety_identifier",
        "stream_options",
    )

    def routes(self) -> list[Route]:
        return [("POST", "/backend-api/codex/responses", self._create)]

    def check(self, request: Recorded) -> None:
        body = request.json
        if request.header("chatgpt-account-id") not in self.accounts:
            raise Refusal("Unauthorized: unknown account", status=401)
        if not isinstance(body.get("instructions"), str):
            raise Refusal("Instructions are required")
        if body.get("store") is not False:
            raise Refusal("Store must be set to false")
        if body.get("stream") is not True:
            raise Refusal("Stream must be set to true")
        for name in self.refused:
            if name in body:
                raise Refusal(f"Unsupported parameter: {name}", param=name)
        if body.get("include") != ["reasoning.encrypted_content"]:
            raise Refusal("Unsupported include")
        if not isinstance(body.get("input"), list):
            raise Refusal("Input must be a list")
        if any(item.get("role") == "system" for item in body["input"]):
            raise Refusal("System messages are not allowed")

    def _create(self, request: Recorded) -> Answer | Stream:
        answer = super()._create(request)
        assert isinstance(answer, Stream)
        return replace(answer, tail=[_without_output(frame) for frame in answer.tail])


def _without_output(frame: bytes) -> bytes:
    head, mark, data = frame.partition(b"data: ")
    event = json.loads(data)
    event["response"]["output"] = []
    return head + mark + json.dumps(event).encode() + b"\n\n"


class CloudCodeHost(LoginFake, GeminiFake):
    """The Gemini protocol in an envelope with a known project. `names_client`: the envelope must
    say who asks, as Antigravity's does."""

    projects: frozenset[str] = frozenset()
    names_client = False
    onboarded = ""
    polls = 0
    _FIELDS = frozenset(
        "model project user_prompt_id request userAgent requestType requestId".split()
    )

    def routes(self) -> list[Route]:
        return [
            ("POST", "/v1internal:(?:generate|streamGenerate)Content", self._enveloped),
            ("POST", "/v1internal:countTokens", self._counted),
            ("POST", "/v1internal:loadCodeAssist", self._load),
            ("POST", "/v1internal:onboardUser", self._onboard),
        ]

    def _enveloped(self, request: Recorded) -> Answer | Stream:
        body = request.json
        if strange := set(body) - self._FIELDS:
            raise Refusal(f'Invalid JSON payload received. Unknown name "{min(strange)}"')
        if body.get("project") not in self.projects:
            raise Refusal("Permission denied on resource project", status=403)
        if self.names_client and not all(
            body.get(name) for name in ("userAgent", "requestType", "requestId")
        ):
            raise Refusal("Request contains an invalid argument.")
        inner = dict(body["request"])
        inner.pop("sessionId" if self.names_client else "session_id", None)
        if self.names_client and "safetySettings" in inner:
            raise Refusal("Request contains an invalid argument.")
        if request.path.endswith(":streamGenerateContent") != (request.query.get("alt") == "sse"):
            raise Refusal("alt=sse belongs to streams")
        answer = self._generate(replace(request, json=inner, name=body["model"]))
        if isinstance(answer, Answer):
            return replace(answer, body={"response": answer.body, "traceId": "t-1"})
        return replace(
            answer,
            head=[_wrapped(frame) for frame in answer.head],
            tail=[_wrapped(frame) for frame in answer.tail],
        )

    def _counted(self, request: Recorded) -> Answer:
        inner = request.json.get("request") or {}
        if not str(inner.get("model", "")).startswith("models/"):
            raise Refusal("request.model must be models/…")
        return Answer({"totalTokens": FRESH + CACHED})

    def _load(self, request: Recorded) -> Answer:
        if "metadata" not in request.json:
            raise Refusal("metadata is required")
        known: JsonObject = {"cloudaicompanionProject": self.onboarded} if self.onboarded else {}
        tiers = [{"id": "standard-tier"}, {"id": "free-tier", "isDefault": True}]
        return Answer({"allowedTiers": tiers, **known})

    def _onboard(self, request: Recorded) -> Answer:
        if request.json.get("tierId") != "free-tier":
            raise Refusal("unknown tier")
        self.polls += 1
        if self.polls < 2:
            return Answer({"name": "operations/1", "done": False})
        name = min(self.projects)
        return Answer({"done": True, "response": {"cloudaicompanionProject": {"id": name}}})


def _wrapped(frame: bytes) -> bytes:
    head, mark, data = frame.partition(b"data: ")
    return (
        head
        + mark
        + json.dumps({"response": json.loads(data), "traceId": "t"}).encode()
        + b"\r\n\r\n"
    )


class QwenHost(LoginFake, ChatFake):
    def check(self, request: Recorded) -> None:
        if request.header("x-dashscope-authtype") != "qwen-oauth":
            raise Refusal("invalid access token or token expired", status=401)


class GrokHost(LoginFake, ResponsesFake):
    """The host of xAI's command line: a fixed set of headers. `api`: xAI's own API, without it."""

    api = False
    _KNOWN = frozenset(
        "x-grok-client-identifier x-grok-client-version x-grok-client-mode x-grok-conv-id".split()
    )

    def check(self, request: Recorded) -> None:
        if self.api:
            return
        named = {name for name, _ in request.headers if name.startswith("x-grok-")}
        if strange := named - self._KNOWN:
            raise Refusal(f"unknown header {min(strange)}")
        wanted = ("x-xai-token-auth", "x-authenticateresponse", "x-grok-client-version")
        if not all(request.header(name) for name in wanted):
            raise Refusal("Please upgrade your client", status=426)


class CopilotHost(LoginFake, ChatFake):
    def routes(self) -> list[Route]:
        return [("POST", "/chat/completions", self._complete)]

    def check(self, request: Recorded) -> None:
        if not request.header("editor-version"):
            raise Refusal("missing Editor-Version header for IDE auth")
        if request.header("x-initiator") not in {"user", "agent"}:
            raise Refusal("bad x-initiator")


class VertexHost(LoginFake, GeminiFake):
    """`place`: the one project and location there is."""

    place = "/v1/projects/p-1/locations/us-central1/publishers/google/models/(.+)"

    def routes(self) -> list[Route]:
        return [
            ("POST", f"{self.place}:generateContent", self._generate),
            ("POST", f"{self.place}:streamGenerateContent", self._generate),
            ("POST", f"{self.place}:countTokens", self._count),
        ]


class _KimiChat(LoginFake, ChatFake):
    """Told of thinking by `thinking`, not by an effort."""

    def _complete(self, request: Recorded) -> Answer | Stream:
        body = dict(request.json)
        if "reasoning_effort" in body:
            raise Refusal("reasoning_effort is not supported", param="reasoning_effort")
        thinking = body.pop("thinking", None) or {}
        if thinking.get("type") == "enabled":
            body["reasoning_effort"] = "high"
        return super()._complete(replace(request, json=body))


class _KimiMessages(LoginFake, AnthropicFake):
    pass


class KimiHost:
    """Both protocols at one place, for the coding programs it knows by their User-Agent."""

    _KNOWN = re.compile(r"claude-cli/|KimiCLI/|RooCode/|Kilo-Code/")

    def __init__(self, models: tuple[str, ...]) -> None:
        self.chat = _KimiChat(models=models)
        self.messages = _KimiMessages(models=models)
        for fake in (self.chat, self.messages):
            setattr(fake, "check", self._check)  # noqa: B010 - mypy knows methods as unassignable

    def open_to(self, *tokens: str) -> None:
        self.chat.open_to(*tokens)
        self.messages.open_to(*tokens)

    @property
    def requests(self) -> list[Recorded]:
        return [*self.chat.requests, *self.messages.requests]

    def _check(self, request: Recorded) -> None:
        if not self._KNOWN.match(request.header("user-agent") or ""):
            raise Refusal(
                "Kimi For Coding is currently only available for Coding Agents such as Kimi CLI, "
                "Claude Code, Roo Code, Kilo Code, etc.",
                status=403,
            )

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        fake = self.messages if scope["path"].endswith("/messages") else self.chat
        scope["path"] = scope["path"].removeprefix("/coding")
        await fake(scope, receive, send)
