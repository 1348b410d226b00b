"""The promise, against a model exchange: machine-made lives and many random ones."""

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

from assetstream.protocol import Limits
from tests.programs.audit_table import ACCOUNTS, LAGS, audited
from tests.support.audit_model import LIMITS, World
from tests.support.audit_simulation import Faults, simulate
from tests.support.model_exchange import CURRENCIES, MAX_LAG, Push, Reply

#: Audited more often while anything is on hold.
LOCKED = Limits(1.0, 2.5, 10.0, 5.0, audit_interval=30.0, audit_interval_locked=15.0)

currencies = st.sampled_from(CURRENCIES)
# Few values, so that a balance often returns to one it had before (A3).
balances = st.tuples(st.sampled_from("0123"), st.sampled_from("001")).map(
    lambda pair: (Decimal(pair[0]), Decimal(pair[1]))
)
#: Prompt, later than the next change, later than REST may lag, after all audits.
delays = st.sampled_from((0.1, 3.0, 14.0, 70.0))
lags = st.sampled_from((0.0, 5.0, MAX_LAG))
durations = st.sampled_from((0.1, 3.0, 9.9))


class Life(RuleBasedStateMachine):
    """A stream, its exchange, and all that may go wrong between them."""

    def __init__(self) -> None:
        super().__init__()
        self.reply = Reply()
        self.next_replies: list[Reply] = []
        # Fixed, so that hypothesis can shrink what it finds.
        self.world = World(self._replies, random.Random(0))

    def _replies(self) -> Reply:
        return self.next_replies.pop(0) if self.next_replies else self.reply

    @initialize(amounts=balances, lag=lags)
    def connect(self, amounts: tuple[Decimal, Decimal], lag: float) -> None:
        """The account holds something, and the stream becomes LIVE."""
        for code in CURRENCIES[:2]:
            self.world.change(code, amounts, Push(()))
        self.world.advance(20.0)
        self.reply = Reply(lag=lag)
        self.world.connect()
        self.world.advance(5.0)
        assert self.world.is_live

    @rule(currency=currencies, amounts=balances, late=st.lists(delays, max_size=2))
    def change(
        self, currency: str, amounts: tuple[Decimal, Decimal], late: list[float]
    ) -> None:
        """A balance changes; its push is lost, in time, late or doubled."""
        self.world.change(currency, amounts, Push(tuple(late)))

    @rule(currency=currencies, amounts=balances)
    def change_in_time(self, currency: str, amounts: tuple[Decimal, Decimal]) -> None:
        """The ordinary case, by far."""
        self.world.change(currency, amounts, Push((0.1,)))

    @rule(
        currency=currencies,
        amounts=balances,
        what=st.sampled_from(("entry", "frame")),
    )
    def change_unreadably(
        self, currency: str, amounts: tuple[Decimal, Decimal], what: str
    ) -> None:
        """A balance changes; the push arrives and cannot be read."""
        self.world.change(currency, amounts, Push((0.1,), what))
        self.world.advance(0.2)

    @rule(seconds=st.sampled_from((0.05, 1.0, 4.0, 11.0, 61.0, 400.0)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.advance(seconds)

    @rule(lag=lags, duration=durations)
    def rest_lags(self, lag: float, duration: float) -> None:
        """From now on REST is as far behind and as slow as this."""
        self.reply = Reply(lag=lag, duration=duration)

    @rule(lags=st.lists(lags, max_size=4))
    def replicas(self, lags: list[float]) -> None:
        """The next reads come from replicas of different age."""
        self.next_replies = [Reply(lag=lag) for lag in lags]

    @rule(what=st.sampled_from((*CURRENCIES, "")), lag=lags)
    def rest_garbles(self, what: str, lag: float) -> None:
        """The next read has an entry that cannot be read."""
        self.next_replies = [Reply(lag=lag, garbled=what)]

    @precondition(lambda self: self.world.connected)
    @rule(wait=st.sampled_from((0.1, 5.0, 40.0)))
    def disconnect(self, wait: float) -> None:
        """The connection is lost; pushes under way with it."""
        self.world.disconnect(wait)

    @precondition(lambda self: not self.world.mute)
    @rule()
    def go_mute(self) -> None:
        """The connection lives and pushes nothing any more."""
        self.world.mute = True

    @rule(step=st.sampled_from((0.0, -3600.0, 3600.0)))
    def step_clock(self, step: float) -> None:
        """Somebody sets our wall clock."""
        self.world.clock_step = step

    @invariant()
    def every_unmarked_balance_is_the_newest_that_was_sent(self) -> None:
        """By a push with the greatest key, or by a read that was believed since."""
        assert not self.world.not_the_newest(), self._trace()

    @invariant()
    def what_was_never_pushed_is_found_in_the_detection_time(self) -> None:
        """Nothing is wrong, LIVE and unmarked for longer."""
        assert self.world.least_slack >= 0, self._trace()

    @invariant()
    def the_audit_destroys_nothing(self) -> None:
        """A balance that was right is not made wrong by reads that are behind."""
        assert not self.world.counts["destroyed by AUDIT"], self._trace()

    def _trace(self) -> str:
        return "\n".join(["", *self.world.trace])


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=600,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

#: No push is reordered or in doubt for long, so nothing but the audit is at work.
ORDERLY = Faults(late=0.0, doubled=0.0, unreadable=0.0, clock_steps=0.0)


@pytest.mark.parametrize("limits", [LIMITS, LOCKED], ids=["like Upbit", "like CoinW"])
@pytest.mark.parametrize(
    "faults",
    [Faults(), ORDERLY, Faults(lost=0.5), Faults(max_delay=90.0), Faults(mute=0.2)],
    ids=["usual", "orderly", "lossy", "very late", "mute"],
)
def test_random_lives_keep_the_promise(faults: Faults, limits: Limits) -> None:
    """The audit destroys nothing; nothing is wrong beyond the detection time."""
    for seed in range(25):
        world = simulate(seed, faults, limits=limits)
        trace = "\n".join([f"seed {seed}", *world.trace])

        assert world.counts["audits"] > 0
        assert world.counts["destroyed by AUDIT"] == 0, trace
        assert world.counts["not the newest"] == 0, trace
        assert world.least_slack >= 0, trace


@pytest.mark.parametrize("lag", [lag for lag in LAGS if lag <= MAX_LAG])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_accounts_of_every_kind_keep_the_promise(account: str, lag: float) -> None:
    """A few of the lives of ``python -m tests.programs.audit_table``."""
    for seed in range(4):
        figures = audited(account, lag, seed)

        assert figures.audits > 0
        assert figures.good, f"seed {seed}: {figures}"


def test_the_model_counts_what_reads_too_far_behind_destroy() -> None:
    """The measure itself can fail: 30 s are more than the promise allows REST."""
    lives = [audited("goes mute", 30.0, seed) for seed in range(10)]

    assert sum(figures.destroyed for figures in lives) > 0


def test_reads_that_fail_end_live() -> None:
    """What cannot be checked is not said to be LIVE (A7)."""
    for seed in range(10):
        world = simulate(seed, Faults(failing=1.0))
        assert not world.is_live
    ends = sum(
        simulate(seed, Faults(failing=0.8)).counts["leases ended"] for seed in range(10)
    )

    assert ends > 0


def test_a_lost_push_costs_no_more_than_one_reconnect() -> None:
    """On a stream that is otherwise quiet (A5)."""
    world = World(Reply, random.Random(0))
    world.change("BTC", (Decimal(1), Decimal(0)), Push(()))
    world.advance(20.0)
    world.connect()
    world.advance(100.0)
    world.change("BTC", (Decimal(2), Decimal(0)), Push(()))
    world.advance(1000.0)

    assert world.shown("BTC") == (Decimal(2), Decimal(0))
    assert world.counts["reconnects"] == 1
    assert world.longest_wrong <= world.detection_time


def test_the_model_finds_what_an_audit_switched_off_leaves_wrong() -> None:
    """The measure itself can fail: without audits a lost push is never found."""
    world = World(Reply, random.Random(0))
    world.change("BTC", (Decimal(1), Decimal(0)), Push(()))
    world.advance(20.0)
    world.connect()
    world.advance(1.0)
    world.schedule.due_at = world.schedule.lease_ends_at = float("inf")
    world.change("BTC", (Decimal(2), Decimal(0)), Push(()))
    world.advance(1000.0)

    assert world.longest_wrong == pytest.approx(1000.0)
    assert world.least_slack < 0
