"""Search the promise for holes: the real machine in simulated weather.

::

    python -m tests.programs.search --account-hours 100 --seed 1 --weather rough

A life is one account-hour: one to four accounts that share a place, the last five
minutes of them calm, then ``stop()``; some end earlier, or by a crash of the runtime.
Life after life has the next seed. The promise is checked after each call of the
machine; the kinds of findings are:

==========  ==========================================================================
older       a LIVE, unmarked balance that is not the newest that was sent
unread      a LIVE, unmarked balance that a push we could not read made out of date
overdue     a balance was wrong, LIVE and unmarked, for longer than the detection time
destroyed   an audit made a right balance wrong, and left it unmarked
undone      the snapshot after an audit's reconnect did
transition  a change of State or Link that is not in their tables
effects     an effect that is out of place
raised      an exception came out of the machine
late        the deadline is later than something that is due
busy        ``due`` left something due
pace        a turn, a connect or a read that comes too early
gap         the gap of a change to LIVE does not begin with the last proof of life
unpublished readers see what was not published, or updates do not follow each other
doubt       a doubt that five calm minutes do not end
failed      the stream gave up without the refusals that would end it
stuck       not LIVE after five calm minutes, or not gone after ``stop()``
==========  ==========================================================================

Prints one line, and before it how to replay a life in which something was found. The
exit code is 1 if anything was.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import NamedTuple

from tests.support.world.life import live
from tests.support.world.weather import WEATHERS
from tests.support.world.wire import WIRES
from tests.support.world.world import World

__all__ = ["Figures", "main"]

#: Lines of a trace that are shown, of each account.
LAST = 60
#: Lives with findings that are printed at length.
MOST_SHOWN = 3


class Figures(NamedTuple):
    """The figures of some lives.

    Attributes:
        hours: account-hours.
        events: calls of the machine.
        kinds: of each finding, its kind.
        longest_stale: the greatest age of a LIVE, unmarked balance; seconds.
        longest_wrong: the longest that one was wrong; seconds.
        live: seconds LIVE.
        marked: seconds in which balances were marked stale, on the average.
    """

    hours: float = 0.0
    events: int = 0
    kinds: tuple[str, ...] = ()
    longest_stale: float = 0.0
    longest_wrong: float = 0.0
    live: float = 0.0
    marked: float = 0.0

    def plus(self, world: World) -> Figures:
        """Add a life."""
        lives = [account.promise for account in world.accounts]
        return Figures(
            self.hours + sum(p.seconds for p in lives) / 3600,
            self.events + world.calls,
            self.kinds + tuple(finding.kind for finding in world.findings),
            max([self.longest_stale, *(p.longest_stale for p in lives)]),
            max([self.longest_wrong, *(p.longest_wrong for p in lives)]),
            self.live + sum(p.live for p in lives),
            self.marked + sum(p.seconds - p.live + p.doubted for p in lives),
        )

    def line(self, seconds: float, busy: float) -> str:
        """Return the line of figures; ``busy`` is the time of one core in seconds."""
        total = max(self.hours * 3600, 1e-9)
        counts = sorted(Counter(self.kinds).items())
        kinds = "".join(f" {kind}={count}" for kind, count in counts)
        return (
            f"account_hours={self.hours:.1f} events={self.events} "
            f"seconds={seconds:.1f} events_per_minute={self.events / busy * 60:.0f} "
            f"findings={len(self.kinds)}{kinds} "
            f"longest_stale={self.longest_stale:.1f} "
            f"longest_wrong={self.longest_wrong:.1f} "
            f"live={self.live / total:.4f} marked={self.marked / total:.4f}"
        )


def main(arguments: list[str] | None = None) -> int:
    """Search as the command line asks."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.search",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--account-hours", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first life")
    parser.add_argument(
        "--exchange", choices=sorted(WIRES), help="left out: life by life in turn"
    )
    parser.add_argument("--weather", choices=sorted(WEATHERS), default="calm")
    parser.add_argument("--trace", action="store_true", help="print all that happens")
    options = parser.parse_args(arguments)
    names = [options.exchange] if options.exchange else sorted(WIRES)
    figures, shown, left = Figures(), 0, options.account_hours
    seed, began, worked = options.seed, time.perf_counter(), time.process_time()
    while left > 1e-6:
        name, hours = names[seed % len(names)], min(1.0, left)
        life = seed, WEATHERS[options.weather], name, hours
        world = live(*life, traced=options.trace)
        if world.findings and shown < MOST_SHOWN:
            shown += 1
            again = world if options.trace else live(*life, traced=True)
            show(again, seed, options.weather, name, hours, whole=options.trace)
        elif options.trace:
            print("\n".join(world.trace()))
        figures = figures.plus(world)
        seed, left = seed + 1, left - hours
    seconds, busy = time.perf_counter() - began, time.process_time() - worked
    print(figures.line(seconds, busy))
    return 1 if figures.kinds else 0


def show(
    world: World, seed: int, weather: str, name: str, hours: float, *, whole: bool
) -> None:
    """Print a life with a finding: the command that replays it, and its trace."""
    for account in world.accounts:
        if account.findings:
            lines = account.findings.trace()
            print(
                "\n".join(
                    lines if whole else lines[: account.findings.first + 3][-LAST:]
                )
            )
    for finding in world.findings:
        print(f"# {finding}")
    print(
        f"python -m tests.programs.search --exchange {name} --weather {weather} "
        f"--seed {seed} --account-hours {hours:g} --trace"
    )


if __name__ == "__main__":
    sys.exit(main())
