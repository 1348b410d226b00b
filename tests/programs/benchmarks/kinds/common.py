"""The parts that the kinds of measurements share."""

from __future__ import annotations

import threading
import time
from typing import Any, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender, OnAsset
from tests.programs.benchmarks.control import Control, Lost
from tests.programs.benchmarks.frames import END
from tests.programs.benchmarks.weight import Weight

__all__ = [
    "PATIENCE",
    "SETTLES",
    "Figures",
    "Tally",
    "Timeline",
    "begin",
    "begin_more",
    "begin_weighed",
    "quantile",
    "settle",
    "wait_for",
]

#: The longest that anything may take, seconds.
PATIENCE = 120.0
#: Thousands of accounts, and some reserve for a machine that does other things.
START_PATIENCE = 600.0

#: Seconds from the start of a single account to its load: what the exchange pushes in
#: the first one or two may be older than the snapshot, and is doubted until an audit.
SETTLES = 3.0

Figures = dict[str, Any]


class Tally:
    """Counts callbacks until the last frame's.

    Args:
        accounts: each has a last frame.

    Attributes:
        count: callbacks so far.
        last: currency -> the available balance of its latest callback.
        ended: set by the last frame.
    """

    def __init__(self, accounts: int = 1) -> None:
        self._accounts = self._open = accounts
        self.count = 0
        self.last: dict[str, Any] = {}
        self.ended = threading.Event()

    def handler(self) -> OnAsset:
        """Return the callback."""
        last, ended = self.last, self.ended

        def on_asset(currency: str, available: Any, locked: Any) -> None:
            self.count += 1
            last[currency] = available
            if currency == END:
                self._open -= 1
                if not self._open:
                    ended.set()

        return on_asset

    def restart(self) -> None:
        """Count from nothing."""
        self._open = self._accounts
        self.count = 0
        self.last.clear()
        self.ended.clear()


class Timeline:
    """Notes when each frame of a load came to its callback.

    Attributes:
        ended: set by the last frame; others of other accounts may come after it.
        arrived: set when as many have come as were expected.
    """

    def __init__(self) -> None:
        self.ended, self.arrived = threading.Event(), threading.Event()
        self._seen: list[tuple[float, Any]] = []
        self._wanted = 0

    def handler(self) -> OnAsset:
        """Return the callback."""

        def on_asset(currency: str, available: Any, locked: Any) -> None:
            self._seen.append((time.monotonic(), locked))
            if currency == END:
                self.ended.set()
            if len(self._seen) == self._wanted:
                self.arrived.set()

        return on_asset

    def expect(self, frames: int) -> None:
        """Forget all; expect so many frames from now on."""
        self.ended.clear()
        self.arrived.clear()
        self._wanted = frames
        self._seen.clear()

    @property
    def count(self) -> int:
        """The frames that have come."""
        return len(self._seen)

    def delays(self) -> list[float]:
        """Return microseconds from the server's stamp to the callback, sorted.

        The first tenth warms caches up, and is left out.
        """
        seen = self._seen[len(self._seen) // 10 :]
        return sorted((at - float(locked)) * 1e6 for at, locked in seen if locked)


def begin(
    client: Contender, control: Control, accounts: Sequence[Account], on_asset: OnAsset
) -> None:
    """Start the contender, and wait until the server sees its subscriptions."""
    begin_more(client, control, accounts, 0, on_asset)


def begin_more(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    begun: int,
    on_asset: OnAsset,
) -> None:
    """Start all but the accounts that are begun, and wait for these."""
    control.clock(client.wall(), client.speed)
    client.start(accounts[begun:], on_asset)
    control.wait(len(accounts), START_PATIENCE)
    client.wait_ready(START_PATIENCE)


def begin_weighed(
    client: Contender, control: Control, accounts: Sequence[Account], on_asset: OnAsset
) -> Weight:
    """Start the first account, and return the weight of the process before the others.

    What a process has but once, libraries that are imported late and trusted
    authorities among it, is not the others' weight.
    """
    begin(client, control, accounts[:1], on_asset)
    weight = Weight.now()
    begin_more(client, control, accounts, 1, on_asset)
    return weight


def settle(client: Contender, control: Control, seconds: float) -> None:
    """Let so many seconds pass for what a start leaves to do, by the client's clock."""
    client.settle(seconds)
    control.clock(client.wall(), client.speed)


def wait_for(ended: threading.Event) -> None:
    """Wait for the last frame; give the measurement up if none comes."""
    if not ended.wait(PATIENCE):
        raise Lost(f"the last frame did not arrive within {PATIENCE:g} s")


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which that part of sorted ones lies."""
    return values[min(int(len(values) * part), len(values) - 1)]
