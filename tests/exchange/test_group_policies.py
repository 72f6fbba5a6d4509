"""What a group does to requests, through the whole gateway and for every pair of protocols, against
the strict fakes: the filtered tool is gone, the prompt is there, sampling stands in the upstream's
own fields."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import pytest_asyncio
from tests.exchange.world import World, path_of, upstream, world
from tests.fakes import FAKES, Fake, in_thread

PROTOCOLS = list(FAKES)
MODELS = {
    "openai": "qwen3-coder",
    "responses": "gpt-4.1",
    "anthropic": "claude-haiku-4-5",
    "gemini": "gemini-2.5-flash",
    "ollama": "qwen3",
}
GROUPS: dict[str, Any] = {
    "qwen": {
        "prompt": {"mode": "enhance", "text": "Go on until it is done."},
        "prompt-replace": [{"find": "/world-class (\\w+)/", "replace": "good \\1"}],
        "tools": {"drop": ["WebFetch", "Web*rch"]},
        "sampling": {"temperature-ratio": 0.7, "max-tokens": {"max": 300}},
    },
    "strange": {
        "prompt": {"mode": "replace", "position": "system", "text": "Only this."},
        "tools": {"only": ["Read"]},
        "sampling": {"top-p": 0.8, "temperature": {"max": 0.5}},
    },
    "few": {"sampling": {"top-k": 20}},
    "user": {"prompt": {"mode": "enhance", "position": "user", "text": "Mind the gap."}},
    "some": {"prompt": {"mode": "enhance", "text": "T", "when": ["claude-*"]}},
    "small": {"max-context": 200},
}
SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}}}
TOOLS = ("WebFetch", "Read", "WebSearch")
SAYS = "You are a world-class helper."


@pytest.fixture(scope="module")
def fakes() -> Iterator[tuple[dict[str, Fake], dict[str, str]]]:
    running = {name: fake(models=[MODELS[name]]) for name, fake in FAKES.items()}
    with ExitStack() as stack:
        yield running, {n: stack.enter_context(in_thread(f)) for n, f in running.items()}


@pytest_asyncio.fixture
async def here(fakes: tuple[dict[str, Fake], dict[str, str]]) -> AsyncIterator[World]:
    hosts = [upstream(n, url, MODELS[n], name=n) for n, url in fakes[1].items()]
    async with world(*hosts, groups=GROUPS) as found:
        yield found


def asked(client: str, model: str) -> dict[str, Any]:
    """A request with a prompt, tools, a temperature of 1 and 1000 tokens, in a client's words."""
    functions = [{"name": n, "description": "d", "parameters": SCHEMA} for n in TOOLS]
    said = {"role": "user", "content": "echo: hello"}
    system = {"role": "system", "content": SAYS}
    if client == "anthropic":
        return {
            "model": model, "max_tokens": 1000, "temperature": 1,
            "system": [{"type": "text", "text": SAYS, "cache_control": {"type": "ephemeral"}}],
            "messages": [said],
            "tools": [{"name": n, "input_schema": SCHEMA} for n in TOOLS],
            "tool_choice": {"type": "tool", "name": "WebFetch"},
        }  # fmt: skip
    if client == "gemini":
        return {
            "system_instruction": {"parts": [{"text": SAYS}]},
            "contents": [{"role": "user", "parts": [{"text": "echo: hello"}]}],
            "tools": [
                {"functionDeclarations": functions[:1]},
                {"function_declarations": functions[1:]},
            ],
            "generationConfig": {"temperature": 1, "maxOutputTokens": 1000},
        }  # fmt: skip
    if client == "responses":
        return {
            "model": model, "instructions": SAYS, "input": "echo: hello", "store": False,
            "temperature": 1, "max_output_tokens": 1000,
            "tools": [{"type": "function", **f} for f in functions],
        }  # fmt: skip
    wrapped = [{"type": "function", "function": f} for f in functions]
    if client == "ollama":
        return {
            "model": model, "messages": [system, said], "stream": False, "tools": wrapped,
            "options": {"temperature": 1, "num_predict": 1000},
        }  # fmt: skip
    return {
        "model": model, "messages": [system, said], "tools": wrapped,
        "temperature": 1, "max_tokens": 1000,
    }  # fmt: skip


def seen(protocol: str, body: dict[str, Any]) -> dict[str, Any]:
    """What an upstream was sent: its prompt, its tools' names, its sampling fields by path."""
    config: dict[str, Any] = body
    prompt: Any = None
    tools = body.get("tools", [])
    if protocol == "anthropic":
        prompt = body.get("system")
        names = [tool["name"] for tool in tools]
    elif protocol == "gemini":
        prompt = body.get("systemInstruction", body.get("system_instruction", {})).get("parts")
        keys = ("functionDeclarations", "function_declarations")
        names = [f["name"] for entry in tools for key in keys for f in entry.get(key, [])]
        config = body["generationConfig"]
    elif protocol == "responses":
        prompt, names = body.get("instructions"), [tool["name"] for tool in tools]
    else:
        first = body["messages"][0]
        prompt = first["content"] if first["role"] == "system" else None
        names = [tool["function"]["name"] for tool in tools]
        config = body["options"] if protocol == "ollama" else body
    if isinstance(prompt, list):
        prompt = "\n\n".join(block["text"] for block in prompt)
    sampling = {key: config[key] for key in FIELDS[protocol] if key in config}
    return {"prompt": prompt, "tools": names, "sampling": sampling}


