"""How parts become one message: Chat has one text, one reasoning and one list of calls a choice.

The same rules hold for a stream and a whole answer: texts that follow one another are one text,
texts with something else between stand apart, and citations count from the message's start.
"""

from __future__ import annotations

from dragoman.neutral.events import StopReason
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import Citation, HostedResult, Media, Part, Reasoning, Text, ToolCall
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_chat.media import data_url
from dragoman.protocols.openai_chat.wire import NAME, STOP_OUT

APART = "\n\n"


class Prose:
    """One choice's message so far: `said` counts the text's characters, `calls` its calls."""

    __slots__ = ("_apart", "_thought", "base", "calls", "images", "said")

    def __init__(self) -> None:
        self.said = 0
        self.calls = 0
        self.images = 0
        self.base = 0
        """Where the text part now being written begins."""
        self._apart = False
        self._thought = False

    def starts(self, head: Part) -> None:
        if not isinstance(head, Text):
            self._apart = self.said > 0

    def lead(self, head: Part) -> str:
        """What stands before the first words of this part."""
        if isinstance(head, Reasoning):
            thought, self._thought = self._thought, True
            return APART if thought else ""
        if not isinstance(head, Text | HostedResult):
            return ""
        lead = APART if self._apart else ""
        self.said += len(lead)
        self.base = self.said
        self._apart = isinstance(head, HostedResult)
        return lead

    def annotation(self, citation: Citation) -> JsonObject | None:
        """A citation as Chat shows it; None when it names no page."""
        if citation.protocol == NAME and isinstance(citation.raw, dict) and self.base == 0:
            return citation.raw
        if not citation.url:
            return None
        known = citation.start is not None and citation.end is not None
        start = self.base + ((citation.start or 0) if known else 0)
        end = self.base + (citation.end or 0) if known else self.said
        found: JsonObject = {
            "start_index": start,
            "end_index": end,
            "url": citation.url,
            "title": citation.title,
        }
        return {"type": "url_citation", "url_citation": found}

    def annotations(self, part: Part) -> list[Json]:
        """All citations of a part that has just been written."""
        citations = part.citations if isinstance(part, Text) else ()
        return [found for each in citations if (found := self.annotation(each)) is not None]

    def image(self, media: Media) -> JsonObject:
        self.images += 1
        url: JsonObject = {"url": data_url(media)}
        return {"type": "image_url", "image_url": url, "index": self.images - 1}

    def finish_reason(self, stop: StopReason) -> str:
        return "tool_calls" if stop == "end" and self.calls else STOP_OUT[stop]


def audio_out(media: Media, reply: Reply) -> JsonObject:
    """Speech; what was said in it stands in the content."""
    return {
        "id": reply.new_id("audio_"),
        "data": media.data,
        "expires_at": reply.created_s,
        "transcript": "",
    }


def call_out(call: ToolCall, text: str) -> JsonObject:
    """A call with this much of its input."""
    if call.kind == "custom":
        body: JsonObject = {"name": call.name, "input": text}
        return {"id": call.id, "type": "custom", "custom": body}
    body = {"name": call.name, "arguments": text}
    return {"id": call.id, "type": "function", "function": body}
