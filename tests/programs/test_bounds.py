"""What streams hold after a thousand of them, and after a million events (D1, D5)."""

from __future__ import annotations

import gc
import os
import sys
import threading
import tracemalloc
from functools import partial
from typing import Any, Iterator

import pytest

from assetstream import AssetStream, State, StreamGroup
from assetstream.runtime.engine import StreamEngine
from assetstream.runtime.mailbox import CallbackMailbox
from assetstream.runtime.places import Place
from assetstream.runtime.session import Session
from assetstream.simulator import Simulator
from assetstream.streams import registry
from tests.runtime.test_mailbox import flood
from tests.support.event_recorder import EventRecorder
from tests.support.groups import wait_until

pytestmark = [pytest.mark.programs, pytest.mark.usefixtures("no_rate_limits")]

#: Streams that come and go.
STREAMS = 1000
#: Those that are there at the same time.
TOGETHER = 20
#: Events of the flood.
EVENTS = 1_000_000
#: Bytes by which the flood's memory may differ.
NOISE = 20_000

#: Of these there is one for each stream that is held by anything.
PARTS = (AssetStream, StreamEngine, Session, CallbackMailbox)


def parts() -> dict[str, int]:
    """Count what is held of streams."""
    gc.collect()
    held = [type(each) for each in gc.get_objects() if isinstance(each, PARTS)]
    return {kind.__name__: held.count(kind) for kind in PARTS}


def descriptors() -> int:
    """Count the descriptors of this process; 0 where that is not known."""
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


def held() -> dict[str, int]:
    """Count all that streams may leave behind in the process."""
    return {
        **parts(),
        "registered": len(registry._running) + sum(map(len, registry._uses.values())),
        "descriptors": descriptors(),
        "threads": threading.active_count(),
    }


def none_is_left(before: dict[str, int]) -> bool:
    """Return whether nothing is held that was not before; what was may have gone."""
    return all(count <= before[name] for name, count in held().items())


def all_live(group: StreamGroup) -> bool:
    return set(group.health().states) == {State.LIVE}


@pytest.fixture
def server() -> Iterator[Simulator]:
    """A simulator that has answered before, so that its own part is made."""
    with Simulator(rate_limits=False) as simulator:
        for account in (simulator.upbit({"BTC": "1"}), simulator.coinw({"BTC": "1"})):
            with AssetStream(account.exchange()):
                pass
        yield simulator


def test_d5_a_thousand_accounts_that_come_and_go_leave_nothing(
    server: Simulator,
) -> None:
    """A group that runs on holds what one account holds, however many there were."""
    opened = [
        getattr(server, kind)({"BTC": "1"})
        for kind in ("upbit", "coinw")
        for _ in range(TOGETHER // 2)
    ]
    before = held()
    kept = server.upbit({"BTC": "1"})
    with StreamGroup([AssetStream(kept.exchange(), account="kept")]) as group:
        shared = group._run._threads.shared
        for number in range(STREAMS // TOGETHER):
            added = [
                AssetStream(account.exchange(), account=f"{number}-{each}")
                for each, account in enumerate(opened)
            ]
            for stream in added:
                group.add(stream)
            wait_until(partial(all_live, group))
            for stream in added:
                assert group.remove(stream.account, None)
            del added, stream
        server.wait_for_connections(1)
        wait_until(lambda: set(parts().values()) == {1})
        assert sum(map(len, registry._uses.values())) == 1
        assert len(shared._adapters) == 1
        assert dict(shared._users) == {(None, None): 1}
        assert len(shared.callbacks._served) == 2  # with the group's own progress
        (reader,) = group._run._threads._readers
        assert reader.streams == 1
        places = [each for each in gc.get_objects() if isinstance(each, Place)]
        assert sum(len(place._turns.members) for place in places) == 1
        owners = {entry[2] for entry in reader.reader._deadlines._heap} - {None}
        assert len(owners) <= 3  # the session, its connection and its place
        del reader, shared, places, owners
    del group
    server.wait_for_connections(0)
    wait_until(partial(none_is_left, before))


def test_d5_a_thousand_streams_that_fail_leave_nothing(server: Simulator) -> None:
    """Nobody stops them: they end by themselves, and nothing keeps them."""
    opened: list[Any] = [server.upbit({"BTC": "1"}), server.coinw({"BTC": "1"})]
    before = held()
    with server.refuse_logins():
        for _ in range(STREAMS // TOGETHER):
            recorder = EventRecorder()
            for each in range(TOGETHER):
                exchange = opened[each % 2].exchange()
                stream = AssetStream(exchange, account=str(each), on_state=recorder)
                stream.on_error(lambda error: None)
                stream.start(wait=False)
            del stream, exchange
            wait_until(
                lambda seen=recorder: (
                    [change.current for change in seen.events].count(State.FAILED)
                    == TOGETHER
                )
            )
    server.wait_for_connections(0)
    wait_until(partial(none_is_left, before))


def test_d1_a_million_events_take_no_memory() -> None:
    """Errors and updates by turns, behind a handler that never returns."""
    mailbox = CallbackMailbox(100)
    items = flood(500)
    mailbox.put(items)
    tracemalloc.start()
    try:
        mailbox.put(items)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(EVENTS // len(items)):
            mailbox.put(items)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert abs(after - before) < NOISE
    assert mailbox.pending < 200
