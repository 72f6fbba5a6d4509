"""ccproxy.md §5.5: what each host of the Chat protocol is told of thinking."""

from __future__ import annotations

import pytest

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings
from dragoman.reasoning.fit import fit_reasoning
from dragoman.reasoning.levels import Thinking
from dragoman.reasoning.suffix import parse_suffix
from dragoman.reasoning.vendors import VENDORS, takes_as_it_is, vendor_of, write_thinking

SWITCH = Thinking(zero_allowed=True, dynamic_allowed=True, levels=("low", "medium", "high"))
TOOLS: JsonObject = {"tools": [{"type": "function"}]}


def written(host: str, model: str, word: str, body: JsonObject | None = None) -> JsonObject:
    """The thinking fields of a body for a wish written as a suffix; "" = none."""
    return told(host, model, word, body)[0]


def told(
    host: str, model: str, word: str, body: JsonObject | None = None
) -> tuple[JsonObject, tuple[str, ...]]:
    """The same with the losses."""
    vendor = vendor_of(host, model)
    assert vendor is not None
    wish = parse_suffix(f"m({word})")[1] if word else ReasoningSettings()
    assert wish is not None
    losses = Losses()
    settings = fit_reasoning(wish, "openai", model, vendor.thinking or SWITCH, None, losses)
    out: JsonObject = dict(body or {})
    if settings.mode == "off":
        out["reasoning_effort"] = "none"
    elif settings.effort:
        out["reasoning_effort"] = settings.effort
    write_thinking(out, vendor, model, settings, wish, losses)
    out.pop("tools", None)
    return out, losses.fields


KWARGS = "chat_template_kwargs"
NIM = "integrate.api.nvidia.com"
DEEPSEEK = "api.deepseek.com"
ALIBABA = "dashscope.aliyuncs.com"
ALIBABA_2 = "dashscope-intl.aliyuncs.com"
ARK = "ark.cn-beijing.volces.com"
SILICON = "api.siliconflow.cn"
NIM_DEEPSEEK = "deepseek-ai/deepseek-v4"
NEMOTRON = "nvidia/nemotron-3-super"
EFFORT = "reasoning_effort"
SWITCH_FIELD = "enable_thinking"
BUDGET = "thinking_budget"
ON: JsonObject = {"type": "enabled"}
OFF: JsonObject = {"type": "disabled"}


