"""What a test can make the simulator do wrong, at the turn of a switch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from assetstream.simulator.catalogue import create
from assetstream.simulator.faults import Faults, Switch
from assetstream.simulator.messages import Kind
from assetstream.simulator.misbehaviour import (
    Answer,
    Lag,
    RefuseLogins,
    Withhold,
    refusal,
)
from assetstream.simulator.site import Site

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.connection import Connection

__all__ = ["Switches"]


class Switches(ABC):
    """The part of a ``Simulator`` that misbehaves.

    What lasts returns a ``Switch``: it is on at once, and off at the end of its
    ``with`` block or by ``off()``.
    """

    _site: Site

    def drop_connections(
        self, *, reset: bool = False, account: Account | None = None
    ) -> int:
        """Cut all connections (or an account's) without a close frame; says how many.

        Args:
            reset: by RST instead of FIN.
            account: cut this account's only.
        """
        cut = self._open(account)
        for connection in cut:
            connection.drop(reset=reset)
        return len(cut)

    def close_connections(
        self, code: int = 1000, reason: str = "", *, account: Account | None = None
    ) -> int:
        """Close all connections (or an account's) by a close frame; says how many.

        Args:
            code: of the close frame.
            reason: the close frame's text.
            account: close this account's only.
        """
        closed = self._open(account)
        for connection in closed:
            connection.close(code, reason)
        return len(closed)

    @property
    def faults(self) -> Faults:
        """Where faults of your own are put in: ``with exchange.faults.add(fault):``."""
        return self._site.faults

    def fault(
        self, name: str, account: Account | None = None, **parameters: Any
    ) -> Switch:
        """Switch on a fault of the catalogue, ``assetstream.simulator.FAULTS``.

        Args:
            name: ``"silent_drop"``, ``"upgrade_503"``, ``"rest_stale"``, ...
            account: the only account that it happens to. As far as requests of HTTP
                are concerned, this means all accounts of its exchange.
            parameters: the fault's own; its description names them.

        Raises:
            ValueError: there is no such fault, or it cannot happen to that account.
            TypeError: it has no such parameter.
        """
        return self.faults.add(create(name, account, **parameters))

    def withhold(self, *kinds: Kind, account: Account | None = None) -> Switch:
        """Send no frames of these ``kinds``: ``Kind.LIST``, ``Kind.PONG``, ...

        Args:
            account: the only one that it happens to.
        """
        return self.faults.add(Withhold(kinds, account))

    def refuse_upgrades(
        self,
        status: int = 503,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        *,
        exchange: str | None = None,
    ) -> Switch:
        """Answer WebSocket upgrades with ``status``, ``body`` and ``headers``.

        Args:
            exchange: ``"upbit"`` or ``"coinw"``; None: both.
        """
        reply = refusal(status, body, headers)
        return self.faults.add(Answer(reply, to="upgrade", exchange=exchange))

    def rest_answers(
        self,
        status: int,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        *,
        exchange: str | None = None,
    ) -> Switch:
        """Answer REST requests with ``status``, ``body`` and ``headers``.

        Args:
            exchange: ``"upbit"`` or ``"coinw"``; None: both.
        """
        reply = refusal(status, body, headers)
        return self.faults.add(Answer(reply, to="rest", exchange=exchange))

    def lag_rest(self, seconds: float) -> Switch:
        """Let REST show the balances of ``seconds`` ago, like a slow replica."""
        return self.faults.add(Lag(seconds))

    def refuse_logins(self, account: Account | None = None) -> Switch:
        """Refuse good credentials on WebSockets; REST accepts them still.

        Args:
            account: the only one that it happens to; None: all.
        """
        return self.faults.add(RefuseLogins(account))

    @abstractmethod
    def _open(self, account: Account | None = None) -> Sequence[Connection]:
        """The open connections, or those of one account."""
