"""Lives of accounts from a seed: what their owners do, and what happens to them."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, Callable

from tests.support.world.chance import Chance
from tests.support.world.exchange import Push
from tests.support.world.ledger import CURRENCIES, Amounts
from tests.support.world.weather import Weather
from tests.support.world.world import Account, World

__all__ = ["Life", "live", "simulate"]

#: Before the streams start: REST has seen the first balances by then.
BEFORE = 20.0
#: At the end nothing goes wrong for so long: every stream must be LIVE again.
TRUCE = 300.0
#: Seconds that a stream may take to be LIVE again, if it reconnects just then.
RECONNECT = 60
#: A stream that was stopped has ended after so long.
FAREWELL = 30.0

# Few values, so that a balance often returns to one it had before (A3).
AMOUNTS: tuple[Amounts, ...] = tuple(
    (Decimal(free), Decimal(locked)) for free in range(6) for locked in (0, 0, 1)
)


class Life:
    """One account's changes and troubles, for as long as they go on.

    Args:
        world: the account's.
        account: the account.
        chance: its luck.
        weather: how much goes wrong.
        rng: draws everything.
    """

    def __init__(
        self,
        world: World,
        account: Account,
        chance: Chance,
        weather: Weather,
        rng: random.Random,
    ) -> None:
        self._timeline = world.timeline
        self._clocks = world.clocks
        self._account = account
        self._chance = chance
        self._weather = weather
        self._rng = rng
        self._pace = rng.choice(weather.paces)
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
        }

    def begin(self, start: float = BEFORE) -> None:
        """Hold something, start the stream after so long, and let things happen."""
        for code in CURRENCIES:
            self._account.change(code, self._rng.choice(AMOUNTS), Push(()))
        after, rng = self._timeline.after, self._rng
        after(start, self._account.start)
        after(BEFORE + rng.expovariate(1 / self._pace), self._change)
        for name, rate in self._weather.troubles:
            after(BEFORE + rng.expovariate(rate / 3600), self._trouble, name, rate)

    def _change(self) -> None:
        rng, account, weather = self._rng, self._account, self._weather
        busy = self._timeline.now % 200 < 100
        code = rng.choice(CURRENCIES if busy else CURRENCIES[:2])
        account.change(code, rng.choice(AMOUNTS), self._chance.push())
        if not self._chance.fair:
            if rng.random() < weather.disconnects:
                account.lose_connection()
            if rng.random() < weather.mute:
                account.go_mute()
            if rng.random() < weather.clock_steps:
                self._wall_step()
        self._timeline.after(rng.expovariate(1 / self._pace), self._change)

    def _trouble(self, name: str, rate: float) -> None:
        if self._chance.fair:
            return
        self._account.findings.note("trouble:", name)
        self._troubles[name]()
        again = self._rng.expovariate(rate / 3600)
        self._timeline.after(again, self._trouble, name, rate)

    # Troubles.

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
    exchange: str,
    duration: float = 600.0,
    *,
    dates: bool = True,
    traced: bool = False,
) -> World:
    """Live one account's life; return what became of its world."""
    rng = random.Random(seed)
    world = World(exchange, dates=dates, traced=traced)
    _settle(world, weather, rng)
    world.advance(BEFORE + duration)
    return world


def live(
    seed: int, weather: Weather, exchange: str, hours: float, *, traced: bool = False
) -> World:
    """Live account-hours that end in calm, and in ``stop()``.

    Args:
        seed: draws everything.
        weather: how much goes wrong.
        exchange: name of the exchange.
        hours: of all accounts together.
        traced: what happens is noted; it takes time.
    """
    rng = random.Random(seed)
    world = World(exchange, traced=traced)
    lives = [
        _settle(world, weather, rng, varied=True)
        for _ in range(rng.choice((1, 1, 2, 4)))
    ]
    duration = hours * 3600.0 / len(lives)
    for account in world.accounts[1:]:
        # All but the first may end before their time.
        end = rng.choice((None, None, account.stop, account.driver.crash))
        if end is not None:
            world.timeline.after(rng.uniform(0.0, duration - TRUCE), end)
    world.advance(BEFORE + max(0.0, duration - TRUCE))
    for chance in lives:
        chance.fair, chance.outage, chance.rest_outage = True, False, False
    world.clocks.offset = world.clocks.unfair = 0.0
    asleep = max(account.driver.asleep_until for account in world.accounts)
    calm = max(asleep, world.timeline.now)
    world.advance(calm - world.timeline.now + TRUCE)
    late = list(world.accounts)
    # An audit may be just reconnecting for a push that was lost before the truce (A5).
    for _ in range(RECONNECT):
        for account in [each for each in late if each.is_live]:
            account.must_be_live(calm)
            late.remove(account)
        if not late:
            break
        world.advance(1.0)
    for account in late:
        account.must_be_live(calm)
    for account in world.accounts:
        account.stop()
    world.advance(FAREWELL)
    for account in world.accounts:
        account.must_be_gone()
    return world


def _settle(
    world: World, weather: Weather, rng: random.Random, *, varied: bool = False
) -> Chance:
    """Open an account and let its life begin; return its luck."""
    own = random.Random(rng.random())
    chance = Chance(weather, own)
    # The user's own pace of audits, rarely.
    interval = own.choice((*[None] * 8, 10.0, 300.0)) if varied else None
    account = world.open_account(own, chance, audit_interval=interval)
    start = BEFORE + own.choice((0.0, 0.0, own.uniform(0.0, 60.0))) * varied
    Life(world, account, chance, weather, own).begin(start)
    return chance