@pytest.mark.parametrize(
    ("host", "model", "word", "fields"),
    [
        (DEEPSEEK, "deepseek-v4", "low", {"thinking": ON, EFFORT: "high"}),
        (DEEPSEEK, "deepseek-v4", "high", {"thinking": ON, EFFORT: "high"}),
        (DEEPSEEK, "deepseek-v4", "xhigh", {"thinking": ON, EFFORT: "max"}),
        ("api.deepseek.cn", "deepseek-v4", "max", {"thinking": ON, EFFORT: "max"}),
        (DEEPSEEK, "deepseek-v4", "31999", {"thinking": ON, EFFORT: "max"}),
        (DEEPSEEK, "deepseek-v4", "auto", {"thinking": ON}),
        (DEEPSEEK, "deepseek-v4", "none", {"thinking": OFF}),
        (DEEPSEEK, "deepseek-v4", "", {}),
        (ALIBABA, "qwen3-max", "8000", {SWITCH_FIELD: True, BUDGET: 8000}),
        (ALIBABA_2, "qwen3-max", "low", {SWITCH_FIELD: True, BUDGET: 1024}),
        ("dashscope-us.aliyuncs.com", "qwq-plus", "auto", {SWITCH_FIELD: True}),
        (ALIBABA, "qwen3-max", "none", {SWITCH_FIELD: False}),
        (ALIBABA, "qwen3-max", "", {}),
        (SILICON, "Qwen/Qwen3-8B", "high", {SWITCH_FIELD: True, BUDGET: 24576}),
        ("api.hunyuan.cloud.tencent.com", "hunyuan-t1", "high", {SWITCH_FIELD: True}),
        ("api.moonshot.ai", "kimi-k2.5", "high", {"thinking": ON}),
        ("api.moonshot.cn", "kimi-k2.5", "none", {"thinking": OFF}),
        ("api.moonshot.cn", "kimi-k2.5", "", {}),
        ("api.moonshot.ai", "kimi-k2-0905-preview", "", {}),
        ("api.kimi.com", "kimi-for-coding", "max", {"thinking": {**ON, "effort": "high"}}),
        ("api.z.ai", "glm-4.6", "8192", {"thinking": ON}),
        ("open.bigmodel.cn", "glm-5", "none", {"thinking": OFF}),
        ("api.xiaomimimo.com", "mimo-v2", "low", {"thinking": ON}),
        (ARK, "doubao-seed-2", "low", {"thinking": ON, EFFORT: "low"}),
        (ARK, "doubao-seed-2", "auto", {"thinking": ON}),
        ("api.minimax.io", "MiniMax-M3", "high", {"reasoning_split": True}),
        ("api.minimaxi.com", "MiniMax-M3", "", {}),
        ("api.sensenova.cn", "anything", "xhigh", {EFFORT: "high"}),
        ("gateway.example.com", "sensenova-v7", "xhigh", {EFFORT: "high"}),
        ("api.mistral.ai", "mistral-small-2603", "low", {EFFORT: "high"}),
        ("api.mistral.ai", "mistral-small-2603", "none", {EFFORT: "none"}),
        ("api.mistral.ai", "magistral-medium", "", {}),
        ("api.groq.com", "qwen/qwen3-32b", "low", {EFFORT: "default"}),
        ("api.groq.com", "qwen/qwen3-32b", "none", {EFFORT: "none"}),
        ("api.groq.com", "qwen/qwen3-32b", "", {}),
        ("openrouter.ai", "z-ai/glm-5", "high", {"reasoning": {"effort": "high"}}),
        ("openrouter.ai", "z-ai/glm-5", "none", {"reasoning": {"enabled": False}}),
        ("openrouter.ai", "z-ai/glm-5", "auto", {"reasoning": {"enabled": True}}),
        ("openrouter.ai", "z-ai/glm-5", "", {}),
        (NIM, NIM_DEEPSEEK, "xhigh", {KWARGS: {"thinking": True, EFFORT: "max"}}),
        (NIM, NIM_DEEPSEEK, "auto", {KWARGS: {"thinking": True, EFFORT: "high"}}),
        (NIM, NIM_DEEPSEEK, "none", {KWARGS: {"thinking": False}}),
        (NIM, "deepseek-ai/deepseek-r1", "high", {KWARGS: {"thinking": True}}),
        (NIM, "moonshotai/kimi-k2.5", "none", {KWARGS: {"thinking": False}}),
        (NIM, "qwen/qwen3-next", "high", {KWARGS: {SWITCH_FIELD: True}}),
        (NIM, "google/gemma-4-31b-it", "none", {KWARGS: {SWITCH_FIELD: False}}),
        (NIM, "sarvamai/sarvam-m", "", {}),
        (NIM, "z-ai/glm4.7", "high", {KWARGS: {SWITCH_FIELD: True, "clear_thinking": False}}),
        (NIM, "z-ai/glm-5", "none", {KWARGS: {SWITCH_FIELD: False, "clear_thinking": False}}),
        (NIM, "minimaxai/minimax-m3", "high", {KWARGS: {"thinking_mode": "enabled"}}),
        (NIM, "minimaxai/minimax-m3", "auto", {KWARGS: {"thinking_mode": "adaptive"}}),
        (NIM, "minimaxai/minimax-m3", "none", {KWARGS: {"thinking_mode": "disabled"}}),
        (NIM, NEMOTRON, "low", {KWARGS: {SWITCH_FIELD: True, "low_effort": True}}),
        (NIM, "nvidia/nvidia-nemotron-3-nano", "high", {KWARGS: {SWITCH_FIELD: True}}),
        (NIM, NEMOTRON, "none", {KWARGS: {SWITCH_FIELD: False}}),
        (NIM, "inkling", "low", {KWARGS: {EFFORT: "low"}}),
        (NIM, "inkling", "auto", {KWARGS: {EFFORT: "medium"}}),
        (NIM, "inkling", "none", {KWARGS: {EFFORT: "none"}}),
    ],
)  # fmt: skip
def test_a_wish_in_the_words_of_its_host(
    host: str, model: str, word: str, fields: JsonObject
) -> None:
    assert told(host, model, word) == (fields, ())


@pytest.mark.parametrize(
    ("host", "model"),
    [
        ("api.openai.com", "gpt-5"),
        ("my-vllm.example.com", "qwen3-8b"),
        ("127.0.0.1", "deepseek-v4"),
        ("api.groq.com", "openai/gpt-oss-120b"),
        (NIM, "openai/gpt-oss-120b"),
        ("deepseek.com.example.com", "deepseek-v4"),
    ],
)
def test_a_host_or_model_without_a_row_gets_the_plain_effort(host: str, model: str) -> None:
    assert vendor_of(host, model) is None


def test_every_row_can_be_reached() -> None:
    hosts = {glob.replace("*", "x") for row in VENDORS for glob in row.hosts}
    models = {glob.replace("*", "") for row in VENDORS for glob in row.models}
    found = [vendor_of(host, model) for host in hosts for model in models]
    assert all(row in found for row in VENDORS)


