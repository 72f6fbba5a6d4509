"""One grammar for names: what each leads to, in what order, and what is said when nothing does."""

import pytest
from tests.routing.serving import names, serving, shown, way

from dragoman.errors import ErrorKind, UnknownModel
from dragoman.neutral.requests import ReasoningSettings
from dragoman.routing.names import _KEPT
from dragoman.routing.resolution import Step, cause_of, chains_for
from dragoman.routing.rules import Chain

HIGH = ReasoningSettings(effort="high")


def unknown(found: object) -> str:
    assert isinstance(found, UnknownModel)
    assert (found.status, found.code, found.param) == (404, "model_not_found", "model")
    return found.message


# -- served names


def test_hosts_that_serve_one_name_form_one_pool_in_configured_order() -> None:
    found = names(serving("b", ("x-1", "x")), serving("a", "x"), serving("c", "y"))
    assert way(found, "x") == [["b:x-1", "a:x"]]


def test_the_shown_name_leads_there_and_the_hosts_own_does_not() -> None:
    found = names(serving("a", ("long/name", "short")))
    assert way(found, "short") == [["a:long/name"]]
    with pytest.raises(UnknownModel):
        found.resolve("long/name")


def test_an_upstreams_name_before_a_slash_asks_it_alone() -> None:
    found = names(serving("b", "x"), serving("a", ("own", "x")))
    assert way(found, "a/x") == way(found, "a/own") == [["a:own"]]


def test_a_host_whose_list_is_not_the_users_takes_any_name_behind_its_own() -> None:
    found = names(serving("a", "x", open=True), serving("b", "x"))
    assert way(found, "a/meta/new:1b") == [["a:meta/new:1b"]]
    assert found.resolve("a/new").pools[0][0].name == "a/new"
    with pytest.raises(UnknownModel):
        found.resolve("b/new")


@pytest.mark.parametrize("name", ["a/", "/x", "nobody/x", "", "auto", "(high)"])
def test_what_looks_like_a_qualified_name_but_is_none_is_unknown(name: str) -> None:
    with pytest.raises(UnknownModel):
        names(serving("b", "x", hidden=True)).resolve(name)


def test_a_served_name_with_a_slash_goes_before_the_upstream_of_that_name() -> None:
    found = names(serving("openai", "gpt"), serving("router", "openai/gpt"))
    assert way(found, "openai/gpt") == [["router:openai/gpt"]]


def test_names_found_by_itself_yield_to_configured_ones_wherever_they_stand() -> None:
    found = names(serving("ollama", "llama", "own", shy=True), serving("a", "llama"))
    assert way(found, "llama") == [["a:llama"]]
    assert way(found, "own") == [["ollama:own"]]
    assert way(found, "ollama/llama") == [["ollama:llama"]]


def test_the_first_of_two_local_servers_keeps_a_name() -> None:
    found = names(serving("ollama", "x", shy=True), serving("vllm", "x", shy=True))
    assert way(found, "x") == [["ollama:x"]]


def test_auto_is_the_first_model_then_the_first_of_the_next_host_never_the_echo_model() -> None:
    echo, local = serving("echo", "echo", hidden=True), serving("ollama", "l", shy=True)
    found = names(echo, local, serving("a", "Text-Embed-3", "x", "y"), serving("none"))
    assert way(found, "auto") == [["a:x"], ["ollama:l"]]
    assert found.resolve("auto").steps == (
        Step("auto", "auto", ("a/x",)),
        Step("auto", "auto", ("ollama/l",)),
    )
    assert way(names(echo, local), "auto") == [["ollama:l"]]


def test_a_model_that_is_called_auto_is_taken_at_its_word() -> None:
    assert way(names(serving("a", "x"), serving("r", "auto")), "auto") == [["r:auto"]]


def test_ollamas_latest_tag_need_not_be_written() -> None:
    found = names(serving("a", "llama3:latest", prefix="team"))
    assert way(found, "llama3") == way(found, "team/llama3") == [["a:llama3:latest"]]


# -- prefixes and excluded models


def test_a_prefix_asks_the_upstreams_that_have_it_and_the_bare_name_all() -> None:
    found = names(
        serving("a", "x", prefix="team"), serving("b", "x"), serving("c", "x", prefix="team")
    )
    assert way(found, "team/x") == [["a:x", "c:x"]]
    assert way(found, "x") == [["a:x", "b:x", "c:x"]]


