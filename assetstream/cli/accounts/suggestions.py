"""What may have been meant by a name that is none."""

from __future__ import annotations

import difflib
from typing import Iterable

__all__ = ["meant"]


def meant(name: str, known: Iterable[str]) -> str:
    """Say ``did you mean upbit?``; nothing if nothing is close."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]}?" if close else ""
