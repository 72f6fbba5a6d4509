"""A call that the local control plane does not carry out."""

from __future__ import annotations


class Refused(Exception):
    """`code` is what Amp's clients look at; `message` is what they show."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def no_such_thread(id_: str) -> Refused:
    return Refused("thread-not-found", f"there is no thread {id_} of this key here")


def invalid(message: str) -> Refused:
    return Refused("invalid-argument", message)


def not_here(what: str, instead: str = "") -> Refused:
    """For what ampcode.com has and this gateway has not."""
    told = instead or "set ampcode.upstream-url to have it from there"
    return Refused("not-available", f"{what} is not available without ampcode.com; {told}")
