from pathlib import Path

import pytest

from dragoman.config.load import load_text
from dragoman.config.problems import ConfigError
from dragoman.config.settings import Settings
from dragoman.config.upstreams import Upstream

WHOLE = (Path(__file__).parent / "cliproxy.yaml").read_text()


def read(text: str) -> tuple[Settings, list[str]]:
    loaded = load_text(text, Path("c.yaml"), {})
    return loaded.settings, [f"{one.line} {one.field}: {one.message}" for one in loaded.warnings]


def named(settings: Settings, name: str) -> Upstream:
    (found,) = [one for one in settings.all_upstreams if one.name == name]
    return found


def test_a_file_with_every_block_of_cliproxyapi_loads_and_no_key_is_unknown() -> None:
    settings, warnings = read(WHOLE)
    assert not [warning for warning in warnings if "unknown key" in warning]
    assert [(one.name, one.protocol, one.base_url) for one in settings.all_upstreams] == [
        ("gemini-api-key-1", "gemini", "https://generativelanguage.googleapis.com/v1beta"),
        ("interactions-api-key-1", "gemini", "https://generativelanguage.googleapis.com/v1beta"),
        ("claude-api-key-1", "anthropic", "https://api.anthropic.com/v1"),
        ("codex-api-key-1", "responses", "https://www.example.com/codex"),
        ("xai-api-key-1", "responses", "https://api.x.ai/v1"),
        ("vertex-api-key-1", "gemini", "https://example.com/api/v1/publishers/google"),
        ("openrouter", "openai", "https://openrouter.ai/api/v1"),
    ]
    assert settings.routing.strategy == "fill-first"
    assert settings.routing.session_affinity_ttl == 1800
    assert settings.host == "0.0.0.0"
    assert settings.remote_management.secret_key.reveal() == "$2a$10$abc"
    assert settings.oauth_excluded_models == {"claude": ("claude-3-*",), "codex": ()}
    assert [rule.alias for rule in settings.oauth_model_alias["codex"]] == ["fast"]
    assert settings.payload.default[0].models[0].from_protocol == "claude"
    assert settings.amp.upstream_url == "https://ampcode.com"
    assert settings.disable_image_generation == "chat"


def test_a_key_entry_keeps_all_it_says() -> None:
    settings, _ = read(WHOLE)
    found = named(settings, "gemini-api-key-1")
    (key,) = found.keys
    assert key.key.reveal() == "AIzaSy-one"
    assert (key.weight, key.proxy_url) == (3, "socks5://proxy.example.com:1080")
    assert found.priority_of(key) == 10
    assert found.prefix == "team"
    assert found.headers == {"X-Custom": "$X-Client"}
    assert found.excluded_models == ("gemini-2.5-*",)
    assert found.disable_cooling is True
    assert found.request_retry == 2
    (rule,) = found.request_scoped_errors
    assert (rule.status, rule.match_regexr, rule.action) == (400, ("quota.*",), "continue")
    assert found.models is not None
    (model,) = found.models
    assert (model.name, model.served_as, model.display_name) == ("gemini-2.5-flash", "flash", "F")
    assert model.max_context_length == 1000
    assert model.thinking is not None
    assert (model.thinking.max, model.thinking.zero_allowed) == (2048, True)


def test_without_a_list_of_models_the_host_is_asked() -> None:
    settings, _ = read("gemini-api-key: [{api-key: a}]\nclaude-api-key: [{api-key: b}]\n")
    assert [one.models for one in settings.all_upstreams] == [None, None]


def test_repeated_entries_are_dropped_and_the_names_of_the_others_stay() -> None:
    text = """\
gemini-api-key:
  - {api-key: a}
  - {api-key: a}
  - {api-key: a, prefix: team}
vertex-api-key:
  - {api-key: a}
  - {api-key: a, prefix: team}
"""
    settings, warnings = read(text)
    assert [one.name for one in settings.all_upstreams] == [
        "gemini-api-key-1",
        "gemini-api-key-3",
        "vertex-api-key-1",
    ]
    assert warnings == [
        "3 gemini-api-key[1]: repeats gemini-api-key[0]; the repetition is dropped",
        "7 vertex-api-key[1]: repeats vertex-api-key[0]; the repetition is dropped",
    ]


