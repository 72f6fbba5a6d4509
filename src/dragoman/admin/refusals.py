"""Why the management API does not do what it was asked: a status and a text, as CLIProxyAPI words
them (`{"error": …}`, with a `message` where the error is only a word)."""

from __future__ import annotations


class Refused(Exception):
    def __init__(self, status: int, error: str, message: str = "") -> None:
        super().__init__(message or error)
        self.status = status
        self.error = error
        self.message = message
