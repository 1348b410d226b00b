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
    RateLimited,
    State,
    StreamGroup,
    Upbit,
)
from assetstream.core.effects import Turn
from assetstream.core.turns import AUDIT_SHARE, Turns
from assetstream.protocol import Exchange, Limits, Rate
from assetstream.runtime import places, threads
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import USUAL_THREADS
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import group_threads, streams, wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")


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


class NotedTurns(Turns[Any]):
    """The queue of one place, which notes the times of the turns that it grants."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._asked: dict[tuple[Any, int], Turn] = {}
        self.granted: dict[Turn, list[float]] = {turn: [] for turn in Turn}

    def ask(self, asker: Any, ticket: int, turn: Turn) -> None:
        self._asked[asker, ticket] = turn
        super().ask(asker, ticket, turn)

    def grants(self, now: float) -> list[tuple[Any, int]]:
        found = super().grants(now)
        for who in found:
            self.granted[self._asked[who]].append(now)
        return found


def check_the_limit(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    turn: Turn,
    method: str,
) -> None:
    """Run a group where each exchange allows 20 calls a second.

    Each account calls once, after a turn that was granted, and turns are granted 50 ms
    apart. The times are those that the clock showed to the queue, so a busy machine
    may let a call come late.
    """
    queues: dict[str, NotedTurns] = {}
    calls: dict[str, list[float]] = {"upbit": [], "coinw": []}
    for adapter in (Upbit, CoinW):
        slow = replace(adapter.limits, **{limit: Rate(20, 1.0)})
        monkeypatch.setattr(adapter, "limits", slow)
        call = getattr(adapter, method)

        def noting(exchange: Exchange, *args: Any, call: Any = call) -> Any:
            calls[exchange.name].append(clock.now())
            return call(exchange, *args)

        monkeypatch.setattr(adapter, method, noting)

    def turns(limits: Limits) -> NotedTurns:
        name = "upbit" if limits is Upbit.limits else "coinw"
        queues[name] = NotedTurns(limits)
        return queues[name]

    monkeypatch.setattr(places, "Turns", turns)
    with StreamGroup(streams(accounts, audit_interval=None)):
        pass

    for name, queue in queues.items():
        granted = queue.granted[turn]
        assert len(granted) == len(calls[name]) == 4
        assert all(b - a >= 0.05 for a, b in itertools.pairwise(granted))
        assert all(a <= b for a, b in zip(granted, calls[name], strict=True))
    assert queues.keys() == calls.keys()


def test_the_limit_of_connects_is_kept(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All accounts of an exchange share its limit."""
    # A conversation is begun with each attempt.
    check_the_limit(
        accounts, monkeypatch, "connects_together", Turn.CONNECT, "conversation"
    )


def test_the_limit_of_reads_is_kept(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6: the snapshots of all accounts of an exchange share its limit."""
    check_the_limit(accounts, monkeypatch, "reads_together", Turn.SNAPSHOT, "read")


def test_l4_lone_streams_and_groups_wait_in_one_queue(
    exchange: Simulator, account: Account
) -> None:
    """Who is told to wait holds back all of the process, and those who come later."""
    recorder = EventRecorder()
    with exchange.fault("upgrade_429", retry_after=3600):
        alone = AssetStream(account.exchange(), **recorder.handlers())
        alone.start(wait=False)
        recorder.wait_for(lambda event: isinstance(event, RateLimited))
        assert alone.stop()
    later = AssetStream(account.exchange(), account="later")
    group = StreamGroup([AssetStream(account.exchange(), account="member")])
    later.start(wait=False)
    group.start(wait=False)
    place = places.place_of(account.exchange(), None)
    queue = place._turns._waiting[Turn.CONNECT]
    wait_until(lambda: len(queue) == 2)

    assert place.deadline > clock.now() + 3000
    assert later.stop()
    assert group.stop()
    assert place.deadline == float("inf")


def test_audits_leave_each_other_room(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6: more accounts mean longer intervals, which health() shows."""
    few = replace(Upbit.limits, reads_together=Rate(1, 100.0))
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
                connect_timeout=PATIENCE,
            )
            for number in range(USUAL_THREADS + 2)
        ]
        group = StreamGroup([*mute, *streams(accounts)])
        group.start(wait=False)
        wait_until(lambda: group.health().states.get(State.LIVE) == 8)

        assert {stream.state for stream in mute} == {State.CONNECTING}
        assert len([n for n in group_threads() if "helper" in n]) > USUAL_THREADS
        assert group.stop(), "it waits for no answer"
    assert not group_threads()
