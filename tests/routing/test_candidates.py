"""What a credential says for itself, before its host."""

from dragoman.neutral.listings import ModelEntry
from dragoman.routing.candidates import candidate
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Conduct, Credential, Host
from dragoman.upstreams.http import Deadlines


def test_an_accounts_own_number_of_rounds_goes_before_its_hosts() -> None:
    host = Host("h", None, "https://x", "x", (), (), Deadlines(), conduct=Conduct(rounds=2))
    target = Target(host, "m", "m", ModelEntry("m"))
    assert candidate(target, Credential(0, "a", ())).rounds == 2
    assert candidate(target, Credential(0, "a", (), rounds=0)).rounds == 0
