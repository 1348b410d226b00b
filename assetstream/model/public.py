"""Public classes name the package as their module, not the room that they lie in."""

from __future__ import annotations

import inspect

__all__ = ["make_public"]


def make_public(*classes: type) -> None:
    """Let each class say that it comes from ``assetstream``, where users import it.

    Tracebacks, pickles and logs then hold no path that a later release may change.
    """
    for each in classes:
        # Annotations are evaluated while the class still names the module whose globals
        # they use: ``inspect.signature`` and msgspec would look into the package's.
        if "__annotations__" in vars(each):
            each.__annotations__ = inspect.get_annotations(each, eval_str=True)
        each.__module__ = "assetstream"
