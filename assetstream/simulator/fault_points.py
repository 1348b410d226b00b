"""The points at which a simulator asks its faults.

Server, connections and exchanges ask here and know no fault. A point is a method of
``Fault``, asked by its name: so this module needs none of the types that faults handle,
and stands below all of them.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import Any, Iterable, Literal, TypeVar

from assetstream.simulator.messages import Reply

__all__ = ["FaultPoints"]

T = TypeVar("T")


class FaultPoints:
    """Asks the faults that are on, in the order in which they were added.

    Attributes:
        on: the faults; replaced as a whole, so that asking needs no lock.
    """

    def __init__(self) -> None:
        self.on: tuple[Any, ...] = ()

    def notify(
        self,
        point: Literal["accepted", "opened", "identified", "refused", "closed"],
        *about: object,
    ) -> None:
        """Call the point of every fault."""
        for fault in self.on:
            getattr(fault, point)(*about)

    def reply(
        self, point: Literal["upgrade", "rest", "read"], about: object
    ) -> Reply | None:
        """Return the first reply that a fault gives; None leaves the request alone."""
        for fault in self.on:
            reply: Reply | None = getattr(fault, point)(about)
            if reply is not None:
                return reply
        return None

    def allow(
        self, point: Literal["login", "subscription", "pong"], about: object
    ) -> bool:
        """Return False if any fault refuses."""
        return all(getattr(fault, point)(about) for fault in self.on)

    def seconds(self, point: Literal["ahead", "lag"], about: object) -> float:
        """Return the sum of the seconds that the faults ask for."""
        return sum((getattr(fault, point)(about) for fault in self.on), 0.0)

    def replace(self, point: Literal["wire", "shown"], about: object, value: T) -> T:
        """Return ``value`` after each fault has put its own in place of it."""
        for fault in self.on:
            value = getattr(fault, point)(about, value)
        return value

    def spread(
        self, point: Literal["head", "sending"], about: object, value: T
    ) -> Iterable[T]:
        """Return the values that the faults make of one, each made when it is taken."""
        values: Iterable[T] = (value,)
        for fault in self.on:
            values = chain.from_iterable(
                map(partial(getattr(fault, point), about), values)
            )
        return values

    def received(self, connection: object, payload: bytes) -> bytes | None:
        """Return the payload as the faults let it in; None: a fault swallowed it."""
        for fault in self.on:
            changed: bytes | None = fault.received(connection, payload)
            if changed is None:
                return None
            payload = changed
        return payload

    def portion(self, connection: object) -> int | None:
        """Return the smallest portion that a fault asks for; None: no fault does."""
        portions = [fault.portion(connection) for fault in self.on]
        return min((size for size in portions if size is not None), default=None)

    def frozen(self, connection: object) -> bool:
        """Return True if any fault holds the connection's bytes back."""
        return any(fault.frozen(connection) for fault in self.on)
