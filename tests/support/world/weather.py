"""Weathers: how much goes wrong, as data."""

from __future__ import annotations

import random
from typing import NamedTuple

from tests.support.world.ledger import MAX_LAG

__all__ = ["CALM", "ROUGH", "STORM", "WEATHERS", "WILD", "Weather", "drawn"]

#: What a REST reply may be in a fault: none of them is an account without balances.
FAULTS = ("null", "empty", "type", "page", "timeout")


class Weather(NamedTuple):
    """The misbehaviour of exchange, network and clocks; probabilities, unless noted.

    Attributes:
        lost: of each push: it is never sent.
        jitter: it is sent so much later on the average; seconds.
        late: it is sent up to ``max_delay`` late.
        doubled: it is sent again, up to ``max_again`` later.
        unreadable: it, or its whole frame, cannot be read.
        garbles: what of it cannot be; see ``Push.garbled``.
        ahead: it is dated ahead of the exchange's clock, by at most ``max_ahead``.
        max_delay: seconds.
        max_again: seconds.
        min_ahead: seconds.
        max_ahead: seconds.
        lags: how far REST is behind: "little" mostly, and up to ``max_lag``; "even"
            between ``least_lag`` and ``max_lag``; "two" replicas, as far behind as
            these; "ends": one of these, or between; "stuck": of two replicas one
            learns what is new each ten minutes.
        least_lag: seconds.
        max_lag: seconds.
        slow: of each read: it takes up to ten seconds.
        stuck: it comes from a replica up to two minutes behind.
        garbled: an entry of it cannot be read.
        twice: one of its currencies stands twice in it.
        biased: the first currency is always one more there than in truth.
        omitted: a currency is left out though it is held.
        empty: it names nothing.
        failing: it fails, in one of ``failures``.
        failures: kinds of failures; see ``Reply.failure``.
        faults: so often an hour all reads fail for a while, in one of ``FAULTS``.
        max_fault: the longest of these, seconds.
        retry_after: the longest that a refusal asks to wait; seconds.
        refused: of each attempt to connect: the upgrade is refused.
        unreachable: it fails before that, or is not answered.
        slow_dial: it takes up to twenty seconds more.
        latency: the least and the most that bytes take, one way; seconds.
        muted: of each connection: nothing is pushed on it.
        drops: so often an hour the connection is lost; a third are noticed late.
        misread: so often an hour a change is pushed that cannot be read.
        vanishing: so often an hour a balance, or all, become zero.
        disconnects: of each change: the connection is lost.
        mute: nothing is pushed on this connection any more.
        clock_steps: our wall clock is set.
        dates: the exchange sends ``Date`` headers.
        askew: the clock of the host that pushes is wrong by one of so many seconds.
        troubles: what else happens, and how often in an hour; ``Life`` knows the names.
        paces: seconds from one change to the next, on the average; one for each life
            of no kind.
    """

    lost: float = 0.0
    jitter: float = 0.0
    late: float = 0.0
    doubled: float = 0.0
    unreadable: float = 0.0
    garbles: tuple[str, ...] = ("entry", "entry", "frame")
    ahead: float = 0.0
    max_delay: float = 15.0
    max_again: float = 15.0
    min_ahead: float = 0.0
    max_ahead: float = 3.0
    lags: str = "ends"
    least_lag: float = 0.0
    max_lag: float = MAX_LAG
    slow: float = 0.0
    stuck: float = 0.0
    garbled: float = 0.0
    twice: float = 0.0
    biased: bool = False
    omitted: float = 0.0
    empty: float = 0.0
    failing: float = 0.0
    failures: tuple[str, ...] = ("lost", "timeout", "500", "503", "429", "page")
    faults: float = 0.0
    max_fault: float = 30.0
    retry_after: float = 10.0
    refused: float = 0.0
    unreachable: float = 0.0
    slow_dial: float = 0.0
    latency: tuple[float, float] = (0.005, 0.15)
    muted: float = 0.0
    drops: float = 0.0
    misread: float = 0.0
    vanishing: float = 0.0
    disconnects: float = 0.0
    mute: float = 0.0
    clock_steps: float = 0.0
    dates: bool = True
    askew: tuple[float, ...] = (0.0,)
    troubles: tuple[tuple[str, float], ...] = ()
    paces: tuple[float, ...] = (0.3, 3.0, 20.0, 120.0)

    @property
    def beyond(self) -> set[str]:
        """What the exchange does here that the promise does not cover."""
        doing = {name for name in BEYOND if getattr(self, name, 0.0)}
        doing |= {name for name, rate in self.troubles if rate and name in BEYOND}
        if any(self.askew):
            doing.add("unfair date")
        if not self.dates:
            doing.add("no dates")
        if self.faults:
            doing.add("empty")
        if self.lags == "stuck" or self.max_lag > MAX_LAG:
            doing.add("stuck")
        return doing


