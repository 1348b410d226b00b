"""An account's money: exact, thread-safe, with a history of every state.

Each operation is one step under the ledger's lock, and hands its change to the listener
in that same step: listeners get changes in the order in which they happened.
"""

from __future__ import annotations

import threading
from collections import deque
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation
from typing import Callable

from msgspec import Struct

from assetstream.runtime.loop import clock

__all__ = [
    "Amount",
    "Balances",
    "Insufficient",
    "Ledger",
    "LedgerChange",
    "LedgerEntry",
    "Order",
    "Standing",
    "plain",
]

#: What operations accept. No float: its digits are not those that were written.
Amount = Decimal | str | int
#: (available, locked) by currency.
Balances = dict[str, tuple[Decimal, Decimal]]

ZERO = Decimal(0)
#: States kept per currency: over ten seconds of history at 5,000 changes a second.
HISTORY = 60_000
#: Changes of these kinds happen outside the order book.
TRANSFERS = frozenset({"deposit", "withdraw"})


class Insufficient(ValueError):
    """The account has not that much available."""


class Standing(Struct, frozen=True):
    """Amounts of one currency from a moment on.

    Attributes:
        since: that moment; monotonic seconds.
        available: amount free for orders.
        locked: amount held by open orders.
    """

    since: float
    available: Decimal
    locked: Decimal


class LedgerEntry(Struct, frozen=True):
    """One currency after a change; ``number`` counts the ledger's entries from 0."""

    currency: str
    available: Decimal
    locked: Decimal
    number: int


class LedgerChange(Struct, frozen=True):
    """Outcome of one operation.

    Attributes:
        kind: name of the operation.
        time_ms: wall time in milliseconds since 1970; never goes back in one ledger.
        entries: one entry per currency touched, what was paid before what was received.
    """

    kind: str
    time_ms: int
    entries: tuple[LedgerEntry, ...]


class Order(Struct, eq=False):
    """An open order; made by ``Account.place_order``.

    Attributes:
        pay: the currency that it spends.
        receive: the currency that it buys.
        remaining: how much of ``pay`` it has still locked.
    """

    pay: str
    receive: str
    remaining: Decimal


class Ledger:
    """Balances of one account, changed by the operations an exchange knows.

    Each operation happens as a whole, or raises and changes nothing: ``Insufficient``
    for an overdraft, ``ValueError`` for a wrong amount, ``TypeError`` for a float.
    """

    def __init__(
        self,
        balances: dict[str, Amount],
        listener: Callable[[LedgerChange], None],
    ) -> None:
        self._lock = threading.Lock()
        self._listener = listener
        self._time_ms = 0
        self._entries = 0
        # Raises instead of rounding: a simulated exchange must not lose a digit.
        self._exact = Context(prec=400, traps=[Inexact, Clamped, InvalidOperation])
        self._history: dict[str, deque[Standing]] = {
            # Since ever: a replica that lags far behind shows it, too.
            currency: deque(
                [Standing(float("-inf"), positive(amount, zero=True), ZERO)], HISTORY
            )
            for currency, amount in balances.items()
        }

    def balances(self, lag: float = 0.0) -> Balances:
        """Return (available, locked) by currency, as it was ``lag`` seconds ago."""
        with self._lock:
            then = clock.now() - lag if lag else float("inf")
            found = {}
            for currency, states in self._history.items():
                state = next((s for s in reversed(states) if s.since <= then), None)
                if state is not None:
                    found[currency] = (state.available, state.locked)
            return found

    def history(self, currency: str) -> list[Standing]:
        """Return every state of the currency, oldest first (the last 60,000)."""
        with self._lock:
            return list(self._history.get(currency, ()))

    def deposit(self, currency: str, amount: Amount) -> None:
        """Add to what is available."""
        with self._lock:
            self._apply("deposit", (currency, positive(amount), ZERO))

    def withdraw(self, currency: str, amount: Amount) -> None:
        """Take away from what is available."""
        with self._lock:
            self._apply("withdraw", (currency, -positive(amount), ZERO))

    def place_order(self, pay: str, amount: Amount, receive: str) -> Order:
        """Lock ``amount`` of ``pay`` in a new order that buys ``receive``."""
        if pay == receive:
            raise ValueError(f"an order cannot pay {pay} for {receive}")
        paid = positive(amount)
        with self._lock:
            self._apply("place_order", (pay, -paid, paid))
            return Order(pay, receive, paid)

    def fill(self, order: Order, received: Amount, paid: Amount | None = None) -> None:
        """Trade: ``paid`` of the locked money (all that remains) for ``received``."""
        got = positive(received)
        with self._lock:
            cost = order.remaining if paid is None else positive(paid)
            if not 0 < cost <= order.remaining:
                raise Insufficient(
                    f"the order has {order.remaining} {order.pay} left, not {cost}"
                )
            self._apply("fill", (order.pay, ZERO, -cost), (order.receive, got, ZERO))
            order.remaining = self._exact.subtract(order.remaining, cost)

    def cancel(self, order: Order) -> None:
        """Unlock the rest of the order; does nothing if it was filled."""
        with self._lock:
            left = order.remaining
            if left:
                self._apply("cancel", (order.pay, left, -left))
                order.remaining = ZERO

    def _apply(self, kind: str, *moves: tuple[str, Decimal, Decimal]) -> None:
        """Carry out moves of (currency, available, locked), all or none."""
        assert self._lock.locked()
        after = [(move[0], *self._moved(*move)) for move in moves]
        # Wall clocks are set back; an exchange's times are not.
        self._time_ms = max(self._time_ms, int(clock.wall() * 1000))
        since = clock.now()
        entries = []
        for currency, available, locked in after:
            states = self._history.setdefault(currency, deque(maxlen=HISTORY))
            states.append(Standing(since, available, locked))
            entries.append(LedgerEntry(currency, available, locked, self._entries))
            self._entries += 1
        self._listener(LedgerChange(kind, self._time_ms, tuple(entries)))

    def _moved(
        self, currency: str, available: Decimal, locked: Decimal
    ) -> tuple[Decimal, Decimal]:
        states = self._history.get(currency)
        before = states[-1] if states else Standing(0.0, ZERO, ZERO)
        free = self._exact.add(before.available, available)
        held = self._exact.add(before.locked, locked)
        if free < 0:
            raise Insufficient(
                f"there are {before.available:f} {currency} available, "
                f"not {-available:f}"
            )
        if held < 0:  # by an order of another account
            raise Insufficient(
                f"there are {before.locked:f} {currency} locked, not {-locked:f}"
            )
        return free, held


def positive(amount: Amount, *, zero: bool = False) -> Decimal:
    """Return ``amount`` as an exact Decimal above zero (or zero, if allowed)."""
    if isinstance(amount, float):
        raise TypeError("amounts are str, int or Decimal: a float is not exact")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"not an amount: {amount!r}") from None
    if not value.is_finite() or value < 0 or (value == 0 and not zero):
        raise ValueError(f"not an amount above zero: {amount!r}")
    return value


def plain(amount: Decimal) -> str:
    """Write the exact digits, without exponent and trailing zeros: ``0``, ``1.5``."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
