"""Durations as people write them on a command line."""

from __future__ import annotations

import re

__all__ = ["seconds"]

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Read ``500ms``, ``10s``, ``2m`` or ``1.5h``.

    Raises:
        ValueError: it is none of these.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", text)
    if found is None:
        raise ValueError(f"{text!r} is no duration; write 500ms, 10s, 2m or 1h")
    return float(found[1]) * UNITS[found[2]]
