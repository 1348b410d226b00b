"""The accounts of the simulated exchange, and the judgement of what was read."""

from __future__ import annotations

import math
import random
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Iterable

from assetstream.core.audit import PATIENCE
from assetstream.runtime.loop import clock
from assetstream.sharing.pulses import HORIZON
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account

__all__ = ["CURRENCY", "Course", "Judgement", "Reading", "Truth"]

CURRENCY = "SGD"
BEGINS = 1000
#: Seconds that the exchange needs to push a change, on a machine of its own.
PUSH = 0.1
#: Changes of each account, a second.
RATE = 4.0
#: Seconds between two looks of the thread that measures how long the machine stalls.
BEAT = 0.02
#: A reading that took longer proves nothing, seconds.
SLOW = 0.02
#: Seconds after an exchange's cut in which an owner connects, and may be patient with a
#: read that differs from a push of before: what changed meanwhile is known so late.
AFTER_CUT = 3.0 + PATIENCE


@dataclass(frozen=True)
class Reading:
    """One reading of a balance that was LIVE and not marked.

    Attributes:
        at: just before it was read; monotonic seconds, as all times here.
        took: seconds until its age was known.
        account: its label.
        value: what was read.
        age: what the balance says of itself; seconds.
    """

    at: float
    took: float
    account: str
    value: str
    age: float


@dataclass
class Judgement:
    """What became of readings.

    Attributes:
        readings: how many were judged.
        wrong: texts of those that were not true within their age.
        oldest: for how long a value was over that was read LIVE, at most; seconds.
        slow: readings that took too long to be judged.
        patient: old ones just after a cut, which its owner's rule of patience bears.
    """

    readings: int = 0
    wrong: list[str] = field(default_factory=list)
    oldest: float = 0.0
    slow: int = 0
    patient: int = 0


class Course:
    """The values of accounts, each greater by one, and when each was over.

    Args:
        accounts: their labels.
    """

    def __init__(self, accounts: Iterable[str]) -> None:
        self._values = dict.fromkeys(accounts, BEGINS)
        self._over: dict[tuple[str, str], float] = {}
        self._cuts: dict[str, float] = {}

    def value(self, account: str) -> str:
        """Return the present value."""
        return str(self._values[account])

    def change(self, account: str, now: float) -> None:
        """Note that the exchange has pushed the next value by now."""
        self._over[account, self.value(account)] = now
        self._values[account] += 1

    def cut(self, account: str, now: float) -> None:
        """Note that the exchange has cut an account's connections until now."""
        self._cuts[account] = now

    def is_good(self, account: str, value: str, since: float) -> bool:
        """Return whether a value was true at any moment since then."""
        return self._over.get((account, value), math.inf) > since

    def judge(self, readings: Iterable[Reading], slack: float) -> Judgement:
        """Compare readings with what was true when.

        Args:
            readings: to be judged.
            slack: seconds by which the exchange's push may be late.
        """
        found = Judgement()
        for reading in readings:
            # Between the reading and its age the reader may have been suspended.
            if reading.took > SLOW:
                found.slow += 1
                continue
            found.readings += 1
            over = self._over.get((reading.account, reading.value), math.inf)
            since = reading.at - over
            found.oldest = max(found.oldest, since)
            if since > min(reading.age, HORIZON) + slack:
                cut = self._cuts.get(reading.account, -math.inf)
                if over <= cut and reading.at - cut < AFTER_CUT:
                    found.patient += 1
                    continue
                found.wrong.append(
                    f"{reading.at:.2f}: {reading.account} {reading.value}, over for "
                    f"{since:.2f} s, said to be {reading.age:.2f} s old"
                )
        return found


class Truth:
    """Accounts that trade until ``rest``, inside a ``with`` block.

    Args:
        simulator: has the accounts.
        count: of accounts.
        seed: of the trade.

    Attributes:
        accounts: by label.
        stall: the longest that a thread of this process was kept from running; seconds.
        doubled: for how long an account had more than one connection; seconds.
    """

    def __init__(self, simulator: Simulator, count: int, seed: int) -> None:
        self.accounts: dict[str, Account] = {
            f"account-{number}": simulator.upbit({CURRENCY: str(BEGINS)})
            for number in range(count)
        }
        self.stall = self.doubled = 0.0
        self._course = Course(self.accounts)
        self._rng = random.Random(seed)
        self._rests = threading.Event()
        self._ended = threading.Event()
        self._trader = threading.Thread(target=self._trade, name="truth-trade")
        self._watch = threading.Thread(target=self._beat, name="truth-beat")

    def __enter__(self) -> Truth:
        self._trader.start()
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rest()
        self._ended.set()
        self._watch.join()

    def rest(self) -> None:
        """Trade no more: the present values stay."""
        self._rests.set()
        self._trader.join()

    def is_good(self, account: str, value: str, since: float) -> bool:
        """Return whether a value was true since then; at rest, whether it is."""
        if self._rests.is_set():
            return value == self._course.value(account)
        return self._course.is_good(account, value, since)

    def cut(self, account: Account | None = None) -> None:
        """Note that the exchange has cut an account's connections, or all."""
        for label, each in self.accounts.items():
            if account in (None, each):
                self._course.cut(label, clock.now())

    def judge(self, readings: Iterable[Reading]) -> Judgement:
        """Compare readings with what was true when."""
        return self._course.judge(readings, PUSH + self.stall)

    def _trade(self) -> None:
        names = list(self.accounts)
        while not self._rests.wait(self._rng.expovariate(RATE * len(names))):
            name = self._rng.choice(names)
            self.accounts[name].deposit(CURRENCY, "1")
            self._course.change(name, clock.now())

    def _beat(self) -> None:
        """Measure stalls, and for how long an account had two connections."""
        last = clock.now()
        while not self._ended.wait(BEAT):
            now = clock.now()
            self.stall = max(self.stall, now - last - BEAT)
            if any(each.subscribers > 1 for each in self.accounts.values()):
                self.doubled += now - last
            last = now
