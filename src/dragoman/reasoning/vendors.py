"""How hosts of the Chat protocol want to be told of thinking, where `reasoning_effort` is not it.

A row is chosen by host and model; a host or model without one gets `reasoning_effort`, so an
aggregator that nobody described is never sent a field it may refuse. What the model can do
(`thinking`) stands apart from how its host is told (`write`).

DeepSeek "Thinking Mode", Alibaba Model Studio "Deep thinking", Moonshot "Thinking models", Z.ai
"Thinking mode", MiniMax "OpenAI compatible API", NVIDIA NIM "Thinking budget and chat template",
Volcengine Ark, Tencent Hunyuan, Mistral "Reasoning", Groq "Reasoning", OpenRouter "Reasoning
tokens" (all November 2026).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import msgspec

from dragoman.neutral.globs import matches
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings
from dragoman.reasoning.levels import LADDER, Thinking, budget_of


class Wanted(msgspec.Struct, frozen=True):
    """What is to be written. `on` None: the request says nothing, the model's own default holds.
    `level` fits the model, None = left open; `budget` in tokens where one was asked for or the
    level stands for one. `losses` take what the host does not."""

    model: str
    on: bool | None
    level: str | None
    budget: int | None
    losses: Losses


Writer = Callable[[JsonObject, Wanted], None]


class Vendor(msgspec.Struct, frozen=True):
    """`hosts`, `models`: globs, of the bare model name in small letters. `effort`: the host takes
    `reasoning_effort` too. `returns`: in a conversation with tool calls it wants the thoughts of
    every assistant message back, and refuses a forced choice while it thinks."""

    hosts: tuple[str, ...]
    models: tuple[str, ...]
    write: Writer
    thinking: Thinking | None = None
    effort: bool = False
    returns: bool = False


# -- writers


def _plain(_body: JsonObject, _wanted: Wanted) -> None:
    """`reasoning_effort` as it stands, for rows that only say which levels there are."""


def _never(body: JsonObject, wanted: Wanted) -> None:
    """A model that thinks as much as it likes and takes no word on it."""
    if body.pop("reasoning_effort", None) is not None:
        wanted.losses.add("reasoning", f"{wanted.model} takes no setting for it here")


def _typed(body: JsonObject, wanted: Wanted, *, effort: str = "") -> None:
    """`thinking: {type}`; `effort` says where a level stands: "inside", "beside" or nowhere."""
    if wanted.on is None:
        return
    body.pop("reasoning_effort", None)
    thinking: JsonObject = {"type": "enabled" if wanted.on else "disabled"}
    body["thinking"] = thinking
    if wanted.level is not None and effort == "inside":
        thinking["effort"] = wanted.level
    if wanted.level is not None and effort == "beside":
        body["reasoning_effort"] = wanted.level


def _deepseek(body: JsonObject, wanted: Wanted) -> None:
    """`thinking: {type}` and an effort of high or max; agents get max where nothing was said."""
    _typed(body, wanted)
    if wanted.on:
        level = _high_or_max(wanted.level)
        if wanted.level is None and body.get("tools"):
            level = "max"
        if level is not None:
            body["reasoning_effort"] = level
    if wanted.on is not False:
        for name in ("logprobs", "top_logprobs"):
            if body.pop(name, None) is not None:
                wanted.losses.add(name, "this host has none while it thinks")


def _high_or_max(level: str | None) -> str | None:
    return None if level is None else "max" if level in ("xhigh", "max") else "high"


def _switched(body: JsonObject, wanted: Wanted, *, budgets: bool = True) -> None:
    """`enable_thinking`, and `thinking_budget` where the host has it."""
    if wanted.on is None:
        return
    body.pop("reasoning_effort", None)
    body["enable_thinking"] = wanted.on
    if budgets and wanted.on and wanted.budget is not None:
        body["thinking_budget"] = wanted.budget


def _split(body: JsonObject, wanted: Wanted) -> None:
    """Thoughts apart from the text. There is no amount, and no off, to be set."""
    if wanted.on is None:
        return
    body.pop("reasoning_effort", None)
    body["reasoning_split"] = True
    if not wanted.on:
        wanted.losses.add("reasoning", f"{wanted.model} always thinks here")


def _router(body: JsonObject, wanted: Wanted) -> None:
    """OpenRouter's own `reasoning`, which it translates for whoever serves the model."""
    if wanted.on is None:
        return
    body.pop("reasoning_effort", None)
    there = body.get("reasoning")
    reasoning: JsonObject = dict(there) if isinstance(there, dict) else {}
    if not wanted.on:
        reasoning["enabled"] = False
    elif wanted.level is not None:
        reasoning["effort"] = wanted.level
    else:
        reasoning["enabled"] = True
    body["reasoning"] = reasoning