def test_a_forced_prefix_takes_the_bare_name_from_upstreams_that_have_one() -> None:
    hosts = serving("a", "x", "y", prefix="team"), serving("b", "x")
    found = names(*hosts, force_prefix=True)
    assert way(found, "x") == [["b:x"]]
    assert way(found, "team/y") == [["a:y"]]
    with pytest.raises(UnknownModel):
        found.resolve("y")
    assert [entry.id for entry in found.entries()] == ["team/x", "team/y", "x"]


def test_an_upstreams_own_name_goes_before_a_prefix_that_is_called_the_same() -> None:
    found = names(serving("a", "x", prefix="b"), serving("b", "x"))
    assert way(found, "b/x") == [["b:x"]]


def test_a_prefix_reaches_unlisted_models_of_hosts_whose_list_is_not_the_users() -> None:
    found = names(
        serving("a", prefix="team", open=True),
        serving("b", "x", prefix="team"),
        serving("c", prefix="team", open=True, excluded=("new*",)),
    )
    assert way(found, "team/new") == [["a:new"]]
    with pytest.raises(UnknownModel):
        found.resolve("team/")


def test_excluded_models_are_not_served_in_any_letter_case() -> None:
    found = names(serving("a", "Kimi-K2", "qwen", ("GPT-5", "five"), excluded=("kimi-*", "gpt-?")))
    assert [entry.id for entry in found.entries()] == ["qwen"]
    for name in ("Kimi-K2", "five", "a/Kimi-K2"):
        with pytest.raises(UnknownModel):
            found.resolve(name)


def test_everything_excluded_leaves_nothing_listed_or_not() -> None:
    found = names(serving("a", "x", open=True, excluded=("*",)))
    assert found.entries() == []
    with pytest.raises(UnknownModel):
        found.resolve("a/anything")


# -- aliases


def test_an_exact_alias_goes_before_wildcards_and_before_served_names() -> None:
    found = names(serving("a", "x", "y", "z"), aliases={"*": ("y",), "x": ("z",)})
    assert way(found, "x") == [["a:z"]]
    assert way(found, "z") == [["a:y"]]


def test_a_wildcard_takes_an_aliass_target_only_where_nobody_serves_it() -> None:
    aliases: dict[str, tuple[str, ...]] = {"claude-*": ("kimi", "claude-next"), "*": ("claude-5",)}
    found = names(serving("a", "kimi", "x"), aliases=aliases)
    assert way(found, "claude-5") == way(found, "anything") == [["a:kimi"]]
    aliases = {"m": ("gone",), "g*": ("x",)}
    assert way(names(serving("a", "x"), aliases=aliases), "m") == [["a:x"]]


def test_the_longest_fitting_wildcard_decides_then_the_first_written() -> None:
    found = names(
        serving("a", "x", "y", "z"),
        aliases={"claude-*": ("x",), "claude-opus-*": ("y",), "claude-*-one": ("z",)},
    )
    assert way(found, "claude-sonnet-5") == [["a:x"]]
    assert way(found, "claude-opus-5") == [["a:y"]]
    assert way(found, "claude-opus-one") == [["a:y"]]
    assert way(found, "claude-haiku-one") == [["a:z"]]


def test_an_aliass_targets_are_a_chain_of_names_of_the_same_grammar() -> None:
    found = names(
        serving("a", "kimi-k2"),
        serving("b", "kimi-k2"),
        serving("openrouter", "other", open=True),
        aliases={"claude-sonnet-*": ("kimi", "openrouter/qwen3-coder"), "kimi": ("kimi-k2",)},
    )
    assert way(found, "claude-sonnet-4-5") == [
        ["a:kimi-k2", "b:kimi-k2"],
        ["openrouter:qwen3-coder"],
    ]


def test_a_pool_that_several_targets_lead_to_is_tried_once() -> None:
    found = names(serving("a", "x", "y"), aliases={"m": ("x", "y", "x", "n"), "n": ("y",)})
    assert way(found, "m") == [["a:x"], ["a:y"]]


def test_an_alias_may_lead_to_the_model_it_is_called_after() -> None:
    found = names(
        serving("a", "x", "y", "claude-5"), aliases={"x": ("x", "y"), "claude-*": ("claude-5",)}
    )
    assert way(found, "x") == [["a:x"], ["a:y"]]
    assert way(found, "claude-4") == way(found, "claude-5") == [["a:claude-5"]]


def test_targets_that_nobody_serves_are_passed_over() -> None:
    found = names(serving("a", "x"), aliases={"m": ("gone", "x")})
    assert way(found, "m") == [["a:x"]]
    assert found.resolve("m").steps == (
        Step("alias", "m", ("gone", "x")),
        Step("unserved", "gone"),
        Step("served", "x", ("a/x",)),
    )


