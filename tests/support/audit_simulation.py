"""Random lives of the model's account, from a seed: many of them in a second."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, NamedTuple

from assetstream.runtime.reads import READ_TIMEOUT
from tests.support.audit_model import World
from tests.support.model_exchange import CURRENCIES, MAX_LAG, Amounts, Push, Reply


class Faults(NamedTuple):
    """How the model exchange misbehaves; probabilities, and times in seconds."""

    lost: float = 0.1
    late: float = 0.1
    doubled: float = 0.1
    unreadable: float = 0.03
    max_delay: float = 15.0
    least_lag: float = 0.0
    max_lag: float = MAX_LAG
    garbled: float = 0.05
    failing: float = 0.0
    #: Of each change: the connection is lost, or goes mute, or our clock steps.
    disconnects: float = 0.02
    mute: float = 0.01
    clock_steps: float = 0.02
    #: Seconds from one change to the next, on the average; one for each life.
    paces: tuple[float, ...] = (0.5, 5.0, 30.0)


USUAL = Faults()


def simulate(
    seed: int, faults: Faults = USUAL, duration: float = 600.0, **options: Any
) -> World:
    """Play one account's life with random changes and faults; return what became."""
    rng = random.Random(seed)
    world = World(lambda: _random_reply(rng, faults), rng, **options)
    for code in CURRENCIES:
        world.change(code, _amounts(rng), Push(()))
    world.advance(20.0)
    world.connect()
    pace = rng.choice(faults.paces)
    end = world.now + duration
    while world.now < end:
        world.advance(rng.expovariate(1 / pace))
        busy = world.now % 200 < 100
        code = rng.choice(CURRENCIES if busy else CURRENCIES[:2])
        world.change(code, _amounts(rng), _random_push(rng, faults))
        if rng.random() < faults.disconnects and world.connected:
            world.disconnect(rng.uniform(0.5, 20.0))
        world.mute = world.mute or rng.random() < faults.mute
        if rng.random() < faults.clock_steps:
            world.clock_step = rng.choice((0.0, 0.0, -3600.0, 3600.0))
        world.counts["not the newest"] += bool(world.not_the_newest())
        world.counts["unreadable taken for read"] += bool(world.taken_for_read())
    return world


def _amounts(rng: random.Random) -> Amounts:
    # Few values, so that a balance often returns to one it had before (A3).
    return Decimal(rng.randrange(6)), Decimal(rng.choice((0, 0, 1)))


def _random_push(rng: random.Random, faults: Faults) -> Push:
    if rng.random() < faults.lost:
        return Push(())
    delays = [rng.uniform(0.01, 0.3)]
    if rng.random() < faults.late:
        delays = [rng.uniform(0.3, faults.max_delay)]
    if rng.random() < faults.doubled:
        delays.append(delays[0] + rng.uniform(0.0, faults.max_delay))
    unreadable = ""
    if rng.random() < faults.unreadable:
        unreadable = rng.choice(("entry", "entry", "frame"))
    return Push(tuple(delays), unreadable)


def _random_reply(rng: random.Random, faults: Faults) -> Reply:
    least, most = faults.least_lag, faults.max_lag
    return Reply(
        duration=rng.choice((0.05, 0.5, rng.uniform(0.0, READ_TIMEOUT))),
        lag=rng.choice((least, most, rng.uniform(least, most))),
        garbled=rng.choice((*CURRENCIES, ""))
        if rng.random() < faults.garbled
        else None,
        fails=rng.random() < faults.failing,
    )
