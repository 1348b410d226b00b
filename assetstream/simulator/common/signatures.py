"""Signatures and secrets, as exchanges compare them."""

from __future__ import annotations

import hmac

__all__ = ["same"]


def same(right: str, given: str) -> bool:
    """Return whether two texts are the same; nobody learns from the time it takes."""
    return hmac.compare_digest(right.encode(), given.encode())
