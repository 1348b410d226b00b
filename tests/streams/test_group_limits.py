"""Threads and exchange limits that the accounts of a group share."""

from __future__ import annotations

import itertools
import socket
from typing import Any

import pytest
from msgspec.structs import replace

from assetstream import (
    AssetStream,
    CoinW,
    State,
    StreamGroup,
    Upbit,
)
from assetstream.core.turns import AUDIT_SHARE
from assetstream.protocol import Exchange
from assetstream.runtime import threads
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import MOST_THREADS
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.groups import group_threads, streams, wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")

#: Seconds by which a call may come late.
LATE = 0.02


def test_where_only_select_exists_readers_share_the_accounts(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reader has no more accounts than it can serve."""
    monkeypatch.setattr(threads, "most_streams", lambda: 3)
    with StreamGroup(streams(accounts)) as group:
        assert [n for n in group_threads() if "reader" in n] == [
            "assetstream-group-reader",
            "assetstream-group-reader-2",
            "assetstream-group-reader-3",
        ]
        accounts["coinw-3"].deposit("BTC", "1")
        wait_until(lambda: group.total("BTC") == 9)
    assert not group_threads()


def noted(monkeypatch: pytest.MonkeyPatch, method: str) -> dict[str, list[float]]:
    """Record by exchange the times at which an adapter's method is called."""
    times: dict[str, list[float]] = {"upbit": [], "coinw": []}
    for adapter in (Upbit, CoinW):
        call = getattr(adapter, method)

        def noting(exchange: Exchange, *args: Any, call: Any = call) -> Any:
            times[exchange.name].append(clock.now())
            return call(exchange, *args)

        monkeypatch.setattr(adapter, method, noting)
    return times


def start_slowly(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Run a group where each exchange allows 20 calls a second."""
    for adapter in (Upbit, CoinW):
        slow = replace(adapter.limits, **{limit: 20.0})
        monkeypatch.setattr(adapter, "limits", slow)
    with StreamGroup(streams(accounts)):
        pass


def assert_spaced(times: dict[str, list[float]]) -> None:
    """Check one call for each account, 50 ms apart at one exchange.

    One that a busy machine lets come late is nearer to the next.
    """
    for each in times.values():
        assert len(each) == 4
        assert all(b - a >= 0.05 - LATE for a, b in itertools.pairwise(each))
        assert each[-1] - each[0] >= 3 * 0.05 - LATE


def test_the_limit_of_connects_is_kept(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All accounts of an exchange share its limit."""
    times = noted(monkeypatch, "conversation")  # begun with each attempt
    start_slowly(accounts, monkeypatch, "connects_together")

    assert_spaced(times)


def test_the_limit_of_reads_is_kept(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6: the snapshots of all accounts of an exchange share its limit."""
    times = noted(monkeypatch, "read")
    start_slowly(accounts, monkeypatch, "reads_together")

    assert_spaced(times)


def test_audits_leave_each_other_room(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6: more accounts mean longer intervals, which health() shows."""
    few = replace(Upbit.limits, reads_together=0.01)
    monkeypatch.setattr(Upbit, "limits", few)
    group = StreamGroup(streams(accounts))
    group.start(wait=False)
    wait_until(lambda: group.streams["upbit-3"]._run.engine)

    shared, one = 4 / (0.01 * AUDIT_SHARE), group.streams["upbit-0"]
    wait_until(lambda: one.health().audit_interval == shared)
    health = one.health()
    assert health.audit_interval is not None
    assert health.detection_time is not None
    assert health.detection_time > health.audit_interval
    assert group.stop()


def test_servers_that_never_answer_hold_up_nobody(
    exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """Each place has helpers of its own."""
    with socket.create_server(("127.0.0.1", 0)) as tarpit:  # which nobody accepts from
        place = f"127.0.0.1:{tarpit.getsockname()[1]}"
        mute = [
            AssetStream(
                Upbit(
                    f"key-{number}",
                    "secret",
                    region="sg",
                    ws_url=f"ws://{place}",
                    rest_url=f"http://{place}",
                ),
                account=f"mute-{number}",
            )
            for number in range(MOST_THREADS + 2)
        ]
        group = StreamGroup([*mute, *streams(accounts)])
        group.start(wait=False)
        wait_until(lambda: group.health().states.get(State.LIVE) == 8)

        assert {stream.state for stream in mute} == {State.CONNECTING}
        assert len([n for n in group_threads() if "helper" in n]) > MOST_THREADS
        began = clock.now()
        assert group.stop()
        assert clock.now() - began < 1
    assert not group_threads()
