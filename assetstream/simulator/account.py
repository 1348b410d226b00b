"""An account on a simulated exchange: what a test or a script holds in its hands."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, Iterable, Mapping, Sequence

from assetstream.simulator.counts import Seen
from assetstream.simulator.faults import Switch
from assetstream.simulator.ledger import Amount, Change, Ledger, Order, Standing
from assetstream.simulator.messages import Kind, Message
from assetstream.simulator.misbehaviour import Withhold
from assetstream.simulator.site import Session, Site
from assetstream.simulator.trader import Trader

if TYPE_CHECKING:
    from assetstream.protocol import Exchange

__all__ = ["Account", "Terms"]


class Terms:
    """A key and what it may be used for. Its repr shows neither key nor secret."""

    def __init__(
        self,
        number: int,
        key: str,
        secret_key: str,
        permissions: Iterable[str],
        allowed_ips: Iterable[str] | None,
        seed: str,
    ) -> None:
        self.number = number
        self.key = key
        self.secret_key = secret_key
        self.permissions = frozenset(permissions)
        self.allowed_ips = None if allowed_ips is None else frozenset(allowed_ips)
        self.seed = seed

    def allows_ip(self, address: str) -> bool:
        """Whether the key may be used from this address."""
        return self.allowed_ips is None or address in self.allowed_ips

    @property
    def may_view(self) -> bool:
        """Whether the key may read balances."""
        return "view" in self.permissions


class Account(ABC):
    """One account: its key, its money, and who is connected to it.

    Every change is pushed to the subscribed connections before the call returns.
    Amounts are str, int or Decimal, never float; an overdraft raises ``Insufficient``
    and changes nothing. All methods may be called from any thread. It is made by
    ``Simulator.upbit`` and ``Simulator.coinw``.

    Attributes:
        name: ``"upbit"`` or ``"coinw"``.
        seen: counts of what came in for this account.
        ledger: its money; the methods of the account change it.
        terms: its key, and what that may be used for.
        site: what the simulator's parts share; for faults of your own.
    """

    name: str

    def __init__(
        self, site: Site, terms: Terms, balances: Mapping[str, Amount]
    ) -> None:
        self.site = site
        self.terms = terms
        self.seen = Seen()
        self.ledger = Ledger(dict(balances), self._publish)
        self._lock = threading.Lock()
        # Replaced, never changed: pushing walks it without a lock.
        self._subscribers: tuple[Session, ...] = ()
        self._traders: list[Trader] = []

    @property
    def secret_key(self) -> str:
        """The fake secret that belongs to the fake key."""
        return self.terms.secret_key

    @property
    @abstractmethod
    def ws_url(self) -> str:
        """The whole URL of this account's WebSocket."""

    @property
    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """The exact truth: (available, locked) by currency."""
        return self.ledger.balances()

    def history(self, currency: str) -> list[Standing]:
        """Every state that ``currency`` had, oldest first (the last 60,000)."""
        return self.ledger.history(currency)

    def deposit(self, currency: str, amount: Amount) -> None:
        """``amount`` of ``currency`` comes in from outside.

        Raises:
            TypeError: a float is no exact amount.
            ValueError: it is no amount above zero.
        """
        self.ledger.deposit(currency, amount)

    def withdraw(self, currency: str, amount: Amount) -> None:
        """``amount`` of ``currency`` leaves for the outside.

        Raises:
            Insufficient: there is not that much available.
        """
        self.ledger.withdraw(currency, amount)

    def transfer(self, currency: str, amount: Amount, to: Account) -> None:
        """Move ``amount`` of ``currency`` to the account ``to``, a moment later.

        Raises:
            Insufficient: there is not that much available.
        """
        self.ledger.withdraw(currency, amount)
        to.ledger.deposit(currency, amount)

    def place_order(self, *, pay: str, amount: Amount, receive: str) -> Order:
        """Lock ``amount`` of ``pay`` in an order for ``receive``.

        Raises:
            Insufficient: there is not that much available.
            ValueError: it pays and receives the same currency.
        """
        return self.ledger.place_order(pay, amount, receive)

    def fill(self, order: Order, received: Amount, paid: Amount | None = None) -> None:
        """Trade: ``received`` for ``paid`` (None: all) of what ``order`` has locked.

        Raises:
            Insufficient: the order has not that much left.
        """
        self.ledger.fill(order, received, paid)

    def cancel(self, order: Order) -> None:
        """Unlock what remains of ``order``."""
        self.ledger.cancel(order)

    def trade(self, rate: float = 5.0, seed: int | str | None = None) -> Trader:
        """A random trader on this account, not started: use ``with``, or ``start()``.

        Args:
            rate: operations a second.
            seed: the same seed on the same balances trades the same; the default
                belongs to the simulator's seed and this account.
        """
        trader = Trader(self, rate, self.terms.seed if seed is None else seed)
        self._traders.append(trader)
        return trader

    def mute(self) -> Switch:
        """Push nothing, from now to ``off()`` or the end of the ``with`` block."""
        return self.site.faults.add(Withhold([Kind.PUSH], self))

    @property
    def subscribers(self) -> int:
        """How many connections are subscribed to this account's balances."""
        return len(self._subscribers)

    def wait_for_subscribers(self, count: int = 1, timeout: float = 5.0) -> None:
        """Return once ``count`` or more are subscribed (0: once nobody is).

        Args:
            timeout: seconds to wait.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        self.site.board.wait_for(
            lambda: self.subscribers >= count if count else not self.subscribers,
            timeout,
            lambda: f"waited for {count} subscribers, there are {self.subscribers}",
        )

    def stop_traders(self) -> None:
        """Stop every trader of this account."""
        for trader in self._traders:
            trader.stop()

    @abstractmethod
    def exchange(self) -> Exchange:
        """The assetstream adapter for this account, pointed at the simulator."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Environment variables for a script: the keys, and the simulator's URLs."""

    @abstractmethod
    def encode(self, change: Change, style: str) -> Sequence[Message]:
        """The frames that tell a client of ``style`` about ``change``."""

    def has_subscriber(self, session: Session) -> bool:
        """Whether ``session`` is subscribed."""
        return session in self._subscribers

    def subscribe(self, session: Session) -> None:
        """Push to ``session`` from now on. Twice is as good as once."""
        with self._lock:
            if session not in self._subscribers:
                self._subscribers = (*self._subscribers, session)
        self.site.board.announce()

    def unsubscribe(self, session: Session) -> None:
        """Push nothing more to ``session``."""
        with self._lock:
            self._subscribers = tuple(s for s in self._subscribers if s is not session)
        self.site.board.announce()

    def push(self, message: Message) -> int:
        """Send ``message``, as it is, to all who are subscribed, and count them."""
        for session in self._subscribers:
            session.connection.send(message)
        return len(self._subscribers)

    def _publish(self, change: Change) -> None:
        """Push a change; called by the ledger, under its lock and so in its order."""
        encoded: dict[str, Sequence[Message]] = {}
        pushes = 0
        for session in self._subscribers:
            if session.silent:
                continue
            style = session.style
            if style not in encoded:
                encoded[style] = self.encode(change, style)
            for message in encoded[style]:
                session.connection.send(message)
            pushes += len(encoded[style])
        # Also if nobody was told: somebody may wait for the balance itself.
        self.site.board.count("pushes", self.seen, self.site.seen, by=pushes)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} number={self.terms.number} "
            f"currencies={len(self.balances)} subscribers={self.subscribers}>"
        )


def plain(amount: Decimal) -> str:
    """The amount's exact digits, with no exponent and no idle zeros: ``0``, ``1.5``."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
