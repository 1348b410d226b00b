"""``Account``: an account on a simulated exchange, as a test or a script holds it."""

from __future__ import annotations

import random
import string
import threading
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Iterable, Mapping, Protocol, Sequence

from msgspec import Struct

from assetstream.exchanges import EXCHANGES, build
from assetstream.protocol import Exchange
from assetstream.simulator.context import Context
from assetstream.simulator.counts import Seen
from assetstream.simulator.ledger import Amount, Ledger, LedgerChange, Order, Standing
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Message
from assetstream.simulator.switch import Switch
from assetstream.simulator.trader import Trader

__all__ = ["Account", "ApiKey", "BalanceSubscriber", "Opening", "letters"]

KEY_LETTERS = string.ascii_letters + string.digits


def letters(rng: random.Random, length: int, of: str = KEY_LETTERS) -> str:
    """Make a key of that length."""
    return "".join(rng.choices(of, k=length))


class ApiKey:
    """A key and its permissions; its repr shows neither key nor secret.

    Args:
        parts: the public key, its secret, and what else belongs to them.
        permissions: names of what it may do.
        allowed_ips: the only addresses it may be used from; None: any.
    """

    def __init__(
        self,
        parts: tuple[str, ...],
        permissions: Iterable[str],
        allowed_ips: Iterable[str] | None,
    ) -> None:
        self.parts = parts
        self.key, self.secret_key = parts[:2]
        self.permissions = frozenset(permissions)
        self.allowed_ips = None if allowed_ips is None else frozenset(allowed_ips)

    def allows_ip(self, address: str) -> bool:
        """Return whether the key may be used from this address."""
        return self.allowed_ips is None or address in self.allowed_ips

    @property
    def may_view(self) -> bool:
        """True if the key may read balances."""
        return "view" in self.permissions


class Opening(Struct, frozen=True):
    """Everything that an account of any exchange begins with.

    Attributes:
        context: what all parts of the simulator share.
        number: 1 for the simulator's first account.
        credentials: its key, secret and permissions.
        balances: what is available at the start, by currency.
        region: the regional host that its key is from; "" if the exchange has none.
    """

    context: Context
    number: int
    credentials: ApiKey
    balances: Mapping[str, Amount]
    region: str


class BalanceSubscriber(Protocol):
    """A client that is subscribed to an account's balances.

    Attributes:
        style: the form in which it wants them.
        silent: it is subscribed, and gets none.
    """

    style: str
    silent: bool

    def send(self, message: Message) -> None:
        """Send ``message`` to the client; from any thread, never blocks."""


