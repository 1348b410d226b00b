"""A random trader: the same seed on the same balances makes the same trades."""

from __future__ import annotations

import math
import random
import threading
import time
from decimal import ROUND_DOWN, Context, Decimal

from assetstream.simulator.ledger import Ledger, Order

__all__ = ["Trader", "check_rate"]

#: Currencies that it trades, beside those of the account.
COINS = ("BTC", "ETH", "XRP", "SOL")
#: Digits of a fill: real exchanges' fills have many.
FINE = 16
COARSE = Decimal("1e-8")
MAX_OPEN = 8
EXACT = Context(prec=200)


class Trader:
    """Trades at random in a thread of its own; made by ``Account.trade``.

    ``with trader:`` starts and stops it; ``step()`` does one operation at once, in the
    caller's thread, for tests that want no clock.

    Attributes:
        operations: how many it has carried out.
    """

    def __init__(
        self, ledger: Ledger, number: int, rate: float, seed: int | str
    ) -> None:
        self.operations = 0
        self._ledger = ledger
        self._number = number
        self._rate = check_rate(rate)
        self._random = random.Random(seed)
        self._open: list[Order] = []
        self._paused = False
        # Set to wake the thread: it is to stop, or its rate has changed.
        self._woken = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> Trader:
        """Begin to trade."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run,
                name=f"assetstream-simulator-trader-{self._number}",
                daemon=True,  # a script that forgot to stop it must be able to end
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Stop trading; orders stay open. May be called twice."""
        self._stopped = True
        self._woken.set()
        # Without ident the thread was not started: Ctrl-C came in between.
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()

    def pace(self, rate: float) -> None:
        """Trade ``rate`` times a second from now on; ends a pause, too."""
        self._rate, self._paused = check_rate(rate), False
        self._woken.set()

    def pause(self) -> None:
        """Pause until ``pace()``; orders stay open."""
        self._paused = True
        self._woken.set()

    def step(self) -> None:
        """Carry out one operation now."""
        roll = self._random.random()
        if self._open and (roll < 0.5 or len(self._open) >= MAX_OPEN):
            self._fill(self._take())
        elif self._open and roll < 0.65:
            self._ledger.cancel(self._take())
        elif roll < 0.70:
            self._ledger.deposit(self._currency(), self._fine())
        else:
            self._place()
        self.operations += 1

    def _place(self) -> None:
        pay = self._currency()
        free, _ = self._ledger.balances().get(pay, (Decimal(0), Decimal(0)))
        amount = self._share(free)
        if amount <= 0:  # too poor to trade: a deposit instead
            self._ledger.deposit(pay, 100)
            return
        others = [coin for coin in self._coins() if coin != pay]
        receive = self._random.choice(others)
        order = self._ledger.place_order(pay, amount, receive)
        self._open.append(order)

    def _fill(self, order: Order) -> None:
        received = self._fine()
        if self._random.random() < 0.4 and order.remaining > COARSE * 10:
            self._ledger.fill(order, received, self._share(order.remaining))
            self._open.append(order)
        else:
            self._ledger.fill(order, received)

    def _take(self) -> Order:
        return self._open.pop(self._random.randrange(len(self._open)))

    def _coins(self) -> list[str]:
        return sorted({*COINS, *self._ledger.balances()})

    def _currency(self) -> str:
        return self._random.choice(sorted(self._ledger.balances()) or list(COINS))

    def _fine(self) -> Decimal:
        """Return an amount below one with many digits."""
        return Decimal(self._random.randrange(1, 10**FINE)).scaleb(-FINE, EXACT)

    def _share(self, whole: Decimal) -> Decimal:
        """Return a part of ``whole``; zero if it is next to nothing."""
        part = EXACT.multiply(whole, Decimal(self._random.randrange(1, 300)) / 1000)
        return max(part.quantize(COARSE, ROUND_DOWN, EXACT), min(whole, COARSE))

    def _run(self) -> None:
        # An absolute schedule: a late step does not lower the rate.
        due = time.monotonic()
        while not self._stopped:
            wait = None if self._paused else max(0.0, due - time.monotonic())
            if self._woken.wait(wait):
                self._woken.clear()
                due = time.monotonic() + 1 / self._rate
            else:
                self.step()
                due += 1 / self._rate

    def __enter__(self) -> Trader:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def check_rate(rate: float) -> float:
    """Return ``rate`` if it is a rate above zero."""
    if not 0 < rate < math.inf:
        raise ValueError(f"rate must be above zero, not {rate!r}")
    return rate
