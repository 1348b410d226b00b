"""The promise in the simulated world: lives that hypothesis makes, and random ones."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import product
from typing import Sequence

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.world.exchange import Push
from tests.support.world.ledger import CURRENCIES, MAX_LAG, Amounts
from tests.support.world.life import simulate
from tests.support.world.luck import Luck
from tests.support.world.network import Dialling
from tests.support.world.rest import Reply
from tests.support.world.weather import Weather
from tests.support.world.world import Account, World

currencies = st.sampled_from(CURRENCIES)
# Few values, so that a balance often returns to one it had before (A3).
balances = st.sampled_from(
    [(Decimal(free), Decimal(locked)) for locked in (0, 0, 1) for free in range(4)]
)
#: Prompt, later than the next change, later than REST may lag, after all audits.
DELAYS = (0.1, 3.0, 14.0, 70.0)
# One draw for all copies of a push: of an example's time most goes into draws.
pushes = st.sampled_from(
    [*[()] * 7, *[(delay,) for delay in DELAYS] * 2, *product(DELAYS, repeat=2)]
)
# In time, behind, and as far behind as the promise allows.
BEHIND = (0.0, 5.0, MAX_LAG)
lags = st.sampled_from(BEHIND)
durations = st.sampled_from((0.1, 3.0, 9.9))


class Script(Luck):
    """The luck that hypothesis decides."""

    def __init__(self) -> None:
        self.usual = Reply()
        self.next_replies: list[Reply] = []
        self.wait = 0.1

    def reply(self) -> Reply:
        return self.next_replies.pop(0) if self.next_replies else self.usual

    def dialling(self) -> Dialling:
        return Dialling(self.wait)


class Life(RuleBasedStateMachine):
    """A stream, its exchange, and all that can go wrong between them."""

    exchange = "upbit"

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()
        self.world = World(self.exchange, traced=True)
        # Fixed, so that hypothesis can shrink what it finds.
        self.account = self.world.open_account(
            random.Random(0), self.script, excused={"repeats"}
        )

    @initialize(amounts=balances, lag=lags)
    def connect(self, amounts: Amounts, lag: float) -> None:
        """Let the account hold something, and its stream become LIVE."""
        for code in CURRENCIES[:2]:
            self.account.change(code, amounts, Push(()))
        self.world.advance(20.0)
        self.script.usual = Reply(lag=lag)
        self.account.start()
        self.world.advance(5.0)
        assert self.account.is_live

    @rule(currency=currencies, amounts=balances, delays=pushes)
    def change(
        self, currency: str, amounts: Amounts, delays: tuple[float, ...]
    ) -> None:
        """Change a balance; its push is lost, in time, late or doubled."""
        self.account.change(currency, amounts, Push(delays))

    @rule(currency=currencies, amounts=balances)
    def change_in_time(self, currency: str, amounts: Amounts) -> None:
        """Change a balance, with the push in time; the usual case."""
        self.account.change(currency, amounts, Push((0.1,)))

    @rule(
        currency=currencies,
        amounts=balances,
        what=st.sampled_from(("entry", "frame")),
    )
    def change_unreadably(self, currency: str, amounts: Amounts, what: str) -> None:
        """Change a balance; its push arrives but cannot be read."""
        self.account.change(currency, amounts, Push((0.1,), what))
        self.world.advance(0.2)

    @rule(seconds=st.sampled_from((0.05, 1.0, 4.0, 11.0, 61.0, 400.0)))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.world.advance(seconds)

    @rule(lag=lags, duration=durations)
    def rest_lags(self, lag: float, duration: float) -> None:
        """Make REST this far behind and this slow from now on."""
        self.script.usual = Reply(lag=lag, duration=duration)

    @rule(
        lags=st.sampled_from([*product(BEHIND, repeat=2), *product(BEHIND, repeat=4)])
    )
    def replicas(self, lags: tuple[float, ...]) -> None:
        """Make the next reads come from replicas of different age."""
        self.script.next_replies = [Reply(lag=lag) for lag in lags]

    @rule(what=st.sampled_from((*CURRENCIES, "")), lag=lags)
    def rest_garbles(self, what: str, lag: float) -> None:
        """Make the next read have an entry that cannot be read."""
        self.script.next_replies = [Reply(lag=lag, garbled=what)]

    @precondition(lambda self: self.account.is_connected)
    @rule(wait=st.sampled_from((0.1, 5.0, 40.0)))
    def disconnect(self, wait: float) -> None:
        """Lose the connection with the pushes under way."""
        self.script.wait = wait
        self.account.lose_connection()

    @precondition(lambda self: not self.account.side.mute)
    @rule()
    def go_mute(self) -> None:
        """Let the connection live without pushes."""
        self.account.go_mute()

    @rule(step=st.sampled_from((0.0, -3600.0, 3600.0)))
    def step_clock(self, step: float) -> None:
        """Set our wall clock."""
        self.world.clocks.wall_step = step

    @invariant()
    def the_promise_is_kept(self) -> None:
        """The world's checks find nothing after any call."""
        assert not self.account.findings, self._trace()

    def teardown(self) -> None:
        """Stop the stream; it must end and leave nothing under way."""
        self.account.stop()
        self.world.advance(60.0)
        self.account.must_be_gone()
        assert not self.account.findings, self._trace()

    def _trace(self) -> str:
        return "\n".join(["", *self.world.trace()])


