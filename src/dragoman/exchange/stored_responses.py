"""Responses kept for `previous_response_id` and retrieval, each owned by its client key.

Two sorts: one whose upstream keeps it itself (its account is then required), and one kept here
whole, with the input that led to it. Of the first sort a copy of what was new in each is kept too:
when its account cannot answer, the conversation is put together again for another.
"""

from __future__ import annotations

import msgspec

from dragoman.errors import ErrorKind, InvalidRequest, RequestFault
from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.storage.state import Space, State

SPACE = Space("responses", lifetime_s=86_400, max_entries=1_000, max_bytes=64 * 1024 * 1024)


class Kept(msgspec.Struct, frozen=True):
    """`response` and `input` are JSON. `owner` is the client key's name. `account`: who keeps it
    upstream; then `input` is only what was new, and `previous` the response before."""

    owner: str
    account: str = ""
    response: bytes = b""
    input: bytes = b""
    previous: str = ""


class StoredResponses:
    def __init__(self, state: State) -> None:
        self._state = state

    def keep(self, response: JsonObject, items: list[Json], owner: str) -> None:
        """Keeps a response here, with the whole input it answered."""
        kept = Kept(owner, response=encode(response), input=encode(items))
        self._put(response, kept)

    def keep_way(
        self, response: JsonObject, items: list[Json], previous: str, account: str, owner: str
    ) -> None:
        """Remembers which account keeps a response, and a copy of what was new in it."""
        self._put(response, Kept(owner, account, encode(response), encode(items), previous))

    def copied(self, id_: str, owner: str) -> list[Json] | None:
        """The conversation up to a response that an account keeps, from the copies here, fit for
        another account; None where one is missing."""
        pieces: list[list[Json]] = []
        while id_ and len(pieces) < SPACE.max_entries:
            kept = self._find(id_, owner)
            if kept is None:
                return None
            pieces.append(conversation(kept))
            id_ = kept.previous
        return [_released(item) for piece in reversed(pieces) for item in piece if _goes_on(item)]

    def get(self, id_: str, owner: str) -> Kept:
        """
        Raises:
            RequestFault: 404, not kept here, or another key's.
        """
        kept = self._find(id_, owner)
        if kept is None:
            raise RequestFault(
                f"no response {id_!r} is kept here",
                status=404,
                kind=ErrorKind.NOT_FOUND,
                param="id",
            )
        return kept

    def delete(self, id_: str, owner: str) -> Kept:
        """Removes and returns it; 404 as `get`."""
        kept = self.get(id_, owner)
        self._state.delete(SPACE, id_)
        return kept

    def previous(self, id_: str, owner: str) -> Kept:
        """
        Raises:
            InvalidRequest: 400 `previous_response_not_found`.
        """
        kept = self._find(id_, owner)
        if kept is None:
            raise previous_not_found(id_)
        return kept

    def _put(self, response: JsonObject, kept: Kept) -> None:
        id_ = response.get("id")
        if isinstance(id_, str) and id_:
            self._state.put(SPACE, id_, msgspec.msgpack.encode(kept))

    def _find(self, id_: str, owner: str) -> Kept | None:
        data = self._state.get(SPACE, id_)
        kept = None if data is None else msgspec.msgpack.decode(data, type=Kept)
        return kept if kept is not None and kept.response and kept.owner == owner else None


def previous_not_found(id_: str) -> InvalidRequest:
    return InvalidRequest(
        f"Previous response with id '{id_}' not found.",
        code="previous_response_not_found",
        param="previous_response_id",
    )


def conversation(kept: Kept) -> list[Json]:
    """The items a response was given, and those it answered with: what comes before new input."""
    items = items_of(decode(kept.input))
    response = decode(kept.response)
    output = response.get("output") if isinstance(response, dict) else None
    return [*items, *items_of(output)]


def _goes_on(item: Json) -> bool:
    """Whether an item means something to an account that has not made it: its reasoning does not,
    nor what stands for an item by its id alone."""
    return isinstance(item, dict) and item.get("type") not in ("reasoning", "item_reference")


def _released(item: Json) -> Json:
    """An item without the id under which its account keeps it."""
    assert isinstance(item, dict)
    return {name: value for name, value in item.items() if name != "id"}


def items_of(value: Json) -> list[Json]:
    """An `input` as a list of items: text is one user message."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    return [{"type": "message", "role": "user", "content": value}]
