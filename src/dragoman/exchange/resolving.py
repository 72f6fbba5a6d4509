"""What a request's model leads to: the names served here, the caller's own mapping, and the last
resort where the caller has one."""

from __future__ import annotations

import msgspec

from dragoman.errors import UnknownModel
from dragoman.exchange.incoming import Naming
from dragoman.reasoning.suffix import parse_suffix
from dragoman.routing.names import Names
from dragoman.routing.resolution import CAUSES, Fallback, Resolution, Step
from dragoman.routing.served import Target


def resolved(names: Names, model: str, naming: Naming) -> Resolution:
    """
    Raises:
        UnknownModel: nobody serves it, and there is no last resort.
    """
    resort = naming.resort
    try:
        found = names.resolve(model, naming.mapping, forced=naming.forced)
    except UnknownModel:
        if resort is None:
            raise
        target = _last(resort(parse_suffix(model)[0]), model)
        steps = (Step("unserved", target.name), Step("resort", target.name, (target.host.name,)))
        return Resolution(model, ((target,),), target.thinking, steps=steps)
    if resort is None or not naming.resort_on_failure:
        return found
    chain = Fallback(CAUSES, ((_last(resort(parse_suffix(model)[0]), model),),))
    return msgspec.structs.replace(found, fallbacks=(*found.fallbacks, chain))


def _last(target: Target, model: str) -> Target:
    """The last resort for a model, with the suffix it was asked with in force."""
    return msgspec.structs.replace(target, thinking=parse_suffix(model)[1])
