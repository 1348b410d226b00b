"""A random trader: the same seed on the same balances makes the same trades."""

from __future__ import annotations

import math
import random
import threading
import time
from decimal import Decimal
from typing import Mapping, NamedTuple

from assetstream.simulator.ledger import Ledger, Order
from assetstream.simulator.market import COINS, EXACT, Market, rounded

__all__ = ["Trader", "check_rate"]

MAX_OPEN = 8
#: An order's worth, as a share of the account's: from ... to.
LEAST, MOST = 0.0005, 0.005
#: A limit order's distance from the price, as a share of it, at most.
SPREAD = 0.002
#: The exchange's share of what is bought or sold.
FEE = 0.002
#: Each currency's share of the account is held near the one it began with, and that
#: much more, so that it trades coins that it did not hold.
MORE = 0.03
#: How often it goes the way that keeps the shares as they are.
STEADY = 0.8
#: The share of the first worth that moves in or out at once, at most: it keeps fees
#: from eating up an account that trades all day.
TRANSFER = 0.01


class LimitOrder(NamedTuple):
    """An open order; ``rate``: received for each unit paid, less the fee."""

    order: Order
    rate: float


class Trader:
    """Trades at random in a thread of its own; made by ``Account.trade``.

    It buys and sells coins near prices that walk about, for one currency; amounts have
    the decimal places that exchanges give them. However long it trades, the account
    stays near what it began with.

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
        held = self._held()
        self._market = Market(held, self._random)
        # The worth at the beginning, and what share of it each currency is to have.
        self._worth, shares = self._measure(held)
        self._shares = {
            currency: (shares.get(currency, 0.0) + MORE)
            for currency in sorted({*held, *COINS, self._market.quote})
        }
        self._open: list[LimitOrder] = []
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
        elif self._open and roll < 0.62:
            self._ledger.cancel(self._take().order)
        elif roll < 0.64:
            self._transfer()
        else:
            self._place()
        self.operations += 1

    def _place(self) -> None:
        quote = self._market.quote
        coin = self._random.choice([c for c in self._shares if c != quote])
        price = self._market.move(coin)
        price *= 1 + self._random.uniform(-SPREAD, SPREAD)
        held = self._held()
        worth, shares = self._measure(held)
        plenty = self._plenty(coin, shares) > self._plenty(quote, shares)
        sells = plenty == (self._random.random() < STEADY)
        size = worth * self._random.uniform(LEAST, MOST)
        if sells:
            pay, receive, amount, rate = coin, quote, size / price, price * (1 - FEE)
        else:
            pay, receive, amount, rate = quote, coin, size, 1 / (price * (1 + FEE))
        free, _ = held.get(pay, (Decimal(0), Decimal(0)))
        paid = rounded(min(free, Decimal(amount)), pay)
        if paid > 0:
            order = self._ledger.place_order(pay, paid, receive)
            self._open.append(LimitOrder(order, rate))
        else:
            self._transfer()

    def _fill(self, limit: LimitOrder) -> None:
        order = limit.order
        paid = order.remaining
        if self._random.random() < 0.4:
            part = Decimal(self._random.randrange(100, 900)) / 1000
            paid = rounded(EXACT.multiply(paid, part), order.pay) or paid
        received = EXACT.multiply(paid, Decimal(limit.rate))
        received = rounded(received, order.receive)
        if not received:  # too little for the smallest amount there is
            self._ledger.cancel(order)
            return
        self._ledger.fill(order, received, paid)
        if order.remaining:
            self._open.append(limit)

    def _transfer(self) -> None:
        """Bring the worth nearer to the first: money comes in, or goes out."""
        quote = self._market.quote
        held = self._held()
        worth, _ = self._measure(held)
        # An account that began with next to nothing gets something to trade with.
        first = self._worth if self._worth > 1 else 1000 * self._market.price("USDT")
        share = Decimal(first * TRANSFER * self._random.random())
        amount = max(rounded(share, quote), rounded(Decimal(1), quote))
        free, _ = held.get(quote, (Decimal(0), Decimal(0)))
        if worth <= first:
            self._ledger.deposit(quote, amount)
        elif free > 2 * amount:
            self._ledger.withdraw(quote, amount)

    def _plenty(self, currency: str, shares: Mapping[str, float]) -> float:
        """Return how much of it there is, beside how much there was; 1 is as much."""
        return shares.get(currency, 0.0) / self._shares[currency]

    def _take(self) -> LimitOrder:
        return self._open.pop(self._random.randrange(len(self._open)))

    def _held(self) -> dict[str, tuple[Decimal, Decimal]]:
        return self._ledger.balances()

    def _measure(
        self, held: dict[str, tuple[Decimal, Decimal]]
    ) -> tuple[float, dict[str, float]]:
        """Return the account's worth, and each currency's share of it."""
        worths = {
            currency: float(free + locked) * self._market.price(currency)
            for currency, (free, locked) in held.items()
        }
        worth = sum(worths.values())
        return worth, {c: part / worth for c, part in worths.items() if worth}

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
