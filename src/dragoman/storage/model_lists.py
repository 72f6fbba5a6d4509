"""The last list each host told of its models, kept so that a restart serves them at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.neutral.listings import ModelEntry
from dragoman.storage.state import Space, State

_SPACE = Space("model-lists")
_DECODER = msgspec.json.Decoder(list[ModelEntry])


class ModelLists:
    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, upstream: str) -> list[ModelEntry]:
        """The last list of an upstream; empty when it never told one."""
        data = self._state.get(_SPACE, upstream)
        if data is None:
            return []
        try:
            return _DECODER.decode(data)
        except msgspec.MsgspecError:
            return []

    def put(self, upstream: str, models: Sequence[ModelEntry]) -> None:
        self._state.put(_SPACE, upstream, msgspec.json.encode(list(models)))
