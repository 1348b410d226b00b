"""Places share nothing: two that are silent beside one that notices nothing of them.

::

    python -m tests.programs.places --accounts 300

A third of the accounts trades at a simulated exchange that keeps its limits; the others
connect to two hosts that take the connection and never say a word. All are one group.
Of the healthy place it is asked, while the others try in vain:

* start: its accounts are LIVE as soon as its limit of connects lets them.
* audits: the longest time between two of an account's is no longer than its interval
  says; none is unverified, and none has an error.
* reconnect: all connections are cut, and all are LIVE again as soon as the limit lets
  them.
* remove: each of ten accounts of every place leaves the group at once.

Then the same place in simulated time, with ``--simulated`` accounts that lose their
connections together, and silent changes on the way: it shows whether ``detection_time``
is kept, how many streams were ever unverified, and the rate of reads.

The exit code is 1 if something is missed. ``--speed`` lets the clock of all of it run
faster.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import random
import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal
from typing import Callable

from assetstream import AssetStream, AssetStreamError, StateChange, StreamGroup, Upbit
from assetstream.core.audit_schedule import SPREAD
from assetstream.core.reads import READ_TIMEOUT
from assetstream.core.turns import MARGIN
from assetstream.model.states import State
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import MOST_THREADS
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.clock import fast_time
from tests.support.world.exchange import Push
from tests.support.world.luck import Steady
from tests.support.world.world import Account as Member
from tests.support.world.world import World

#: Seconds beyond what the limits take, until all accounts are LIVE.
SLACK = 5.0
#: The longest that a removal may take, real seconds.
AT_ONCE = 1.0
#: Accounts that are removed from each place.
REMOVED = 10
#: Places that are silent.
SILENT = 2
#: Simulated seconds between two changes of an account.
CHANGE_EVERY = 100.0
#: The most that anything is waited for, seconds beyond its limit.
PATIENCE = 120.0


class Watched:
    """A healthy account's stream, and the times at which its audits were completed."""

    def __init__(self, account: Account, label: str) -> None:
        exchange = account.exchange()
        self.limits = exchange.limits
        self.stream = AssetStream(
            exchange,
            account=label,
            on_error=self._note_error,
            on_state=self._note_state,
        )
        self.errors: list[str] = []
        self.unverified = 0
        self.longest = 0.0
        self._audits = 0
        self._last = 0.0

    @property
    def live(self) -> bool:
        return self.stream.state is State.LIVE

    def look(self) -> None:
        """Note the time since the last audit, and whether one was completed."""
        now, health = clock.now(), self.stream.health()
        self.longest = max(self.longest, now - self._last)
        if health.audits != self._audits:
            self._audits, self._last = health.audits, now

    def begin(self) -> None:
        """Measure from now on."""
        self._audits, self._last = self.stream.health().audits, clock.now()
        self.longest = 0.0
        self.errors.clear()

    def most(self) -> float:
        """The longest time that there may be between two audits."""
        interval = self.stream.health().audit_interval
        assert interval is not None
        return interval * (1 + SPREAD) + READ_TIMEOUT

    def _note_error(self, error: AssetStreamError) -> None:
        self.errors.append(str(error))

    def _note_state(self, change: StateChange) -> None:
        self.unverified += change.reason.startswith("unverified")


