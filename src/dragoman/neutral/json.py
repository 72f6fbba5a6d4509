"""JSON as it must pass through a gateway: numbers exact, what nobody read kept.

Floats are decoded as `Decimal`, so that 0.1000 or 1e400 leave as they came; integers have any size.
`Fields` reads one object with typed getters: what is wrong is named by its path, and `rest()` is
every key that nobody asked for, so that unknown input can be kept or reported but not lost.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias, cast

import msgspec

from dragoman.errors import InvalidRequest

Json: TypeAlias = (
    "bool | int | float | Decimal | str | msgspec.Raw | list[Json] | JsonObject | None"
)
JsonObject: TypeAlias = "dict[str, Json]"

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def decode(data: bytes | str) -> Json:
    """One JSON document.

    Raises:
        ValueError: it is not JSON; the text says where.
    """
    try:
        return cast("Json", _DECODER.decode(data))
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not valid JSON: {error}") from error
    except ArithmeticError as error:
        raise ValueError("not valid JSON: a number's exponent is out of range") from error


def encode(value: Json) -> bytes:
    """Compact JSON; a `msgspec.Raw` inside goes out as the bytes it holds."""
    return _ENCODER.encode(value)


def encode_text(value: Json) -> str:
    """`encode` as text, for JSON that travels inside a JSON string (tool arguments)."""
    return _ENCODER.encode(value).decode()


def object_of(text: str) -> JsonObject | None:
    """The JSON object that `text` is, or None when it is anything else."""
    try:
        value = decode(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    Decimal: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def type_name(value: Json) -> str:
    """What a JSON value is, in the words error messages use."""
    return _NAMES[type(value)]


def wrong_type(path: str, expected: str, value: Json) -> InvalidRequest:
    return InvalidRequest(f"{path}: expected {expected}, got {type_name(value)}", param=path)


_MOST_DIGITS = 100


def _is_whole(value: Decimal) -> bool:
    """Whether a number written with a fraction or exponent is an integer; one like 1e999999999
    is not taken for one, for it would fill the memory."""
    return (
        value.is_finite() and value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()
    )


class Fields:
    """One JSON object being read. A key that is null counts as absent, and stays in `rest()`."""

    __slots__ = ("_read", "path", "value")

    def __init__(self, value: Json, path: str = "") -> None:
        if not isinstance(value, dict):
            raise wrong_type(path or "the body", "an object", value)
        self.value: JsonObject = value
        self.path = path
        self._read: set[str] = set()

    def at(self, key: str) -> str:
        """The path of a key, as error messages name it."""
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> Json:
        self._read.add(key)
        return self.value.get(key)

    def text(self, key: str) -> str | None:
        value = self.raw(key)
        if value is None or isinstance(value, str):
            return value
        raise wrong_type(self.at(key), "a string", value)

    def needed_text(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise self.missing(key)
        return value

    def missing(self, key: str) -> InvalidRequest:
        return InvalidRequest(f"{self.at(key)}: required field is missing", param=self.at(key))

    def flag(self, key: str) -> bool | None:
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return value
        raise wrong_type(self.at(key), "a boolean", value)

    def integer(self, key: str) -> int | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, Decimal) and _is_whole(value):
            return int(value)
        raise wrong_type(self.at(key), "an integer", value)

    def number(self, key: str) -> int | Decimal | None:
        value = self.raw(key)
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise wrong_type(self.at(key), "a number", value)

    def items(self, key: str) -> list[Json] | None:
        value = self.raw(key)
        if value is None or isinstance(value, list):
            return value
        raise wrong_type(self.at(key), "an array", value)

    def texts(self, key: str) -> list[str] | None:
        """A list of strings; a bare string is a list of one (`stop`)."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list):
            raise wrong_type(self.at(key), "a string or an array of strings", value)
        out: list[str] = []
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise wrong_type(f"{self.at(key)}[{index}]", "a string", item)
            out.append(item)
        return out

    def object(self, key: str) -> Fields | None:
        value = self.raw(key)
        return None if value is None else Fields(value, self.at(key))

    def objects(self, key: str) -> list[Fields]:
        """A list of objects, each with its path; absent is empty."""
        values = self.items(key) or []
        return [Fields(value, f"{self.at(key)}[{index}]") for index, value in enumerate(values)]

    def schema(self, key: str) -> JsonObject | None:
        """An object taken whole."""
        value = self.raw(key)
        if value is None or isinstance(value, dict):
            return value
        raise wrong_type(self.at(key), "an object", value)

    def rest(self) -> JsonObject:
        """Every key that was not read, and every null."""
        read = self._read
        return {k: v for k, v in self.value.items() if k not in read or v is None}
