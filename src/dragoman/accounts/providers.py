"""The providers people log in with, one row each: where, as which OAuth client, and how their files
are named.

Client ids are public: they stand in the programs that the providers give away, and every login
page shows them in its address. Each row says where its id is from. Two of Google's clients also
need a secret, which is not here (`oauth_clients.py` says where it is found).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from dragoman.config.secrets import Secret

Flow: TypeAlias = Literal["browser", "device", "key-file"]


class Provider(msgspec.Struct, frozen=True):
    """`name` is what the command line says, and the `type` in its files. `port` and `path` make the
    redirect address that is registered for the client. `lead_s`: so long before its end a token is
    renewed. `form`: how the token endpoint wants its parameters. `exchange_url`: where a login's
    token is exchanged for the one that requests carry."""

    name: str
    title: str
    flow: Flow
    client_id: str = ""
    source: str = ""
    needs_secret: bool = False
    authorize_url: str = ""
    token_url: str = ""
    device_url: str = ""
    profile_url: str = ""
    exchange_url: str = ""
    port: int = 0
    path: str = ""
    redirect: str = ""
    scopes: tuple[str, ...] = ()
    pkce: bool = True
    form: Literal["form", "json"] = "form"
    extra: tuple[tuple[str, str], ...] = ()
    lead_s: float = 300
    base_url: str = ""
    secret: Secret = Secret("")

    @property
    def redirect_uri(self) -> str:
        return self.redirect or f"http://localhost:{self.port}{self.path}"


_GOOGLE = "https://www.googleapis.com/auth/"
_GOOGLE_USER = (f"{_GOOGLE}userinfo.email", f"{_GOOGLE}userinfo.profile")
_GOOGLE_OFFLINE = (("access_type", "offline"), ("prompt", "consent"))

CLAUDE = Provider(
    name="claude",
    title="Claude (Pro, Max)",
    flow="browser",
    client_id="9d1c250a-e61b-44d9-88ed-5944d1962f5e",
    source="the login page that Claude Code opens",
    authorize_url="https://claude.ai/oauth/authorize",
    token_url="https://platform.claude.com/v1/oauth/token",  # noqa: S106 - an address
    profile_url="https://api.anthropic.com/api/oauth/profile",
    port=54545,
    path="/callback",
    scopes=(
        "user:profile",
        "user:inference",
        "user:sessions:claude_code",
        "user:mcp_servers",
        "user:file_upload",
    ),
    form="json",
    extra=(("code", "true"),),
    lead_s=4 * 3600,
    base_url="https://api.anthropic.com",
)
CODEX = Provider(
    name="codex",
    title="ChatGPT (Plus, Pro) as used by Codex",
    flow="browser",
    client_id="app_EMoamEEZ73f0CkXaXp7hrann",
    source="github.com/openai/codex, codex-rs/login",
    authorize_url="https://auth.openai.com/oauth/authorize",
    token_url="https://auth.openai.com/oauth/token",  # noqa: S106
    device_url="https://auth.openai.com/api/accounts/deviceauth/usercode",
    port=1455,
    path="/auth/callback",
    scopes=("openid", "email", "profile", "offline_access"),
    extra=(
        ("prompt", "login"),
        ("id_token_add_organizations", "true"),
        ("codex_cli_simplified_flow", "true"),
    ),
    lead_s=5 * 86400,
    base_url="https://chatgpt.com/backend-api/codex",
)
GEMINI = Provider(
    name="gemini",
    title="Google account as used by Gemini CLI",
    flow="browser",
    client_id="681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com",
    source="github.com/google-gemini/gemini-cli, packages/core/src/code_assist/oauth2.ts",
    needs_secret=True,
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106
    profile_url="https://www.googleapis.com/oauth2/v1/userinfo?alt=json",
    port=8085,
    path="/oauth2callback",
    scopes=(f"{_GOOGLE}cloud-platform", *_GOOGLE_USER),
    pkce=False,
    extra=_GOOGLE_OFFLINE,
    base_url="https://cloudcode-pa.googleapis.com",
)
ANTIGRAVITY = Provider(
    name="antigravity",
    title="Google account as used by Antigravity",
    flow="browser",
    client_id="1071006060591-tmhssin2h21lcre235vtolojh4g403ep.apps.googleusercontent.com",
    source="the login page that Antigravity opens",
    needs_secret=True,
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106
    profile_url="https://www.googleapis.com/oauth2/v1/userinfo?alt=json",
    port=51121,
    path="/oauth-callback",
    scopes=(
        f"{_GOOGLE}cloud-platform",
        *_GOOGLE_USER,
        f"{_GOOGLE}cclog",
        f"{_GOOGLE}experimentsandconfigs",
    ),
    pkce=False,
    extra=_GOOGLE_OFFLINE,
    base_url="https://daily-cloudcode-pa.googleapis.com",
)
QWEN = Provider(
    name="qwen",
    title="Qwen Chat",
    flow="device",
    client_id="f0304373b74a44d2b584a3fb70ca9e56",
    source="github.com/QwenLM/qwen-code, packages/core/src/qwen",
    token_url="https://chat.qwen.ai/api/v1/oauth2/token",  # noqa: S106
    device_url="https://chat.qwen.ai/api/v1/oauth2/device/code",
    scopes=("openid", "profile", "email", "model.completion"),
    base_url="https://portal.qwen.ai/v1",
)
KIMI = Provider(
    name="kimi",
    title="Kimi Code",
    flow="device",
    client_id="17e5f671-d194-4dfb-9706-5516cb48c098",
    source="github.com/MoonshotAI/kimi-cli",
    token_url="https://auth.kimi.com/api/oauth/token",  # noqa: S106
    device_url="https://auth.kimi.com/api/oauth/device_authorization",
    pkce=False,
    base_url="https://api.kimi.com/coding/v1",
)
XAI = Provider(
    name="xai",
    title="Grok",
    flow="device",
    client_id="b1a00492-073a-47ea-816f-4c329264a828",
    source="the login page that Grok's command line opens",
    # Its metadata (OpenID Connect Discovery 1.0) tells the endpoints.
    device_url="https://auth.x.ai/.well-known/openid-configuration",
    scopes=("openid", "email", "profile", "offline_access", "grok-cli:access", "api:access"),
    pkce=False,
    base_url="https://cli-chat-proxy.grok.com/v1",
)
COPILOT = Provider(
    name="copilot",
    title="GitHub Copilot",
    flow="device",
    client_id="Iv1.b507a08c87ecfe98",
    source="docs.litellm.ai, provider GitHub Copilot; it is that of GitHub's plug-in for Vim",
    # docs.github.com, "Authorizing OAuth apps", device flow.
    token_url="https://github.com/login/oauth/access_token",  # noqa: S106
    device_url="https://github.com/login/device/code",
    profile_url="https://api.github.com/user",
    exchange_url="https://api.github.com/copilot_internal/v2/token",
    scopes=("read:user",),
    pkce=False,
    base_url="https://api.githubcopilot.com",
)
VERTEX = Provider(
    name="vertex",
    title="Google Vertex AI",
    flow="key-file",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106
    scopes=(f"{_GOOGLE}cloud-platform",),
)

PROVIDERS: dict[str, Provider] = {
    one.name: one for one in (CLAUDE, CODEX, GEMINI, ANTIGRAVITY, QWEN, KIMI, XAI, COPILOT, VERTEX)
}
