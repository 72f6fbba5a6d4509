"""A fake identity provider: every provider's authorize, token, device, profile, refresh and
exchange endpoints over real sockets, with a clock that tests move. What the real ones refuse, it
refuses."""

from tests.idp.clock import Clock
from tests.idp.idp import Idp
from tests.idp.table import configured, providers

__all__ = ["Clock", "Idp", "configured", "providers"]