class CoinWLife(Life):
    """The same life at CoinW, whose audits follow locked amounts."""

    exchange = "coinw"


TestUpbitLife = Life.TestCase
TestCoinWLife = CoinWLife.TestCase


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
#: Weather with disconnects at times, besides what goes wrong for the account.
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


@pytest.mark.parametrize(
    ("seeds", "minutes"),
    [
        # At every save a short life at each exchange.
        pytest.param((1, 2), 5, id="short"),
        pytest.param(range(6), 10, id="long", marks=pytest.mark.programs),
    ],
)
@pytest.mark.parametrize("account", ACCOUNTS)
def test_random_lives_keep_the_promise(
    account: str, seeds: Sequence[int], minutes: int
) -> None:
    """Minutes of each kind of account, with REST at most 10 s behind."""
    seconds = 60.0 * minutes
    for seed in seeds:
        lag = (0.0, 3.0, MAX_LAG)[seed % 3]
        weather = ACCOUNTS[account]._replace(max_lag=lag, least_lag=lag * (seed % 2))
        exchange = ("upbit", "coinw")[seed // 2 % 2]
        (life,) = simulate(seed, weather, exchange, seconds).accounts

        assert life.present.audits > 0
        if life.findings:
            trace = simulate(seed, weather, exchange, seconds, traced=True).trace()
            pytest.fail("\n".join([f"seed {seed}: {life.findings}", *trace]))


def test_reads_that_fail_end_live() -> None:
    """LIVE ends when no read can check the balances any more (A7)."""
    ends = 0
    for seed, exchange in ((5, "upbit"), (6, "coinw")):
        (never,) = simulate(seed, FAULTS._replace(failing=1.0), exchange).accounts
        assert not never.is_live
        (seldom,) = simulate(seed, FAULTS._replace(failing=0.8), exchange).accounts
        ends += seldom.promise.counts["leases ended"]

    assert ends > 0


def live_account(
    exchange: str, audit_interval: float | None = None
) -> tuple[World, Account]:
    """Return an account with BTC 1 at the exchange, its stream LIVE."""
    world = World(exchange)
    account = world.open_account(random.Random(0), audit_interval=audit_interval)
    account.change("BTC", (Decimal(1), Decimal(0)), Push(()))
    world.advance(20.0)
    account.start()
    world.advance(2.0)
    assert account.is_live
    return world, account


@pytest.mark.parametrize("exchange", ["upbit", "coinw"])
def test_a_lost_push_costs_no_more_than_one_reconnect(exchange: str) -> None:
    """Once where everything is pushed, else not for a single one (A5)."""
    world, account = live_account(exchange)
    world.advance(100.0)
    account.change("BTC", (Decimal(2), Decimal(0)), Push(()))
    world.advance(1000.0)

    assert account.shown("BTC") == (Decimal(2), Decimal(0))
    assert account.promise.counts["reconnects"] == (exchange == "upbit")
    assert account.promise.longest_wrong <= account.detection_time
    assert not world.findings


@pytest.mark.parametrize("exchange", ["upbit", "coinw"])
def test_the_world_finds_what_an_audit_switched_off_leaves_wrong(
    exchange: str,
) -> None:
    """Without audits a lost push is never found, which the world reports."""
    world, account = live_account(exchange)
    account.machine._schedule.due_at = account.present.lease_ends_at = float("inf")
    account.change("BTC", (Decimal(2), Decimal(0)), Push(()))
    world.advance(1000.0)

    assert account.promise.longest_wrong == pytest.approx(1000.0)
    assert account.promise.least_slack < 0
    assert "overdue" in [finding.kind for finding in world.findings]


@pytest.mark.parametrize("looked_at", [False, True])
def test_nothing_is_older_than_received_while_the_host_sleeps(looked_at: bool) -> None:
    """A read that waits for a push is not weighed then, but nobody looks either."""
    world, account = live_account("upbit", audit_interval=8.0)
    account.change("BTC", (Decimal(2), Decimal(0)), Push((0.1,)))
    world.advance(0.2)
    account.change("BTC", (Decimal(3), Decimal(0)), Push(()))
    audits = account.present.audits
    while account.present.audits == audits:
        world.advance(0.1)
    account.driver.sleep(8.0)
    if looked_at:
        account.promise.sleep(world.timeline.now)
    world.advance(7.0)
    account.change("BTC", (Decimal(4), Decimal(0)), Push(()))
    world.advance(20.0)

    assert account.shown("BTC") == (Decimal(4), Decimal(0))
    assert [finding.kind for finding in world.findings] == ["older"] * looked_at