FIELDS: dict[str, tuple[str, ...]] = {
    "openai": ("max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k"),
    "responses": ("max_output_tokens", "temperature", "top_p", "top_k"),
    "anthropic": ("max_tokens", "temperature", "top_p", "top_k"),
    "gemini": ("maxOutputTokens", "temperature", "topP", "topK"),
    "ollama": ("num_predict", "temperature", "top_p", "top_k"),
}
"""Limit, temperature, top-p and top-k."""

PAIRS = [(client, host) for client in PROTOCOLS for host in PROTOCOLS]


async def sent(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]], group: str, client: str, host: str
) -> tuple[dict[str, Any], str]:
    """What the upstream got, and what was told as lost."""
    path = path_of(client, MODELS[host], stream=False)
    reply = await here.post(f"/{group}{path}", asked(client, MODELS[host]))
    assert reply.status_code == 200, reply.text
    return fakes[0][host].last, reply.headers.get("x-dragoman-dropped", "")


@pytest.mark.parametrize(("client", "host"), PAIRS)
async def test_tools_prompt_and_sampling_are_the_groups_for_every_pair(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]], client: str, host: str
) -> None:
    body, dropped = await sent(here, fakes, "qwen", client, host)
    found = seen(host, body)
    limit = FIELDS[host][0]
    assert (
        found["prompt"].replace("\n\n", "\n") == "You are a good helper.\nGo on until it is done."
    )
    assert found["tools"] == ["Read"]
    assert found["sampling"] == {limit: 300, "temperature": 0.7}
    assert ("tool_choice" in dropped) is (client == "anthropic")


@pytest.mark.parametrize(("client", "host"), PAIRS)
async def test_another_prompt_and_defaults_go_as_far_as_the_upstream_takes_them(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]], client: str, host: str
) -> None:
    body, dropped = await sent(here, fakes, "strange", client, host)
    found = seen(host, body)
    limit, temperature, top_p, _ = FIELDS[host][0], *FIELDS[host][-3:]
    sampling = {limit: 1000, temperature: 0.5, top_p: 0.8}
    lost = []
    if host == "anthropic":
        del sampling[top_p]
        lost = ["sampling.top_p"]
    assert (found["prompt"], found["tools"]) == ("Only this.", ["Read"])
    assert found["sampling"] == sampling
    assert [name for name in dropped.split(", ") if name.startswith("sampling.")] == lost


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("host", ["responses", "anthropic", "gemini", "ollama"])
async def test_a_setting_that_the_upstreams_protocol_has_not_is_told_as_lost(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]], client: str, host: str
) -> None:
    body, dropped = await sent(here, fakes, "few", client, host)
    has_it = host != "responses"
    assert seen(host, body)["sampling"].get(FIELDS[host][-1]) == (20 if has_it else None)
    assert ("sampling.top_k" in dropped) is not has_it


@pytest.mark.parametrize(("client", "host"), PAIRS)
async def test_a_text_may_stand_before_the_users_words(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]], client: str, host: str
) -> None:
    path = path_of(client, MODELS[host], stream=False)
    reply = await here.post(f"/user{path}", asked(client, MODELS[host]))
    assert reply.status_code == 200
    assert "hello" in reply.text
    told = str(fakes[0][host].last)
    assert told.index("Mind the gap.") < told.index("echo: hello")


@pytest.mark.parametrize(
    ("model", "put"), [("claude-haiku-4-5", True), ("gemini-2.5-flash", False)]
)
async def test_a_condition_looks_at_the_name_that_was_asked_for(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]], model: str, put: bool
) -> None:
    host = next(name for name, own in MODELS.items() if own == model)
    body, _ = await sent(here, fakes, "some", "anthropic", host)
    assert seen(host, body)["prompt"] == (f"{SAYS}\n\nT" if put else SAYS)


async def test_a_same_protocol_request_keeps_every_byte_that_no_edit_means(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]]
) -> None:
    body = (
        b'{ "model":"claude-haiku-4-5","system" : [{"text":"S", "type":"text",'
        b'"cache_control":{"type":"ephemeral"}}],  "max_tokens":100,"top_p" : 1.00,'
        b'"messages":[ {"content" :"echo: hello","role":"user"}],"metadata":{"user_id":"\\u00e9"} }'
    )
    assert (await here.post("/qwen/v1/messages", body)).status_code == 200
    assert fakes[0]["anthropic"].requests[-1].body == body.replace(
        b"}}]", b'}},{"type":"text","text":"Go on until it is done."}]', 1
    )