def test_what_cliproxyapi_drops_is_dropped_and_said() -> None:
    text = """\
gemini-api-key: [{prefix: x}]
interactions-api-key: [{prefix: x}]
claude-api-key: [{prefix: x}]
codex-api-key: [{api-key: k}]
xai-api-key: [{api-key: k}]
vertex-api-key: [{base-url: "https://h"}]
openai-compatibility: [{name: x}]
"""
    settings, warnings = read(text)
    assert settings.all_upstreams == ()
    assert warnings == [
        "1 gemini-api-key[0]: has neither api-key nor base-url; the entry is dropped",
        "2 interactions-api-key[0]: has neither api-key nor base-url; the entry is dropped",
        "3 claude-api-key[0]: has neither api-key nor base-url; the entry is dropped",
        "4 codex-api-key[0]: has no base-url; the entry is dropped",
        "5 xai-api-key[0]: has no base-url; the entry is dropped",
        "6 vertex-api-key[0]: has no api-key; the entry is dropped",
        "7 openai-compatibility[0]: has no base-url; the block is dropped",
    ]


def test_a_host_with_a_base_url_alone_is_keyless() -> None:
    settings, _ = read('gemini-api-key: [{base-url: "https://h/x/"}]\n')
    (found,) = settings.all_upstreams
    assert found.keys == ()
    assert found.base_url == "https://h/x/v1beta"


@pytest.mark.parametrize(
    ("entry", "base", "auth"),
    [
        ("api-key: sk-ant-api03-x", "https://api.anthropic.com/v1", "x-api-key"),
        ("api-key: sk-ant-oat01-x", "https://api.anthropic.com/v1", "bearer"),
        ("api-key: k, base-url: 'https://h/anthropic'", "https://h/anthropic/v1", "bearer"),
        ("api-key: k, base-url: 'https://h/v1'", "https://h/v1", "bearer"),
        (
            "api-key: k, base-url: 'https://api.anthropic.com.evil.example'",
            "https://api.anthropic.com.evil.example/v1",
            "bearer",
        ),
    ],
)
def test_only_anthropics_own_keys_go_in_x_api_key(entry: str, base: str, auth: str) -> None:
    settings, _ = read(f"claude-api-key: [{{{entry}}}]\n")
    (found,) = settings.all_upstreams
    assert (found.base_url, found.auth_header) == (base, auth)


def test_codex_and_xai_serve_only_the_models_they_list() -> None:
    text = """\
codex-api-key: [{api-key: k, base-url: "https://h/v1", websockets: true}]
xai-api-key: [{api-key: k, base-url: "https://h/v1", models: [{name: grok-5}]}]
"""
    settings, warnings = read(text)
    codex, xai = settings.all_upstreams
    assert (codex.models, codex.websockets) == ((), True)
    assert [rule.served_as for rule in xai.models or ()] == ["grok-5"]
    assert warnings == ["1 codex-api-key[0]: lists no models, so it serves none; add models"]


def test_vertex_models_need_both_names() -> None:
    text = """\
vertex-api-key:
  - api-key: k
    models: [{name: a, alias: b}, {name: c}]
"""
    settings, warnings = read(text)
    (found,) = settings.all_upstreams
    assert found.base_url == "https://aiplatform.googleapis.com/v1/publishers/google"
    assert [(rule.name, rule.alias) for rule in found.models or ()] == [("a", "b")]
    assert warnings == ["3 vertex-api-key[0].models[1]: needs name and alias; the model is dropped"]


def test_interactions_keys_are_kept_aside() -> None:
    settings, warnings = read("interactions-api-key: [{api-key: k}]\n")
    assert [one.disabled for one in settings.all_upstreams] == [True]
    assert warnings == [
        "1 interactions-api-key[0]: is kept aside: the Interactions API is not served yet"
    ]


def test_a_star_in_excluded_models_disables_the_entry() -> None:
    settings, _ = read("gemini-api-key: [{api-key: k, excluded-models: ['*']}]\n")
    assert settings.all_upstreams[0].disabled is True


