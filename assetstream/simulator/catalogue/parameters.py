"""Readers of the faults' own parameters, as a command line writes them.

Each reader takes the text behind ``NAME=``, and raises ``ValueError`` with one line of
text for a wrong one.
"""

from __future__ import annotations

import math

from assetstream.display import durations

__all__ = ["interval", "names", "share", "shift", "size", "url"]


def shift(text: str) -> float:
    """Read seconds, ``30`` or ``-1.5``; or a duration, ``10s`` or ``2m``."""
    try:
        value = float(text)
    except ValueError:
        try:
            return durations.seconds(text)
        except ValueError:
            value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no time; write 30 (seconds), 500ms or 2m")
    return value


def interval(text: str) -> float:
    """Read seconds, or a duration, that may not be negative."""
    value = shift(text)
    if value < 0:
        raise ValueError(f"{text!r} is below 0")
    return value


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ValueError(f"{text!r} is no share; 0 to 1 are")
    return value


def size(text: str) -> int:
    """Read a number of bytes."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text!r} is no number of bytes")
    return int(text)


def url(text: str) -> str:
    """Read a URL."""
    if not text.partition("://")[2]:
        raise ValueError(f"{text!r} is no URL; ws://127.0.0.1:9/ is one")
    return text


def names(text: str) -> list[str]:
    """Read currencies: ``BTC`` or ``BTC+ETH``."""
    found = text.upper().split("+")
    if not all(found):
        raise ValueError(f"{text!r} names no currencies; BTC+ETH does")
    return found
