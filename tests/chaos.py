"""Random faults against streams whose accounts trade all the while.

::

    python -m tests.chaos --faults 1000 --seed 1 --exchange both

Faults of the simulator's catalogue strike, singly and overlapping, while callbacks are
at times slow or raise. After each the stream must be LIVE again and know the ledger to
the last digit, and so must whoever only listened to its callbacks. All waits are a
twentieth as long as in real life (``fast_time``). One line of figures is printed; the
exit code is 1 unless nothing was wrong, lost or left behind.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from statistics import quantiles
from typing import Any, Callable

from assetstream import AssetStream, AssetUpdate, CallbackError, State, StateChange
from assetstream.simulator import FAULTS, Simulator
from assetstream.simulator.account import Account
from assetstream.states import TRANSITIONS
from tests.fast_time import fast_time
from tests.support import known, truth

__all__ = ["Figures", "chaos"]

#: Never LIVE again within this, seconds of fast time, is a failure.
RECOVERY_BOUND = 60.0
#: So long a currency may be in doubt before it is taken to be in dispute.
DISPUTE_PATIENCE = 8.0
BALANCES = {"BTC": "5", "ETH": "40", "USDT": "50000"}


class Figures:
    """What a run has shown."""

    def __init__(self) -> None:
        self.struck: Counter[str] = Counter()
        self.wrong = 0
        self.missed = 0
        self.illegal = 0
        self.never_live = 0
        self.threads = 0
        self.recoveries: list[float] = []
        self.notes: list[str] = []

    @property
    def clean(self) -> bool:
        """True if nothing was wrong, lost or left behind."""
        bad = self.wrong + self.missed + self.illegal + self.never_live + self.threads
        return bad == 0

    def __str__(self) -> str:
        times = sorted(self.recoveries) or [0.0]
        cuts = (
            quantiles(times, n=100, method="inclusive")
            if len(times) > 1
            else times * 99
        )
        return (
            f"faults={sum(self.struck.values())} kinds={len(self.struck)} "
            f"wrong={self.wrong} missed={self.missed} illegal={self.illegal} "
            f"never_live={self.never_live} leaked_threads={self.threads} "
            f"longest_recovery={times[-1]:.2f}s p50={cuts[49]:.3f}s p99={cuts[98]:.2f}s"
        )


class Listener:
    """A user: slow at times, raising at times, remembering what it was told."""

    def __init__(self, rng: random.Random, figures: Figures) -> None:
        self._rng = rng
        self._figures = figures
        self.told: dict[str, tuple[Any, Any]] = {}
        self._state = State.NEW

    def on_asset(self, update: AssetUpdate) -> None:
        self.told[update.currency] = (update.available, update.locked)
        chance = self._rng.random()
        if chance < 0.01:
            time.sleep(0.02)
        elif chance < 0.03:
            raise RuntimeError("a user's mistake")

    def on_state(self, change: StateChange) -> None:
        legal = change.current in TRANSITIONS[change.previous]
        if change.previous is not self._state or not legal:
            self._figures.illegal += 1
            self._figures.notes.append(f"illegal: {change}")
        self._state = change.current

    def on_error(self, error: Exception) -> None:
        if self._rng.random() < 0.01 and not isinstance(error, CallbackError):
            raise RuntimeError("a user's mistake")

    def told_truth(self) -> dict[str, tuple[Any, Any]]:
        """The non-zero balances, as told."""
        return {code: both for code, both in dict(self.told).items() if any(both)}


class Watcher(threading.Thread):
    """Looks at a stream all the while: nothing unmarked stays wrong for too long."""

    def __init__(self, stream: AssetStream, account: Account, figures: Figures) -> None:
        super().__init__(name="chaos-watcher")
        self._stream = stream
        self._account = account
        self._figures = figures
        self._over = threading.Event()

    def run(self) -> None:
        wrong_since: dict[str, float] = {}
        while not self._over.wait(0.02):
            now = time.monotonic()
            right = self._account.balances
            for code, balance in self._stream.balances.items():
                given = (balance.available, balance.locked)
                if given == right.get(code) or balance.stale:
                    wrong_since.pop(code, None)
                    continue
                since = wrong_since.setdefault(code, now)
                limit = self._stream.health().detection_time or 0.0
                if now - since > limit:
                    self._figures.wrong += 1
                    self._figures.notes.append(f"{code} wrong for {now - since:.1f} s")
                    wrong_since[code] = now

    def stop(self) -> None:
        self._over.set()
        self.join()


def chaos(
    exchange: str,
    faults: int,
    seed: int,
    figures: Figures,
    names: list[str] | None = None,
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Let ``faults`` faults strike a stream of the named exchange."""
    rng = random.Random(f"{exchange}/{seed}")
    with Simulator(seed=seed, rate_limits=False) as simulator:
        account = getattr(simulator, exchange)(BALANCES)
        listener = Listener(rng, figures)
        stream = AssetStream(
            account.exchange(),
            on_asset=listener.on_asset,
            on_error=listener.on_error,
            on_state=listener.on_state,
            connect_timeout=1.0,
            max_pending=rng.choice([3, 50, 10_000]),
        )
        stream.start()
        watcher = Watcher(stream, account, figures)
        watcher.start()
        kinds = names or catalogue(exchange)
        while sum(figures.struck.values()) < faults and figures.never_live == 0:
            with account.trade(rate=100, seed=rng.random()), ExitStack() as on:
                for name in rng.choices(kinds, k=rng.choice([1, 1, 1, 2, 3])):
                    on.enter_context(simulator.fault(name))
                    figures.struck[name] += 1
                    time.sleep(rng.random() * 0.05)
                time.sleep(rng.random() * 0.2)
            recovered(stream, account, listener, figures)
            progress()
        watcher.stop()
        stream.stop()


