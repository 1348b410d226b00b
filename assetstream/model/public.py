"""Public names say that they are the package's, not of the room that they lie in."""

from __future__ import annotations

import inspect
from typing import Any, Callable

__all__ = ["make_public"]


def make_public(*things: type | Callable[..., Any]) -> None:
    """Let each say that it comes from ``assetstream``, where users import it.

    Tracebacks, pickles and logs then hold no path that a later release may change.
    """
    for each in things:
        # Annotations are evaluated while it still names the module whose globals
        # they use: ``inspect.signature`` and msgspec would look into the package's.
        if "__annotations__" in vars(each):
            each.__annotations__ = inspect.get_annotations(each, eval_str=True)
        each.__module__ = "assetstream"