#: What the promise does not cover: an ingredient, or a trouble.
BEYOND = (
    "ahead",
    "stuck",
    "biased",
    "omitted",
    "empty",
    "exchange step",
    "unfair date",
)

#: Most reads are a fraction of a second behind, a push may be late, a connection lost.
CALM = Weather(
    jitter=0.05,
    late=0.02,
    max_delay=3.0,
    lags="little",
    slow_dial=0.3,
    latency=(0.015, 0.025),
    drops=0.5,
)

#: REST lags as far as it may, pushes get lost, reads fail or leave something out.
ROUGH = CALM._replace(
    lags="even",
    late=0.05,
    lost=0.01,
    doubled=0.01,
    max_again=3.0,
    drops=6.0,
    misread=1.0,
    faults=2.0,
    omitted=0.01,
)

#: Two replicas that disagree, a connection for two minutes, every fifth of them mute.
STORM = ROUGH._replace(
    lags="two",
    least_lag=0.1,
    max_lag=9.0,
    lost=0.03,
    drops=30.0,
    misread=6.0,
    muted=0.2,
    faults=6.0,
    max_fault=120.0,
    omitted=0.02,
    garbled=0.02,
    ahead=0.1,
    min_ahead=0.3,
    max_ahead=0.3,
    vanishing=1.0,
)

#: Beyond the promise: half of the reads come from a replica that stands still.
STUCK = CALM._replace(lags="stuck", max_lag=600.0)

#: Beyond the promise: the clock of the host that pushes is not that of the pushes.
ASKEW = CALM._replace(askew=(-70.0, -7.0, 7.0, 70.0))

#: Beyond the promise: somebody sets the exchange's clock.
STEPS = CALM._replace(troubles=(("exchange step", 4.0),))

#: Beyond the promise: pushes are dated ahead of the clock, and some come twice.
AHEAD = CALM._replace(
    ahead=0.05, min_ahead=1.5, max_ahead=3.0, doubled=0.1, max_again=6.0
)

#: Everything at once; a life draws what of it it meets, and how much.
WILD = Weather(
    lost=0.1,
    jitter=0.05,
    late=0.1,
    doubled=0.1,
    unreadable=0.03,
    ahead=0.05,
    slow=0.3,
    stuck=0.02,
    garbled=0.05,
    twice=0.02,
    omitted=0.02,
    empty=0.02,
    failing=0.1,
    faults=4.0,
    max_fault=300.0,
    retry_after=60.0,
    refused=0.1,
    unreachable=0.1,
    slow_dial=0.2,
    muted=0.1,
    drops=10.0,
    misread=4.0,
    vanishing=1.0,
    disconnects=0.01,
    mute=0.01,
    clock_steps=0.01,
    troubles=(
        ("drop", 4.0),
        ("close", 2.0),
        ("half-open", 1.0),
        ("stall", 4.0),
        ("mute", 0.5),
        ("deaf", 0.5),
        ("wall step", 1.0),
        ("sleep", 0.5),
        ("REST outage", 0.5),
        ("key refused", 0.2),
        ("stray", 10.0),
        ("outage", 1.0),
        ("kick", 1.0),
        ("exchange step", 1.0),
        ("unfair date", 1.0),
    ),
)

WEATHERS = {
    "calm": CALM,
    "rough": ROUGH,
    "storm": STORM,
    "stuck": STUCK,
    "askew": ASKEW,
    "ahead": AHEAD,
    "steps": STEPS,
    "wild": WILD,
}


def drawn(weather: Weather, rng: random.Random) -> Weather:
    """Draw what of a weather's ingredients a life meets, and how much of each."""
    beyond = rng.random() < 0.5
    chances: dict[str, float] = {}
    for name in RATES:
        amount = getattr(weather, name)
        if rng.random() < 0.5 or (name in BEYOND and not beyond):
            amount = 0.0
        chances[name] = amount * rng.choice((0.3, 1.0, 1.0, 2.0))
    troubles = tuple(
        (name, rate * rng.choice((0.5, 1.0, 3.0)))
        for name, rate in weather.troubles
        if rng.random() < 0.5 and (beyond or name not in BEYOND)
    )
    return weather._replace(
        **chances,
        lags=rng.choice(("little", "even", "two", "ends")),
        least_lag=rng.choice((0.0, 0.1, 5.0)),
        max_lag=rng.choice((1.0, 9.0, MAX_LAG)) + 0.0,
        biased=beyond and rng.random() < 0.2,
        dates=rng.random() < 0.8,
        troubles=troubles,
    )


#: The ingredients that a number says the amount of.
RATES = (
    "lost",
    "late",
    "doubled",
    "unreadable",
    "ahead",
    "slow",
    "stuck",
    "garbled",
    "twice",
    "omitted",
    "empty",
    "failing",
    "faults",
    "refused",
    "unreachable",
    "slow_dial",
    "muted",
    "drops",
    "misread",
    "vanishing",
    "disconnects",
    "mute",
    "clock_steps",
)
