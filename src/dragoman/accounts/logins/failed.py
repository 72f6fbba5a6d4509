"""A login that came to nothing."""


class LoginFailed(Exception):
    """The text says what happened and what to do."""


class ForeignAnswer(LoginFailed):
    """What came back belongs to another login; ours may still come."""