def main() -> None:
    """Measure and print; raise SystemExit if something is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.places",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--accounts", type=int, default=300, help="in all")
    parser.add_argument("--seconds", type=float, default=90.0, help="of audits")
    parser.add_argument("--exchange", choices=("coinw", "upbit"), default="coinw")
    parser.add_argument("--connect-timeout", type=float, default=10.0, help="seconds")
    parser.add_argument("--speed", type=float, default=1.0, help="of the clock")
    parser.add_argument("--simulated", type=int, default=1000, help="accounts")
    parser.add_argument("--hours", type=float, default=1.0, help="simulated")
    options = parser.parse_args()
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    missed: list[str] = []
    if options.accounts:
        with fast_time(options.speed):
            missed += run(
                options.accounts,
                options.exchange,
                options.seconds,
                options.connect_timeout,
            )
    if options.simulated:
        missed += simulate(options.simulated, options.exchange, options.hours)
    if missed:
        raise SystemExit("missed: " + "; ".join(missed))


# Real sockets.


def run(
    accounts: int, exchange: str, seconds: float, connect_timeout: float = 10.0
) -> list[str]:
    """Run the group; return what was missed."""
    each = max(1, accounts // (SILENT + 1))
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator())
        opened = [getattr(simulator, exchange)({"BTC": "1"}) for _ in range(each)]
        healthy = [Watched(a, f"healthy-{n}") for n, a in enumerate(opened)]
        group = StreamGroup([watched.stream for watched in healthy])
        for place in range(SILENT):
            host = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            for number in range(each):
                label = f"silent-{place}-{number}"
                group.add(silent(host, label, connect_timeout))
        stack.callback(group.stop)
        return measure(simulator, group, healthy, seconds)


def silent(host: socket.socket, label: str, connect_timeout: float) -> AssetStream:
    """Make a stream for a host from which nobody ever accepts."""
    where = f"127.0.0.1:{host.getsockname()[1]}"
    exchange = Upbit(
        f"key-of-{label}",
        "secret",
        region="sg",
        ws_url=f"ws://{where}",
        rest_url=f"http://{where}",
    )
    return AssetStream(
        exchange,
        account=label,
        connect_timeout=connect_timeout,
        on_error=lambda error: None,
    )


def measure(
    simulator: Simulator, group: StreamGroup, healthy: list[Watched], seconds: float
) -> list[str]:
    """Go through the phases; print each, and return what was missed."""
    missed: list[str] = []
    limits = healthy[0].limits
    limit = len(healthy) * MARGIN * limits.connects_together.pace + SLACK
    group.start(wait=False)
    took = until(lambda: all(w.live for w in healthy), limit + PATIENCE)
    missed += told("start: all LIVE after", took, limit)

    for watched in healthy:
        watched.begin()
    end = clock.now() + seconds
    while clock.now() < end:
        time.sleep(clock.real_seconds(0.5))
        for watched in healthy:
            watched.look()
    longest = max(healthy, key=lambda watched: watched.longest - watched.most())
    missed += told("audits: longest wait", longest.longest, longest.most())
    missed += told("audits: unverified", sum(w.unverified for w in healthy), 0)
    errors = list(itertools.chain(*(watched.errors for watched in healthy)))
    missed += told("audits: errors", len(errors), 0)
    for text, number in Counter(errors).most_common(3):
        print(f"    {number} x {text}")

    helpers = [t.name for t in threading.enumerate() if "-helper-" in t.name]
    most = MOST_THREADS * (SILENT + 2)
    missed += told("helper threads", len(helpers), most)

    before = [w.stream.health().reconnects for w in healthy]
    simulator.drop_connections()
    took = until(lambda: all(map(again, healthy, before)), limit + PATIENCE)
    missed += told("reconnect: all LIVE after", took, limit)

    slowest = 0.0
    for kind in ("healthy", *(f"silent-{place}" for place in range(SILENT))):
        for number in range(min(REMOVED, len(healthy))):
            began = time.monotonic()
            if not group.remove(f"{kind}-{number}"):
                missed.append(f"remove: {kind}-{number} had not ended")
            slowest = max(slowest, time.monotonic() - began)
    missed += told("remove: slowest (real time)", slowest, AT_ONCE)
    began = time.monotonic()
    if not group.stop():
        missed.append("the group did not stop")
    missed += told("stop (real time)", time.monotonic() - began, 5.0)
    return missed


def again(watched: Watched, before: int) -> bool:
    """Return True if it is LIVE by another connection."""
    return watched.live and watched.stream.health().reconnects > before


def until(met: Callable[[], bool], most: float) -> float:
    """Wait until a condition is met; return how long that took, inf if too long."""
    began = clock.now()
    while not met():
        if clock.now() - began > most:
            return float("inf")
        time.sleep(clock.real_seconds(0.05))
    return clock.now() - began


def told(what: str, figure: float, most: float) -> list[str]:
    """Print a figure and its limit; return what was missed."""
    print(f"{what:32}{figure:9.1f}  (at most {most:.1f})", flush=True)
    return [] if figure <= most else [f"{what} {figure:.1f} > {most:.1f}"]


# Simulated time.


def simulate(accounts: int, exchange: str, hours: float) -> list[str]:
    """Let accounts share a place in simulated time; return what was missed."""
    rng = random.Random(0)
    world = World(exchange)
    members = [world.open_account(rng, Steady(rng)) for _ in range(accounts)]
    limits = world.wire.exchange.limits
    limit = accounts * MARGIN * limits.connects_together.pace + SLACK
    began = time.monotonic()
    for member in members:
        member.start()
    missed = told(
        "simulated: all LIVE after",
        passes(world, lambda: all(m.is_live for m in members), 3 * limit),
        limit,
    )
    trade(world, members, rng, hours * 1800)
    for member in members:
        member.lose_connection()
    missed += told(
        "simulated: all LIVE again after",
        passes(world, lambda: all(m.is_live for m in members), 3 * limit),
        limit,
    )
    trade(world, members, rng, hours * 1800)
    unverified = sum(member.counts()["leases ended"] for member in members)
    missed += told("simulated: unverified", unverified, 0)
    found = Counter(finding.kind for finding in world.findings)
    missed += told("simulated: findings", sum(found.values()), 0)
    for kind, number in found.most_common():
        print(f"    {number} x {kind}")
    detection = max(member.detection_time for member in members)
    print(
        f"    {accounts} accounts, {hours:g} h, {world.calls} calls in "
        f"{time.monotonic() - began:.0f} s; detection time {detection:.0f} s"
    )
    return missed


def passes(world: World, met: Callable[[], bool], most: float) -> float:
    """Let time pass until a condition is met; return how long that was."""
    began = world.timeline.now
    while not met():
        if world.timeline.now - began > most:
            return float("inf")
        world.timeline.advance(1.0)
    return world.timeline.now - began


def trade(
    world: World, members: list[Member], rng: random.Random, seconds: float
) -> None:
    """Let time pass with changes, of which one in five is never pushed."""
    end = world.timeline.now + seconds
    while world.timeline.now < end:
        member = rng.choice(members)
        push = Push(()) if rng.random() < 0.2 else Push((0.05,))
        amounts = Decimal(rng.randint(1, 10**6)), Decimal(0)
        member.change("BTC", amounts, push)
        world.timeline.advance(rng.expovariate(len(members) / CHANGE_EVERY))
    world.advance(0.0)


if __name__ == "__main__":
    main()
