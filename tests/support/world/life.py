"""Lives of accounts from a seed: what their owners do, and what happens to them."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import accumulate
from typing import Any, Callable

from assetstream.core.outcomes import Broken
from assetstream.model.errors import ConnectionLost
from tests.support.world.chance import Chance
from tests.support.world.exchange import Push
from tests.support.world.kinds import KINDS, Kind
from tests.support.world.ledger import CURRENCIES, ZEROS, Amounts
from tests.support.world.promise import Measures
from tests.support.world.weather import FAULTS, WILD, Weather, drawn
from tests.support.world.wire import Wire
from tests.support.world.world import Account, World

__all__ = ["Life", "live", "simulate"]

#: Before the streams start: REST has seen the first balances by then.
BEFORE = 20.0
#: At the end nothing goes wrong: every stream must be LIVE, and no doubt be left, after
#: so long: what vanished unpushed and all at once is believed after 10 min (S2).
TRUCE = 900.0
#: It is looked at so often, and once more at the first time that all is well.
STEP = 30.0
#: A stream that was stopped has ended after so long.
FAREWELL = 30.0
#: What is noticed late when a connection is lost: a third of losses, after so long.
SILENT = 0.3
#: So often an hour, where the exchange does it: a change without amounts, and an end of
#: the connection that is announced.
DELTAS, RENEWALS = 6.0, 1.0
SILENCE = (5.0, 15.0)


class Life:
    """One account's changes and troubles, for as long as they go on.

    Args:
        world: the account's.
        account: the account.
        chance: its luck.
        weather: how much goes wrong.
        kind: how often what changes.
        rng: draws everything.
    """

    def __init__(
        self,
        world: World,
        account: Account,
        chance: Chance,
        weather: Weather,
        kind: Kind,
        rng: random.Random,
    ) -> None:
        self._timeline = world.timeline
        self._clocks = world.clocks
        self._wire = world.wire
        self._account = account
        self._chance = chance
        self._weather = weather
        self._kind = kind
        self._codes = account.ledger.codes
        self._weights = list(accumulate(1 / (i + 1) for i in range(len(self._codes))))
        self._number = 0
        self._rng = rng
        self._troubles: dict[str, Callable[[], None]] = {
            "drop": account.lose_connection,
            "close": self._close,
            "half-open": self._half_open,
            "stall": self._stall,
            "mute": account.go_mute,
            "deaf": self._deaf,
            "kick": self._kick,
            "outage": self._outage,
            "REST outage": self._rest_outage,
            "key refused": self._refuse_key,
            "stray": account.driver.stray,
            "sleep": self._sleep,
            "wall step": self._wall_step,
            "exchange step": self._exchange_step,
            "unfair date": self._unfair_date,
            "loss": self._lose,
            "REST fault": self._fault,
            "misread": self._misread,
            "delta": self._delta,
            "renewal": self._renew,
            "vanishing": self._vanish,
        }

    def begin(self, start: float = BEFORE) -> None:
        """Hold something, start the stream after so long, and let things happen."""
        for code in self._codes:
            self._account.change(code, self._amounts(code, first=True), Push(()))
        after, rng, weather = self._timeline.after, self._rng, self._weather
        after(start, self._account.start)
        after(BEFORE + rng.expovariate(1 / self._kind.pace), self._change)
        if self._kind.deposits and not self._wire.exchange.pushes_everything:
            self._plan_deposit(BEFORE)
        own: tuple[tuple[str, float], ...] = (
            ("loss", weather.drops),
            ("REST fault", weather.faults),
            ("misread", weather.misread),
            ("vanishing", weather.vanishing),
        )
        if self._wire.deltas:
            own += (("delta", DELTAS),)
        if self._wire.renewal:
            own += (("renewal", RENEWALS),)
        for name, rate in (*weather.troubles, *own):
            if rate:
                again = rng.expovariate(rate / 3600)
                after(BEFORE + again, self._trouble, name, rate)

    def _amounts(self, code: str, *, first: bool = False) -> Amounts:
        """Draw what a balance becomes by its owner's doing."""
        rng, kind = self._rng, self._kind
        if kind.loop and not first:
            available, locked = self._account.ledger.now[code]
            total = int(available + locked)
            if rng.random() < 0.02:
                return Decimal(total + rng.randrange(1, 1000)), Decimal(0)
            if locked:
                return Decimal(total), Decimal(0)
            return Decimal(total // 2), Decimal(total - total // 2)
        self._number += 1
        locked = Decimal(rng.randrange(1, 99) if rng.random() < 0.2 else 0)
        return Decimal(1000 + self._number), locked

    def _change(self) -> None:
        rng, account, weather = self._rng, self._account, self._weather
        for _ in range(2 if rng.random() < 0.5 and len(self._codes) > 1 else 1):
            (code,) = rng.choices(self._codes, cum_weights=self._weights)
            account.change(code, self._amounts(code), self._chance.push())
        if not self._chance.fair:
            if weather.disconnects and rng.random() < weather.disconnects:
                account.lose_connection()
            if weather.mute and rng.random() < weather.mute:
                account.go_mute()
            if weather.clock_steps and rng.random() < weather.clock_steps:
                self._wall_step()
        self._timeline.after(rng.expovariate(1 / self._kind.pace), self._change)

    def _plan_deposit(self, wait: float = 0.0) -> None:
        wait += self._rng.expovariate(self._kind.deposits / 3600)
        self._timeline.after(wait, self._deposit)

    def _deposit(self) -> None:
        code = self._rng.choice(self._codes)
        available, locked = self._account.ledger.now[code]
        if self._kind.loop:
            amounts = available + self._rng.randrange(1, 10**6), locked
        else:
            amounts = self._amounts(code)
        if not self._chance.fair:
            self._account.change(code, amounts, Push(()))
        self._plan_deposit()

    def _trouble(self, name: str, rate: float) -> None:
        if self._chance.fair:
            return
        self._account.findings.note("trouble:", name)
        self._troubles[name]()
        again = self._rng.expovariate(rate / 3600)
        self._timeline.after(again, self._trouble, name, rate)

    # Troubles.

    def _lose(self) -> None:
        """Lose the connection; nobody notices for a while, at times."""
        connection = self._connection()
        if connection is None:
            return
        if self._rng.random() >= SILENT:
            self._account.lose_connection()
            return
        seconds = self._rng.uniform(*SILENCE) * (2 if self._wire.in_order else 1)
        self._account.findings.note("half-open for", seconds)
        connection.die()
        ending = Broken(ConnectionLost("the simulated network"))
        self._timeline.after(seconds, connection.lose, ending)

    def _fault(self) -> None:
        """Let all reads fail in one way for a while."""
        if self._chance.fault:
            return
        self._chance.fault = self._rng.choice(FAULTS)
        self._account.findings.note("REST fault:", self._chance.fault)
        seconds = self._rng.uniform(2.0, self._weather.max_fault)
        self._timeline.after(seconds, self._mend)

    def _mend(self) -> None:
        self._chance.fault = ""
        self._account.promise.well()

    def _misread(self) -> None:
        """Change a balance by a push that cannot be read."""
        side = self._account.side
        if side.subscribed is not None and not side.mute:
            code = self._rng.choice(self._codes)
            garbled = self._rng.choice(self._weather.garbles)
            self._account.change(code, self._amounts(code), Push(garbled=garbled))

    def _delta(self) -> None:
        """Change a balance by a push that does not say the amounts."""
        side = self._account.side
        if side.subscribed is not None and not side.mute:
            code = self._rng.choice(self._codes)
            self._account.change(code, self._amounts(code), Push(garbled="delta"))

    def _renew(self) -> None:
        """Announce the end of the connection, and end it a while after."""
        if connection := self._connection():
            connection.carry(self._wire.renewal)
            self._timeline.after(self._rng.uniform(0.0, 60.0), connection.close, 1001)

    def _vanish(self) -> None:
        """Let all balances or one be sold or sent away."""
        rng = self._rng
        codes = self._codes if rng.random() < 0.3 else (rng.choice(self._codes),)
        pushed = self._wire.exchange.pushes_everything or rng.random() < 0.5
        for code in codes:
            push = self._chance.push() if pushed else Push(())
            self._account.change(code, ZEROS, push)

    def _connection(self) -> Any:
        connection = self._account.driver.connection
        return connection if connection is not None and connection.open else None

    def _close(self) -> None:
        if connection := self._connection():
            connection.close(self._rng.choice((None, 1000, 1001, 1006, 1011, 4000)))

    def _half_open(self) -> None:
        if connection := self._connection():
            connection.die()

    def _stall(self) -> None:
        if connection := self._connection():
            connection.stall(self._rng.choice((0.5, 3.0, 12.0, 40.0)))

    def _deaf(self) -> None:
        """Let the exchange answer no request for a while, from the next connection."""
        self._account.side.acknowledges = False
        self._account.lose_connection()
        self._timeline.after(self._rng.uniform(1.0, 60.0), self._answer_again)

    def _answer_again(self) -> None:
        self._account.side.acknowledges = True

    def _kick(self) -> None:
        """Lose each connection after a few seconds, for a while."""
        for _ in range(10):
            wait = self._rng.uniform(0.0, 120.0)
            self._timeline.after(wait, self._kicked)

    def _kicked(self) -> None:
        if not self._chance.fair:
            self._account.lose_connection()

    def _outage(self) -> None:
        """Let the exchange be away for a while."""
        self._chance.outage = True
        self._account.lose_connection()
        self._timeline.after(self._rng.uniform(5.0, 300.0), self._return)

    def _rest_outage(self) -> None:
        """Let no read succeed for a while."""
        self._chance.rest_outage = True
        self._timeline.after(self._rng.uniform(5.0, 600.0), self._return)

    def _return(self) -> None:
        self._chance.outage = self._chance.rest_outage = False

    def _refuse_key(self) -> None:
        """Let the exchange not know the key for a while."""
        self._account.side.refuses_key = True
        self._account.lose_connection()
        self._timeline.after(self._rng.uniform(1.0, 150.0), self._accept_key)

    def _accept_key(self) -> None:
        self._account.side.refuses_key = False

    def _sleep(self) -> None:
        self._account.driver.sleep(self._rng.choice((1.0, 8.0, 20.0, 45.0, 600.0)))

    def _wall_step(self) -> None:
        self._clocks.wall_step = self._rng.choice((0.0, 0.0, -3600.0, 3600.0, 0.7))

    def _exchange_step(self) -> None:
        self._clocks.offset = self._rng.choice((0.0, 0.0, -5.0, 5.0, -120.0, 120.0))

    def _unfair_date(self) -> None:
        self._clocks.unfair = self._rng.choice((0.0, 0.0, -7.0, 7.0, -70.0, 70.0))


def simulate(
    seed: int,
    weather: Weather,
    exchange: str | Wire,
    duration: float = 600.0,
    *,
    kind: Kind | None = None,
    dates: bool = True,
    traced: bool = False,
) -> World:
    """Live one account's life; return what became of its world."""
    rng = random.Random(seed)
    world = World(exchange, dates=dates, traced=traced)
    _settle(world, weather, kind or _any(weather, rng), rng)
    world.advance(BEFORE + duration)
    return world


def live(
    seed: int,
    weather: Weather,
    exchange: str | Wire,
    kind: Kind,
    hours: float,
    *,
    traced: bool = False,
) -> tuple[World, Measures]:
    """Live account-hours that end in calm, and in ``stop()``.

    In the wild, one to four accounts share a place, and some end before their time.

    Args:
        seed: draws everything.
        weather: how much goes wrong.
        exchange: name of the exchange, or its forms.
        kind: of the accounts; in the wild, of the first.
        hours: of all accounts together.
        traced: what happens is noted; it takes time.
    """
    rng = random.Random(seed)
    wild = weather is WILD
    if wild:
        weather = drawn(weather, rng)
    world = World(exchange, dates=weather.dates, traced=traced)
    world.clocks.askew = rng.choice(weather.askew)
    kinds = [kind]
    if wild:
        others = [other for other in KINDS.values() if other.hours >= kind.hours]
        kinds += [rng.choice(others) for _ in range(rng.choice((0, 0, 1, 3)))]
    chances = [_settle(world, weather, each, rng, varied=wild) for each in kinds]
    duration = hours * 3600.0 / len(chances)
    for account in world.accounts[1:]:
        end = rng.choice((None, None, account.stop, account.driver.crash))
        if end is not None:
            world.timeline.after(rng.uniform(0.0, duration), end)
    world.advance(BEFORE + duration)
    measures = Measures()
    for account in world.accounts:
        measures.add(account.promise.close())
    _make_peace(world, chances)
    for account in world.accounts:
        account.stop()
    world.advance(FAREWELL)
    for account in world.accounts:
        account.must_be_gone()
    return world, measures


def _make_peace(world: World, chances: list[Chance]) -> None:
    """Let nothing go wrong any more until all is well; it must become so in time."""
    for chance in chances:
        chance.fair, chance.outage, chance.rest_outage = True, False, False
        chance.fault = ""
    world.clocks.offset = world.clocks.unfair = 0.0
    for account in world.accounts:
        account.side.mute = False
    asleep = max(account.driver.asleep_until for account in world.accounts)
    calm = max(asleep, world.timeline.now)
    world.advance(calm - world.timeline.now)
    for account in world.accounts:
        account.promise.well()
    while world.timeline.now < calm + TRUCE:
        world.advance(STEP)
        if all(account.is_well(calm) for account in world.accounts):
            break
    for account in world.accounts:
        account.must_be_well(calm)
        world.longest_peace = max(world.longest_peace, world.timeline.now - calm)


def _any(weather: Weather, rng: random.Random) -> Kind:
    return Kind("any", rng.choice(weather.paces), len(CURRENCIES))


def _settle(
    world: World,
    weather: Weather,
    kind: Kind,
    rng: random.Random,
    *,
    varied: bool = False,
) -> Chance:
    """Open an account and let its life begin; return its luck."""
    own, born = random.Random(rng.random()), world.timeline.now
    more = (f"C{number:02}" for number in range(len(CURRENCIES), kind.currencies))
    codes = (*CURRENCIES[: kind.currencies], *more)
    chance = Chance(weather, own, codes, lambda: world.timeline.now - born)
    # The user's own pace of audits, rarely.
    interval = own.choice((*[None] * 8, 10.0, 300.0)) if varied else None
    excused = weather.beyond | ({"repeats"} if kind.loop else set())
    account = world.open_account(
        own, chance, audit_interval=interval, codes=codes, excused=excused
    )
    start = BEFORE + own.choice((0.0, 0.0, own.uniform(0.0, 60.0))) * varied
    Life(world, account, chance, weather, kind, own).begin(start)
    return chance
