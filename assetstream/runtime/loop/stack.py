"""Where a handler stands that keeps others waiting, in words for a log line."""

from __future__ import annotations

import sys
from types import CodeType, FrameType

__all__ = ["where"]


def where(thread: int | None, caller: CodeType, handler: object) -> str:
    """Say which handler runs and where it stands.

    Args:
        thread: the identity of the thread that calls it; None: it has come back.
        caller: the code that calls handlers.
        handler: for one that is not written in Python, and so has no frame.
    """
    innermost = frame = sys._current_frames().get(thread or -1)
    if innermost is None:
        return "at an unknown place"
    entered: FrameType | None = None
    while frame is not None and frame.f_code is not caller:
        entered, frame = frame, frame.f_back
    if frame is None:  # A logging handler of the user's, perhaps.
        return f"in {_place(innermost)}"
    if entered is None:  # Not written in Python: ``print``.
        kind = type(handler).__qualname__
        return f"in {getattr(handler, '__qualname__', kind)}"
    told = f"in {_place(entered)}"
    return told if entered is innermost else f"{told}, in {_place(innermost)}"


def _place(frame: FrameType) -> str:
    """The function and the line where it stands."""
    code = frame.f_code
    # Methods with their class, where Python (3.11) tells it.
    name = getattr(code, "co_qualname", code.co_name)
    return f'{name}, file "{code.co_filename}", line {frame.f_lineno}'
