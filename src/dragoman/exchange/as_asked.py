"""What a client is told in the words of its own request whoever answers: the model's name, and on
Amp's routes the tools' names too."""

from __future__ import annotations

from dragoman.exchange.direct import Rewrite, model_restorer
from dragoman.exchange.incoming import Naming
from dragoman.protocols.framing.splice import Spans
from dragoman.routing.served import Target
from dragoman.toolcalls.casing import Casing, declared_names


def rewrites(
    target: Target, protocol: str, naming: Naming, model: str, spans: Spans
) -> tuple[Rewrite, ...]:
    """Of an answer whose bytes pass. A client with names of its own is told what it asked for in
    any case: its upstream may know the model by a further name."""
    if naming.mapping is None:
        restored = target.restore and target.model != model
        return (model_restorer(protocol, model),) if restored else ()
    if target.host.own_words:
        return ()
    casing = casing_of(naming, spans)
    return (model_restorer(protocol, model), *((casing.rewritten,) if casing else ()))


def casing_of(naming: Naming, spans: Spans) -> Casing | None:
    """The request's tools, for a client that knows them by their exact case only."""
    if naming.mapping is None or "tools" not in spans.raw:
        return None
    return Casing(declared_names(spans.value("tools"))) or None
