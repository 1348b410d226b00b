"""Iterators, ``expect`` and waits: every update, in the caller's own thread (D2)."""

from __future__ import annotations

import threading
from typing import Callable, Iterator

import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    ConfigurationError,
    Source,
    State,
    StateChange,
    StreamStateError,
    StreamTimeout,
)
from assetstream.simulator.account import Account
from tests.support.event_recorder import PATIENCE, EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_iteration_begins_with_the_present_book(account: Account) -> None:
    """SNAPSHOT updates come first, then changes; ``stop`` ends the iteration."""
    with AssetStream(account.exchange()) as stream:
        updates = stream.updates()
        first = {u.currency: u for u in (updates.get(PATIENCE), updates.get(PATIENCE))}
        assert {u.source for u in first.values()} == {Source.SNAPSHOT}
        assert first["BTC"].available == 1
        assert first["BTC"].change == 0

        account.deposit("BTC", "1")
        update = updates.get(PATIENCE)
        assert (update.source, update.available) == (Source.STREAM, 2)
        with pytest.raises(StreamTimeout, match="next update"):
            updates.get(0)
    assert list(updates) == []
    updates.close()


def test_iteration_starts_a_new_stream(account: Account) -> None:
    """``for update in stream`` needs no start before it."""
    stream = AssetStream(account.exchange())
    found = {}
    for update in stream:
        found[update.currency] = update.available
        if len(found) == 2:
            break
    stream.stop()

    assert found == {"BTC": 1, "USDT": 1000}


def test_d2_what_is_there_from_the_beginning_does_not_count(account: Account) -> None:
    """Many currencies in the first book are no sign of a slow reader."""
    for number in range(30):
        account.deposit(f"C{number}", "1")
    with AssetStream(account.exchange(), max_pending=1) as stream:
        updates = stream.updates()
        assert len({updates.get(PATIENCE).currency for _ in range(32)}) == 32


def test_an_iterator_closed_elsewhere_ends(account: Account) -> None:
    """A thread that waits for its next update is woken."""
    with AssetStream(account.exchange()) as stream:
        updates = stream.updates()
        taken = EventRecorder()

        def take() -> None:
            taken(list(updates))

        thread = threading.Thread(target=take)
        thread.start()
        updates.close()
        taken.wait_for(lambda e: True)
        thread.join()


def test_d2_an_iterator_that_falls_behind_raises(account: Account) -> None:
    """No update is dropped silently."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), on_asset=recorder, max_pending=1) as stream:
        updates = stream.updates()
        for number in range(12):  # each in a step of its own
            account.deposit("BTC", "1")
            recorder.wait_for(lambda e, number=number: e.available == number + 2)

        def exhaust() -> None:
            while True:
                updates.get(PATIENCE)

        with pytest.raises(StreamStateError, match="behind"):
            exhaust()


def test_a_timeout_of_zero_takes_what_is_there(account: Account) -> None:
    """An update that is there is returned without waiting."""
    with AssetStream(account.exchange()) as stream:
        updates = stream.updates()
        assert {updates.get(0).currency, updates.get(0).currency} == {"BTC", "USDT"}
        with (
            pytest.raises(StreamTimeout, match="the expected update"),
            stream.expect(lambda u: True, timeout=0),
        ):
            pass


def test_wait_for(account: Account) -> None:
    """The next update that matches is returned; a timeout names the condition."""
    with AssetStream(account.exchange()) as stream:
        with pytest.raises(StreamTimeout, match="an update that meets the condition"):
            stream.wait_for(lambda u: True, timeout=0.05)
        found = threading.Event()

        def deposit() -> None:
            # The first ones may come before the wait begins.
            while not found.wait(0.02):
                account.deposit("BTC", "1")

        thread = threading.Thread(target=deposit)
        thread.start()
        update = stream.wait_for(lambda u: u.currency == "BTC", timeout=PATIENCE)
        found.set()
        thread.join()

    assert update.available >= 2


def test_expect_does_not_wait_if_its_block_raised(account: Account) -> None:
    """The error of the block is raised."""
    with (
        AssetStream(account.exchange()) as stream,
        pytest.raises(ZeroDivisionError),
        stream.expect(lambda u: True, timeout=PATIENCE),
    ):
        raise ZeroDivisionError


def test_expect_does_not_match_what_came_before(account: Account) -> None:
    """Only updates during the block match."""
    with AssetStream(account.exchange()) as stream:
        with stream.expect(lambda u: u.available == 2, PATIENCE):
            account.deposit("BTC", "1")
        with stream.expect(lambda u: u.currency == "BTC", PATIENCE) as changed:
            account.deposit("BTC", "1")

    assert changed.update.available == 3


@pytest.mark.parametrize(
    "wait",
    [
        lambda s: s.wait_for(lambda u: True),
        lambda s: s.expect(lambda u: True).__enter__(),
        lambda s: next(s.updates()),
        lambda s: s.run_forever(),
        lambda s: s.__enter__(),
    ],
)
def test_waiting_inside_a_callback_is_refused(
    account: Account, wait: Callable[[AssetStream], object]
) -> None:
    """A callback would wait for itself."""
    caught = EventRecorder()
    stream = AssetStream(account.exchange())

    @stream.on_state
    def try_it(change: StateChange) -> None:
        if change.current is State.LIVE:
            try:
                wait(stream)
            except StreamStateError as error:
                caught(error)

    with stream:
        error = caught.wait_for(lambda e: True)
        assert "inside a callback" in str(error)
        assert stream.state is State.LIVE


def test_a_predicate_that_returns_a_coroutine_is_refused(account: Account) -> None:
    """It would count as true, and the first update at hand would meet it."""

    async def later(update: AssetUpdate) -> bool:
        return False

    def generator(update: AssetUpdate) -> Iterator[bool]:
        yield False

    with AssetStream(account.exchange()) as stream:
        for hidden, kind in ((later, "coroutine"), (generator, "generator")):
            with (
                pytest.raises(ConfigurationError, match=f"predicate returned a {kind}"),
                stream.expect(lambda update, f=hidden: f(update), PATIENCE),  # type: ignore[misc]
            ):
                account.deposit("BTC", "1")


def test_waits_end_when_the_stream_is_stopped(account: Account) -> None:
    """Each wait ends at once, whatever its timeout."""
    raised = EventRecorder()
    stream = AssetStream(account.exchange())
    stream.start()

    def wait() -> None:
        try:
            stream.wait_for(lambda u: False, timeout=None)
        except StreamStateError as error:
            raised(error)

    thread = threading.Thread(target=wait)
    thread.start()
    stream.stop()
    assert "stopped" in str(raised.wait_for(lambda e: True))
    thread.join()


def test_waits_need_a_started_stream(account: Account) -> None:
    """The error has the remedy."""
    stream = AssetStream(account.exchange())
    with pytest.raises(StreamStateError, match=r"Call start\(\) first"):
        stream.wait_for(lambda u: True)
    stream.stop()
    with pytest.raises(StreamStateError, match="Make a new AssetStream"):
        stream.wait_for(lambda u: True)
