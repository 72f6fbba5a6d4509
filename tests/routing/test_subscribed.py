"""The names that the accounts of one provider give its models, and the pool behind each."""

from dragoman.config.cliproxy_blocks import OauthAlias
from dragoman.routing.served import HostModels
from dragoman.routing.subscribed import Offer, subscribed
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Deadlines

MODELS = ("big", "small")


def credential(index: int) -> Credential:
    return Credential(index, f"user{index}", (), id=f"file{index}")


def alias(name: str, alias: str, *, fork: bool = False, force: bool = False) -> OauthAlias:
    written = {"name": name, "alias": alias, "fork": fork, "force-mapping": force}
    return OauthAlias.model_validate(written)


def served(*offers: Offer, force_prefix: bool = False) -> HostModels:
    credentials = tuple(offer.credential for offer in offers)
    host = Host("codex", None, "https://x", "x", (), credentials, Deadlines())
    return subscribed(host, MODELS, offers, force_prefix=force_prefix)


def pools(models: HostModels) -> dict[str, tuple[str, list[int]]]:
    return {
        target.name: (target.model, [one.index for one in target.host.credentials])
        for target in models.targets
    }


def test_all_accounts_serve_every_model_together() -> None:
    models = served(Offer(credential(0)), Offer(credential(1)))
    assert pools(models) == {"big": ("big", [0, 1]), "small": ("small", [0, 1])}
    assert models.targets[0].host is models.targets[1].host
    assert models.open


def test_a_model_that_an_account_leaves_out_is_served_by_the_others() -> None:
    models = served(Offer(credential(0), excluded=("BI*",)), Offer(credential(1)))
    assert pools(models) == {"small": ("small", [0, 1]), "big": ("big", [1])}


def test_an_account_that_leaves_out_everything_serves_nothing() -> None:
    rules = (alias("big", "grand"),)
    assert pools(served(Offer(credential(0), excluded=("*",), aliases=rules))) == {}


def test_an_alias_takes_the_models_name_away_and_a_fork_does_not() -> None:
    rules = (alias("big", "grand", force=True), alias("small", "tiny", fork=True))
    models = served(Offer(credential(0), aliases=rules))
    assert pools(models) == {"small": ("small", [0]), "grand": ("big", [0]), "tiny": ("small", [0])}
    assert [target.restore for target in models.targets] == [False, True, False]


def test_an_alias_that_is_left_out_is_no_name() -> None:
    models = served(Offer(credential(0), excluded=("grand",), aliases=(alias("big", "grand"),)))
    assert pools(models) == {"small": ("small", [0])}


def test_an_account_with_a_prefix_serves_both_names() -> None:
    models = served(Offer(credential(0), prefix="team"), Offer(credential(1)))
    assert pools(models)["team/big"] == ("big", [0])
    assert pools(models)["big"] == ("big", [0, 1])


def test_a_forced_prefix_takes_the_bare_name_away() -> None:
    models = served(Offer(credential(0), prefix="team"), Offer(credential(1)), force_prefix=True)
    assert pools(models)["big"] == ("big", [1])
    assert pools(models)["team/small"] == ("small", [0])
