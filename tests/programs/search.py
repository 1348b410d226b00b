"""Search the promise for holes: the real machine in simulated weather.

::

    python -m tests.programs.search --account-hours 100 --seed 1 --weather rough

A life is one account for an hour (a very busy one for six minutes), then peace until
all is well, then ``stop()``. In the wild, one to four accounts share a place, each with
its own share of everything that can go wrong, and some end early or by a crash. Seed
after seed, exchange, weather and kind of account change in turn. The promise is judged
by the exchange's own ledger after each call of the machine; the kinds of findings are:

==========  ==========================================================================
overdue     a balance was wrong, LIVE and unmarked, for longer than the detection time
undone      a read made a right balance wrong, as if that were news
disordered  a push did, and left it unmarked
older       unmarked for over 5 s although the exchange had sent something newer
invented    an update to amounts that the account never had
seesaw      reads did so again and again
hasty       an audit made a right balance wrong by one read alone
repeated    a push told again what it had told before
transition  a change of State or Link that is not in their tables
effects     an effect that is out of place
raised      an exception came out of the machine
late        the deadline is later than something that is due
busy        ``due`` left something due
pace        a turn, a connect or a read that comes too early
gap         the gap of a change to LIVE does not begin with the last proof of life
unpublished readers see what was not published, or updates do not follow each other
doubt       a doubt that fifteen minutes of peace do not end
failed      the stream gave up without the refusals that would end it
stuck       not LIVE after fifteen minutes of peace, or not gone after ``stop()``
untrue      in all lives of a weather more was wrong or old than ``BOUNDS`` allow
useless     more was marked, or not LIVE
restless    there were more reads or reconnects of our own
==========  ==========================================================================

What the promise does not cover excuses a finding: see ``promise.EXCUSES``. Prints how
to replay a life in which something was found, two tables of truth and usefulness, and
one line. The exit code is 1 if anything was found.

``--without RULE`` searches the machine without that rule until it is found missing.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter, defaultdict
from itertools import product
from typing import Iterable, NamedTuple, Sequence

from tests.programs.without import RULES, without
from tests.support.world.kinds import KINDS
from tests.support.world.life import live
from tests.support.world.promise import OLD, Measures
from tests.support.world.weather import WEATHERS
from tests.support.world.wires import WIRES
from tests.support.world.world import World

__all__ = ["Cell", "Figures", "main"]

#: Lines of a trace that are shown, of each account.
LAST = 60
#: Lives with findings that are printed at length.
MOST_SHOWN = 3


class Cell(NamedTuple):
    """One kind of life.

    Attributes:
        exchange: its name.
        weather: its name.
        kind: of the account; its name.
    """

    exchange: str
    weather: str
    kind: str

    @property
    def is_bot(self) -> bool:
        """True if amounts alternate, so that a read can hardly tell old from new."""
        return KINDS[self.kind].loop


class Figures:
    """The figures of some lives of one cell.

    Attributes:
        hours: account-hours.
        sums: what was measured.
    """

    def __init__(self) -> None:
        self.hours = 0.0
        self.sums = Measures()

    # Each in the words of a table's head.

    @property
    def useful(self) -> float:
        """Per cent of time, on the average of the currencies."""
        return 100 * self.sums.useful / max(self.sums.known, 1e-9)

    @property
    def marked(self) -> float:
        """Per cent of the time in which the number is right."""
        return 100 * self.sums.marked / max(self.sums.right, 1e-9)

    @property
    def wrong(self) -> float:
        """Currency-seconds an hour."""
        return self.sums.wrong / self.hours

    @property
    def old(self) -> float:
        """Currency-seconds an hour."""
        return sum(self.sums.old) / self.hours

    @property
    def very_old(self) -> int:
        """Stretches of more than 5 s."""
        return sum(seconds > OLD for seconds in self.sums.old)

    @property
    def undone(self) -> int:
        """Right numbers that a read made wrong."""
        counts = self.sums.counts
        return sum(
            counts[f"undone by {by}{marked}"]
            for by in ("audit", "snapshot")
            for marked in ("", " (marked)")
        )

    @property
    def reads(self) -> float:
        """Reads an hour."""
        return self.sums.counts["reads"] / self.hours


class Bounds(NamedTuple):
    """What the mean of all kinds of accounts may come to in one weather.

    Attributes:
        useful: per cent, at least.
        worst: per cent, of the kind that has least.
        marked: per cent of what is right, at most.
        wrong: currency-seconds an hour.
        old: older than received; currency-seconds an hour.
        reconnects: our own, a day.
        reads: an hour.
    """

    useful: float
    worst: float
    marked: float
    wrong: float
    old: float
    reconnects: float
    reads: float


#: Wide enough for the chances of so few account-hours as are judged at all.
BOUNDS = {
    ("coinw", "calm"): Bounds(99.6, 98.9, 0.4, 40, 8, 15, 270),
    ("upbit", "calm"): Bounds(99.7, 98.9, 0.3, 40, 60, 10, 85),
    ("coinw", "rough"): Bounds(97.0, 90.0, 2.2, 120, 15, 40, 300),
    ("upbit", "rough"): Bounds(96.5, 88.0, 2.2, 280, 30, 60, 130),
    ("coinw", "storm"): Bounds(74.0, 50.0, 20.0, 480, 130, 150, 420),
    ("upbit", "storm"): Bounds(80.0, 60.0, 14.0, 900, 800, 220, 270),
    ("coinw", "stuck"): Bounds(86.0, 70.0, 14.0, 90, 50, 20, 420),
    ("upbit", "stuck"): Bounds(93.5, 85.0, 6.5, 30, 40, 15, 190),
    ("coinw", "askew"): Bounds(98.5, 94.0, 1.4, 40, 8, 20, 290),
    ("upbit", "askew"): Bounds(99.6, 98.9, 0.4, 40, 60, 10, 85),
    ("coinw", "steps"): Bounds(98.7, 93.0, 0.8, 40, 10, 25, 280),
    ("upbit", "steps"): Bounds(98.8, 97.5, 1.0, 40, 60, 15, 100),
    # Six times an hour a push says a difference alone: in doubt until REST was read,
    # or as wrong as a replica that is stuck.
    ("binance", "calm"): Bounds(99.0, 95.0, 0.7, 40, 60, 15, 270),
    ("binance", "stuck"): Bounds(86.0, 70.0, 14.0, 220, 240, 20, 420),
    ("binance", "steps"): Bounds(97.5, 91.0, 1.6, 40, 60, 25, 280),
    # By 14,000 account-hours of each, 31 to 62 of a weather at a time: of these, a very
    # busy kind has a few lives of six minutes, and one of them may be one long loss.
    ("bithumb", "steps"): Bounds(98.3, 90.0, 1.0, 40, 60, 25, 280),
    ("bybit", "calm"): Bounds(98.7, 92.0, 0.4, 40, 60, 15, 270),
    ("bybit", "askew"): Bounds(98.5, 91.0, 1.4, 60, 60, 20, 290),
    ("bybit", "steps"): Bounds(98.8, 93.0, 1.0, 40, 60, 25, 280),
    ("gate", "calm"): Bounds(99.2, 97.0, 0.4, 40, 60, 15, 270),
    ("gate", "stuck"): Bounds(86.0, 70.0, 14.0, 90, 85, 20, 420),
    ("gate", "steps"): Bounds(98.8, 93.0, 1.0, 40, 60, 25, 280),
    ("korbit", "steps"): Bounds(98.8, 93.0, 1.0, 40, 60, 25, 280),
    ("okx", "calm"): Bounds(98.4, 91.0, 0.4, 40, 60, 15, 270),
    ("okx", "askew"): Bounds(98.0, 86.0, 1.4, 100, 60, 20, 290),
    ("okx", "steps"): Bounds(98.5, 93.5, 1.0, 60, 60, 25, 280),
    ("okx", "stuck"): Bounds(86.0, 70.0, 14.0, 90, 80, 20, 420),
}
#: An exchange that has no bounds of its own has the widest of these.
MODELS = ("coinw", "upbit")


def bounds_of(exchange: str, weather: str) -> Bounds | None:
    """Return an exchange's bounds, or the widest of the models."""
    if (exchange, weather) in BOUNDS:
        return BOUNDS[exchange, weather]
    places = [(model, weather) for model in MODELS]
    known = [BOUNDS[place] for place in places if place in BOUNDS]
    columns = list(zip(*known, strict=True))
    return Bounds(*map(min, columns[:2]), *map(max, columns[2:])) if known else None


