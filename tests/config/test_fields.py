from pathlib import Path
from typing import Any

import pytest

from dragoman.config.load import load_text
from dragoman.config.models import ModelRule
from dragoman.config.problems import ConfigError
from dragoman.config.secrets import Secret
from dragoman.config.settings import Settings
from dragoman.config.upstreams import Key, Timeouts, Upstream


def settings(text: str) -> Settings:
    return load_text(text, Path("c.yaml"), {}).settings


def error(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_text(text, Path("c.yaml"), {})
    (problem,) = caught.value.problems
    return f"{problem.field}: {problem.message}"


def upstream(**fields: Any) -> Upstream:
    whole = {"name": "u", "protocol": "openai", "base-url": "https://h/v1", **fields}
    return Upstream.model_validate(whole, by_alias=True, by_name=False)


def test_the_issues_own_upstream_loads_into_one_object() -> None:
    text = """\
upstreams:
  - name: openrouter
    protocol: openai
    base-url: https://openrouter.ai/api/v1
    auth: bearer
    query: {}
    keys:
      - sk-a
      - {key: sk-b, weight: 2, priority: 0, proxy-url: direct, headers: {}, disabled: false}
    headers: {X-Title: dragoman}
    proxy-url: socks5://127.0.0.1:1080
    timeouts: {first-byte: 120}
    models:
      - {name: moonshotai/kimi-k2, alias: kimi-k2}
      - gpt-5
"""
    loaded = settings(text)
    (found,) = loaded.all_upstreams
    assert found == Upstream(
        name="openrouter",
        protocol="openai",
        base_url="https://openrouter.ai/api/v1",
        auth="bearer",
        keys=(
            Key(key=Secret("sk-a")),
            Key(key=Secret("sk-b"), weight=2, priority=0, proxy_url="direct"),
        ),
        headers={"X-Title": "dragoman"},
        proxy_url="socks5://127.0.0.1:1080",
        timeouts=found.timeouts,
        models=(ModelRule(name="moonshotai/kimi-k2", alias="kimi-k2"), ModelRule(name="gpt-5")),
    )
    assert loaded.timeouts_for(found) == Timeouts(connect=10, first_byte=120, idle=120, total=0)
    assert [rule.served_as for rule in found.models or ()] == ["kimi-k2", "gpt-5"]


def test_the_nearest_proxy_written_wins() -> None:
    loaded = settings("proxy-url: http://all:1\n")
    plain, own = upstream(), upstream(**{"proxy-url": "http://own:1"})
    assert loaded.proxy_for(plain) == "http://all:1"
    assert loaded.proxy_for(own) == "http://own:1"
    assert loaded.proxy_for(own, "direct") == "direct"
    assert settings("").proxy_for(plain) is None


def test_an_upstream_may_overrule_whether_usage_is_asked_for() -> None:
    loaded = settings("request-usage: false\n")
    assert loaded.usage_asked_of(upstream()) is False
    assert loaded.usage_asked_of(upstream(**{"request-usage": True})) is True


def test_debug_is_the_debug_log_level() -> None:
    assert settings("log-level: WARNING\n").effective_log_level == "warning"
    assert settings("log-level: warning\ndebug: yes\n").effective_log_level == "debug"


def test_a_key_without_a_priority_has_its_upstreams() -> None:
    found = upstream(priority=5, keys=["a", {"key": "b", "priority": 0}])
    assert [found.priority_of(key) for key in found.keys] == [5, 0]


@pytest.mark.parametrize(
    ("protocol", "base", "endpoint", "auth"),
    [
        ("openai", "https://h", "https://h/v1", "bearer"),
        ("openai", "https://h/api/v4/", "https://h/api/v4", "bearer"),
        ("responses", "https://h/", "https://h/v1", "bearer"),
        ("anthropic", "https://h", "https://h/v1", "x-api-key"),
        ("gemini", "https://h", "https://h/v1beta", "x-goog-api-key"),
        ("ollama", "http://h:11434", "http://h:11434/api", "bearer"),
        ("echo", "", "", "none"),
    ],
)
def test_an_empty_path_and_an_unset_auth_are_the_protocols_own(
    protocol: str, base: str, endpoint: str, auth: str
) -> None:
    found = upstream(protocol=protocol, **{"base-url": base})
    assert found.endpoint == endpoint
    assert found.auth_header == auth


def test_only_echo_has_no_address() -> None:
    assert error("upstreams: [{name: a, protocol: anthropic}]\n") == (
        "upstreams[0]: needs base-url, for anthropic usually https://api.anthropic.com"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://h", "expected a URL such as https://api.example.com/v1"),
        ("https://", "expected a URL such as https://api.example.com/v1"),
        ("h/v1", "expected a URL such as https://api.example.com/v1"),
        ("https://h h", "holds a blank; a URL has none"),
        ("https://h:99999", "is no URL: its host or port cannot be read"),
        ("https://[h", "is no URL: its host or port cannot be read"),
        ("https://u:p@h", "holds a user or password; put credentials into keys or headers"),
        ("https://h/?a=b", "holds a query or fragment; put query parameters into query"),
        ("https://h/#x", "holds a query or fragment; put query parameters into query"),
    ],
)
def test_a_bad_base_url_is_an_error(url: str, message: str) -> None:
    text = f"upstreams: [{{name: a, protocol: openai, base-url: '{url}'}}]\n"
    assert error(text) == f"upstreams[0].base-url: {message}"


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("http://h:1", "http://h:1"),
        ("https://u:p@h", "https://u:p@h"),
        ("socks5h://h:1", "socks5h://h:1"),
        ("direct", "direct"),
        ("None", "direct"),
        ("''", None),
    ],
)
def test_a_proxy_is_a_url_or_direct(text: str, proxy: str | None) -> None:
    assert settings(f"proxy-url: {text}\n").proxy_url == proxy