async def test_payload_rules_have_the_last_word(
    fakes: tuple[dict[str, Fake], dict[str, str]],
) -> None:
    host = upstream("openai", fakes[1]["openai"], "qwen3-coder")
    rules = {"override": [{"params": {"temperature": 0.1}}]}
    async with world(host, groups=GROUPS, payload=rules) as here:
        reply = await here.post("/qwen/v1/chat/completions", asked("openai", "qwen3-coder"))
        assert reply.status_code == 200
    assert fakes[0]["openai"].last["temperature"] == 0.1


async def test_a_suffix_still_works_and_a_thinking_claude_gets_no_temperature(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]]
) -> None:
    model = "claude-haiku-4-5(2048)"
    body = {**asked("anthropic", model), "max_tokens": 9000, "tool_choice": {"type": "auto"}}
    reply = await here.post("/strange/v1/messages", body)
    assert reply.status_code == 200, reply.text
    got = fakes[0]["anthropic"].last
    assert got["thinking"]["budget_tokens"] == 2048
    assert (got["temperature"], "top_p" in got) == (1, False)


LONG = "word " * 1000


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("streamed", [False, True])
async def test_what_is_too_long_is_refused_in_the_clients_own_words(
    here: World, client: str, streamed: bool
) -> None:
    said = [{"role": "user", "content": LONG}]
    body: dict[str, Any] = {"model": "qwen3-coder", "messages": said, "stream": streamed}
    body |= {"max_tokens": 9} if client == "anthropic" else {}
    if client == "responses":
        body = {"model": "qwen3-coder", "input": LONG, "stream": streamed}
    if client == "gemini":
        body = {"contents": [{"role": "user", "parts": [{"text": LONG}]}]}
    reply = await here.post(f"/small{path_of(client, 'qwen3-coder', stream=streamed)}", body)
    error = reply.json()["error"]
    assert reply.status_code == 400
    assert "> 200 maximum" in str(error)
    if client in ("openai", "responses"):
        assert error["code"] == "context_length_exceeded"
    if client == "anthropic":
        assert error["message"].startswith("prompt is too long: ")


async def test_what_is_too_long_goes_to_the_model_for_long_conversations(
    fakes: tuple[dict[str, Fake], dict[str, str]],
) -> None:
    hosts = [upstream(n, fakes[1][n], MODELS[n], name=n) for n in ("openai", "gemini")]
    chains = [{"for": "qwen3-coder", "on": ["context-length"], "to": "gemini-2.5-flash"}]
    async with world(*hosts, groups=GROUPS, fallbacks=chains) as here:
        before = len(fakes[0]["openai"].requests)
        path, said = "/small/v1/chat/completions", [{"role": "user", "content": LONG}]
        reply = await here.post(path, {"model": "qwen3-coder", "messages": said})
        assert reply.status_code == 200
        assert reply.headers["x-dragoman-upstream"] == "gemini"
        assert len(fakes[0]["openai"].requests) == before
        short = [{"role": "user", "content": "echo: hello"}]
        reply = await here.post(path, {"model": "qwen3-coder", "messages": short})
        assert reply.headers["x-dragoman-upstream"] == "openai"


async def test_strict_conversion_refuses_a_wish_that_cannot_be_carried(
    fakes: tuple[dict[str, Fake], dict[str, str]],
) -> None:
    host = upstream("responses", fakes[1]["responses"], "gpt-4.1")
    async with world(host, groups=GROUPS, strict_conversion=True) as here:
        reply = await here.post("/few/v1/responses", asked("responses", "gpt-4.1"))
        assert reply.status_code == 400
        assert "sampling.top_k" in reply.json()["error"]["message"]


async def test_tokens_are_counted_as_the_group_sends_them(
    here: World, fakes: tuple[dict[str, Fake], dict[str, str]]
) -> None:
    body = asked("anthropic", "claude-haiku-4-5")
    del body["max_tokens"], body["temperature"], body["tool_choice"]
    assert (await here.post("/qwen/v1/messages/count_tokens", body)).status_code == 200
    found = seen("anthropic", fakes[0]["anthropic"].last)
    assert (found["tools"], found["prompt"][:20]) == (["Read"], "You are a good helpe")
    assert (await here.post("/few/v1/messages/count_tokens", body)).status_code == 200
    assert fakes[0]["anthropic"].last == body
    before = len(fakes[0]["gemini"].requests)
    path = "/v1beta/models/gemini-2.5-flash:countTokens"
    contents = {"contents": asked("gemini", "")["contents"]}
    plain = await here.post(f"/few{path}", contents)
    assert "x-dragoman-estimate" not in plain.headers
    assert len(fakes[0]["gemini"].requests) == before + 1
    reply = await here.post(f"/qwen{path}", contents)
    assert (reply.status_code, reply.headers["x-dragoman-estimate"]) == (200, "true")
