"""Plain values of events and figures, ready for ``json.dumps``."""

from __future__ import annotations

import enum
import math
from datetime import datetime
from decimal import Decimal
from typing import Iterable, Mapping, Protocol, runtime_checkable

__all__ = ["plain", "plain_fields"]


@runtime_checkable
class HasDict(Protocol):
    """An event, or what is as good."""

    def to_dict(self) -> dict[str, object]:
        """Return its fields in plain values."""
        ...


def plain_fields(thing: object, names: Iterable[str]) -> dict[str, object]:
    """Return public attributes of a thing in plain values, in this order."""
    found = (name for name in names if not name.startswith("_"))
    return {name: plain(getattr(thing, name)) for name in found}


def plain(value: object) -> object:
    """Return a value as texts, numbers, booleans, None, and lists and dicts of those.

    Amounts become text with all their digits, times ISO 8601, enums their values, bytes
    text; what is infinite or not known becomes None, and a function its name.
    """
    if not callable(value) and isinstance(value, HasDict):
        return value.to_dict()
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    # Never its repr: that is somebody's code.
    return str(getattr(value, "__qualname__", type(value).__qualname__))
