"""The two kinds of mailboxes; tests begin with their rule's label."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from queue import Empty

import pytest

from assetstream import (
    AssetUpdate,
    Balance,
    ConnectionLost,
    Source,
    State,
    StateChange,
    StreamStateError,
)
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import CallbackMailbox, End, Event, Subscription

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


def everything(mailbox: CallbackMailbox) -> list[Event]:
    """Return all that a callback thread would get."""
    mailbox.close()
    taken = []
    while batch := mailbox.take():
        taken += batch
    return taken


def shown(events: list[Event]) -> list[object]:
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


def test_d1_never_across_a_state_change_or_an_error(mailbox: CallbackMailbox) -> None:
    """State changes and errors are never dropped."""
    mailbox.put([update("BTC", n) for n in range(1, 6)])
    mailbox.put([CHANGE, update("BTC", 6), ConnectionLost("x"), update("BTC", 7)])

    assert shown(everything(mailbox)) == [
        ("BTC", 1, 0),
        ("BTC", 2, 0),
        ("BTC", 3, 0),
        ("BTC", 5, 1),
        "StateChange",
        ("BTC", 6, 0),
        "ConnectionLost",
        ("BTC", 7, 0),
    ]


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
        watch.put(update("BTC", number))

    taken = [watch.get(Deadline(0)) for _ in range(50)]
    assert [int(u.available) for u in taken if isinstance(u, AssetUpdate)] == list(
        range(50)
    )
    with pytest.raises(Empty):
        watch.get(Deadline(0))


def test_d2_a_watch_past_its_limit_ends_with_an_error() -> None:
    """One error ends it; earlier updates are still there."""
    watch = Subscription(2)
    for number in range(5):
        watch.put(update("BTC", number))
    watch.get(Deadline(0))
    watch.get(Deadline(0))
    end = watch.get(Deadline(0))

    assert isinstance(end, End)
    assert isinstance(end.error, StreamStateError)
    with pytest.raises(Empty):
        watch.get(Deadline(0))
