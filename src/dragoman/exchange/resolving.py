"""What a request's model leads to: the names of the caller's group, the caller's own mapping, and
the last resort where the caller has one."""

from __future__ import annotations

import msgspec

from dragoman.errors import UnknownModel
from dragoman.exchange.incoming import Caller, Naming
from dragoman.reasoning.suffix import parse_suffix
from dragoman.routing.names import Names
from dragoman.routing.resolution import CAUSES, Fallback, Resolution, Step
from dragoman.routing.served import Target


def resolved(names: Names, caller: Caller, model: str, naming: Naming) -> Resolution:
    """`model` is without its group (`Caller.inside`). A closed group has no last resort.

    Raises:
        UnknownModel: nobody serves it, and there is no last resort; also names the groups where the
            name looks as if it told one.
    """
    resort = None if names.closed(caller.group) else naming.resort
    try:
        found = names.resolve(model, naming.mapping, forced=naming.forced, group=caller.group)
    except UnknownModel as error:
        if resort is None:
            raise _with_groups(error, caller, model) from None
        target = _last(resort(parse_suffix(model)[0]), model)
        steps = (Step("unserved", target.name), Step("resort", target.name, (target.host.name,)))
        return Resolution(model, ((target,),), target.thinking, steps=steps)
    if resort is None or not naming.resort_on_failure:
        return found
    chain = Fallback(CAUSES, ((_last(resort(parse_suffix(model)[0]), model),),))
    return msgspec.structs.replace(found, fallbacks=(*found.fallbacks, chain))


def _with_groups(error: UnknownModel, caller: Caller, model: str) -> UnknownModel:
    group, sign, _ = model.partition("@")
    if not sign or group in caller.groups:
        return error
    told = caller.groups.told(caller.access)
    return UnknownModel(
        f"{error.message}. There is no group {group!r} either; {told}",
        code=error.code,
        param=error.param,
    )


def mapped_to(resolution: Resolution) -> str:
    """The names that the caller's mapping led to; "" where it did not decide."""
    return next((", ".join(step.to) for step in resolution.steps if step.kind == "mapping"), "")


def _last(target: Target, model: str) -> Target:
    """The last resort for a model, with the suffix it was asked with in force."""
    return msgspec.structs.replace(target, thinking=parse_suffix(model)[1])
