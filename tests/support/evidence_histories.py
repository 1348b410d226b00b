"""Random histories of one currency: its truth, and the evidence in order of arrival.

Each amount of the truth is another, so that what is shown tells how old it is. REST is
at most 10 s behind. A push whose date is not fair arrives in order, within 10 s: its
date is of no help.
"""

from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import NamedTuple

from assetstream.core.evidence import REST_LAG, Amounts, Need, Piece

__all__ = ["Arrival", "amounts_of", "history", "index_of"]

#: Changes happen for so long, and reads go on for as long again; seconds.
CHANGES = 200.0
#: A read is asked for this often at most, seconds.
READS = (2.0, 5.0, 10.0, 30.0)
TWO = Need(2, 0.0)


class Arrival(NamedTuple):
    """A piece of evidence, when it arrives, and its place in the truth; None: blank."""

    at: float
    index: int | None
    piece: Piece


def amounts_of(index: int) -> Amounts:
    """The amounts that became true as the index-th."""
    return Decimal(1000 + index), Decimal(0)


def index_of(amounts: Amounts | None) -> int:
    """The place of amounts in the truth; -1 for none."""
    return -1 if amounts is None else int(amounts[0]) - 1000


def history(rng: random.Random) -> tuple[list[Arrival], int]:
    """Draw a history; return its evidence, and the index of the last truth."""
    pace = rng.choice((0.3, 1.0, 5.0, 30.0))
    truth = [0.0]
    while True:
        at = truth[-1] + rng.expovariate(1 / pace)
        if at > CHANGES:
            break
        truth.append(at)
    arrivals = [*_pushes(rng, truth), *_reads(rng, truth)]
    for _ in range(rng.randrange(3)):
        at = rng.uniform(0.0, CHANGES)
        arrivals.append(Arrival(at, None, Piece(None, at, at, at)))
    return sorted(arrivals, key=lambda arrival: arrival.at), len(truth) - 1


def _pushes(rng: random.Random, truth: list[float]) -> list[Arrival]:
    """Late, lost, repeated and misdated pushes; the clock is an interval of theirs."""
    width = rng.uniform(0.1, 2.0)
    offset = rng.uniform(0.0, width)
    lost = rng.choice((0.0, 0.02, 0.2, 0.5))
    misdated = rng.choice((0.0, 0.0, 0.1))
    latest = rng.choice((3.0, 25.0))
    arrivals: list[Arrival] = []
    in_order = 0.0
    for index, at in enumerate(truth[1:], 1):
        if rng.random() < lost:
            continue
        delay = 0.03 + rng.expovariate(20)
        if rng.random() < misdated:
            # Behind or ahead; it comes at once, before any later one.
            arrived = max(at + 0.03, in_order)
            key = int((at + rng.choice((-30.0, 3.0))) * 1000), index
            following = truth[index + 1] if index + 1 < len(truth) else math.inf
            if arrived - at > REST_LAG or arrived > following:
                continue
            piece = Piece(
                amounts_of(index),
                arrived - REST_LAG,
                arrived,
                arrived,
                key,
                fair=False,
            )
        else:
            if rng.random() < 0.2:
                delay += rng.uniform(0.3, latest)
            arrived, earliest = at + delay, at - offset
            piece = Piece(
                amounts_of(index),
                earliest,
                min(arrived, earliest + width),
                arrived,
                (int(at * 1000), index),
            )
        in_order = max(in_order, arrived)
        arrivals.append(Arrival(arrived, index, piece))
        if piece.fair and rng.random() < 0.05:
            again = arrived + rng.uniform(0.0, 3.0)
            repeated = Piece(
                piece.amounts, piece.earliest, piece.latest, again, piece.key
            )
            arrivals.append(Arrival(again, index, repeated))
    return arrivals


def _reads(rng: random.Random, truth: list[float]) -> list[Arrival]:
    arrivals: list[Arrival] = []
    asked = 1.0
    while asked < CHANGES + 100.0:
        took = rng.uniform(0.05, 1.0)
        seen = asked + took / 2 - rng.uniform(0.0, REST_LAG + took / 2)
        index = max(0, sum(at <= seen for at in truth) - 1)
        arrivals.append(
            Arrival(
                asked + took,
                index,
                Piece(
                    amounts_of(index), asked - REST_LAG, asked + took, asked, need=TWO
                ),
            )
        )
        asked += rng.choice(READS) + took
    return arrivals
