"""A note to the user's own address when a login has ended."""

from __future__ import annotations

import asyncio

from dragoman.accounts.fetching import Fetch, post_json
from dragoman.accounts.records import Account
from dragoman.accounts.tokens import written
from dragoman.errors import UpstreamFault
from dragoman.observe.log import logger

_PATIENCE_S = 10.0


async def tell(fetch: Fetch, url: str, account: Account, proxy: str | None, now: float) -> None:
    """Posts it; a failure is logged, and not tried again: the status stays to be seen."""
    note = {
        "event": "account-dead",
        "account": account.id,
        "provider": account.provider,
        "label": account.label,
        "message": account.message,
        "at": written(now),
    }
    try:
        async with asyncio.timeout(_PATIENCE_S):
            answer = await post_json(fetch, url, {**note}, [], proxy)
        reason = "" if answer.status < 300 else f"it answered {answer.status}"
    except (OSError, UpstreamFault, TimeoutError) as error:
        reason = str(error) or "no answer in time"
    if reason:
        logger().warning("account-webhook could not be told", url=url, reason=reason)
