"""A string that shows itself masked in repr, str, logs and JSON; only `reveal` gives it away."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

LONG_ENOUGH_TO_SHOW_ENDS = 20


class Secret:
    """An API key, password or token; equal to another one of the same value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for a header about to be sent or a comparison, never for a log."""
        return self._value

    @property
    def masked(self) -> str:
        """`sk-l…3f2a` for long values; nothing of a short one."""
        if len(self._value) >= LONG_ENOUGH_TO_SHOW_ENDS:
            return f"{self._value[:4]}…{self._value[-4:]}"
        return "…" if self._value else ""

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Secret({self.masked!r})"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _from_config,
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "writeOnly": True}


def _from_config(value: object) -> Secret:
    """Errors never quote the value."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise PydanticCustomError("secret", "expected text; write it in quotes")
    value = value.strip()
    if not value.isprintable():
        raise PydanticCustomError(
            "secret", "holds a line break or control character; paste it again on one line"
        )
    return Secret(value)
