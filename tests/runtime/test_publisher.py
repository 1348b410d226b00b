"""Events on their way to handlers, subscriptions, witnesses and the history."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from queue import Empty
from typing import Any

import pytest

from assetstream import (
    AssetStreamError,
    AssetUpdate,
    Balance,
    CallbackError,
    ConnectionLost,
    Gap,
    Source,
    State,
    StateChange,
)
from assetstream.core.present import Present
from assetstream.model.history import Recent
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import CallbackMailbox, End, Subscription
from assetstream.runtime.publisher import Publisher

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def update(available: int, source: Source = Source.STREAM) -> AssetUpdate:
    amount = Decimal(available)
    return AssetUpdate("x", "x-1", "BTC", amount, Decimal(0), None, NOW, source)


def handler(event: object) -> None:
    """Do nothing; the tests read events from the mailbox."""


class Stream:
    """A publisher with a handler, subscriptions and a history."""

    def __init__(self) -> None:
        self.present = Present("x", "x-1")
        self.handlers = Handlers()
        self.mailbox = CallbackMailbox(100)
        self.changes: list[StateChange] = []
        self.recent = Recent(10)
        dispatcher = Dispatcher(
            "x-1", self.handlers, self.mailbox, lambda exc: None, lambda act: act()
        )
        self.publisher = Publisher(
            self.present, dispatcher, self.changes.append, self.recent
        )

    def change(self, state: State, gap: Gap | None = None) -> StateChange:
        """Change the state, and publish that."""
        before, self.present.state = self.present.state, state
        change = StateChange("x", "x-1", before, state, "because", gap)
        self.publisher.publish([change])
        return change

    def subscribe(self, *, with_book: bool = False) -> Subscription:
        subscription = Subscription(100, with_book=with_book)
        self.publisher.subscribe(subscription)
        assert subscription.begun.happened
        return subscription


@pytest.fixture
def stream() -> Stream:
    return Stream()


def taken(subscription: Subscription) -> list[Any]:
    """Return everything in the mailbox now."""
    items: list[Any] = []
    try:
        while True:
            items.append(subscription.get(Deadline(0)))
    except Empty:
        return items


def test_everybody_sees_the_same_order(stream: Stream) -> None:
    """W2: handlers and subscriptions agree; subscriptions get no errors."""
    stream.handlers.asset.add(handler)
    stream.present.state = State.LIVE
    subscription = stream.subscribe()
    error = ConnectionLost("gone")
    stream.publisher.publish([update(1), error, update(2)])
    change = stream.change(State.STALE)

    assert stream.mailbox.take() == [update(1), error, update(2), change]
    present, *rest = taken(subscription)
    assert (present.current, present.reason) == (State.LIVE, "present")
    assert rest == [update(1), update(2), change]
    assert stream.changes == [change]
    assert list(stream.recent.view()) == [update(1), update(2)]


def test_updates_that_nobody_handles_are_not_queued(stream: Stream) -> None:
    """Errors and states are queued, at least to be logged."""
    error = ConnectionLost("gone")
    stream.publisher.publish([update(1), error])
    assert stream.mailbox.take() == [error]
    assert len(stream.recent.view()) == 1


def test_live_keeps_the_gap(stream: Stream) -> None:
    """The health has the last gap."""
    stream.change(State.CONNECTING)
    gap = Gap(NOW, NOW, 2)
    stream.change(State.LIVE, gap)
    assert stream.publisher.last_gap is gap
    stream.change(State.STALE)
    assert stream.publisher.last_gap is gap


def test_a_subscription_may_begin_with_the_book(stream: Stream) -> None:
    """The book comes before all later events."""
    stream.present.state = State.LIVE
    stream.present.balances = {
        "BTC": Balance("x", "x-1", "BTC", Decimal(3), Decimal(1), NOW, Source.AUDIT)
    }
    subscription = stream.subscribe(with_book=True)
    stream.publisher.publish([update(4)])
    _, snapshot, pushed = taken(subscription)
    assert snapshot.source is Source.SNAPSHOT
    assert (snapshot.available, snapshot.locked) == (3, 1)
    assert pushed == update(4)


def test_one_that_is_removed_ends(stream: Stream) -> None:
    """The waiting thread is woken; other subscriptions go on."""
    one, other = stream.subscribe(), stream.subscribe()
    stream.publisher.unsubscribe(one)
    stream.publisher.publish([update(1)])
    _, end = taken(one)
    assert isinstance(end, End)
    assert end.error is None
    assert taken(other)[1:] == [update(1)]


@pytest.mark.parametrize("state", [State.FAILED, State.STOPPED])
def test_the_end_reaches_every_subscription(stream: Stream, state: State) -> None:
    """Later subscriptions end at once, with the reason if there is one."""
    stream.present.state = State.LIVE
    stream.handlers.asset.add(handler)
    early = stream.subscribe()
    failure = AssetStreamError("no more", fatal=True)
    stream.present.error = failure
    stream.publisher.publish([update(1), failure])
    stream.publisher.interrupt = SystemExit(3)
    change = stream.change(state)
    late = stream.subscribe()

    end, (late_end,) = taken(early)[-1], taken(late)
    reason = failure if state is State.FAILED else stream.publisher.interrupt
    assert end.error is late_end.error is reason
    events = stream.mailbox.take()
    if state is State.STOPPED:  # what is undelivered then is dropped
        assert events == [failure, change]
        assert stream.mailbox.dropped == 1
    else:
        assert events == [update(1), failure, change]
    assert stream.mailbox.take() == []


def test_witnesses_see_errors_and_states_at_once(stream: Stream) -> None:
    """Witnesses, such as a recorder, are called in the same call."""
    seen: list[object] = []
    stream.handlers.witnesses.add(seen.append)
    error = ConnectionLost("gone")
    stream.publisher.publish([update(1), error])
    change = stream.change(State.CONNECTING)
    assert seen == [error, change]


def test_d2_one_that_is_over_is_let_go_of_at_once(stream: Stream) -> None:
    """Fault 38: an iterator that nobody reads costs nothing any more."""
    abandoned, other = Subscription(2), stream.subscribe()
    stream.publisher.subscribe(abandoned)
    for number in range(5):
        stream.publisher.step += 1
        stream.publisher.publish([update(number)])
    assert stream.publisher._sinks == (other,)
    assert isinstance(taken(abandoned)[-1], End)
    assert len(taken(other)) == 6


def test_d2_many_publications_of_one_step_end_no_subscription(stream: Stream) -> None:
    """Fault 21: each report of a step is published by itself."""
    subscription = Subscription(2)
    stream.publisher.subscribe(subscription)
    for number in range(20):
        stream.publisher.publish([update(number)])
    assert len(taken(subscription)) == 21


def test_d4_a_subscriber_that_raises_is_called_no_more(stream: Stream) -> None:
    """The stream goes on, and ``on_error`` hears of it."""
    seen: list[object] = []

    def witness(event: object) -> None:
        seen.append(event)
        raise ValueError

    stream.handlers.witnesses.add(witness)
    error = ConnectionLost("gone")
    stream.publisher.publish([error])
    change = stream.change(State.CONNECTING)
    assert seen == [error]
    first, blamed, last = stream.mailbox.take()
    assert (first, last) == (error, change)
    assert isinstance(blamed, CallbackError)
    assert "subscriber test_d4" in blamed.problem
    assert "witness raised ValueError and is called no more" in blamed.problem
    assert blamed.callback is witness
