"""What is told when nobody could answer."""

from tests.routing.pooling import Clock, key, pools, target

from dragoman.errors import ErrorKind, PoolExhausted, UpstreamFault
from dragoman.routing.candidates import candidates
from dragoman.routing.exhaustion import exhausted
from dragoman.routing.verdicts import Verdict


def test_what_every_account_says_alike_is_said_once() -> None:
    clock = Clock()
    cooldowns = pools(clock).cooldowns
    both = list(candidates([(target("h", key(0), key(1)),)], weighted=False))
    refused = UpstreamFault("Claude Code alone", status=403, code="pass_through_only")
    assert exhausted("m", both, cooldowns, refused, clock.now_s) is refused
    limit = Verdict(stop=False, reason="quota", rest_s=60)
    cooldowns.failed(both[0], limit, 429, clock.now_s)
    told = exhausted("m", both, cooldowns, refused, clock.now_s)
    assert isinstance(told, PoolExhausted)
    assert told.kind is ErrorKind.RATE_LIMIT
