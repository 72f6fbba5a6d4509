"""Where a request that nobody here reads names its model: in its JSON, its form, its query or its
path. Found there, and written anew for the upstream; everything else of it stays as it is."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote

import msgspec

from dragoman.neutral.json import object_of
from dragoman.protocols.framing.splice import Spans

_FORM_MODEL = re.compile(rb'name="model"\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]+)')
_PATH_MODEL = re.compile(r"/models/([^:]+)")


class Unread(msgspec.Struct, frozen=True):
    """`path` is below the base URL, not quoted."""

    path: str
    query: str
    body: bytes
    content_type: str

    @property
    def model(self) -> str:
        """The model's name; "" where there is none."""
        if self._is_form:
            match = _FORM_MODEL.search(self.body)
            return match[1].decode("utf-8", "replace") if match else ""
        named = self._in_json
        if named:
            return named
        found = parse_qs(self.query).get("model") or _PATH_MODEL.findall(self.path)
        return found[0] if found else ""

    def with_model(self, model: str) -> Unread:
        """The same request for a model of this name."""
        named = self.model
        if model == named:
            return self
        if self._is_form:
            match = _FORM_MODEL.search(self.body)
            assert match is not None
            start, end = match.span(1)
            body = self.body[:start] + model.encode() + self.body[end:]
            return msgspec.structs.replace(self, body=body)
        if self._in_json:
            body = Spans(self.body).replaced({"model": msgspec.json.encode(model)})
            return msgspec.structs.replace(self, body=body)
        if "model" in parse_qs(self.query):
            pairs = (pair.partition("=") for pair in self.query.split("&"))
            query = "&".join(
                f"model={quote(model, safe='')}" if key == "model" else key + sign + value
                for key, sign, value in pairs
            )
            return msgspec.structs.replace(self, query=query)
        path = _PATH_MODEL.sub(lambda match: f"/models/{model}", self.path, count=1)
        return msgspec.structs.replace(self, path=path)

    @property
    def _is_form(self) -> bool:
        return self.content_type.startswith("multipart/")

    @property
    def _in_json(self) -> str:
        model = (object_of(self.body.decode("utf-8", "replace")) or {}).get("model")
        return model if isinstance(model, str) else ""