def _groq_qwen(body: JsonObject, wanted: Wanted) -> None:
    if wanted.on is not None:
        body["reasoning_effort"] = "default" if wanted.on else "none"


def _template(
    body: JsonObject, wanted: Wanted, *, arguments: Callable[[Wanted], JsonObject]
) -> None:
    """`chat_template_kwargs`: what the model's own chat template reads."""
    if wanted.on is None:
        return
    body.pop("reasoning_effort", None)
    there = body.get("chat_template_kwargs")
    kept: JsonObject = dict(there) if isinstance(there, dict) else {}
    body["chat_template_kwargs"] = {**kept, **arguments(wanted)}


def _flag(name: str, **more: Json) -> Writer:
    return partial(_template, arguments=lambda wanted: {name: bool(wanted.on), **more})


def _deepseek_4_arguments(wanted: Wanted) -> JsonObject:
    if not wanted.on:
        return {"thinking": False}
    return {"thinking": True, "reasoning_effort": _high_or_max(wanted.level) or "high"}


def _minimax_3_arguments(wanted: Wanted) -> JsonObject:
    mode = "enabled" if wanted.level is not None else "adaptive"
    return {"thinking_mode": mode if wanted.on else "disabled"}


def _nemotron_arguments(wanted: Wanted) -> JsonObject:
    arguments: JsonObject = {"enable_thinking": bool(wanted.on)}
    if wanted.on and wanted.level in ("minimal", "low"):
        arguments["low_effort"] = True
    return arguments


def _inkling_arguments(wanted: Wanted) -> JsonObject:
    return {"reasoning_effort": (wanted.level or "medium") if wanted.on else "none"}


# -- the table

_LOW_TO_HIGH = Thinking(zero_allowed=True, dynamic_allowed=True, levels=("low", "medium", "high"))
_DEEPSEEK = Thinking(zero_allowed=True, dynamic_allowed=True, levels=("high", "xhigh", "max"))
_ON_OFF = Thinking(zero_allowed=True, levels=("high",))
_ALIBABA = ("dashscope*.aliyuncs.com", "*.dashscope.aliyuncs.com", "*.maas.aliyuncs.com")
_DEEPSEEK_HOSTS = ("*.deepseek.com", "*.deepseek.cn")
_MOONSHOT = ("api.moonshot.ai", "api.moonshot.cn")
_ZHIPU = ("open.bigmodel.cn", "api.z.ai")
_MINIMAX = ("api.minimax.io", "api.minimax.chat", "api.minimaxi.com", "api.minimaxi.chat")
_NIM = ("integrate.api.nvidia.com",)
_ALL = ("*",)

