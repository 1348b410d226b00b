"""Streams under random faults, one after the other, and the leaks of each."""

from __future__ import annotations

import logging
import random
import threading
from contextlib import contextmanager
from typing import Any, Iterator, Literal, Sequence
from unittest.mock import patch

from assetstream import AssetStream, State, StreamGroup
from assetstream.core import reconnect
from assetstream.simulator import FAULTS, Simulator
from tests.programs.chaos.figures import Figures
from tests.programs.chaos.injection import inject
from tests.programs.chaos.kinds import BALANCES, catalogue
from tests.programs.chaos.ledger_check import (
    CheckedAccount,
    Listener,
    Watcher,
    recovered,
)
from tests.support.clock import FACTOR, fast_time
from tests.support.leftovers import left_open, left_over
from tests.support.sockets import open_sockets

__all__ = ["chaos"]

#: Never LIVE again within this, seconds, is a failure; neither is a start or a stop.
RECOVERY_BOUND = 60.0 * FACTOR
#: Least and most injections for one stream: a long life is another test than a short.
FAULTS_PER_STREAM = (10, 80)
#: After so many streams that never came back a run ends.
HOPELESS = 3


def chaos(
    exchange: str,
    faults: int,
    seed: int,
    names: Sequence[str] | None = None,
    *,
    listener: type[Listener] = Listener,
    audit_interval: float | Literal["exchange"] | None = "exchange",
    bound: float = RECOVERY_BOUND,
    accounts: int = 1,
) -> Figures:
    """Inject faults until ``faults`` were met by streams of the exchange, in fast time.

    Args:
        exchange: its name.
        faults: how many are to be met.
        seed: the same seed draws the same faults; how they fall is up to the threads.
        names: these faults only.
        listener: who listens.
        audit_interval: the streams'.
        bound: seconds; not recovered within them is a failure.
        accounts: more than one are run by a ``StreamGroup``.
    """
    figures = Figures()
    rng = random.Random(f"{exchange}/{seed}")
    kinds = [kind for kind in catalogue(exchange) if kind in (names or FAULTS)]
    # Every connection that was LIVE counts as healthy, or delays would grow to what
    # bores: of a fault's lifetime most would be spent in waiting.
    healthy = patch.object(reconnect, "HEALTHY", 0.0)
    with fast_time(), healthy, note_deaths(figures):
        while kinds and wanted(figures, faults):
            threads, sockets = set(threading.enumerate()), open_sockets()
            with Simulator(seed=rng.randrange(1000)) as simulator:
                checked_accounts = [
                    open_account(
                        simulator,
                        exchange,
                        f"{exchange}-{number}",
                        listener(random.Random(rng.random()), figures),
                        audit_interval=audit_interval,
                        max_pending=rng.choice([3, 50, 10_000]),
                    )
                    for number in range(accounts)
                ]
                streams = [checked.stream for checked in checked_accounts]
                running: AssetStream | StreamGroup = streams[0]
                if accounts > 1:
                    running = StreamGroup(streams, workers=rng.choice([1, 2, 4]))
                with started(running), Watcher(checked_accounts, figures):
                    for _ in range(rng.randint(*FAULTS_PER_STREAM)):
                        injected = inject(
                            rng, simulator, checked_accounts, kinds, figures
                        )
                        if not all(
                            recovered(checked, figures, bound, injected)
                            for checked in checked_accounts
                        ):
                            break
                        if not wanted(figures, faults):
                            break
                for checked in checked_accounts:
                    if checked.listener.state is not State.STOPPED:
                        figures.note("not_stopped", str(checked))
            note_leaks(figures, threads, sockets)
    return figures


def open_account(
    simulator: Simulator, exchange: str, label: str, listener: Listener, **options: Any
) -> CheckedAccount:
    """Open an account with a stream, not started, and a listener."""
    account = simulator.open(exchange, BALANCES)
    stream = AssetStream(
        account.exchange(),
        account=label,
        on_asset=listener.on_asset,
        on_error=listener.on_error,
        on_state=listener.on_state,
        connect_timeout=20.0,
        **options,
    )
    return CheckedAccount(account, stream, listener)


@contextmanager
def started(running: AssetStream | StreamGroup) -> Iterator[None]:
    """Start it, and stop it in the end."""
    running.start(timeout=RECOVERY_BOUND)
    try:
        yield
    finally:
        running.stop(timeout=RECOVERY_BOUND)


def wanted(figures: Figures, faults: int) -> bool:
    """Return whether more faults are to be injected."""
    return (
        figures.met.total() < faults
        and figures.injected.total() < 2 * faults + 20
        and figures.bad["never_live"] < HOPELESS
    )


@contextmanager
def note_deaths(figures: Figures) -> Iterator[None]:
    """Note every thread that dies of an exception: a trader, a server, a session."""

    def note(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else "a thread"
        figures.note("died", f"{name}: {args.exc_value!r}")

    with patch.object(threading, "excepthook", note):
        yield


def note_leaks(
    figures: Figures, threads: set[threading.Thread], sockets: set[str]
) -> None:
    """Note threads and sockets that are new and do not end."""
    for thread in left_over(set(threading.enumerate()) - threads):
        figures.note("leaked_threads", thread.name)
    for left in left_open(sockets):
        figures.note("leaked_sockets", left)


def share(
    exchange: str,
    faults: int,
    seed: int,
    names: Sequence[str] | None,
    accounts: int,
) -> tuple[str, Figures]:
    """Run one process's part; return its name and figures."""
    # The faults provoke errors, whose log would come between the lines.
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    figures = chaos(exchange, faults, seed, names, accounts=accounts)
    return f"{exchange} seed={seed}", figures
