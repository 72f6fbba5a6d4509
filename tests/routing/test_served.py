import pytest

from dragoman.errors import UnknownModel
from dragoman.neutral.listings import ModelEntry
from dragoman.routing.served import HostModels, Served, Target
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Deadlines


def host(name: str) -> Host:
    return Host(name, None, "", "", (), (Credential(0, name, ()),), Deadlines())


def serving(name: str, *models: str | tuple[str, str], **kind: bool) -> HostModels:
    """A host and its models, each a name or (its own name, the name it is served under)."""
    one = host(name)
    pairs = [(model, model) if isinstance(model, str) else model for model in models]
    targets = [Target(one, own, shown, ModelEntry(shown, name)) for own, shown in pairs]
    return HostModels(one, tuple(targets), **kind)


def way(served: Served, name: str) -> list[tuple[str, str]]:
    return [(target.host.name, target.model) for target in served.resolve(name)]


def test_hosts_that_serve_one_name_form_a_pool_in_configured_order() -> None:
    served = Served([serving("b", ("x-1", "x")), serving("a", "x"), serving("c", "y")])
    assert way(served, "x") == [("b", "x-1"), ("a", "x")]


def test_the_shown_name_leads_there_and_the_hosts_own_does_not() -> None:
    served = Served([serving("a", ("long/name", "short"))])
    assert way(served, "short") == [("a", "long/name")]
    with pytest.raises(UnknownModel):
        served.resolve("long/name")


def test_an_upstreams_name_before_a_slash_asks_it_alone() -> None:
    served = Served([serving("b", "x"), serving("a", ("own", "x"))])
    assert way(served, "a/x") == [("a", "own")]
    assert way(served, "a/own") == [("a", "own")]


def test_a_host_whose_list_is_not_the_users_takes_any_name_behind_its_own() -> None:
    served = Served([serving("a", "x", open=True), serving("b", "x")])
    assert way(served, "a/meta/new:1b") == [("a", "meta/new:1b")]
    assert served.resolve("a/new")[0].name == "a/new"
    with pytest.raises(UnknownModel):
        served.resolve("b/new")


@pytest.mark.parametrize("name", ["a/", "/x", "nobody/x", "", "auto"])
def test_what_looks_like_a_qualified_name_but_is_none_is_unknown(name: str) -> None:
    with pytest.raises(UnknownModel):
        Served([serving("b", "x", hidden=True)]).resolve(name)


def test_names_found_by_itself_yield_to_configured_ones_wherever_they_stand() -> None:
    served = Served([serving("ollama", "llama", "own", shy=True), serving("a", "llama")])
    assert way(served, "llama") == [("a", "llama")]
    assert way(served, "own") == [("ollama", "own")]
    assert way(served, "ollama/llama") == [("ollama", "llama")]


def test_the_first_of_two_local_servers_keeps_a_name() -> None:
    served = Served([serving("ollama", "x", shy=True), serving("vllm", "x", shy=True)])
    assert way(served, "x") == [("ollama", "x")]


def test_auto_is_the_first_configured_model_and_never_the_echo_model() -> None:
    echo, local = serving("echo", "echo", hidden=True), serving("ollama", "l", shy=True)
    assert way(Served([echo, local, serving("a", "x", "y")]), "auto") == [("a", "x")]
    assert way(Served([echo, local]), "auto") == [("ollama", "l")]


def test_a_model_that_is_called_auto_is_taken_at_its_word() -> None:
    assert way(Served([serving("a", "x"), serving("router", "auto")]), "auto") == [
        ("router", "auto")
    ]


def test_ollamas_latest_tag_need_not_be_written() -> None:
    assert way(Served([serving("a", "llama3:latest")]), "llama3") == [("a", "llama3:latest")]


def test_an_unknown_name_is_a_404_with_the_three_nearest_and_the_line_to_add() -> None:
    served = Served([serving("a", "gpt-5", "gpt-5-mini", "gpt-4o", "gpt-4", "claude")])
    with pytest.raises(UnknownModel) as caught:
        served.resolve("gtp-5")
    error = caught.value
    assert (error.status, error.code, error.param) == (404, "model_not_found", "model")
    assert error.message == (
        "model 'gtp-5' is not served here; nearest: gpt-5, gpt-4, gpt-4o. To serve it, add "
        "under an upstream's models: - {name: gpt-5, alias: gtp-5}"
    )


def test_without_any_model_the_line_to_add_still_stands() -> None:
    with pytest.raises(UnknownModel) as caught:
        Served([]).resolve("x")
    assert caught.value.message == (
        "model 'x' is not served here. To serve it, add under an upstream's models: "
        "- {name: MODEL, alias: x}"
    )


def test_lists_show_every_served_name_once_sorted() -> None:
    served = Served(
        [serving("b", "z", ("own", "a")), serving("c", "z"), serving("o", "m", shy=True)]
    )
    assert [(entry.id, entry.owner) for entry in served.entries()] == [
        ("a", "b"),
        ("m", "o"),
        ("z", "b"),
    ]
    assert list(served.hosts()) == ["b", "c", "o"]
