"""The promise, in the simulated world: machine-made lives and many random ones."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.programs.audit_table import ACCOUNTS, FAULTS, LAGS, audited
from tests.support.world.exchange import Push
from tests.support.world.ledger import CURRENCIES, MAX_LAG
from tests.support.world.life import simulate
from tests.support.world.luck import Luck
from tests.support.world.network import Dialling
from tests.support.world.rest import Reply
from tests.support.world.weather import Weather
from tests.support.world.world import Account, World

currencies = st.sampled_from(CURRENCIES)
# Few values, so that a balance often returns to one it had before (A3).
balances = st.tuples(st.sampled_from("0123"), st.sampled_from("001")).map(
    lambda pair: (Decimal(pair[0]), Decimal(pair[1]))
)
#: Prompt, later than the next change, later than REST may lag, after all audits.
delays = st.sampled_from((0.1, 3.0, 14.0, 70.0))
lags = st.sampled_from((0.0, 5.0, MAX_LAG))
durations = st.sampled_from((0.1, 3.0, 9.9))


class Script(Luck):
    """The luck that the rules decide."""

    def __init__(self) -> None:
        self.usual = Reply()
        self.next_replies: list[Reply] = []
        self.wait = 0.1

    def reply(self) -> Reply:
        return self.next_replies.pop(0) if self.next_replies else self.usual

    def dialling(self) -> Dialling:
        return Dialling(self.wait)


class Life(RuleBasedStateMachine):
    """A stream, its exchange, and all that may go wrong between them."""

    exchange = "upbit"

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()
        # Dates cut to whole seconds would let an older push end a doubt (K5): what is
        # tested here are the rules with a clock that is right.
        self.world = World(self.exchange, dates=False, traced=True)
        # Fixed, so that hypothesis can shrink what it finds.
        self.account = self.world.open_account(random.Random(0), self.script)

    @initialize(amounts=balances, lag=lags)
    def connect(self, amounts: tuple[Decimal, Decimal], lag: float) -> None:
        """The account holds something, and the stream becomes LIVE."""
        for code in CURRENCIES[:2]:
            self.account.change(code, amounts, Push(()))
        self.world.advance(20.0)
        self.script.usual = Reply(lag=lag)
        self.account.start()
        self.world.advance(5.0)
        assert self.account.is_live

    @rule(currency=currencies, amounts=balances, late=st.lists(delays, max_size=2))
    def change(
        self, currency: str, amounts: tuple[Decimal, Decimal], late: list[float]
    ) -> None:
        """A balance changes; its push is lost, in time, late or doubled."""
        self.account.change(currency, amounts, Push(tuple(late)))

    @rule(currency=currencies, amounts=balances)
    def change_in_time(self, currency: str, amounts: tuple[Decimal, Decimal]) -> None:
        """The ordinary case, by far."""
        self.account.change(currency, amounts, Push((0.1,)))

    @rule(
        currency=currencies,
        amounts=balances,
        what=st.sampled_from(("entry", "frame")),
    )
    def change_unreadably(
        self, currency: str, amounts: tuple[Decimal, Decimal], what: str
    ) -> None:
        """A balance changes; the push arrives and cannot be read."""
        self.account.change(currency, amounts, Push((0.1,), what))
        self.world.advance(0.2)

    @rule(seconds=st.sampled_from((0.05, 1.0, 4.0, 11.0, 61.0, 400.0)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.advance(seconds)

    @rule(lag=lags, duration=durations)
    def rest_lags(self, lag: float, duration: float) -> None:
        """From now on REST is as far behind and as slow as this."""
        self.script.usual = Reply(lag=lag, duration=duration)

    @rule(lags=st.lists(lags, max_size=4))
    def replicas(self, lags: list[float]) -> None:
        """The next reads come from replicas of different age."""
        self.script.next_replies = [Reply(lag=lag) for lag in lags]

    @rule(what=st.sampled_from((*CURRENCIES, "")), lag=lags)
    def rest_garbles(self, what: str, lag: float) -> None:
        """The next read has an entry that cannot be read."""
        self.script.next_replies = [Reply(lag=lag, garbled=what)]

    @precondition(lambda self: self.account.is_connected)
    @rule(wait=st.sampled_from((0.1, 5.0, 40.0)))
    def disconnect(self, wait: float) -> None:
        """The connection is lost; pushes under way with it."""
        self.script.wait = wait
        self.account.lose_connection()

    @precondition(lambda self: not self.account.side.mute)
    @rule()
    def go_mute(self) -> None:
        """The connection lives and pushes nothing any more."""
        self.account.go_mute()

    @rule(step=st.sampled_from((0.0, -3600.0, 3600.0)))
    def step_clock(self, step: float) -> None:
        """Somebody sets our wall clock."""
        self.world.clocks.wall_step = step

    @invariant()
    def every_unmarked_balance_is_the_newest_that_was_sent(self) -> None:
        """By a push with the greatest key, or by a read that was believed since."""
        assert not self.account.promise.not_the_newest(), self._trace()

    @invariant()
    def what_was_never_pushed_is_found_in_the_detection_time(self) -> None:
        """Nothing is wrong, LIVE and unmarked for longer."""
        assert self.account.promise.least_slack >= 0, self._trace()

    @invariant()
    def the_audit_destroys_nothing(self) -> None:
        """A balance that was right is not made wrong by reads that are behind."""
        assert not self.account.promise.counts["destroyed by AUDIT"], self._trace()

    @invariant()
    def nothing_else_is_found(self) -> None:
        """Not after any call between the rules, and not in how the machine acts."""
        assert promised(self.account) == [], self._trace()

    def teardown(self) -> None:
        """Stop; the stream ends, and nothing is left under way."""
        self.account.stop()
        self.world.advance(60.0)
        self.account.must_be_gone()
        assert promised(self.account) == [], self._trace()

    def _trace(self) -> str:
        return "\n".join(["", *self.world.trace()])


class CoinWLife(Life):
    """The same at CoinW, which is audited more often while anything is on hold."""

    exchange = "coinw"


LIVES = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestUpbitLife = Life.TestCase
TestUpbitLife.settings = LIVES
TestCoinWLife = CoinWLife.TestCase
TestCoinWLife.settings = LIVES

#: No push is reordered or in doubt for long, so nothing but the audit is at work.
ORDERLY = FAULTS._replace(late=0.0, doubled=0.0, unreadable=0.0, clock_steps=0.0)


def promised(account: Account) -> list[object]:
    """Return the findings of what 0.1 promises.

    It does not promise that a lagging read is not taken for what a push said that
    could not be read.
    """
    return [finding for finding in account.findings if finding.kind != "unread"]


@pytest.mark.parametrize("exchange", ["upbit", "coinw"])
@pytest.mark.parametrize(
    "faults",
    [
        FAULTS,
        ORDERLY,
        FAULTS._replace(lost=0.5),
        FAULTS._replace(max_delay=90.0),
        FAULTS._replace(mute=0.2),
    ],
    ids=["usual", "orderly", "lossy", "very late", "mute"],
)
def test_random_lives_keep_the_promise(faults: Weather, exchange: str) -> None:
    """The audit destroys nothing; nothing is wrong beyond the detection time."""
    for seed in range(25):
        world = simulate(seed, faults, exchange, traced=True)
        (account,) = world.accounts
        trace = "\n".join([f"seed {seed}", *world.trace()])

        assert account.present.audits > 0
        assert account.promise.counts["destroyed by AUDIT"] == 0, trace
        assert account.promise.least_slack >= 0, trace
        assert promised(account) == [], trace


@pytest.mark.parametrize("lag", [lag for lag in LAGS if lag <= MAX_LAG])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_accounts_of_every_kind_keep_the_promise(account: str, lag: float) -> None:
    """A few of the lives of ``python -m tests.programs.audit_table``."""
    for seed in range(4):
        figures = audited(account, lag, seed)

        assert figures.audits > 0
        assert figures.good, f"seed {seed}: {figures}"


def test_the_world_counts_what_reads_too_far_behind_destroy() -> None:
    """The measure itself can fail: 30 s are more than the promise allows REST."""
    lives = [audited("goes mute", 30.0, seed) for seed in range(10)]

    assert sum(figures.destroyed for figures in lives) > 0


def test_reads_that_fail_end_live() -> None:
    """LIVE is not claimed for balances that nothing can check (A7)."""
    ends = 0
    for seed in range(10):
        for exchange in ("upbit", "coinw"):
            (never,) = simulate(seed, FAULTS._replace(failing=1.0), exchange).accounts
            assert not never.is_live
            (seldom,) = simulate(seed, FAULTS._replace(failing=0.8), exchange).accounts
            ends += seldom.promise.counts["leases ended"]

    assert ends > 0


def live_account(exchange: str) -> tuple[World, Account]:
    """Return an account with BTC 1 at the exchange, its stream LIVE."""
    world = World(exchange)
    account = world.open_account(random.Random(0))
    account.change("BTC", (Decimal(1), Decimal(0)), Push(()))
    world.advance(20.0)
    account.start()
    world.advance(2.0)
    assert account.is_live
    return world, account


@pytest.mark.parametrize("exchange", ["upbit", "coinw"])
def test_a_lost_push_costs_no_more_than_one_reconnect(exchange: str) -> None:
    """On a stream that is otherwise quiet (A5)."""
    world, account = live_account(exchange)
    world.advance(100.0)
    account.change("BTC", (Decimal(2), Decimal(0)), Push(()))
    world.advance(1000.0)

    assert account.shown("BTC") == (Decimal(2), Decimal(0))
    assert account.promise.counts["reconnects"] == 1
    assert account.promise.longest_wrong <= account.detection_time
    assert not world.findings


@pytest.mark.parametrize("exchange", ["upbit", "coinw"])
def test_the_world_finds_what_an_audit_switched_off_leaves_wrong(
    exchange: str,
) -> None:
    """The measure itself can fail: without audits a lost push is never found."""
    world, account = live_account(exchange)
    account.machine._schedule.due_at = account.present.lease_ends_at = float("inf")
    account.change("BTC", (Decimal(2), Decimal(0)), Push(()))
    world.advance(1000.0)

    assert account.promise.longest_wrong == pytest.approx(1000.0)
    assert account.promise.least_slack < 0
    assert [finding.kind for finding in world.findings] == ["overdue"]
