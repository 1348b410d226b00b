"""``Switch``: the handle of whatever makes a simulator misbehave."""

from __future__ import annotations

from typing import Callable

__all__ = ["Switch"]


class Switch:
    """Misbehaviour that is on until ``off()`` or the end of its ``with`` block.

    It is made by ``Simulator.fault`` and all that makes a simulator misbehave.
    """

    def __init__(self, off: Callable[[], None]) -> None:
        self._off = off

    def off(self) -> None:
        """Behave again. May be called twice."""
        self._off()

    def __enter__(self) -> Switch:
        return self

    def __exit__(self, *exc: object) -> None:
        self.off()
