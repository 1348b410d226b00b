"""Handlers that come and go while others are called."""

from __future__ import annotations

from types import BuiltinMethodType, MethodType, MethodWrapperType
from typing import TypeVar

__all__ = ["Registrations", "registered"]

T = TypeVar("T")

#: Made anew whenever somebody looks one up, so that they must be compared. Nobody can
#: override how.
METHODS = (MethodType, BuiltinMethodType, MethodWrapperType)


class Registrations(dict[object, T]):
    """Handlers in the order in which they came, each under a key of its own (D5).

    Adding and removing one is one atomic step of the dictionary, so that none is lost,
    whichever threads and signal handlers come in between; a tuple that is replaced
    would have to be read first. To go through them, take ``copy().values()``.
    """

    def add(self, handler: T) -> None:
        """Add a handler, behind those that are there."""
        self[object()] = handler

    def remove(self, handler: object) -> None:
        """Remove a handler, as often as it was added; one not there is no error.

        Handlers are told apart by identity: ``__eq__`` is the user's code (D4).
        """
        for key, each in self.copy().items():
            if _same(each, handler):
                self.pop(key, None)


def registered(handler: T) -> Registrations[T]:
    """Return the registrations of one handler."""
    registrations: Registrations[T] = Registrations()
    registrations.add(handler)
    return registrations


def _same(one: object, other: object) -> bool:
    if one is other:
        return True
    kind = type(one)
    return kind is type(other) and kind in METHODS and _same_method(one, other)


def _same_method(one: object, other: object) -> bool:
    try:
        return one == other
    except Exception:  # a method may be made of a callable object, which is compared
        return False
