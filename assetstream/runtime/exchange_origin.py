"""An exchange as the origin of a stream's balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assetstream.protocol import Exchange
from assetstream.protocol.observer import GuardedObserver, Observer, observed
from assetstream.runtime.loop.registrations import Registrations
from assetstream.runtime.origin import Parts

if TYPE_CHECKING:
    from assetstream.runtime.session import Session

__all__ = ["ExchangeOrigin"]


class ExchangeOrigin:
    """Makes sessions with one exchange.

    Args:
        exchange: with the key.

    Attributes:
        observers: see all that passes; those that are there when a session is made.
    """

    def __init__(self, exchange: Exchange) -> None:
        # Here, for it loads much that no import of the package should wait for; not at
        # the start: of a wrong library the user is told before any thread runs.
        from assetstream.runtime.session import Session

        self._make_session = Session
        self._exchange = exchange
        self.observers: Registrations[Observer] = Registrations()

    @property
    def name(self) -> str:
        """Name of the exchange."""
        return self._exchange.name

    @property
    def place(self) -> tuple[str, str]:
        """The digest of the key, and the host."""
        return self._exchange.digest, self._exchange.ws_url

    def session(self, parts: Parts) -> Session:
        """Make a session, which has not begun."""
        exchange = self._exchange
        # Only the exchange that runs is observed: one that is has no form or hints for
        # the doctor.
        for observer in self.observers.copy().values():
            exchange = observed(exchange, GuardedObserver(observer, parts.blame))
        return self._make_session(exchange, parts)
