"""Suggestions for misspelt names."""

from __future__ import annotations

import difflib
from typing import Iterable

__all__ = ["meant"]


def meant(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean upbit?``; "" if nothing is close."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f"Did you mean {close[0]}?" if close else ""