def test_deepseeks_agents_think_most_where_nothing_was_said() -> None:
    assert written(DEEPSEEK, "deepseek-v4", "auto", TOOLS)["reasoning_effort"] == "max"
    assert written(DEEPSEEK, "deepseek-v4", "high", TOOLS)["reasoning_effort"] == "high"


@pytest.mark.parametrize(("word", "kept"), [("high", False), ("", False), ("none", True)])
def test_deepseek_gives_no_probabilities_while_it_thinks(word: str, kept: bool) -> None:
    body, losses = told(DEEPSEEK, "deepseek-v4", word, {"logprobs": True, "top_logprobs": 2})
    assert ("logprobs" in body, "top_logprobs" in body) == (kept, kept)
    assert losses == (() if kept else ("logprobs", "top_logprobs"))


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
@pytest.mark.parametrize("host", [DEEPSEEK, "api.moonshot.ai"])
def test_a_forced_choice_is_left_to_a_model_that_thinks(host: str, choice: Json) -> None:
    model = "deepseek-v4" if host == DEEPSEEK else "kimi-k2.5"
    body: JsonObject = {"tool_choice": choice}
    assert told(host, model, "high", body)[0]["tool_choice"] == "auto"
    assert told(host, model, "", body)[1] == ("tool_choice",)
    assert told(host, model, "none", body)[0]["tool_choice"] == choice
    assert told(host, model, "high", {"tool_choice": "none"})[0]["tool_choice"] == "none"


def test_a_conversation_with_calls_returns_the_thoughts_of_every_assistant_message() -> None:
    def messages() -> JsonObject:
        return {
            "messages": [
                {"role": "user", "content": "q"},
                {"role": "assistant", "tool_calls": [], "reasoning_content": "because"},
                {"role": "tool", "content": "r"},
                {"role": "assistant", "content": "a"},
            ]
        }

    def thoughts(word: str) -> list[object]:
        found = written(DEEPSEEK, "deepseek-v4", word, messages())["messages"]
        assert isinstance(found, list)
        return [one.get("reasoning_content") for one in found if isinstance(one, dict)]

    assert thoughts("high") == thoughts("") == [None, "because", None, ""]
    assert thoughts("none") == [None, "because", None, None]
    plain: JsonObject = {"messages": [{"role": "assistant", "content": "a"}]}
    assert written(DEEPSEEK, "deepseek-v4", "auto", plain)["messages"] == plain["messages"]


def test_what_a_host_cannot_be_told_is_a_loss() -> None:
    assert told("api.minimax.io", "MiniMax-M2", "none") == (
        {"reasoning_split": True}, ("reasoning",)
    )  # fmt: skip
    assert told("api.mistral.ai", "magistral-medium", "high") == ({}, ("reasoning",))


def test_fields_that_are_there_already_stay_beside_the_new_ones() -> None:
    body: JsonObject = {"reasoning": {"exclude": True}, KWARGS: {"tone": "dry"}}
    assert written("openrouter.ai", "x/y", "low", body)["reasoning"] == {
        "exclude": True, "effort": "low"
    }  # fmt: skip
    assert written(NIM, "qwen/qwen3-next", "low", body)[KWARGS] == {
        "tone": "dry", "enable_thinking": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "model", "fields", "body", "suits"),
    [
        ("api.z.ai", "glm-5", {}, b"{}", True),
        ("api.z.ai", "glm-5", {"reasoning_effort": "low"}, b"{}", False),
        ("api.sensenova.cn", "m", {"reasoning_effort": "low"}, b"{}", True),
        (DEEPSEEK, "deepseek-v4", {"reasoning_effort": "high"}, b"{}", True),
        (DEEPSEEK, "deepseek-v4", {"tool_choice": "required"}, b"{}", False),
        (DEEPSEEK, "deepseek-v4", {"tool_choice": "auto"}, b"{}", True),
        (DEEPSEEK, "deepseek-v4", {}, b'"tool_calls"', False),
        (DEEPSEEK, "deepseek-v4", {}, b'"tool_calls" "reasoning_content"', True),
        (DEEPSEEK, "deepseek-chat", {"reasoning_effort": "high"}, b'"tool_calls"', True),
    ],
)
def test_a_chat_clients_own_body_is_passed_where_it_suits(
    host: str, model: str, fields: dict[str, str], body: bytes, suits: bool
) -> None:
    vendor = vendor_of(host, model)
    assert vendor is not None
    assert takes_as_it_is(vendor, fields.get, body) is suits