NO_BOUNDS = Bounds(0.0, 0.0, *[math.inf] * 5)
#: Fewer account-hours of a weather are not held against them, and fewer than plenty not
#: against the worst kind: one very busy life may be one long loss.
ENOUGH = 7.0
PLENTY = 30.0
#: A kind of which fewer account-hours were lived counts for less. Of a very busy one,
#: whose lives last six minutes, each may be one long loss.
ONE = 1.0


class Search:
    """Lives that were lived, and what they have shown.

    Attributes:
        cells: the figures by kind of life.
        kinds: of each finding, its kind.
        events: calls of the machine.
        longest_stale: the greatest age of a LIVE, unmarked balance; seconds.
        longest_wrong: the longest that one was wrong; seconds.
        longest_peace: the longest time of peace until all was well; seconds.
    """

    def __init__(self) -> None:
        self.cells: dict[Cell, Figures] = defaultdict(Figures)
        self.kinds: Counter[str] = Counter()
        self.events = 0
        self.longest_stale = self.longest_wrong = self.longest_peace = 0.0

    def add(self, cell: Cell, hours: float, world: World, measures: Measures) -> None:
        """Add a life."""
        figures = self.cells[cell]
        figures.hours += hours
        figures.sums.add(measures)
        self.kinds.update(finding.kind for finding in world.findings)
        self.events += world.calls
        for account in world.accounts:
            promise = account.promise
            self.longest_stale = max(self.longest_stale, promise.longest_stale)
            self.longest_wrong = max(self.longest_wrong, promise.longest_wrong)
        self.longest_peace = max(self.longest_peace, world.longest_peace)

    def line(self, seconds: float, busy: float) -> str:
        """Return the line of figures; ``busy`` is the time of one core in seconds."""
        hours = sum(figures.hours for figures in self.cells.values())
        kinds = "".join(f" {kind}={n}" for kind, n in sorted(self.kinds.items()))
        return (
            f"account_hours={hours:.1f} events={self.events} seconds={seconds:.1f} "
            f"events_per_minute={self.events / busy * 60:.0f} "
            f"findings={self.kinds.total()}{kinds} "
            f"longest_stale={self.longest_stale:.1f} "
            f"longest_wrong={self.longest_wrong:.1f} "
            f"longest_peace={self.longest_peace:.0f}"
        )

    def judge(self) -> list[str]:
        """Hold the figures against the bounds; return what is beyond."""
        found = []
        for place in sorted({cell[:2] for cell in self.cells}):
            bounds = bounds_of(*place)
            if bounds is None:
                continue
            figures = [f for cell, f in self.cells.items() if cell[:2] == place]
            hours = sum(each.hours for each in figures)
            alone = len({cell.kind for cell in self.cells}) == 1
            kinds, least = (1, 1.0) if alone else (len(KINDS), ENOUGH)
            if len(figures) < kinds or hours < least - 1e-6:
                continue
            if alone:  # The bounds are of the mean of all kinds, but for one.
                wrong = 3 * bounds.wrong if hours >= ENOUGH - 1e-6 else math.inf
                bounds = NO_BOUNDS._replace(worst=bounds.worst, wrong=wrong)
            elif hours < PLENTY:
                bounds = bounds._replace(worst=0.0)
            lived = [each for each in figures if alone or each.hours > ONE - 1e-6]
            worst = min((each.useful for each in lived), default=100.0)
            useful, marked, wrong, old, reads = (
                _judged(figures, name)
                for name in ("useful", "marked", "wrong", "old", "reads")
            )
            own = sum(each.sums.counts["reconnects"] for each in figures)
            for kind, bad, text in (
                ("useless", useful < bounds.useful, f"{useful:.2f} %"),
                ("useless", worst < bounds.worst, f"worst {worst:.1f} %"),
                ("useless", marked > bounds.marked, f"marked {marked:.1f}"),
                ("untrue", wrong > bounds.wrong, f"wrong {wrong:.1f}"),
                ("untrue", old > bounds.old, f"old {old:.1f}"),
                (
                    "restless",
                    24 * own / hours > bounds.reconnects,
                    f"reconnects {24 * own / hours:.1f}",
                ),
                ("restless", reads > bounds.reads, f"reads {reads:.1f}"),
            ):
                if bad:
                    self.kinds[kind] += 1
                    found.append(f"{kind}: {' '.join(place)}: {text}")
        return found

    def weathers(self) -> Iterable[str]:
        """Return the lines of the table by exchange and weather."""
        yield (
            "| exchange, weather | useful %: mean (worst kind) | right but marked %: "
            "mean (worst kind) | wrong unmarked s/h | longer than detection time | "
            "older than received s/h (> 5 s: n) | right→wrong told by a read: bots / "
            "others | never-held values | own reconnects a day | reads/h mean / max | "
            "doubt after all is well: p99 / longest s |"
        )
        yield "|---" * 11 + "|"
        places = sorted({cell[:2] for cell in self.cells}, key=_order)
        for exchange, weather in places:
            cells = [c for c in self.cells if c[:2] == (exchange, weather)]
            yield f"| {exchange} {weather} | " + self._row(cells) + " |"

    def _row(self, cells: Sequence[Cell]) -> str:
        """Return the cells of one line: means over the kinds, not over the hours."""
        figures = [self.cells[cell] for cell in cells]
        useful = [each.useful for each in figures]
        marked = [each.marked for each in figures]
        reads = [each.reads for each in figures]
        counts: Counter[str] = Counter()
        doubts: list[float] = []
        for each in figures:
            counts.update(each.sums.counts)
            doubts += each.sums.doubts
        bots = sum(self.cells[cell].undone for cell in cells if cell.is_bot)
        others = sum(self.cells[cell].undone for cell in cells if not cell.is_bot)
        hours = sum(each.hours for each in figures)
        doubts.sort()
        p99 = doubts[int(len(doubts) * 0.99)] if doubts else 0.0
        longest = doubts[-1] if doubts else 0.0
        return " | ".join(
            (
                f"{_mean(useful):.2f} ({min(useful):.1f})",
                f"{_mean(marked):.2f} ({max(marked):.1f})",
                f"{_mean([each.wrong for each in figures]):.1f}",
                f"{counts['overdue']}",
                f"{_mean([each.old for each in figures]):.1f} "
                f"({sum(each.very_old for each in figures)})",
                f"{bots} / {others}",
                f"{counts['never held']}",
                f"{24 * counts['reconnects'] / hours:.0f}",
                f"{_mean(reads):.0f} / {max(reads):.0f}",
                f"{p99:.0f} / {longest:.0f}",
            )
        )

    def accounts(self) -> Iterable[str]:
        """Return the lines of the table by kind of account."""
        yield (
            "| kind | useful % · wrong s/h · older than received s/h (> 5 s: n) · "
            "reads/h |"
        )
        yield "|---|---|"
        for cell in sorted(self.cells, key=_order):
            figures = self.cells[cell]
            yield (
                f"| {' '.join(cell)} | {figures.useful:.2f} · {figures.wrong:.1f} · "
                f"{figures.old:.1f} ({figures.very_old}) · {figures.reads:.0f} |"
            )