@pytest.mark.parametrize("text", ["socks4://h:1", "h:1", "http://"])
def test_another_proxy_scheme_is_an_error(text: str) -> None:
    assert error(f"proxy-url: '{text}'\n") == (
        "proxy-url: expected http://host:port, https://…, socks5://…, socks5h://…, direct or none"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is empty; give the upstream a name such as openrouter"),
        ("a/b", "'a/b' holds '/'; use letters, digits, '-', '_' and '.'"),
        ("a b", "'a b' holds a blank; use letters, digits, '-', '_' and '.'"),
        ("a@b", "'a@b' holds '@'; use letters, digits, '-', '_' and '.'"),
        ("a(1)", "'a(1)' holds '('; use letters, digits, '-', '_' and '.'"),
        ("Auto", "'Auto' is a word of dragoman's own; choose another name"),
    ],
)
def test_a_name_that_would_read_as_model_grammar_is_an_error(name: str, message: str) -> None:
    assert error(f"upstreams: [{{name: '{name}', protocol: echo}}]\n") == (
        f"upstreams[0].name: {message}"
    )


def test_headers_are_checked_name_by_name() -> None:
    start = "upstreams: [{name: a, protocol: echo, headers: "
    assert error(start + "{'a b': x}}]\n") == (
        "upstreams[0].headers.a b: 'a b' is no header name; use letters, digits and -"
    )
    assert error(start + '{X-A: "a\\nb"}}]\n') == (
        "upstreams[0].headers.X-A: holds a line break or control character; write it on one line"
    )
    assert settings(start + "{X-A: $X-B, X-N: 5}}]\n").upstreams[0].headers == {
        "X-A": "$X-B",
        "X-N": "5",
    }


def test_a_prefix_is_one_word() -> None:
    assert upstream(prefix="/team/").prefix == "team"
    assert error("upstreams: [{name: a, protocol: echo, prefix: a/b}]\n") == (
        "upstreams[0].prefix: expected one word without / or blanks, such as team"
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h", 3600), ("1h30m", 5400), ("90s", 90), ("500ms", 0.5), ("45", 45), ("2.5", 2.5)],
)
def test_durations_read_as_go_writes_them(text: str, seconds: float) -> None:
    assert (
        settings(f"routing: {{session-affinity-ttl: '{text}'}}").routing.session_affinity_ttl
        == seconds
    )
    assert (
        settings(f"routing: {{session-affinity-ttl: {text}}}").routing.session_affinity_ttl
        == seconds
    )


@pytest.mark.parametrize(
    ("written", "strategy"),
    [
        ("rr", "round-robin"),
        ("RoundRobin", "round-robin"),
        ("wrr", "weighted-round-robin"),
        ("ff", "fill-first"),
        ("''", "round-robin"),
        ("least-busy", "least-busy"),
        ("lowest-latency", "lowest-latency"),
    ],
)
def test_strategies_have_their_short_spellings(written: str, strategy: str) -> None:
    assert settings(f"routing: {{strategy: {written}}}\n").routing.strategy == strategy