VENDORS = (
    Vendor(_DEEPSEEK_HOSTS, ("deepseek-chat",), _plain),
    Vendor(_DEEPSEEK_HOSTS, _ALL, _deepseek, _DEEPSEEK, effort=True, returns=True),
    Vendor(_ALIBABA, _ALL, _switched),
    Vendor(("api.siliconflow.cn", "api.siliconflow.com"), _ALL, _switched),
    Vendor(_MOONSHOT, ("kimi-k2", "kimi-k2-0*", "kimi-k2-turbo*", "kimi-latest"), _plain),
    Vendor(_MOONSHOT, ("kimi-*",), _typed, returns=True),
    Vendor(
        ("api.kimi.com",), _ALL, partial(_typed, effort="inside"), _LOW_TO_HIGH, returns=True
    ),
    Vendor(_ZHIPU, ("glm-*",), _typed),
    Vendor(("api.xiaomimimo.com",), ("mimo-*",), _typed),
    Vendor(("ark.*.volces.com",), _ALL, partial(_typed, effort="beside"), _LOW_TO_HIGH),
    Vendor(_MINIMAX, ("minimax-*",), _split),
    Vendor(("*hunyuan*.tencent.com",), _ALL, partial(_switched, budgets=False)),
    Vendor(("*.sensenova.cn",), _ALL, _plain, _LOW_TO_HIGH, effort=True),
    Vendor(_ALL, ("sensenova-*",), _plain, _LOW_TO_HIGH, effort=True),
    Vendor(("api.mistral.ai",), ("magistral-*",), _never),
    Vendor(("api.mistral.ai",), _ALL, _plain, _ON_OFF, effort=True),
    Vendor(("api.groq.com",), ("qwen*",), _groq_qwen),
    Vendor(("openrouter.ai", "*.openrouter.ai"), _ALL, _router, effort=True),
    Vendor(
        _NIM,
        ("deepseek-v4*",),
        partial(_template, arguments=_deepseek_4_arguments),
        _DEEPSEEK,
    ),
    Vendor(_NIM, ("deepseek-v3*", "deepseek-r1*", "kimi-k2*", "kimi-k3*"), _flag("thinking")),
    Vendor(_NIM, ("qwen3*", "qwq*", "gemma-4*", "sarvam-m*"), _flag("enable_thinking")),
    Vendor(
        _NIM,
        ("glm-4.7*", "glm4.7*", "glm-5*", "glm5*"),
        _flag("enable_thinking", clear_thinking=False),
    ),
    Vendor(_NIM, ("minimax-m3*",), partial(_template, arguments=_minimax_3_arguments)),
    Vendor(_NIM, ("*nemotron-3*",), partial(_template, arguments=_nemotron_arguments)),
    Vendor(_NIM, ("inkling*",), partial(_template, arguments=_inkling_arguments)),
)  # fmt: skip


@lru_cache(maxsize=1024)
def vendor_of(host: str, model: str) -> Vendor | None:
    """The first row that host and model fit."""
    host = host.lower()
    bare = model.lower().rpartition("/")[2]
    for row in VENDORS:
        fits_host = any(matches(glob, host) for glob in row.hosts)
        if fits_host and any(matches(glob, bare) for glob in row.models):
            return row
    return None


def takes_as_it_is(vendor: Vendor, field: Callable[[str], object], body: bytes) -> bool:
    """Whether a Chat client's own body, of these top-level fields, suits the host unread."""
    if not vendor.effort and vendor.write is not _plain and field("reasoning_effort") is not None:
        return False
    if not vendor.returns:
        return True
    return field("tool_choice") != "required" and (
        b'"tool_calls"' not in body or b'"reasoning_content"' in body
    )


def write_thinking(
    body: JsonObject,
    vendor: Vendor,
    model: str,
    settings: ReasoningSettings,
    wish: ReasoningSettings,
    losses: Losses,
) -> None:
    """Rewrites a rendered Chat body as the host wants it.

    settings: what the body says now, fitted to the model.
    wish: what was asked, which may be finer (a budget), or leave the amount open.
    """
    on = None if settings == _nothing(settings) else settings.mode != "off"
    level, budget = None, None
    if on and wish.effort is not None and wish.effort.lower() in LADDER:
        level = settings.effort
        budget = budget_of(level) if level else None
    elif on and wish.budget is not None and wish.budget > 0:
        level, budget = settings.effort, wish.budget
    vendor.write(body, Wanted(model, on, level, budget, losses))
    if vendor.returns and on is not False:
        _free_choice(body, losses)
        _return_thoughts(body)


def _nothing(settings: ReasoningSettings) -> ReasoningSettings:
    return ReasoningSettings(summary=settings.summary, extras=settings.extras)


def _free_choice(body: JsonObject, losses: Losses) -> None:
    choice = body.get("tool_choice")
    if choice == "required" or isinstance(choice, dict):
        body["tool_choice"] = "auto"
        losses.add("tool_choice", "this host refuses a forced choice while it thinks")


def _return_thoughts(body: JsonObject) -> None:
    """In a conversation with tool calls each assistant message gets `reasoning_content`."""
    found = body.get("messages")
    messages = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if any("tool_calls" in message for message in messages):
        for message in messages:
            if message.get("role") == "assistant":
                message.setdefault("reasoning_content", "")
