"""Streams of the simulated OKX, where its documents leave something open."""

from __future__ import annotations

import pytest

from assetstream import AssetStream, AssetStreamError, RateLimited, State
from assetstream.simulator import Simulator
from tests.simulator.okx.client import okx_account
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_a_snapshot_in_pages_and_rest_say_the_same(exchange: Simulator) -> None:
    """Nothing is told twice, and nothing is in doubt."""
    held = {"USDT": 1, "BTC": 2, "ETH": 3, "OKB": 4, "SOL": 5}
    account = okx_account(exchange, held, page=2)
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        assert known_balances(stream) == true_balances(account)
        assert stream.health().in_doubt == ()
    assert len(recorder.updates) == len(held)
    assert not recorder.of(AssetStreamError)


def test_s2_a_zero_that_is_not_pushed_is_found_by_rest(
    exchange: Simulator, time_machine: TimeMachine
) -> None:
    """Neither pushes nor REST name it any more: it is marked, not believed at once."""
    account = okx_account(exchange, {"USDT": 1, "BTC": 2}, push_zeros=False)
    with AssetStream(account.exchange(), audit_interval=None) as stream:
        account.withdraw("BTC", 2)
        time_machine.jump(11, stream)
        stream.verify(PATIENCE)
        assert stream.balances["BTC"].stale
        assert not stream.balances["USDT"].stale


def test_t2_a_stream_goes_by_the_exchange_s_clock(exchange: Simulator) -> None:
    """An hour ahead of ours: both the login and the read are signed with its time."""
    account = okx_account(exchange)
    recorder = EventRecorder()
    with (
        exchange.fault("clock_jump", seconds=3600.0),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        assert known_balances(stream) == true_balances(account)
    assert not recorder.of(AssetStreamError)


def test_l7_a_stream_renews_its_connection(exchange: Simulator) -> None:
    """No error is told, and the balances are the same."""
    account = okx_account(exchange)
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        with exchange.fault("notice_64008", account):
            recorder.wait_for(lambda e: getattr(e, "current", None) is State.STALE)
        stream.wait_until(lambda b: stream.state is State.LIVE, PATIENCE)
        account.deposit("BTC", 1)
        stream.wait_until(
            lambda b: known_balances(stream) == true_balances(account), PATIENCE
        )
    assert not recorder.of(AssetStreamError)


def test_a_subscription_that_is_ended_is_made_anew(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream says why, and does not wait in vain."""
    monkeypatch.setattr("assetstream.core.machine.LIMITED_WAIT", 0.0)
    account = okx_account(exchange)
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        with exchange.fault("subscription_too_many", account):
            recorder.wait_for(lambda e: isinstance(e, RateLimited))
        account.deposit("BTC", 1)
        stream.wait_until(
            lambda b: (
                stream.state is State.LIVE
                and known_balances(stream) == true_balances(account)
            ),
            PATIENCE,
        )


def test_demo_trading_is_followed_like_any_other() -> None:
    """The header of demo trading goes with every read."""
    with Simulator(region="us-demo") as simulator:
        account = okx_account(simulator)
        with AssetStream(account.exchange()) as stream:
            assert known_balances(stream) == true_balances(account)