class Account(ABC):
    """One account: its key, its money, and the clients that are subscribed to it.

    Every change is pushed to the subscribed connections before the call returns.
    Amounts are str, int or Decimal, never float; an overdraft raises ``Insufficient``
    and changes nothing. All methods may be called from any thread. It is made by
    ``Simulator.open``.

    Attributes:
        name: of the exchange: ``"upbit"``, ``"coinw"``, ...
        ws_path: of the WebSocket, below the exchange's name.
        number: 1 for the simulator's first account.
        region: the regional host that its key is from; "" if the exchange has none.
        seen: counts of what came in for this account.
        reads: the limit of its REST requests, where they are counted by account.
        ledger: its money; the methods of the account change it.
        credentials: its key, secret and permissions.
        context: what all parts of the simulator share; for faults of your own.
    """

    name: str
    ws_path: str
    reads: Limit

    def __init__(self, opening: Opening) -> None:
        self.context = opening.context
        self.number = opening.number
        self.credentials = opening.credentials
        self.region = opening.region
        self.seen = Seen()
        self.ledger = Ledger(dict(opening.balances), self._publish)
        self._lock = threading.Lock()
        # Replaced, never changed: pushing walks it without a lock.
        self._subscribers: tuple[BalanceSubscriber, ...] = ()
        self._mutes: set[object] = set()
        self._traders: list[Trader] = []

    @property
    def api_key(self) -> str:
        """The fake public key, formed like the real ones."""
        return self.credentials.key

    @property
    def secret_key(self) -> str:
        """The fake secret that belongs to the fake key."""
        return self.credentials.secret_key

    @property
    def keys(self) -> tuple[str, ...]:
        """The fake keys, as the adapter's ``key_names`` have them."""
        return self.credentials.parts

    @property
    def ws_url(self) -> str:
        """The whole URL of this account's WebSocket."""
        return f"{self.context.ws_url}/{self.name}{self.ws_path}"

    @property
    def rest_url(self) -> str:
        """The base URL of REST."""
        return f"{self.context.url}/{self.name}"

    @property
    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """The exact truth: (available, locked) by currency."""
        return self.ledger.balances()

    def history(self, currency: str) -> list[Standing]:
        """Return every state that ``currency`` had, oldest first (the last 60,000)."""
        return self.ledger.history(currency)

    def deposit(self, currency: str, amount: Amount) -> None:
        """Add ``amount`` of ``currency`` from outside.

        Raises:
            TypeError: a float is no exact amount.
            ValueError: it is no amount above zero.
        """
        self.ledger.deposit(currency, amount)

    def withdraw(self, currency: str, amount: Amount) -> None:
        """Send ``amount`` of ``currency`` to the outside.

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
        """Make a random trader, not started: use ``with``, or ``start()``.

        Args:
            rate: operations a second.
            seed: the same seed on the same balances trades the same; the default
                belongs to the simulator's seed and this account.
        """
        if seed is None:
            seed = f"{self.context.seed}/{self.number}"
        trader = Trader(self.ledger, self.number, rate, seed)
        self._traders.append(trader)
        return trader

    def mute(self) -> Switch:
        """Push nothing, from now to ``off()`` or the end of the ``with`` block."""
        mute = object()
        self._mutes.add(mute)
        return Switch(lambda: self._mutes.discard(mute))

    @property
    def subscribers(self) -> int:
        """Number of connections that are subscribed to this account's balances."""
        return len(self._subscribers)

    def wait_for_subscribers(self, count: int = 1, timeout: float = 5.0) -> None:
        """Return once ``count`` or more are subscribed (0: once nobody is).

        Args:
            timeout: seconds to wait.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        self.context.signal.wait_for(
            lambda: self.subscribers >= count if count else not self.subscribers,
            timeout,
            lambda: f"waited for {count} subscribers, there are {self.subscribers}",
        )

    def stop_traders(self) -> None:
        """Stop every trader of this account."""
        for trader in self._traders:
            trader.stop()

    def exchange(self) -> Exchange:
        """Make the assetstream adapter for this account, pointed at the simulator."""
        region = {"region": self.region} if self.region else {}
        return build(self.name, **self._arguments(), **region)

    def environment(self) -> dict[str, str]:
        """Environment variables for a script: the keys, and the simulator's URLs."""
        variable = EXCHANGES[self.name].variable
        return {variable(name): value for name, value in self._arguments().items()}

    def _arguments(self) -> dict[str, str]:
        """Return the adapter's arguments that the environment may give, too."""
        keys = dict(zip(EXCHANGES[self.name].key_names, self.keys, strict=True))
        return {**keys, "ws_url": self.ws_url, "rest_url": self.rest_url}

    @abstractmethod
    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make the frames that report ``change`` to a client of ``style``."""

    def has_subscriber(self, subscriber: BalanceSubscriber) -> bool:
        """Return whether ``subscriber`` is subscribed."""
        return subscriber in self._subscribers

    def subscribe(self, subscriber: BalanceSubscriber) -> None:
        """Push to ``subscriber`` from now on. Twice is as good as once."""
        with self._lock:
            if subscriber not in self._subscribers:
                self._subscribers = (*self._subscribers, subscriber)
        self.context.signal.announce()

    def unsubscribe(self, subscriber: BalanceSubscriber) -> None:
        """Push nothing more to ``subscriber``."""
        with self._lock:
            self._subscribers = tuple(
                each for each in self._subscribers if each is not subscriber
            )
        self.context.signal.announce()

    def push(self, message: Message) -> int:
        """Send ``message``, as it is, to all subscribers; return how many there are."""
        for subscriber in self._subscribers:
            self._send(subscriber, message)
        return len(self._subscribers)

    def _publish(self, change: LedgerChange) -> None:
        """Push a change; called by the ledger under its lock, so in the right order."""
        encoded: dict[str, Sequence[Message]] = {}
        pushes = 0
        for subscriber in self._subscribers:
            if subscriber.silent:
                continue
            style = subscriber.style
            if style not in encoded:
                encoded[style] = self.encode(change, style)
            for message in encoded[style]:
                self._send(subscriber, message)
            pushes += len(encoded[style])
        # Also without subscribers: a test may wait for the balance itself.
        self.context.signal.count("pushes", self.seen, self.context.seen, by=pushes)

    def _send(self, subscriber: BalanceSubscriber, message: Message) -> None:
        if not self._mutes:
            subscriber.send(message)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} number={self.number} "
            f"currencies={len(self.balances)} subscribers={self.subscribers}>"
        )