def test_aliases_take_one_target_or_several() -> None:
    loaded = settings("aliases: {'claude-*': [kimi-k2, openrouter/qwen], fast: glm}\n")
    assert loaded.aliases == {"claude-*": ("kimi-k2", "openrouter/qwen"), "fast": ("glm",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aliases: {auto: x}", ("aliases.auto: 'auto' means the first available model; "
         "choose another alias")),
        ("aliases: {'a b': x}", ("aliases.a b: 'a b' is no model name; "
         "it must not be empty or hold blanks")),
        ("aliases: {a: []}", "aliases.a: is empty; write at least one entry"),
        ("aliases: {a: ['']}", "aliases.a[0]: is empty; write a value or remove the entry"),
        ("fallbacks: [{for: a, to: b, on: [rate-limits]}]",
         ("fallbacks[0].on[0]: expected 'rate-limit', 'server', 'timeout', 'context-length', "
         "'refused' or 'auth', found 'rate-limits'; did you mean rate-limit?")),
        ("routing: {session-affinity-ttl: soon}", ("routing.session-affinity-ttl: 'soon' is no "
         "duration; write 1h, 30m, 90s or a number of seconds")),
        ("groups: {Switch: {}}", ("groups.Switch: 'Switch' is taken by a route; "
         "choose another name")),
        ("groups: {a/b: {}}", ("groups.a/b: 'a/b' is no group name; "
         "use letters, digits, '-', '_' and '.', and begin with a letter or digit")),
        ("groups: {..: {}}", ("groups...: '..' is no group name; "
         "use letters, digits, '-', '_' and '.', and begin with a letter or digit")),
        ("groups: {q: {prompt: {mode: enhance}}}",
         "groups.q.prompt: needs text or file, and only one of them"),
        ("groups: {q: {prompt-replace: [{find: '/(/'}]}}", ("groups.q.prompt-replace[0]: '(' is no "
         "regular expression: missing ), unterminated subpattern at position 0")),
        ("groups: {q: {prompt-replace: [{find: '/a/', replace: '\\1'}]}}",
         "groups.q.prompt-replace[0]: '\\\\1' does not fit '/a/': invalid group reference 1 at "
         "position 1"),
        ("groups: {q: {sampling: {top-p: {min: 1, max: 0.5}}}}",
         "groups.q.sampling.top-p: min is larger than max"),
        ("groups: {q: {tools: {mode: text}}}",
         "groups.q.tools.mode: expected 'auto', 'native' or 'compat', found 'text'"),
        ("ampcode: {model-mappings: [{from: '(', to: x, regex: true}]}",
         ("ampcode.model-mappings[0]: '(' is no regular expression: "
         "missing ), unterminated subpattern at position 0")),
        ("payload: {override: [{params: {a..b: 1}}]}", ("payload.override[0].params.a..b: "
         "'a..b' is no path; write field.field or list.0.field")),
        ("payload: {filter: [{params: ['a.#(b']}]}", ("payload.filter[0].params[0]: "
         "'a.#(b' is no path; a bracket, quote or escape is not closed")),
        ("payload: {filter: [{params: ['a)']}]}", ("payload.filter[0].params[0]: "
         "'a)' is no path; ')' means nothing here; write \\) for a name's sign")),
        ("payload: {filter: [{params: ['a.{x,y}']}]}", ("payload.filter[0].params[0]: "
         "'a.{x,y}' is no path; '{' means nothing here; write \\{ for a name's sign")),
        ("payload: {override: [{models: [{protocol: claud}], params: {a: 1}}]}",
         ("payload.override[0].models[0].protocol: 'claud' is no protocol; known: "
         "aistudio, anthropic, antigravity, chat, claude, codex, copilot, gemini, gemini-cli, "
         "interactions, kimi, ollama, openai, openai-response, openai-responses, qwen, responses, "
         "vertex, xai")),
        ("payload: {override-raw: [{params: {a: 'NaN'}}]}", ("payload.override-raw[0].params.a: "
         "is not JSON: JSON is malformed: invalid character (byte 0); "
         "strings need quotes inside: '\"text\"'")),
        ("gpt-image-2-base-model: dall-e", ("gpt-image-2-base-model: "
         "'dall-e' does not start with gpt-; name one of OpenAI's models")),
        ("request-retry: -1", "request-retry: must be 0 or more, found -1"),
        ("auth-dir: 3", "auth-dir: expected a path; put the value in quotes"),
        ("default-model: [a]", "default-model: expected text, found a list"),
        ("default-model: true", "default-model: expected text, found a switch; put it in quotes"),
        ("routing: {strategy: [rr]}", ("routing.strategy: expected 'round-robin', "
         "'weighted-round-robin', 'fill-first', 'least-busy' or 'lowest-latency', found a list")),
        ("log-level: {a: b}",
         "log-level: expected 'debug', 'info', 'warning' or 'error', found a mapping"),
        ("groups: [a]", "groups: expected a mapping of `key: value` lines"),
        ("oauth-excluded-models: [a]",
         "oauth-excluded-models: expected a mapping of `key: value` lines"),
        ("tls: x", "tls: expected a mapping of `key: value` lines"),
        ("allowed-hosts: ['http://a']",
         "allowed-hosts[0]: 'http://a' is no host name; write it alone, such as ai.example.com"),
        ("disable-image-generation: [a]", ("disable-image-generation: expected true or false, "
         "found a list, or expected 'chat' or 'passthrough', found a list")),
        ("port: '" + "x" * 70 + "'",
         "port: expected a whole number, found '" + "x" * 59 + "…"),
        ("upstreams: x", "upstreams: expected a list; write its entries as `- …` lines or in [ ]"),
        ("aliases: [a]", "aliases: expected a mapping of `key: value` lines"),
        ("port: 70000", "port: must be 65535 or less, found 70000"),
        ("hedge-after-s: .inf", "hedge-after-s: expected a number, found '.inf'"),
        ("hedge-after-s: inf", "hedge-after-s: expected a finite number"),
        ("remote-management: {secret-key: [x]}",
         "remote-management.secret-key: expected text; write it in quotes"),
        (("codex: {live-media-relay: {disable-private-remote-ips: true, "
         "allow-private-remote-ips: false}}"), ("codex.live-media-relay: has "
         "disable-private-remote-ips and its older inverse allow-private-remote-ips; "
         "keep the first")),
        ("gemini-api-key: [{api-key: k, weight: 1000001}]",
         "gemini-api-key[0].weight: must be 1000000 or less, found 1000001"),
        ("gemini-api-key: [{api-key: k, request-scoped-errors: [{match-regexr: ['[']}]}]",
         ("gemini-api-key[0].request-scoped-errors[0].match-regexr[0]: '[' is no regular "
         "expression: unterminated character set at position 0")),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_work_is_refused(text: str, message: str) -> None:
    assert error(text) == message


