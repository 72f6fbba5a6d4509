"""What a credential says for itself, before its host."""

from dragoman.neutral.listings import ModelEntry
from dragoman.routing.candidates import candidate
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Conduct, Credential, Host
from dragoman.upstreams.http import Deadlines, Headers


class Never:
    async def headers(self) -> Headers:
        return []

    async def refused(self, sent: Headers) -> bool:
        return bool(sent)


def test_a_keys_label_may_be_read_by_clients_and_an_accounts_address_may_not() -> None:
    host = Host("codex", None, "https://x", "x", (), (), Deadlines())
    target = Target(host, "m", "m", ModelEntry("m"))
    assert candidate(target, Credential(1, "spare key", ())).public_label == "spare key"
    account = Credential(1, "ann@example.com", (), source=Never())
    assert candidate(target, account).public_label == "codex#1"


def test_an_accounts_own_number_of_rounds_goes_before_its_hosts() -> None:
    host = Host("h", None, "https://x", "x", (), (), Deadlines(), conduct=Conduct(rounds=2))
    target = Target(host, "m", "m", ModelEntry("m"))
    assert candidate(target, Credential(0, "a", ())).rounds == 2
    assert candidate(target, Credential(0, "a", (), rounds=0)).rounds == 0
