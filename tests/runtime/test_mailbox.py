"""The two kinds of mailboxes; tests begin with their rule's label."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from queue import Empty
from typing import Any

import pytest

from assetstream import (
    AssetStreamError,
    AssetUpdate,
    Balance,
    ConnectionLost,
    Gap,
    ProtocolError,
    Source,
    State,
    StateChange,
    StreamStateError,
)
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import (
    MOST_ERRORS,
    CallbackMailbox,
    End,
    Item,
    Subscription,
)

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def update(currency: str, available: int) -> AssetUpdate:
    """Make an update that raises ``available`` by one."""
    before = Balance(
        "x", "x-1", currency, Decimal(available - 1), Decimal(0), NOW, Source.STREAM
    )
    return AssetUpdate(
        "x",
        "x-1",
        currency,
        Decimal(available),
        Decimal(0),
        None,
        NOW,
        Source.STREAM,
        previous=before,
    )


CHANGE = StateChange("x", "x-1", State.LIVE, State.STALE, "lost")


@pytest.fixture
def mailbox() -> CallbackMailbox:
    """A mailbox for three updates."""
    return CallbackMailbox(3)


def everything(mailbox: CallbackMailbox) -> list[Item]:
    """Return all that a callback thread would get."""
    mailbox.close()
    taken = []
    while batch := mailbox.take():
        taken += batch
    return taken


def shown(events: list[Item]) -> list[object]:
    return [
        (item.currency, int(item.available), item.folded)
        if isinstance(item, AssetUpdate)
        else type(item).__name__
        for item in events
    ]


def test_d1_in_order_up_to_the_bound(mailbox: CallbackMailbox) -> None:
    """Below the bound nothing is folded."""
    mailbox.put([update("BTC", 1), update("BTC", 2), update("BTC", 3)])

    assert mailbox.pending == 3
    assert shown(everything(mailbox)) == [("BTC", 1, 0), ("BTC", 2, 0), ("BTC", 3, 0)]
    assert mailbox.folded == 0


def test_d1_past_the_bound_the_latest_per_currency(mailbox: CallbackMailbox) -> None:
    """The folded update has the oldest ``previous``, and the count."""
    mailbox.put([update("BTC", n) for n in (1, 2, 3)])
    mailbox.put([update("BTC", 4), update("ETH", 1), update("BTC", 5)])
    mailbox.put([update("BTC", 6)])
    taken = everything(mailbox)

    assert shown(taken)[3:] == [("ETH", 1, 0), ("BTC", 6, 2)]
    folded = taken[-1]
    assert isinstance(folded, AssetUpdate)
    assert folded.previous is not None
    assert folded.previous.available == 3
    assert folded.change == 3
    assert mailbox.folded == 2


def test_d1_never_across_a_state_change(mailbox: CallbackMailbox) -> None:
    """Updates before and behind it stay apart; an error stops no folding."""
    mailbox.put([update("BTC", n) for n in range(1, 6)])
    mailbox.put([CHANGE, update("BTC", 6), ConnectionLost("x"), update("BTC", 7)])

    assert shown(everything(mailbox)) == [
        ("BTC", 1, 0),
        ("BTC", 2, 0),
        ("BTC", 3, 0),
        ("BTC", 5, 1),
        "StateChange",
        "ConnectionLost",
        ("BTC", 7, 1),
    ]


def test_d1_errors_that_are_alike_are_one(mailbox: CallbackMailbox) -> None:
    """Fault 17: only the first that waits is delivered, with the number of others."""
    first = ConnectionLost("reset", code=1006)
    mailbox.put([first, CHANGE, ConnectionLost("reset again", code=1006)])
    mailbox.put([ConnectionLost("reset again", code=1006)])

    assert mailbox.pending == 2
    assert everything(mailbox) == [first, CHANGE]
    assert first.repeated == 2


def error(**facts: Any) -> ProtocolError:
    return ProtocolError("unreadable", account="x-1", exchange="x", **facts)


@pytest.mark.parametrize(
    "other",
    [
        error(currency="ETH"),
        error(currency="BTC", fatal=True),
        error(currency="BTC", remedy="Look at the clock."),
        ConnectionLost("unreadable", account="x-1", exchange="x"),
        ProtocolError("unreadable", account="x-2", exchange="x", currency="BTC"),
        ProtocolError("unreadable", account="x-1", exchange="y", currency="BTC"),
    ],
    ids=["currency", "fatal", "kind", "class", "account", "exchange"],
)
def test_d1_errors_that_differ_are_all_delivered(
    mailbox: CallbackMailbox, other: AssetStreamError
) -> None:
    """None of these may hide behind the first."""
    one = error(currency="BTC")
    mailbox.put([one, other, error(currency="BTC")])

    assert everything(mailbox) == [one, other]
    assert (one.repeated, other.repeated) == (1, 0)


def test_d1_codes_tell_errors_apart(mailbox: CallbackMailbox) -> None:
    """A refusal of another code is another error."""
    mailbox.put([ConnectionLost("lost", code=code) for code in (1006, 4001, 1006)])
    assert [getattr(item, "code", 0) for item in everything(mailbox)] == [1006, 4001]


def test_d1_an_error_that_is_taken_counts_no_others(mailbox: CallbackMailbox) -> None:
    """A handler sees a number that does not change any more."""
    first, second = ConnectionLost("one"), ConnectionLost("two")
    mailbox.put([first])
    assert mailbox.take() == [first]
    mailbox.put([second])

    assert first.repeated == 0
    assert everything(mailbox) == [second]


def test_d1_many_different_errors_are_bounded_as_well(mailbox: CallbackMailbox) -> None:
    """Beyond so many, those of one class are alike; the fatal one is not."""
    mailbox.put([error(currency=f"C{n}") for n in range(10 * MOST_ERRORS)])
    fatal = error(currency="BTC", fatal=True)
    mailbox.put([fatal])
    waiting = everything(mailbox)

    assert len(waiting) == MOST_ERRORS + 2
    assert waiting[-1] is fatal
    assert sum(getattr(e, "repeated", 0) + 1 for e in waiting) == 10 * MOST_ERRORS + 1


def gap(first: int, last: int, recovered: int) -> Gap:
    return Gap(NOW + timedelta(seconds=first), NOW + timedelta(seconds=last), recovered)


def change(before: State, after: State, missed: Gap | None = None) -> StateChange:
    return StateChange("x", "x-1", before, after, f"to {after}", missed)


def test_d1_changes_of_state_fold_past_the_bound(mailbox: CallbackMailbox) -> None:
    """From the first ``previous`` to the last ``current``, behind what came before."""
    mailbox.put([update("BTC", n) for n in (1, 2, 3)])
    mailbox.put([change(State.LIVE, State.STALE), update("BTC", 4)])
    mailbox.put([change(State.STALE, State.LIVE, gap(0, 5, 1)), update("BTC", 5)])
    mailbox.put([change(State.LIVE, State.STALE), update("ETH", 1)])
    mailbox.put([change(State.STALE, State.LIVE, gap(7, 9, 2)), update("BTC", 6)])
    taken = everything(mailbox)

    assert shown(taken)[3:] == [
        ("BTC", 5, 1),
        ("ETH", 1, 0),
        "StateChange",
        ("BTC", 6, 0),
    ]
    folded = taken[-2]
    assert isinstance(folded, StateChange)
    assert (folded.previous, folded.current) == (State.LIVE, State.LIVE)
    assert folded.reason == "to LIVE"
    assert folded.folded == 3
    assert folded.gap == gap(0, 9, 3)


def test_d1_the_last_change_is_the_last_item(mailbox: CallbackMailbox) -> None:
    """FAILED comes behind the updates and the error that it is about."""
    mailbox.put([update("BTC", n) for n in range(1, 6)])
    failure = error(fatal=True)
    mailbox.put([failure, change(State.LIVE, State.FAILED)])
    *_, last_update, last_error, end = everything(mailbox)

    assert isinstance(last_update, AssetUpdate)
    assert last_error is failure
    assert isinstance(end, StateChange)
    assert end.current is State.FAILED


def flood(steps: int) -> list[Item]:
    """Return errors and updates by turns, and a change of state now and then."""
    items: list[Item] = []
    for number in range(steps):
        code = f"C{number % 5}"
        items += [error(currency=code, frame=b"x" * 99), update(code, number)]
        if number % 100 == 99:
            items.append(CHANGE)
    return items


def test_d1_a_mailbox_is_bounded_whatever_comes(mailbox: CallbackMailbox) -> None:
    """Fault 17: errors and changes between the updates let nothing pile up."""
    items, rounds = flood(500), 100
    for _ in range(rounds):
        mailbox.put(items)
        # The updates of five currencies before and behind the change, and errors.
        assert mailbox.pending <= 3 + 2 * 5 + 5 + 1

    delivered = everything(mailbox)
    counted = sum(getattr(item, "folded", 0) + 1 for item in delivered)
    repeated = sum(getattr(item, "repeated", 0) for item in delivered)
    assert counted + repeated == rounds * len(items)
    assert mailbox.folded == sum(
        item.folded for item in delivered if isinstance(item, AssetUpdate)
    )


def test_d1_what_is_in_hand_counts(mailbox: CallbackMailbox) -> None:
    """The batch of a slow callback is pending, too."""
    mailbox.put([update("BTC", n) for n in (1, 2, 3)])
    assert len(mailbox.take()) == 3
    mailbox.put([update("BTC", 4), update("BTC", 5)])

    assert mailbox.pending == 4
    assert shown(everything(mailbox)) == [("BTC", 5, 1)]


def test_d1_in_order_when_there_is_room_again(mailbox: CallbackMailbox) -> None:
    """New updates come behind the folded ones."""
    mailbox.put([update("BTC", n) for n in (1, 2, 3)])
    taken = mailbox.take()
    mailbox.put([update("BTC", 4)])
    mailbox.delivered += len(taken)
    mailbox.put([update("BTC", 5)])

    assert shown(taken + everything(mailbox)) == [
        ("BTC", 1, 0),
        ("BTC", 2, 0),
        ("BTC", 3, 0),
        ("BTC", 5, 1),
    ]


def test_stop_drops_updates_and_keeps_the_rest(mailbox: CallbackMailbox) -> None:
    """The dropped updates are counted."""
    mailbox.put([update("BTC", 1)])
    assert len(mailbox.take()) == 1
    mailbox.put([update("BTC", n) for n in (2, 3, 4, 5)])
    mailbox.put([CHANGE])
    mailbox.discard_updates()

    assert mailbox.discarding, "what is in hand is the dispatcher's to drop"
    assert shown(everything(mailbox)) == ["StateChange"]
    assert mailbox.dropped + mailbox.folded == 4


def test_who_found_nothing_is_woken(mailbox: CallbackMailbox) -> None:
    """The next events, or the end, wake once."""
    woken: list[str] = []
    mailbox.wake = lambda: woken.append("woken")
    mailbox.put([update("BTC", 1)])
    mailbox.put([update("BTC", 2)])
    assert woken == ["woken"]

    assert len(mailbox.take()) == 2
    mailbox.put([CHANGE])
    assert woken == ["woken"]
    assert len(mailbox.take()) == 1
    assert mailbox.take() == []
    assert not mailbox.over

    mailbox.close()
    assert woken == ["woken"] * 2
    assert mailbox.take() == []
    assert mailbox.over


def test_d2_a_watch_never_folds() -> None:
    """A subscription keeps everything in order."""
    watch = Subscription(100)
    for number in range(50):
        assert watch.put([update("BTC", number)], number)

    taken = [watch.get(Deadline(0)) for _ in range(50)]
    assert [int(u.available) for u in taken if isinstance(u, AssetUpdate)] == list(
        range(50)
    )
    with pytest.raises(Empty):
        watch.get(Deadline(0))


def test_d2_a_watch_past_its_limit_ends_with_an_error() -> None:
    """One error ends it; earlier updates are still there."""
    watch = Subscription(2)
    taken = [watch.put([update("BTC", number)], number) for number in range(5)]
    assert taken == [True, True, True, False, False]
    for _ in range(3):
        assert isinstance(watch.get(Deadline(0)), AssetUpdate)
    end = watch.get(Deadline(0))

    assert isinstance(end, End)
    assert isinstance(end.error, StreamStateError)
    with pytest.raises(Empty):
        watch.get(Deadline(0))


def test_d2_what_came_in_one_step_ends_no_watch() -> None:
    """Fault 21: nobody can have taken what a step that is under way has brought."""
    watch = Subscription(2)
    for number in range(20):  # a step may publish more than once
        assert watch.put([update("BTC", number)], step=1)
    for _ in range(18):
        watch.get(Deadline(0))
    assert watch.put([update("BTC", n) for n in range(20)], step=2)
    assert not watch.put([update("BTC", 0)], step=3)


def test_d2_changes_of_state_count_as_well() -> None:
    """One that nobody reads is over, though nothing but its state changes."""
    watch = Subscription(2)
    watch.begin([CHANGE])
    assert [watch.put([CHANGE], step) for step in range(5)].count(True) == 3


def test_d2_what_is_there_from_the_beginning_is_no_sign_of_a_slow_reader() -> None:
    """The present book may be larger than the limit."""
    watch = Subscription(2)
    watch.begin([update(f"C{n}", 1) for n in range(100)])
    assert watch.begun.happened
    assert watch.put([update("BTC", 1)], 1)
