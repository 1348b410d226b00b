"""A permit that one caller at a time can hold."""

from __future__ import annotations

__all__ = ["Permit"]


class Permit:
    """Lets one caller through, and the next one when it was given back.

    Taking it is one atomic step. A lock could be held by the very code that a signal
    handler interrupts, and would then never be released.
    """

    def __init__(self) -> None:
        self._free: list[None] = [None]

    @property
    def free(self) -> bool:
        """True if the next ``take`` gets it."""
        return bool(self._free)

    def take(self) -> bool:
        """Take the permit; False if somebody has it."""
        try:
            self._free.pop()
        except IndexError:
            return False
        return True

    def give_back(self) -> None:
        """Let the next caller through; called by the holder."""
        self._free.append(None)