def _judged(figures: Sequence[Figures], name: str) -> float:
    """Return the mean of the kinds, each of the weight of its hours, but of one."""
    shares = [min(each.hours, ONE) for each in figures]
    weighed = (getattr(each, name) * n for each, n in zip(figures, shares, strict=True))
    return sum(weighed) / sum(shares)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def _order(cell: Sequence[str]) -> tuple[object, ...]:
    """Sort by exchange, then weathers and kinds as they are listed."""
    exchange, weather, *kind = cell
    return (exchange, list(WEATHERS).index(weather), *map([*KINDS].index, kind))


def main(arguments: list[str] | None = None) -> int:
    """Search as the command line asks."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.search",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--account-hours", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first life")
    parser.add_argument("--exchange", choices=sorted(WIRES))
    parser.add_argument("--weather", choices=list(WEATHERS))
    parser.add_argument("--kind", choices=list(KINDS), help="of account")
    parser.add_argument("--trace", action="store_true", help="print all that happens")
    parser.add_argument("--without", choices=list(RULES), metavar="RULE")
    options = parser.parse_args(arguments)
    with without(options.without):
        return search_as(options)


def search_as(options: argparse.Namespace) -> int:
    """Search with these options; return the exit code."""
    cells = [
        Cell(exchange, weather, kind)
        for kind, weather, exchange in product(
            [options.kind] if options.kind else KINDS,
            [options.weather] if options.weather else WEATHERS,
            [options.exchange] if options.exchange else sorted(WIRES),
        )
    ]
    search, shown, left = Search(), 0, options.account_hours
    longest = max(left / len(cells), 0.1)
    seed, began, worked = options.seed, time.perf_counter(), time.process_time()
    while left > 1e-6 and not (options.without and search.kinds):
        cell = cells[seed % len(cells)]
        hours = min(KINDS[cell.kind].hours, longest, left)
        world, measures = _live(seed, cell, hours, traced=options.trace)
        if world.findings and shown < MOST_SHOWN:
            shown += 1
            again = world
            if not options.trace:
                again, _ = _live(seed, cell, hours, traced=True)
            show(again, seed, cell, hours, whole=options.trace)
        elif options.trace:
            print("\n".join(world.trace()))
        search.add(cell, hours, world, measures)
        seed, left = seed + 1, left - hours
        if options.without and (seed - options.seed) % len(cells) == 0:
            search.judge()
    for text in search.judge():
        print(f"# {text}")
    seconds, busy = time.perf_counter() - began, time.process_time() - worked
    for line in (*search.weathers(), "", *search.accounts(), ""):
        print(line)
    print(search.line(seconds, busy))
    return 1 if search.kinds else 0


def _live(
    seed: int, cell: Cell, hours: float, *, traced: bool
) -> tuple[World, Measures]:
    exchange, weather, kind = cell
    return live(seed, WEATHERS[weather], exchange, KINDS[kind], hours, traced=traced)


def show(world: World, seed: int, cell: Cell, hours: float, *, whole: bool) -> None:
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
        f"python -m tests.programs.search --exchange {cell.exchange} --weather "
        f"{cell.weather} --kind '{cell.kind}' --seed {seed} --account-hours {hours:g} "
        "--trace"
    )


if __name__ == "__main__":
    sys.exit(main())
