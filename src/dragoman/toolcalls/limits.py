"""What each target protocol refuses of tools and calls, as a table.

Chat and Responses: OpenAI API reference, "Chat", "Responses" (2026-11); Ollama takes Chat's names.
Anthropic: "Tool use", 2023-06-01. Gemini: "FunctionDeclaration", v1beta. `call_id_max` of Chat is
what strict servers take of it (40), not what OpenAI itself accepts.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from dragoman.neutral.requests import ProtocolName

Dialect: TypeAlias = Literal["openai", "anthropic", "gemini", "ollama"]


class Limits(msgspec.Struct, frozen=True):
    """Alphabets are the inside of a regular expression's class; "" = anything goes. `native`: it
    has custom (freeform) tools and namespaces of its own. `deferred`: tools loaded by search.
    `ids_once`: a call's id may not come again, even in a later round."""

    name_alphabet: str
    name_max: int
    dialect: Dialect
    name_start: str = ""
    call_id_alphabet: str = ""
    call_id_max: int | None = None
    property_pattern: str = ""
    native: bool = False
    deferred: bool = False
    ids_once: bool = False


_COMMON = "a-zA-Z0-9_-"

LIMITS: dict[ProtocolName, Limits] = {
    "openai": Limits(_COMMON, 64, "openai", call_id_alphabet=_COMMON, call_id_max=40),
    "responses": Limits(
        _COMMON, 64, "openai", call_id_alphabet=_COMMON, call_id_max=64, native=True, deferred=True
    ),
    "anthropic": Limits(
        _COMMON,
        128,
        "anthropic",
        call_id_alphabet=_COMMON,
        call_id_max=64,
        property_pattern=r"[a-zA-Z0-9_.-]{1,64}",
        deferred=True,
        ids_once=True,
    ),
    "gemini": Limits(
        "a-zA-Z0-9_.:-",
        64,
        "gemini",
        name_start="a-zA-Z_",
        property_pattern=r"[a-zA-Z_][a-zA-Z0-9_.-]*",
    ),
    "ollama": Limits(_COMMON, 64, "ollama"),
}
