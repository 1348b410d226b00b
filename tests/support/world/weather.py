"""Weathers: how much goes wrong, as data."""

from __future__ import annotations

from typing import NamedTuple

from tests.support.world.ledger import MAX_LAG

__all__ = ["CALM", "ROUGH", "USUAL", "WEATHERS", "Weather"]


class Weather(NamedTuple):
    """The misbehaviour of exchange, network and clocks; probabilities, unless noted.

    Attributes:
        lost: of each push: it is never sent.
        late: it is sent up to ``max_delay`` late.
        doubled: it is sent again, up to ``max_delay`` later.
        unreadable: it, or its whole frame, cannot be read.
        garbles: what of it cannot be; see ``Push.garbled``.
        ahead: it is dated up to ``max_ahead`` ahead of the exchange's clock.
        max_delay: seconds.
        max_ahead: seconds.
        least_lag: REST is behind by so much at least; seconds.
        max_lag: and by so much at most; seconds.
        stuck: of each read: it comes from a replica up to two minutes behind.
        garbled: an entry of it cannot be read.
        omitted: a currency is left out though it is held.
        empty: it names nothing.
        failing: it fails, in one of ``failures``.
        failures: kinds of failures; see ``Reply.failure``.
        retry_after: the longest that a refusal asks to wait; seconds.
        refused: of each attempt to connect: the upgrade is refused.
        unreachable: it fails before that, or is not answered.
        latency: the least and the most that bytes take, one way; seconds.
        disconnects: of each change: the connection is lost.
        mute: nothing is pushed on this connection any more.
        clock_steps: our wall clock is set.
        troubles: what else happens, and how often in an hour; ``Life`` knows the names.
        paces: seconds from one change to the next, on the average; one for each life.
    """

    lost: float = 0.0
    late: float = 0.0
    doubled: float = 0.0
    unreadable: float = 0.0
    garbles: tuple[str, ...] = ("entry", "entry", "frame")
    ahead: float = 0.0
    max_delay: float = 15.0
    max_ahead: float = 3.0
    least_lag: float = 0.0
    max_lag: float = MAX_LAG
    stuck: float = 0.0
    garbled: float = 0.0
    omitted: float = 0.0
    empty: float = 0.0
    failing: float = 0.0
    failures: tuple[str, ...] = ("lost", "timeout", "500", "503", "429", "page")
    retry_after: float = 10.0
    refused: float = 0.0
    unreachable: float = 0.0
    latency: tuple[float, float] = (0.005, 0.15)
    disconnects: float = 0.0
    mute: float = 0.0
    clock_steps: float = 0.0
    troubles: tuple[tuple[str, float], ...] = ()
    paces: tuple[float, ...] = (0.3, 3.0, 20.0, 120.0)


#: What the rules of 0.1 cover: nothing may be found.
CALM = Weather(
    lost=0.05,
    doubled=0.05,
    unreadable=0.01,
    garbles=("entry",),
    garbled=0.02,
    failing=0.05,
    refused=0.1,
    unreachable=0.1,
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
    ),
)

#: What exchanges and networks do on ordinary bad days.
USUAL = CALM._replace(
    lost=0.1,
    late=0.1,
    doubled=0.1,
    unreadable=0.03,
    garbles=("entry", "entry", "frame"),
    garbled=0.05,
    failing=0.1,
    retry_after=60.0,
    troubles=(*CALM.troubles, ("outage", 1.0), ("kick", 1.0)),
)

#: Everything above, and what the promise does not allow for.
ROUGH = USUAL._replace(
    ahead=0.05,
    stuck=0.02,
    omitted=0.02,
    empty=0.02,
    disconnects=0.01,
    mute=0.01,
    troubles=(*USUAL.troubles, ("exchange step", 1.0), ("unfair date", 1.0)),
)

WEATHERS = {"calm": CALM, "usual": USUAL, "rough": ROUGH}
