"""What requests to the management API send along."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import NamedTuple
from urllib.parse import parse_qsl

from dragoman.admin.refusals import Refused
from dragoman.neutral.json import Json, decode
from dragoman.server.call import HttpCall


class Sent(NamedTuple):
    """A part of a form: a file with its name, or a field whose name it is."""

    field: str
    name: str
    data: bytes


def query_of(call: HttpCall) -> dict[str, str]:
    return dict(parse_qsl(call.query))


def json_of(call: HttpCall) -> Json:
    """
    Raises:
        Refused: the body is no JSON.
    """
    try:
        return decode(call.body)
    except ValueError:
        raise Refused(400, "invalid body") from None


def parts_of(call: HttpCall) -> list[Sent]:
    """The parts of a form (RFC 7578); none where the body is not one."""
    kind = call.header("content-type")
    if not kind.lower().startswith("multipart/form-data"):
        return []
    head = f"content-type: {kind}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + call.body)
    found = []
    for part in message.iter_parts() if message.is_multipart() else ():
        data = part.get_payload(decode=True)
        field = part.get_param("name", "", "content-disposition")
        if isinstance(data, bytes) and isinstance(field, str):
            found.append(Sent(field, part.get_filename() or "", data))
    return found
