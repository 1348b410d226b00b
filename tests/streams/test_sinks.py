"""Sinks: all that happens to the streams of a source, for archives and relays."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from queue import SimpleQueue
from typing import Sequence

from assetstream import (
    AssetStream,
    AssetUpdate,
    Source,
    State,
    StateChange,
    StreamGroup,
)
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.streams.handlers import attach
from tests.support.event_recorder import PATIENCE
from tests.support.groups import BALANCES, wait_until


class Log:
    """A sink that remembers what it was given, and at what number it has enough."""

    with_book = True

    def __init__(self) -> None:
        self.items: SimpleQueue[AssetUpdate | StateChange | None] = SimpleQueue()
        self.error: BaseException | None = None
        self.wanted = True

    def begin(self, items: Sequence[AssetUpdate | StateChange]) -> None:
        for item in items:
            self.items.put(item)

    def put(self, items: Sequence[AssetUpdate | StateChange], step: int) -> bool:
        self.begin(items)
        return self.wanted

    def end(self, error: BaseException | None) -> None:
        self.error = error
        self.items.put(None)

    def until(self, state: State) -> list[AssetUpdate | StateChange]:
        """Return what came, until the stream was in that state."""
        found: list[AssetUpdate | StateChange] = []
        while True:
            item = self.items.get(timeout=PATIENCE)
            assert item is not None, found
            found.append(item)
            if isinstance(item, StateChange) and item.current is state:
                return found


class Logs:
    """Makes sinks, and keeps them."""

    def __init__(self) -> None:
        self.made: list[Log] = []

    def make(self) -> Log:
        self.made.append(Log())
        return self.made[-1]


def amounts(items: Sequence[AssetUpdate | StateChange]) -> dict[str, Decimal]:
    """Return the last available amount of each currency."""
    updates = (item for item in items if isinstance(item, AssetUpdate))
    return {update.currency: update.available for update in updates}


def test_one_that_is_there_before_the_start_takes_everything(account: Account) -> None:
    """First the present state; then each change; then the end."""
    logs = Logs()
    stream = AssetStream(account.exchange(), account="a")
    attach(stream, logs.make)
    assert logs.made == []

    with stream:
        (log,) = logs.made
        items = log.until(State.LIVE)
    rest = log.until(State.STOPPED)

    first = items[0]
    assert isinstance(first, StateChange)
    assert first.reason == "present"
    assert amounts(items) == {c: b.available for c, b in stream.balances.items()}
    assert not amounts(rest)
    assert log.items.get(timeout=PATIENCE) is None
    assert log.error is None


def test_one_that_comes_later_begins_with_the_book(account: Account) -> None:
    """It begins with the book as SNAPSHOT updates, and another is made by its own."""
    logs, others = Logs(), Logs()
    with AssetStream(account.exchange(), account="a") as stream:
        attach(stream, logs.make)
        attach(stream, others.make)
        (log,), (other,) = logs.made, others.made
        assert amounts(log.until(State.LIVE)) == amounts(other.until(State.LIVE)) == {}
        with stream.expect(lambda u: u.currency == "USDT", PATIENCE):
            account.place_order(pay="USDT", amount=1, receive="BTC")
    sources = defaultdict(set)
    for update in log.until(State.STOPPED):
        if isinstance(update, AssetUpdate):
            sources[update.source].add(update.currency)

    assert sources == {Source.SNAPSHOT: {"BTC", "USDT"}, Source.STREAM: {"USDT"}}
    assert amounts(other.until(State.STOPPED))["USDT"] == 999


def test_one_that_wants_no_more_gets_no_more(account: Account) -> None:
    """It is let go of, and nothing else ends."""
    logs = Logs()
    with AssetStream(account.exchange(), account="a") as stream:
        attach(stream, logs.make)
        (log,) = logs.made
        log.until(State.LIVE)
        log.wanted = False
        for _ in range(2):
            with stream.expect(lambda u: u.currency == "USDT", PATIENCE):
                account.place_order(pay="USDT", amount=1, receive="BTC")
        assert stream.state is State.LIVE
    taken = []
    while not log.items.empty():
        taken.append(log.items.get())

    assert taken[-1] is not None
    assert amounts([item for item in taken if item])["USDT"] > 998


def test_a_group_s_is_made_for_each_account(exchange: Simulator) -> None:
    """Accounts that come later have one, too, until no more are to be made."""
    streams = {
        label: AssetStream(exchange.upbit(BALANCES).exchange(), account=label)
        for label in ("one", "late", "later")
    }
    logs = Logs()
    with StreamGroup([streams["one"]]) as group:
        attach(group, logs.make)
        assert len(logs.made) == 1
        group.add(streams["late"])
        assert len(logs.made) == 2
        group.off(logs.make)
        group.add(streams["later"])
        wait_until(lambda: streams["later"].state is State.LIVE)
        assert len(logs.made) == 2
    labels = [{item.account for item in log.until(State.STOPPED)} for log in logs.made]

    assert labels == [{"one"}, {"late"}]