def test_an_alias_to_nothing_says_where_it_led_and_takes_no_default() -> None:
    found = names(serving("a", "x"), aliases={"m": ("gone", "n"), "n": ("lost",)}, default="x")
    with pytest.raises(UnknownModel) as caught:
        found.resolve("m(high)")
    assert unknown(caught.value) == (
        "model 'm' is an alias, but nothing it leads to is served here: gone, lost"
    )


# -- the thinking suffix


def test_a_suffix_is_put_back_on_every_target_that_was_reached() -> None:
    found = names(serving("a", "x"), serving("b", "x", "y"), aliases={"m": ("x", "y")})
    resolution = found.resolve("m(high)")
    assert resolution.thinking == HIGH
    assert [[one.thinking for one in pool] for pool in resolution.pools] == [[HIGH, HIGH], [HIGH]]
    assert [one.thinking for one in found.resolve("m").targets] == [None, None, None]


def test_a_targets_own_suffix_goes_before_the_asked_one() -> None:
    found = names(serving("a", "x", "y"), aliases={"m": ("x(8192)", "n"), "n": ("y(none)",)})
    assert [one.thinking for one in found.resolve("m(high)").targets] == [
        ReasoningSettings(budget=8192),
        ReasoningSettings(mode="off"),
    ]
    assert found.resolve("m").thinking is None


def test_one_model_with_two_suffixes_is_two_pools() -> None:
    found = names(serving("a", "x"), aliases={"m": ("x(high)", "x")})
    assert [one.thinking for one in found.resolve("m").targets] == [HIGH, None]


def test_a_suffix_that_says_nothing_known_is_taken_off() -> None:
    found = names(serving("a", "x")).resolve("x(turbo)")
    assert [shown(pool) for pool in found.pools] == [["a:x"]]
    assert found.thinking is None
    assert found.steps == (Step("suffix", "x(turbo)", ("x",)), Step("served", "x", ("a/x",)))


@pytest.mark.parametrize("name", ["a/x(high)", "team/x(high)", "x(high)", "auto(high)"])
def test_every_way_to_a_model_takes_a_suffix(name: str) -> None:
    found = names(serving("a", "x", prefix="team")).resolve(name)
    assert [one.thinking for one in found.targets] == [HIGH]


# -- mappings, the default


def test_an_at_sign_behind_no_groups_name_is_a_part_of_the_models() -> None:
    assert way(names(serving("a", "opus@20251101")), "opus@20251101") == [["a:opus@20251101"]]


def test_a_mapping_is_asked_for_what_nobody_serves() -> None:
    found = names(serving("a", "x", "y"), default="y")
    mapping = {"gpt": ("gone", "x"), "y": ("x",)}
    assert shown(found.resolve("gpt", lambda name: mapping.get(name, ())).targets) == ["a:x"]
    assert shown(found.resolve("y", lambda name: mapping.get(name, ())).targets) == ["a:y"]
    assert shown(found.resolve("z", lambda name: mapping.get(name, ())).targets) == ["a:y"]


def test_a_forced_mapping_goes_before_everything_and_keeps_the_suffix() -> None:
    found = names(serving("a", "x", "y"), aliases={"m": ("y",)})
    resolution = found.resolve("m(high)", lambda name: ("x",) if name == "m" else (), forced=True)
    assert [(one.model, one.thinking) for one in resolution.targets] == [("x", HIGH)]
    assert [step.kind for step in resolution.steps] == ["suffix", "mapping", "served"]
    assert shown(found.resolve("m", lambda name: (), forced=True).targets) == ["a:y"]
    with pytest.raises(UnknownModel):
        found.resolve("z", lambda name: (), forced=True)


def test_the_default_model_serves_names_that_nobody_knows() -> None:
    found = names(serving("a", "x"), aliases={"m": ("x",)}, default="m")
    resolution = found.resolve("whatever(high)")
    assert [(one.model, one.thinking) for one in resolution.targets] == [("x", HIGH)]
    assert [step.text for step in resolution.steps] == [
        "whatever(high) → whatever",
        "whatever",
        "whatever → m",
        "m → x",
        "x → a/x",
    ]


def test_a_default_that_nobody_serves_is_no_way_out() -> None:
    with pytest.raises(UnknownModel) as caught:
        names(serving("a", "x"), default="gone").resolve("y")
    assert unknown(caught.value).startswith("model 'y' is not served here")


# -- chains for failures


