"""Names the place of a handler that keeps others waiting, for a log line."""

from __future__ import annotations

import sys
from types import CodeType, FrameType

__all__ = ["describe_stack", "handler_name"]


def describe_stack(thread: int | None, caller: CodeType, handler: object) -> str:
    """Name the handler that runs in a thread, and the line where it stands.

    Args:
        thread: the identity of the thread that calls it; None: it has returned.
        caller: the code that calls handlers.
        handler: for one that is not written in Python, and so has no frame.
    """
    frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
    innermost = frame = frames.get(thread or -1)
    if innermost is None:
        return "at an unknown place"
    entered: FrameType | None = None
    while frame is not None and frame.f_code is not caller:
        entered, frame = frame, frame.f_back
    if frame is None:  # A logging handler of the user's, perhaps.
        return f"in {_place(innermost)}"
    if entered is None:  # Not written in Python: ``print``.
        return f"in {_qualname(handler) or type(handler).__qualname__}"
    words = f"in {_place(entered)}"
    return words if entered is innermost else f"{words}, in {_place(innermost)}"


def handler_name(handler: object) -> str:
    """Name a handler; its attributes and its ``repr`` are the user's code (D4)."""
    try:
        return _qualname(handler) or repr(handler)
    except Exception:
        return f"an object of {type(handler).__qualname__}"


def _qualname(handler: object) -> str:
    try:
        name = getattr(handler, "__qualname__", None)
    except Exception:
        return ""
    return name if type(name) is str else ""


def _place(frame: FrameType) -> str:
    """Return the function and the line where it stands."""
    code = frame.f_code
    # Methods with their class, where Python (3.11) knows it.
    name = getattr(code, "co_qualname", code.co_name)
    return f'{name}, file "{code.co_filename}", line {frame.f_lineno}'
