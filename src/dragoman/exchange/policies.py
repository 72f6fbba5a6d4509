"""What a group's policy does to one request, for one target: the edits, on the client's bytes where
they pass, else on the neutral request.

What is changed whoever serves comes first; sampling is fitted to the target, in whose own fields
and ranges it is written. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import msgspec

from dragoman.catalog.models import facts
from dragoman.errors import ContextTooLong
from dragoman.exchange.convert import speaks_openai
from dragoman.exchange.incoming import Incoming
from dragoman.exchange.sampling import without_refused
from dragoman.neutral.editing import edited
from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    KeepTools,
    PutSystem,
    ReplaceSystemText,
    SetField,
)
from dragoman.neutral.estimate import request_tokens
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings, Request, Sampling
from dragoman.policy.group_policy import GroupPolicy
from dragoman.protocols.anthropic.edits import forgotten, still_declared
from dragoman.protocols.codec import Codec, Target
from dragoman.protocols.framing.editor import TUNED

_SHOWN = 40


class Goal(msgspec.Struct, frozen=True):
    """Where an edited request goes. `thinking`: what a suffix says, in place of the request."""

    codec: Codec
    target: Target
    thinking: ReasoningSettings | None = None


class Policed(msgspec.Struct, frozen=True):
    """A policy at work on a request that was asked for as `model`."""

    policy: GroupPolicy
    model: str

    def on_bytes(
        self, body: bytes, raw: Mapping[str, msgspec.Raw], goal: Goal, losses: Losses
    ) -> tuple[bytes, tuple[Edit, ...]]:
        """A client's body, whose top-level fields are `raw`, with what was done to it.

        Raises:
            InvalidRequest: what an edit means cannot be read.
        """
        editing = goal.codec.editing
        edits = self.policy.edits(self.model)
        if self.policy.tuning is not None:
            sampling, reasoning = editing.settings_in(raw)
            edits += self._tuned(sampling, reasoning, goal, losses)
        body = editing.edited(body, edits, goal.target, losses) if edits else body
        return body, edits

    def on_request(
        self, request: Request, goal: Goal, losses: Losses
    ) -> tuple[Request, tuple[Edit, ...]]:
        """A request that is to be rendered, with what was done to it."""
        edits = self.policy.edits(self.model)
        edits += self._tuned(request.sampling, request.reasoning, goal, losses)
        new = edited(request, edits, losses)
        if request.protocol == "anthropic" and len(new.tools) < len(request.tools):
            new = _as_messages_takes_it(request, new, own=goal.codec.name == "anthropic")
        return new, edits

    def counted(self, incoming: Incoming) -> Incoming | None:
        """A token count's body as it is whoever counts; None where a count has another shape."""
        edits, editing = self.policy.edits(self.model), incoming.codec.editing
        if not edits:
            return incoming
        if incoming.codec.name == "gemini":
            return None
        body = editing.edited(incoming.body, edits, Target(self.model), Losses())
        return msgspec.structs.replace(incoming, body=body)

    def unaimed(self, request: Request) -> Request:
        """The request as it is whoever serves it."""
        request = edited(request, self.policy.edits(self.model), Losses())
        if self.policy.tuning is None:
            return request
        sampling = self.policy.tuning.applied(request.sampling)
        return msgspec.structs.replace(request, sampling=sampling)

    def too_long(self, request: Request) -> ContextTooLong | None:
        """Why the request is longer than the group allows, as it goes out; None when it is not."""
        tokens, most = request_tokens(self.unaimed(request)), self.policy.max_context
        if tokens <= most:
            return None
        return ContextTooLong(
            f"{tokens} tokens > {most} maximum. That is dragoman's estimate against the maximum "
            f"context length of group {self.policy.name!r} (max-context); shorten the conversation"
        )

    def _tuned(
        self, before: Sampling, reasoning: ReasoningSettings, goal: Goal, losses: Losses
    ) -> tuple[Edit, ...]:
        """The group's sampling values, as far as the target takes them."""
        if self.policy.tuning is None:
            return ()
        target = goal.target
        known = facts(target.model)
        if known is not None and target.max_output is None:
            target = msgspec.structs.replace(target, max_output=known.output_tokens)
        reasoning = goal.thinking or reasoning
        wished = self.policy.tuning.applied(before)
        after = goal.codec.editing.fitted(before, wished, reasoning, target, losses)
        if known is not None and speaks_openai(target.host):
            after = without_refused(before, after, reasoning, known, losses)
        changed = [name for name in TUNED if getattr(after, name) != getattr(before, name)]
        return tuple(SetField(name, getattr(after, name)) for name in changed)


def _as_messages_takes_it(before: Request, after: Request, *, own: bool) -> Request:
    """A Messages client's request whose tools were filtered; `own`: Messages is spoken to."""
    kept = {tool.name for tool in after.tools}
    after = forgotten(after, [tool.name for tool in before.tools if tool.name not in kept])
    return still_declared(after) if own else after


def told_edit(edit: Edit) -> str:
    """An edit in words."""
    match edit:
        case AddSystem():
            return f"prompt: {_short(edit.text)} is added to the system prompt"
        case PutSystem():
            return f"prompt: {_short(edit.text)} takes the place of the system prompt"
        case AddUser():
            return f"prompt: {_short(edit.text)} stands before the user's last words"
        case ReplaceSystemText():
            found = _short(edit.find) if isinstance(edit.find, str) else f"/{edit.find.pattern}/"
            return f"prompt-replace: {found} becomes {_short(edit.replace)}"
        case DropTools():
            return f"tools: {', '.join(edit.names)} dropped"
        case KeepTools():
            return f"tools: only {', '.join(edit.names)} kept"
        case SetField():
            return f"sampling: {edit.field} is {edit.value}"
        case _:
            assert_never(edit)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _SHOWN else f'"{line[:_SHOWN]}…" ({len(text)} characters)'
