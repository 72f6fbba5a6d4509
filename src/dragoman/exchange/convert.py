"""From a client's request to an upstream's body, when the bytes themselves cannot be passed on.

Pure. The order is fixed: foreign reasoning state is unsealed, calls and results are paired, tools
and thinking are fitted to the target, then its protocol renders.
"""

from __future__ import annotations

import msgspec

from dragoman.catalog.models import facts
from dragoman.exchange.sampling import fitted_sampling
from dragoman.exchange.summaries import with_summaries
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Media, Part, Reasoning, Text, ToolCall
from dragoman.neutral.requests import ReasoningSettings, Request, Turn
from dragoman.protocols.codec import Codec, Target
from dragoman.reasoning.fit import fit_reasoning, one_family
from dragoman.reasoning.levels import NO_THINKING, Thinking
from dragoman.reasoning.passage import Seals, unsealed
from dragoman.reasoning.suffix import parse_suffix
from dragoman.reasoning.vendors import vendor_of, write_thinking
from dragoman.toolcalls.fitting import fit_tools
from dragoman.toolcalls.names import ToolNames
from dragoman.toolcalls.pairing import paired
from dragoman.toolcalls.text.history import Told, told_as_text

_EMPTY = Reasoning()
OPENAI_HOSTS = ("api.openai.com", "chatgpt.com", ".openai.azure.com")

_NOTHING_LEFT = (Turn("user", (Text("Proceed."),)),)
"""What is asked when a conversation held only results of no call: an empty one is refused."""


class Rendered(msgspec.Struct, frozen=True):
    """A target's body, and what undoes the tools' fitting in its answer. `told`: its tools went as
    text."""

    body: JsonObject
    names: ToolNames
    request: Request
    told: Told | None = None


def rendered(
    request: Request,
    codec: Codec,
    target: Target,
    seals: Seals,
    losses: Losses,
    suffix: ReasoningSettings | None = None,
    allowed: Thinking | None = None,
    text_secret: bytes | None = None,
) -> Rendered:
    """The body of `request` for a target that speaks `codec`.

    suffix: what the model's name says of thinking; it goes before what the request says.
    allowed: what the user wrote of the model's thinking, before what the catalogue knows.
    text_secret: tools go as text, with a mark made of it; None = as they are.

    Raises:
        InvalidRequest: the model does not think as much as the client asked it to.
    """
    known = facts(target.model)
    if known is not None and target.max_output is None:
        target = msgspec.structs.replace(target, max_output=known.output_tokens)
    request = with_summaries(request, seals.key)
    request = unsealed(request, seals.key, losses)
    request = _without_strangers(request, codec.name, target, seals, losses)
    if request.hints.previous_response_id is None:
        turns = paired(request.turns, losses) or _NOTHING_LEFT
        request = msgspec.structs.replace(request, turns=turns)
    told = None if text_secret is None else told_as_text(request, text_secret, losses)
    request = request if told is None else told.request
    native = codec.name == "responses" and speaks_openai(target.host)
    request, names = fit_tools(request, codec.name, native_custom=native, losses=losses)
    wish = _wish(request.reasoning, suffix)
    vendor = vendor_of(target.host, target.model) if codec.name == "openai" else None
    own = one_family(request.protocol, codec.name) and _named(request.model, target)
    thinking = known.thinking if known else None
    if vendor is not None and vendor.thinking is not None and thinking != NO_THINKING:
        thinking, own = vendor.thinking, False
    settings = fit_reasoning(
        wish,
        codec.name,
        target.model,
        allowed or thinking,
        request.sampling.max_tokens,
        losses,
        suffix=suffix is not None,
        own=own,
    )
    if codec.name == request.protocol == "openai" and vendor is None:
        settings = msgspec.structs.replace(settings, summary=wish.summary)
    request = msgspec.structs.replace(request, reasoning=settings, model=target.model)
    if known is not None and speaks_openai(target.host):
        sampling = fitted_sampling(request, codec.name, known, losses)
        request = msgspec.structs.replace(request, sampling=sampling)
    body = codec.request_out(request, target, losses)
    if vendor is not None:
        write_thinking(body, vendor, target.model, settings, wish, losses)
    return Rendered(body, names, request, told)


def _wish(asked: ReasoningSettings, suffix: ReasoningSettings | None) -> ReasoningSettings:
    """A suffix in place of the request's own; whether thinking is shown is not its matter."""
    if suffix is None:
        return asked
    return msgspec.structs.replace(suffix, summary=asked.summary, extras=asked.extras)


def _named(asked: str, target: Target) -> bool:
    """Whether the client asked for this model and no other name led here."""
    return parse_suffix(asked)[0] in (target.model, f"{target.upstream}/{target.model}")


def _without_strangers(
    request: Request, protocol: str, target: Target, seals: Seals, losses: Losses
) -> Request:
    """The request without reasoning state of this protocol that belongs to another account."""
    turns: list[Turn] = []
    for turn in request.turns:
        known = [_familiar(part, protocol, target, seals, losses) for part in turn.parts]
        if all(new is old for new, old in zip(known, turn.parts, strict=True)):
            turns.append(turn)
        else:
            parts = tuple(part for part in known if part != _EMPTY)
            turns.append(msgspec.structs.replace(turn, parts=parts))
    return msgspec.structs.replace(request, turns=tuple(turns))


def _familiar(part: Part, protocol: str, target: Target, seals: Seals, losses: Losses) -> Part:
    if not isinstance(part, Text | Reasoning | ToolCall | Media) or part.state is None:
        return part
    state = part.state
    if state.protocol != protocol:
        return part
    if seals.admits(state, protocol, target.upstream, target.credential):
        return part
    whose = f"upstream {state.upstream}" if state.upstream not in ("", target.upstream) else ""
    losses.add("reasoning state", f"it belongs to {whose or 'another account'}")
    return msgspec.structs.replace(part, state=None)


def speaks_openai(host: str) -> bool:
    """OpenAI's own hosts take what others of the Responses protocol refuse (custom tools,
    namespaces)."""
    return any(host == known or host.endswith(known) for known in OPENAI_HOSTS)
