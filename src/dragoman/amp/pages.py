"""The pages of the local control plane that a browser opens: the login of `amp login`, and a
thread's address as `amp threads share` tells it.

They are open, for a browser has no client key to show. So they hold nothing: who opens one types a
client key, and gets what that key may have. A key goes back only to where it was typed, or to the
CLI that waits on this machine. No script runs, nothing is loaded from elsewhere.
"""

from __future__ import annotations

import base64
import html
from typing import NamedTuple
from urllib.parse import urlencode

from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import encode

_STYLE = (
    "body{font:16px sans-serif;margin:3em auto;max-width:50em;padding:0 1em}"
    "pre{white-space:pre-wrap}"
)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self' http://127.0.0.1:*"
)
_HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("content-security-policy", _POLICY),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
]
"""With no referrer at all a browser would send the form as from nowhere (Origin: null)."""

_FORM = (
    '<form method="post"><label>Client key <input type="password" name="key" required autofocus '
    'autocomplete="off" size="50"></label> <button>{button}</button></form>'
)
_WRONG = "<p><strong>This is none of the gateway's client keys.</strong></p>"


class Login(NamedTuple):
    """A login that a CLI waits for: with a port, on this machine; without, for a code."""

    token: str
    port: str

    @property
    def _asked(self) -> bool:
        return bool(self.token) and (not self.port or _is_port(self.port))

    def page(self, *, wrong: bool) -> Reply:
        if not self._asked:
            return told("This address is opened by `amp login`; run it in a terminal.", 400)
        goes = "to the amp program on this machine" if self.port else "into a code to paste"
        text = (
            "<p>Amp asks for a key of this gateway. Type one of its <code>api-keys</code>; it goes "
            f"{goes}, and nowhere else.</p>"
            "<p>You can do without: set the environment variable <code>AMP_API_KEY</code>.</p>"
        )
        body = text + (_WRONG if wrong else "") + _FORM.format(button="Log in")
        return _page("Log in to dragoman", body, 403 if wrong else 200)

    def done(self, key: str) -> Reply:
        """What follows a right key: back to the CLI, or the code that it takes."""
        if not self._asked:
            return self.page(wrong=False)
        if self.port:
            query = urlencode({"authToken": self.token, "accessToken": key})
            target = f"http://127.0.0.1:{self.port}/auth/callback?{query}"
            return Reply(303, [*_HEADERS, ("location", target)], b"")
        code = base64.b64encode(encode({"token": self.token, "accessToken": key})).decode()
        body = f"<p>Paste this into the terminal:</p><pre>{code}</pre>"
        return _page("Log in to dragoman", body)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1024 <= int(text[:9]) <= 65535


def thread_form(*, wrong: bool) -> Reply:
    text = "<p>This thread is kept for the client key that made it.</p>"
    body = text + (_WRONG if wrong else "") + _FORM.format(button="Show it")
    return _page("A thread", body, 403 if wrong else 200)


def thread(text: str) -> Reply:
    return _page("A thread", f"<pre>{html.escape(text)}</pre>")


def told(message: str, status: int) -> Reply:
    return _page("dragoman", f"<p>{html.escape(message)}</p>", status)


def nothing() -> Reply:
    """For the pages that only ampcode.com has."""
    return told(
        "dragoman answers Amp's own calls here (ampcode.control-plane), so this page of "
        "ampcode.com is not served. Threads are listed by `amp threads list`.",
        404,
    )


def _page(title: str, body: str, status: int = 200) -> Reply:
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1>{body}</html>"
    )
    return Reply(status, list(_HEADERS), text.encode())