def test_a_weight_below_zero_is_zero_and_a_bad_prefix_is_dropped() -> None:
    settings, warnings = read("gemini-api-key: [{api-key: k, weight: -2, prefix: a/b}]\n")
    (found,) = settings.all_upstreams
    assert found.keys[0].weight == 0
    assert found.prefix == ""
    assert warnings == ["1 gemini-api-key[0].prefix: is no single word; the prefix is dropped"]


def test_a_repeated_alias_stays_as_a_pool_and_repeated_models_are_one() -> None:
    text = """\
openai-compatibility:
  - name: pool
    base-url: https://h/v1
    models:
      - {name: a, alias: x}
      - {name: b, alias: x}
      - {name: a, alias: x}
      - {alias: only-alias}
      - {display-name: nothing}
"""
    settings, _ = read(text)
    assert [(rule.name, rule.served_as) for rule in settings.all_upstreams[0].models or ()] == [
        ("a", "x"),
        ("b", "x"),
        ("only-alias", "only-alias"),
    ]


def test_compat_keys_come_from_both_forms_and_none_is_keyless() -> None:
    text = """\
openai-compatibility:
  - name: two
    base-url: https://h/v1
    api-key-entries: [{api-key: a, weight: 5}, {api-key: a}, {api-key: ""}]
    api-keys: [a, b]
    models: [{name: m}]
  - name: none
    base-url: https://h/v1
    models: [{name: m}]
"""
    settings, warnings = read(text)
    two, none = settings.all_upstreams
    assert [(key.key.reveal(), key.weight) for key in two.keys] == [("a", 5), ("b", 1)]
    assert none.keys == ()
    assert warnings == []


def test_compat_names_are_made_fit_and_unique() -> None:
    text = """\
openai-compatibility:
  - {name: My Host/x, base-url: "https://h/v1", models: [{name: m}]}
  - {name: my-host-x, base-url: "https://h/v1", models: [{name: m}]}
  - {name: my-host-x, base-url: "https://h/v1", models: [{name: m}]}
  - {base-url: "https://h/v1"}
  - {name: auto, base-url: "https://h/v1", models: [{name: m}]}
"""
    settings, warnings = read(text)
    assert [one.name for one in settings.all_upstreams] == [
        "My-Host-x",
        "my-host-x-2",
        "my-host-x-3",
        "openai-compatibility-4",
        "auto-5",
    ]
    assert warnings == [
        "2 openai-compatibility[0].name: is called My-Host-x here",
        "3 openai-compatibility[1].name: is called my-host-x-2 here",
        "4 openai-compatibility[2].name: is called my-host-x-3 here",
        "5 openai-compatibility[3]: lists no models, so it serves none; add models",
        "5 openai-compatibility[3].name: is called openai-compatibility-4 here",
        "6 openai-compatibility[4].name: is called auto-5 here",
    ]


def test_a_block_name_made_fit_may_not_meet_a_written_upstream() -> None:
    text = """\
upstreams: [{name: my-host, protocol: echo}]
openai-compatibility: [{name: my host, base-url: "https://h/v1", models: [{name: m}]}]
"""
    with pytest.raises(ConfigError, match="'my-host' is the name of a key block's entry"):
        read(text)


def test_bases_without_a_path_are_taken_as_they_are() -> None:
    text = """\
codex-api-key: [{api-key: k, base-url: "https://codex.example", models: [{name: m}]}]
openai-compatibility:
  - {name: a, base-url: "https://a.example/", models: [{name: m}]}
  - {name: b, base-url: "https://b.example/v1/", models: [{name: m}]}
"""
    settings, _ = read(text)
    assert [one.endpoint for one in settings.all_upstreams] == [
        "https://codex.example",
        "https://a.example",
        "https://b.example/v1",
    ]


def test_numbers_below_zero_mean_off_where_cliproxyapi_says_so() -> None:
    text = """\
streaming: {keepalive-seconds: -1}
max-retry-interval: -5
nonstream-keepalive-interval: -1
logs-max-total-size-mb: -1
gpt-image-2-base-model: GPT-image
"""
    settings, _ = read(text)
    assert settings.streaming.keepalive_seconds == 0
    assert settings.max_retry_interval == 0
    assert settings.nonstream_keepalive_interval == 0
    assert settings.logs_max_total_size_mb == 0
    assert settings.gpt_image_2_base_model == "GPT-image"
