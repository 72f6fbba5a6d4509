"""Google accounts as Gemini CLI uses them (Gemini Code Assist): Cloud Code's envelope with the
account's project. One file may name several projects; each is a credential of its own.
"""

from __future__ import annotations

import uuid

import msgspec

from dragoman.protocols.framing.splice import Spans
from dragoman.upstreams.shapes import Draft, Shape
from dragoman.upstreams.subscriptions import cloud_code

BASE = "https://cloudcode-pa.googleapis.com"

_SESSIONS = uuid.UUID("0b6d8f0c-8a2c-4f4e-9f0e-52c6a9d1b7a1")


def _draft(draft: Draft) -> Draft:
    request = draft.body
    if draft.session and not cloud_code.action_of(draft.path).startswith("count"):
        session = str(uuid.uuid5(_SESSIONS, draft.session))
        request = Spans(request).replaced({"session_id": msgspec.json.encode(session)})
    return cloud_code.enveloped(draft, request, {})


SHAPE = Shape(
    kind="gemini-cli",
    counts=True,
    draft=_draft,
    call=cloud_code.with_project,
    answer=cloud_code.unwrapped,
    refusal=cloud_code.better_told,
)
