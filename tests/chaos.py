"""Random faults against streams whose accounts trade all the while.

::

    python -m tests.chaos --faults 10000 --seed 1 --exchange both --processes 12

Faults of the simulator's catalogue strike, singly and overlapping, while callbacks are
at times slow or raise. After each the stream must be LIVE again and know the ledger to
the last digit, and so must whoever only listened to its callbacks. All waits are a
twentieth as long as in real life (``fast_time``); that is still mostly waiting, so
several processes share the faults. One line of figures is printed; the exit code is 1
unless nothing was wrong, lost or left behind.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from statistics import quantiles
from typing import Any

from assetstream import AssetStream, AssetUpdate, CallbackError, State, StateChange
from assetstream.simulator import FAULTS, Simulator
from assetstream.simulator.account import Account
from assetstream.states import TRANSITIONS
from tests.fast_time import fast_time
from tests.support import known, open_sockets, truth

__all__ = ["Figures", "chaos"]

#: Never LIVE again within this, seconds of fast time, is a failure.
RECOVERY_BOUND = 60.0
#: So long a currency may be in doubt before it is taken to be in dispute.
DISPUTE_PATIENCE = 8.0
BALANCES = {"BTC": "5", "ETH": "40", "USDT": "50000"}
#: What must never happen, as the line of figures names it.
BAD = (
    "wrong",
    "missed",
    "illegal",
    "never_live",
    "leaked_threads",
    "leaked_sockets",
)
#: Faults that an open connection never meets: they strike together with a cut.
ON_CONNECTING = (
    "tcp_refused",
    "handshake_",
    "upgrade_",
    "login_",
    "subscribe_",
    "first_use_silence",
)


class Figures:
    """What a run has shown."""

    def __init__(self) -> None:
        self.struck: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        #: Seconds until LIVE and right again, of the strikes that did disturb.
        self.recoveries: list[float] = []
        self.notes: list[str] = []

    def note(self, what: str, text: str) -> None:
        """Count something bad, and say what it was."""
        self.bad[what] += 1
        self.notes.append(f"{what}: {text}")

    def add(self, other: Figures) -> None:
        """Take what another process has shown."""
        self.struck += other.struck
        self.bad += other.bad
        self.recoveries += other.recoveries
        self.notes += other.notes

    def __str__(self) -> str:
        times = sorted(self.recoveries) or [0.0]
        cuts = (
            quantiles(times, n=100, method="inclusive")
            if len(times) > 1
            else times * 99
        )
        bad = " ".join(f"{what}={self.bad[what]}" for what in BAD)
        return (
            f"faults={sum(self.struck.values())} kinds={len(self.struck)} {bad} "
            f"recoveries={len(self.recoveries)} longest_recovery={times[-1]:.2f}s "
            f"p50={cuts[49]:.3f}s p99={cuts[98]:.2f}s"
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
            self._figures.note("illegal", str(change))
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
                    self._figures.note("wrong", f"{code} for {now - since:.1f} s")
                    wrong_since[code] = now

    def __enter__(self) -> Watcher:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self.join()


def chaos(
    exchange: str, faults: int, seed: int, names: list[str] | None = None
) -> Figures:
    """Let ``faults`` faults strike a stream of the named exchange, in fast time."""
    figures = Figures()
    threads, sockets = set(threading.enumerate()), open_sockets()
    rng = random.Random(f"{exchange}/{seed}")
    with fast_time(), Simulator(seed=seed, rate_limits=False) as simulator:
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
        kinds = names or catalogue(exchange)
        with stream, Watcher(stream, account, figures):
            while (
                sum(figures.struck.values()) < faults and not figures.bad["never_live"]
            ):
                strike(rng, simulator, account, kinds, figures)
                recovered(stream, account, listener, figures)
    for thread in set(threading.enumerate()) - threads:
        figures.note("leaked_threads", thread.name)
    for left in open_sockets() - sockets:
        figures.note("leaked_sockets", left)
    return figures


def strike(
    rng: random.Random,
    simulator: Simulator,
    account: Account,
    kinds: list[str],
    figures: Figures,
) -> None:
    """Switch one to three faults on for a while, during lively trade."""
    names = rng.choices(kinds, k=rng.choice([1, 1, 1, 2, 3]))
    with account.trade(rate=100, seed=rng.random()), ExitStack() as on:
        for name in names:
            on.enter_context(simulator.fault(name))
            figures.struck[name] += 1
            time.sleep(rng.random() * 0.05)
        if any(name.startswith(ON_CONNECTING) for name in names):
            with simulator.fault("close_1006"):
                pass  # what is open now is cut; what connects meets the rest
        time.sleep(rng.random() * rng.choice([0.2, 0.2, 1.0]))


def recovered(
    stream: AssetStream, account: Account, listener: Listener, figures: Figures
) -> None:
    """Wait until stream and listener know the ledger; note what went wrong."""
    began = time.monotonic()
    deadline = began + RECOVERY_BOUND
    nudge_at = began + DISPUTE_PATIENCE
    disturbed = False
    while time.monotonic() < deadline and not stream.state.final:
        right = truth(account)
        # Read in this order: LIVE must hold while the balances are looked at.
        book = known(stream)
        fresh = not any(b.stale for b in stream.balances.values())
        if stream.state is State.LIVE and fresh and book == right:
            break
        disturbed = True
        if time.monotonic() > nudge_at:
            # REST and stream disagreed again and again (A8): such a currency stays
            # marked until a push and a read agree, so let it be pushed once more.
            for code in stream.health().in_doubt:
                account.deposit(code, "0.01")
            nudge_at += DISPUTE_PATIENCE
        time.sleep(0.002)
    else:
        figures.note(
            "never_live",
            f"after {list(figures.struck.elements())[-3:]}: {stream.state} "
            f"{stream.error!r} {stream.health()} {known(stream)} {truth(account)}",
        )
        return
    if disturbed:
        figures.recoveries.append(time.monotonic() - began)
    while stream.health().pending and time.monotonic() < deadline:
        time.sleep(0.002)
    if listener.told_truth() != right:
        figures.note("missed", f"told {listener.told_truth()}, true {right}")


def catalogue(exchange: str) -> list[str]:
    """The names of all faults that can happen there and may pass."""
    possible = {n for n, entry in FAULTS.items() if entry.exchange in ("", exchange)}
    # Upbit's own word for a request that can never be right: it ends the stream.
    return sorted(possible - ({"subscribe_refused"} if exchange == "upbit" else set()))


def share(
    exchange: str, faults: int, seed: int, names: list[str] | None
) -> tuple[str, Figures]:
    """One process's part of a run."""
    # The faults provoke errors, which would be told between the lines.
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    return f"{exchange} seed={seed}", chaos(exchange, faults, seed, names)


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0, help="the first process's")
    parser.add_argument(
        "--exchange", choices=["upbit", "coinw", "both"], default="both"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", action="append", help="these faults only")
    options = parser.parse_args()
    exchanges = [options.exchange]
    if options.exchange == "both":
        exchanges = ["upbit", "coinw"]
    processes = max(options.processes, len(exchanges))
    figures = Figures()
    # Spawned, not forked: a process begins with no thread and no socket of another.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        shares = [
            pool.submit(
                share,
                exchanges[number % len(exchanges)],
                -(-options.faults // processes),
                options.seed + number,
                options.only,
            )
            for number in range(processes)
        ]
        for done in as_completed(shares):
            name, shown = done.result()
            print(f"  {name}: {shown}", file=sys.stderr, flush=True)
            for note in shown.notes:
                print(f"    {note}", file=sys.stderr, flush=True)
            figures.add(shown)
    print(f"chaos {options.exchange} seed={options.seed}: {figures}")
    return 1 if figures.bad else 0


if __name__ == "__main__":
    sys.exit(main())
