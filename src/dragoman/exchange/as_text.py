"""Compat mode: whether a target gets a request's tools as text. Decided here alone, once for each
target; what follows from it stands in its prepared request."""

from __future__ import annotations

from dragoman.catalog.models import facts
from dragoman.policy.group_policy import GroupPolicy
from dragoman.routing.served import Target

AS_TEXT = "its tools are sent as text"

_OF_TOOLS = (b'"tools"', b'"tool_', b'"function', b'"custom_tool')
"""What stands in every body, of any protocol, that has tools, calls or results."""


def sends_text(body: bytes, target: Target, policy: GroupPolicy | None, *, forced: bool) -> bool:
    """Whether the target gets the tools of this body as text. `forced`: the path says so, which
    goes before what the group says."""
    mode = "auto" if policy is None else policy.tool_mode
    wanted = forced or mode == "compat" or (mode == "auto" and not _calls_functions(target))
    return wanted and not target.host.own_words and any(mark in body for mark in _OF_TOOLS)


def _calls_functions(target: Target) -> bool:
    """What the user wrote of the model, else what the catalogue knows; an unknown model does."""
    if target.tools is not None:
        return target.tools
    known = facts(target.model)
    return known is None or known.tools