def test_raw_payload_values_are_json() -> None:
    text = (
        'payload: {default-raw: [{models: [{name: "gpt-*"}], params: {a.b: \'{"x": 1}\', c: 3}}]}'
    )
    rule = settings(text).payload.default_raw[0]
    assert rule.params == {"a.b": '{"x": 1}', "c": 3}
    assert error("payload: {override-raw: [{params: {a: '{'}}]}").startswith(
        "payload.override-raw[0].params.a: is not JSON: "
    )


def test_payload_paths_may_hold_queries() -> None:
    text = "payload: {filter: [{params: ['tools.#(type==\"a)b\").name', 'a.*.b']}]}"
    assert settings(text).payload.filter[0].params == ('tools.#(type=="a)b").name', "a.*.b")


def test_the_issues_own_group_loads(tmp_path: Path) -> None:
    (tmp_path / "qwen.md").write_text("text")
    text = """\
groups:
  qwen:
    models:
      "claude-sonnet-*": [qwen3-coder, openrouter/qwen3-coder]
    prompt: {mode: enhance, position: system, when: ["claude-*"], file: qwen.md}
    prompt-replace: [{find: "a", replace: "b"}, {find: "/re/", replace: "c"}]
    tools: {drop: [WebFetch, WebSearch], mode: auto}
    sampling: {temperature-ratio: 0.7, top-p: 0.8, max-tokens: {max: 32000}}
    max-context: 128000
    disabled: false
active-group: qwen
"""
    group = load_text(text, tmp_path / "c.yaml", {}).settings.groups["qwen"]
    assert group.models == {"claude-sonnet-*": ("qwen3-coder", "openrouter/qwen3-coder")}
    assert group.prompt.file == tmp_path / "qwen.md"
    assert group.sampling.top_p is not None
    assert group.sampling.top_p.default == 0.8
    assert group.sampling.max_tokens is not None
    assert group.sampling.max_tokens.max == 32000
    assert group.tools.drop == ("WebFetch", "WebSearch")
    assert group.prompt.content == "text"
    assert error("groups: {q: {prompt: {mode: replace, file: none.md}}}").endswith(
        "none.md is not there"
    )


@pytest.mark.parametrize(
    ("data", "words"), [(b" \n", "qwen.md is empty"), (b"\xff", "qwen.md cannot be read: 'utf-8'")]
)
def test_a_prompts_file_must_hold_text(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "qwen.md").write_bytes(data)
    text = "groups: {q: {prompt: {mode: replace, file: qwen.md}}}"
    with pytest.raises(ConfigError) as refused:
        load_text(text, tmp_path / "c.yaml", {})
    assert words in str(refused.value)


def test_flat_amp_keys_fill_in_what_the_block_does_not_say() -> None:
    text = """\
ampcode: {upstream-url: "https://ampcode.com/", model-mappings: [{from: a, to: [b, c]}]}
amp-upstream-url: https://other.example
amp-upstream-api-key: key
amp-restrict-management-to-localhost: false
amp-model-mappings: [{from: x, to: y}]
"""
    amp = settings(text).amp
    assert amp.upstream_url == "https://ampcode.com"
    assert amp.upstream_api_key == Secret("key")
    assert amp.restrict_management_to_localhost is False
    assert [(rule.from_, rule.to) for rule in amp.model_mappings] == [("a", ("b", "c"))]
    assert settings("").amp.upstream_api_key is None
