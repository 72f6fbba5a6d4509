"""What OpenAI refuses, for its thinking models, of another protocol's sampling settings.

https://platform.openai.com/docs/guides/latest-model, "Parameter compatibility" (November 2026):
temperature, top_p, penalties and log probabilities are errors while such a model thinks. Gemini
CLI, for one, always sends a temperature and topP. Pure.
"""

from __future__ import annotations

import msgspec

from dragoman.catalog.models import ModelFacts
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings, Request, Sampling
from dragoman.protocols.framing.editor import unchanged
from dragoman.reasoning.levels import NO_THINKING

_FAMILIES = frozenset(("gpt", "o"))
_DEFAULTS = {"temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
_REFUSED = (*_DEFAULTS, "logprobs", "top_logprobs", "logit_bias")


def fitted_sampling(request: Request, protocol: str, known: ModelFacts, losses: Losses) -> Sampling:
    """The settings this model takes; `request.reasoning` is fitted already. What a client of the
    same protocol asks is sent as it is."""
    sampling = request.sampling
    if request.protocol == protocol or known.family not in _FAMILIES:
        return sampling
    if not _thinks(request.reasoning, known):
        return sampling
    asked = {name: getattr(sampling, name) for name in _REFUSED}
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in given.items():
        if value != _DEFAULTS.get(name, False):
            losses.add(name, "refused while the model thinks")
    return msgspec.structs.replace(sampling, **dict.fromkeys(given)) if given else sampling


def without_refused(
    before: Sampling,
    after: Sampling,
    reasoning: ReasoningSettings,
    known: ModelFacts,
    losses: Losses,
) -> Sampling:
    """`after`, a group's wish, but what the client sent where this model refuses another value."""
    if known.family not in _FAMILIES or not _thinks(reasoning, known):
        return after
    return unchanged(before, after, tuple(_DEFAULTS), "refused while the model thinks", losses)


def _thinks(settings: ReasoningSettings, known: ModelFacts) -> bool:
    """Whether it will; a model that may be kept from thinking does not think unasked."""
    if known.thinking is None or known.thinking == NO_THINKING:
        return False
    if not known.thinking.zero_allowed:
        return True
    asked = settings.mode or settings.effort or settings.budget
    return bool(asked) and settings.mode != "off" and settings.effort != "none"