def test_a_chain_follows_any_name_on_the_way() -> None:
    hosts = serving("a", "opus", ("kimi-k2-0905", "kimi")), serving("b", "spare")
    aliases: dict[str, tuple[str, ...]] = {"claude": ("opus",)}
    for glob in ("claude", "op?s", "*"):
        chain = Chain((glob,), ("spare",), frozenset({"server"}))
        found = names(*hosts, aliases=aliases, chains=(chain,)).resolve("claude(high)")
        assert [one.kinds for one in found.fallbacks] == [{"server"}]
        assert [(t.model, t.thinking) for t in chains_for(found, ErrorKind.SERVER)[0]] == [
            ("spare", HIGH)
        ]
    chain = Chain(("kimi-k2-*",), ("spare",), frozenset({"server"}))
    assert names(*hosts, chains=(chain,)).resolve("kimi").fallbacks
    assert not names(*hosts, chains=(chain,)).resolve("opus").fallbacks


def test_a_chain_goes_on_in_order_with_what_was_not_tried() -> None:
    found = names(
        serving("a", "x", "y", "z"),
        chains=(
            Chain(("*",), ("x", "y", "gone", "z", "y"), frozenset({"rate-limit", "timeout"})),
            Chain(("x",), ("z", "y"), frozenset({"timeout"})),
            Chain(("x",), ("x",), frozenset({"refused"})),
        ),
    ).resolve("x")
    assert [shown(pool) for pool in chains_for(found, ErrorKind.RATE_LIMIT)] == [["a:y"], ["a:z"]]
    assert [shown(pool) for pool in chains_for(found, ErrorKind.TIMEOUT)] == [["a:y"], ["a:z"]]
    assert chains_for(found, ErrorKind.REFUSED) == ()
    assert chains_for(found, ErrorKind.INVALID) == ()


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (ErrorKind.RATE_LIMIT, "rate-limit"),
        (ErrorKind.OVERLOADED, "server"),
        (ErrorKind.SERVER, "server"),
        (ErrorKind.BAD_GATEWAY, "server"),
        (ErrorKind.NOT_FOUND, "server"),
        (ErrorKind.TIMEOUT, "timeout"),
        (ErrorKind.CONTEXT_LENGTH, "context-length"),
        (ErrorKind.TOO_LARGE, "context-length"),
        (ErrorKind.REFUSED, "refused"),
        (ErrorKind.AUTHENTICATION, "auth"),
        (ErrorKind.PERMISSION, "auth"),
        (ErrorKind.BILLING, "auth"),
        (ErrorKind.INVALID, None),
        (ErrorKind.CONFLICT, None),
        (ErrorKind.UNPROCESSABLE, None),
    ],
)
def test_failures_in_the_words_of_the_configuration(kind: ErrorKind, cause: str | None) -> None:
    assert cause_of(kind) == cause


# -- what is said of a name


def test_an_unknown_name_is_a_404_with_the_three_nearest_and_the_line_to_add() -> None:
    found = names(serving("a", "gpt-5", "gpt-5-mini", "gpt-4o", "gpt-4", "claude"))
    with pytest.raises(UnknownModel) as caught:
        found.resolve("gtp-5(high)")
    assert unknown(caught.value) == (
        "model 'gtp-5' is not served here; nearest: gpt-5, gpt-4, gpt-4o. "
        'To serve it, add to the configuration: aliases: {"gtp-5": gpt-5}'
    )


def test_without_any_model_the_line_to_add_still_stands() -> None:
    with pytest.raises(UnknownModel) as caught:
        names().resolve("x")
    assert unknown(caught.value) == (
        "model 'x' is not served here. "
        'To serve it, add to the configuration: aliases: {"x": MODEL}'
    )


def test_lists_show_every_served_name_and_exact_alias_once_sorted() -> None:
    found = names(
        serving("b", "z", ("own", "a")),
        serving("c", "z", prefix="team"),
        serving("o", "m", shy=True),
        aliases={"k": ("gone", "m"), "nothing": ("gone",), "claude-*": ("z",), "z": ("m",)},
    )
    assert [(entry.id, entry.owner) for entry in found.entries()] == [
        ("a", "b"),
        ("k", "o"),
        ("m", "o"),
        ("team/z", "c"),
        ("z", "o"),
    ]
    assert list(found.hosts()) == ["b", "c", "o"]


def test_a_resolution_is_made_once_and_only_so_many_are_kept() -> None:
    found = names(serving("a", "x", open=True))
    first = found.resolve("a/0")
    assert found.resolve("a/0") is first
    for number in range(1, _KEPT + 1):
        found.resolve(f"a/{number}")
    assert found.resolve("a/0") is not first