def recovered(
    stream: AssetStream, account: Account, listener: Listener, figures: Figures
) -> None:
    """Wait until stream and listener know the ledger; note what went wrong."""
    began = time.monotonic()
    deadline = began + RECOVERY_BOUND
    nudge_at = began + DISPUTE_PATIENCE
    while time.monotonic() < deadline and not stream.state.final:
        right = truth(account)
        # Read in this order: LIVE must hold while the balances are looked at.
        book = known(stream)
        fresh = not any(b.stale for b in stream.balances.values())
        if stream.state is State.LIVE and fresh and book == right:
            break
        if time.monotonic() > nudge_at:
            # REST and stream disagreed again and again (A8): such a currency stays
            # marked until a push and a read agree, so let it be pushed once more.
            for code in stream.health().in_doubt:
                account.deposit(code, "0.01")
            nudge_at += DISPUTE_PATIENCE
        time.sleep(0.002)
    else:
        figures.never_live += 1
        figures.notes.append(
            f"after {list(figures.struck.elements())[-3:]}: {stream.state} "
            f"{stream.error!r} {stream.health()} {known(stream)} {truth(account)}"
        )
        return
    figures.recoveries.append(time.monotonic() - began)
    while stream.health().pending and time.monotonic() < deadline:
        time.sleep(0.002)
    if listener.told_truth() != right:
        figures.missed += 1
        figures.notes.append(f"told {listener.told_truth()}, true {right}")


def catalogue(exchange: str) -> list[str]:
    """The names of all faults that can happen there and may pass."""
    possible = {n for n, entry in FAULTS.items() if entry.exchange in ("", exchange)}
    # Upbit's own word for a request that can never be right: it ends the stream.
    return sorted(possible - ({"subscribe_refused"} if exchange == "upbit" else set()))


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--exchange", choices=["upbit", "coinw", "both"], default="both"
    )
    parser.add_argument("--progress", action="store_true", help="a line per strike")
    parser.add_argument("--only", action="append", help="these faults only")
    options = parser.parse_args()
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    both = ["upbit", "coinw"] if options.exchange == "both" else [options.exchange]
    figures = Figures()
    before = set(threading.enumerate())
    with fast_time():
        share = options.faults // len(both)
        for number, exchange in enumerate(both, 1):
            chaos(
                exchange,
                share * number,
                options.seed,
                figures,
                options.only,
                lambda: options.progress and print(figures, file=sys.stderr),
            )
    figures.threads = len(
        [t for t in threading.enumerate() if t not in before and t.is_alive()]
    )
    for note in figures.notes:
        print(note, file=sys.stderr)
    print(f"chaos {options.exchange} seed={options.seed}: {figures}")
    return 0 if figures.clean else 1


if __name__ == "__main__":
    sys.exit(main())
