"""The audit's effect on accounts of every kind, in simulated time.

::

    python -m tests.programs.audit_table --seeds 300

Each line is so many lives of ten minutes in the simulated world, at the two exchanges
in turn, with one kind of account and one lag of REST: half of them with every read as
far behind as that, half with replicas that are less so. Nothing may be found, or the
exit code is 1: no right balance that an audit makes wrong (``destroyed``), no wrong
one, LIVE and not marked stale, for longer than the detection time that ``health()``
shows (``overdue``), and nothing else that ``tests.programs.search`` looks for
(``found``).

With REST more than 10 s behind nothing is promised: such lines are shown, not judged.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

from tests.support.world.findings import Finding
from tests.support.world.ledger import CURRENCIES, MAX_LAG
from tests.support.world.life import simulate
from tests.support.world.weather import Weather
from tests.support.world.world import Account, World

__all__ = [
    *("ACCOUNTS", "FAULTS", "LAGS", "Figures"),
    *("audited", "figures", "lived", "promised"),
]

LAGS = (0.0, 3.0, MAX_LAG, 30.0)

#: Everything goes wrong that the promise covers.
FAULTS = Weather(
    lost=0.1,
    late=0.1,
    doubled=0.1,
    unreadable=0.03,
    garbled=0.05,
    disconnects=0.02,
    mute=0.01,
    clock_steps=0.02,
    paces=(0.5, 5.0, 30.0),
)

#: Weather with disconnects at times, besides the faults of the kind of account.
PLAIN = Weather(disconnects=0.02, paces=FAULTS.paces)

ACCOUNTS = {
    "slow": PLAIN._replace(paces=(30.0, 120.0)),
    "busy": PLAIN._replace(paces=(0.2, 1.0)),
    "unpushed, slow": PLAIN._replace(lost=0.5, paces=(30.0, 120.0)),
    "unpushed, busy": PLAIN._replace(lost=0.2, paces=(0.5, 5.0)),
    "mute": PLAIN._replace(lost=1.0),
    "goes mute": PLAIN._replace(mute=0.2),
    "faults": FAULTS,
    "more faults": FAULTS._replace(lost=0.2, mute=0.05, failing=0.1),
    # No push is reordered or in doubt for long, so nothing but the audit is at work.
    "orderly": FAULTS._replace(late=0.0, doubled=0.0, unreadable=0.0, clock_steps=0.0),
    "lossy": FAULTS._replace(lost=0.5),
    "very late": FAULTS._replace(max_delay=90.0),
    "often mute": FAULTS._replace(mute=0.2),
}


class Figures(NamedTuple):
    """The figures of some lives of one kind.

    Attributes:
        lives: how many they were.
        destroyed: right balances that an audit made wrong, and left unmarked.
        undone: the same by the snapshot after a reconnect (RECOVERED) that an audit had
            asked for.
        marked: those that either made wrong, but marked stale.
        longest_wrong: the longest that a balance was wrong, LIVE and unmarked; seconds.
        least_slack: by how much that stayed below the detection time, at the worst.
        overdue: lives in which it did not.
        audits: completed.
        reconnects: made because of an audit.
        found: lives in which anything was found, these three included.
    """

    lives: int = 0
    destroyed: int = 0
    marked: int = 0
    undone: int = 0
    longest_wrong: float = 0.0
    least_slack: float = math.inf
    overdue: int = 0
    audits: int = 0
    reconnects: int = 0
    found: int = 0

    def __add__(self, other: Figures) -> Figures:  # type: ignore[override]
        return Figures(
            self.lives + other.lives,
            self.destroyed + other.destroyed,
            self.marked + other.marked,
            self.undone + other.undone,
            max(self.longest_wrong, other.longest_wrong),
            min(self.least_slack, other.least_slack),
            self.overdue + other.overdue,
            self.audits + other.audits,
            self.reconnects + other.reconnects,
            self.found + other.found,
        )

    @property
    def good(self) -> bool:
        """True if no audit destroyed a balance, and none was wrong for too long."""
        return not (self.destroyed or self.undone or self.overdue or self.found)


def lived(account: str, lag: float, seed: int, *, traced: bool = False) -> World:
    """Simulate one life of an account."""
    faults = ACCOUNTS[account]._replace(max_lag=lag)
    if seed % 2 == 0:
        faults = faults._replace(least_lag=lag)
    return simulate(seed, faults, ("upbit", "coinw")[seed // 2 % 2], traced=traced)


def audited(account: str, lag: float, seed: int) -> Figures:
    """Return what one life has shown."""
    return figures(lived(account, lag, seed))


def promised(account: Account) -> list[Finding]:
    """Return the findings against the promise.

    The promise does not cover a lagging read that is taken for an unreadable push.
    """
    return [finding for finding in account.findings if finding.kind != "unread"]


def figures(world: World) -> Figures:
    """Return what one life has shown."""
    (account,) = world.accounts
    promise = account.promise
    counts = promise.counts
    return Figures(
        lives=1,
        destroyed=counts["destroyed by AUDIT"],
        marked=counts["destroyed by AUDIT (marked)"]
        + counts["undone after an audit's reconnect (marked)"],
        undone=counts["undone after an audit's reconnect"],
        longest_wrong=promise.longest_wrong,
        least_slack=promise.least_slack,
        overdue=int(promise.least_slack < 0),
        audits=account.present.audits,
        reconnects=counts["reconnects"],
        found=int(bool(promised(account))),
    )


HEAD = (
    f"destroyed, marked stale, undone, reconnects: by audits, of {len(CURRENCIES)} "
    "balances in each life.\n"
    "longest wrong: LIVE and not marked stale; counted from the last of these: the "
    "truth\nleft the value that is shown, a push of that currency came, LIVE began.\n"
    "least slack: by how much that stayed below the detection time shown meanwhile.\n"
)
COLUMNS = (
    f"{'REST lag':>8}  {'account':16}{'lives':>6}{'destroyed':>11}"
    f"{'marked stale':>14}{'undone':>8}{'longest wrong':>15}{'least slack':>13}"
    f"{'overdue':>9}{'audits':>9}{'reconnects':>12}{'found':>7}"
)


def line(lag: float, account: str, shown: Figures) -> str:
    """Return one line of the table."""
    return (
        f"{lag:6.0f} s  {account:16}{shown.lives:6}{shown.destroyed:11}"
        f"{shown.marked:14}{shown.undone:8}{shown.longest_wrong:13.1f} s"
        f"{shown.least_slack:11.1f} s{shown.overdue:9}{shown.audits:9}"
        f"{shown.reconnects:12}{shown.found:7}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Simulate the lives that the command line asks for, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.audit_table",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=300, help="lives of each line")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    print(f"{HEAD}\n{COLUMNS}", flush=True)
    total = Figures()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        for lag in LAGS:
            if lag > MAX_LAG:
                print(
                    f"REST more than {MAX_LAG:.0f} s behind is beyond the promise: "
                    "shown, not judged."
                )
            for account in ACCOUNTS:
                live = partial(audited, account, lag)
                shown = Figures()
                for one in pool.map(live, range(options.seeds), chunksize=10):
                    shown = shown + one
                print(line(lag, account, shown), flush=True)
                total = total + shown if lag <= MAX_LAG else total
    print(line(MAX_LAG, "all, promised", total))
    return 0 if total.good else 1


if __name__ == "__main__":
    sys.exit(main())
