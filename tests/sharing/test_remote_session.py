"""The session of an account that another process owns."""

from __future__ import annotations

from typing import Any, Callable, cast

import pytest

from assetstream.core.present import Present
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ProtocolError,
)
from assetstream.model.events import Event, Source, StateChange
from assetstream.model.history import Recent
from assetstream.model.states import State
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.loop import clock
from assetstream.runtime.mailbox import CallbackMailbox
from assetstream.runtime.origin import Parts
from assetstream.runtime.publisher import Publisher
from assetstream.runtime.reader_thread import ReaderThread
from assetstream.runtime.resources import SharedResources
from assetstream.runtime.settings import remote_settings
from assetstream.sharing.entries import (
    VERSION,
    BookEntry,
    Head,
    LogItem,
    SharedAccount,
    StateEntry,
    UpdateEntry,
)
from assetstream.sharing.follower import Follower
from assetstream.sharing.pulses import HORIZON, OwnerPulses
from assetstream.sharing.remote_session import RemoteSession
from tests.support.clock import TimeMachine

ROW = BookEntry("1", "0", 5, Source.STREAM)


class Follows:
    """Notes who joins and leaves."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def join(self, account: str, member: Any) -> None:
        self.log.append(f"join {account}")

    def leave(self, account: str, member: Any) -> None:
        self.log.append(f"leave {account}")


class Desk:
    """A session, and what it publishes."""

    def __init__(self) -> None:
        self.present = Present("", "alice", lambda: clock.now())
        self.mailbox = CallbackMailbox(100)
        self.dispatcher = Dispatcher("alice", Handlers(), self.mailbox, print, print)
        self.events: list[Event] = []
        self.publisher = Publisher(self.present, self.dispatcher, print, Recent(9))
        self.publisher.publish = self.events.extend  # type: ignore[method-assign]
        self.follows = Follows()
        self.overs = 0
        parts = Parts(
            remote_settings("alice", 100, None),
            self.present,
            self.publisher,
            self.dispatcher,
            cast(SharedResources, None),
            cast(ReaderThread, None),
            self._post,
            self._over,
            lambda observer, error: None,
        )
        follower = cast(Follower, self.follows)
        self.session = RemoteSession(parts, follower, HORIZON)
        self.pulses = OwnerPulses()
        self.seq = 57

    def _post(self, call: Callable[[], None]) -> None:
        raise AssertionError

    def _over(self) -> None:
        self.overs += 1

    def restore(self, **head: Any) -> None:
        fields = {"owner": "w1", "token": 5, "seq": 57, "state": State.LIVE, **head}
        account = SharedAccount(Head(VERSION, "upbit", **fields), {"BTC": ROW}, "1-0")
        self.session.restored(account)

    def live(self) -> Desk:
        """Be LIVE."""
        self.session.start()
        self.restore()
        self.pulse()
        assert self.present.state is State.LIVE
        self.events.clear()
        return self

    def pulse(self, *entries: Any) -> None:
        """Let entries come, and behind them a pulse composed just now."""
        self.pulses.number += 1
        self.pulses.composed = clock.now()
        items = [LogItem(f"{i}-1", self.seq + i, e) for i, e in enumerate(entries, 1)]
        self.seq += len(items)
        self.session.followed(items, True, self.pulses)

    def errors(self) -> list[AssetStreamError]:
        return [event for event in self.events if isinstance(event, AssetStreamError)]

    def words(self) -> list[str]:
        """Say what was published."""
        return [
            str(event.current) if isinstance(event, StateChange) else str(event)
            for event in self.events
        ]


@pytest.fixture
def desk() -> Desk:
    """One that has not begun."""
    return Desk()


def update(currency: str, available: str) -> UpdateEntry:
    return UpdateEntry(currency, available, "0", None, 7, Source.STREAM)


def test_it_begins_and_ends(desk: Desk) -> None:
    """Once; the follower knows of both."""
    desk.session.enter()
    desk.session.start()
    assert desk.follows.log == ["join alice"]
    desk.session.connecting()
    assert desk.present.attempts == 1
    desk.session.verify()

    desk.session.stop("enough")
    desk.session.stop("again")
    desk.session.close()

    assert desk.words() == ["CONNECTING", "STOPPED"]
    assert desk.present.reason == "enough"
    assert desk.overs == 1
    assert {*desk.follows.log[1:]} == {"leave alice"}
    # What comes late is nobody's.
    desk.restore()
    desk.session.cut_off(ConnectionLost("gone"), False)
    assert len(desk.events) == 2


def test_one_that_never_began_ends(desk: Desk) -> None:
    """It was stopped before its start came."""
    desk.session.stop("stopped")

    assert desk.words() == ["STOPPED"]
    assert desk.overs == 1


@pytest.mark.parametrize("begun", [True, False])
def test_a_fault_of_ours_fails_it(desk: Desk, begun: bool) -> None:
    """By legal changes of state, and with its cause."""
    if begun:
        desk.session.start()
    fault = ZeroDivisionError("x")

    desk.session.crash(fault)

    error = desk.present.error
    assert error is not None
    assert error.fatal
    assert error.__cause__ is fault
    assert [w for w in desk.words() if w.isupper()] == ["CONNECTING", "FAILED"]
    assert desk.overs == 1


def test_what_is_refused_for_good_fails_it(desk: Desk) -> None:
    """Whoever waits is told at once."""
    desk.session.start()
    error = AuthenticationError("no", fatal=True)

    desk.session.cut_off(error, False)

    assert desk.present.state is State.FAILED
    told = desk.present.error
    assert isinstance(told, AuthenticationError)
    # Many accounts may be told of the same.
    assert (told.account, error.account) == ("alice", None)
    assert desk.events[1] is told
    assert desk.overs == 1


def test_what_another_tells_of_is_not_told_again(desk: Desk) -> None:
    """But noted, and what it leads to is told."""
    desk.live()
    desk.session.cut_off(ConnectionLost("gone"), True)
    assert desk.events == []

    desk.session.cut_off(AuthenticationError("no", fatal=True), True)

    assert desk.words() == ["FAILED"]
    assert desk.present.error is not None


def test_it_looks_at_the_clock_when_its_proof_ends(desk: Desk) -> None:
    """Not a moment before, and it is not LIVE a moment after."""
    with TimeMachine(0.0).installed() as time:
        assert desk.session.deadline > clock.now() + 1e9
        desk.live()
        wait = desk.session.deadline - clock.now()
        assert wait == pytest.approx(HORIZON)
        desk.session.due()
        assert desk.events == []

        time.jump(wait)
        desk.session.due()

        assert desk.words() == ["STALE"]
        assert desk.session.deadline > clock.now() + 1e9


def test_w2_a_pulse_counts_only_with_what_came_before_it(desk: Desk) -> None:
    """The clock may be looked at between a pulse and the entries in front of it."""
    with TimeMachine(0.0).installed() as time:
        desk.live()
        time.jump(HORIZON - 1)
        # As the follower does, before the session is given the entries.
        desk.pulses.number, desk.pulses.composed = 2, clock.now()
        time.jump(1.001)
        desk.session.due()

        assert desk.words() == ["STALE"]
        desk.session.followed([], True, desk.pulses)
        assert desk.words() == ["STALE", "LIVE"]


def test_the_same_trouble_is_told_once(desk: Desk) -> None:
    """Until it is over; another one is another error."""
    desk.live()
    for problem in ("gone", "gone", "refused", "gone"):
        desk.session.cut_off(ConnectionLost(problem), False)
    assert [event.problem for event in desk.errors()] == ["gone", "refused", "gone"]

    desk.pulse()
    desk.session.cut_off(ConnectionLost("gone"), False)

    assert len(desk.errors()) == 4
    assert desk.present.state is State.LIVE


def test_what_cannot_be_read_is_told(desk: Desk) -> None:
    """Of the book, the log or the pulses; it is read anew."""
    unreadable = [ProtocolError(text) for text in ("no book", "no log", "no pulse")]
    with TimeMachine(0.0).installed() as time:
        desk.live()
        desk.session.restored(unreadable[0])
        # What its owner said is true for as long as it is.
        assert desk.present.state is State.LIVE
        time.jump(HORIZON + 1)
        desk.session.due()
        assert desk.present.state is State.STALE
        assert desk.present.error is unreadable[0]
    desk.restore()
    desk.session.followed(unreadable[1], True, None)
    assert desk.session.book.lost
    desk.restore()
    for _ in range(2):
        desk.session.followed([], True, unreadable[2])
    assert desk.present.reason == "no pulse"

    assert [e.problem for e in desk.errors()] == [e.problem for e in unreadable]
    desk.pulse()
    assert desk.present.state is State.LIVE
    assert desk.present.error is None


def test_an_account_that_is_not_there_says_so(desk: Desk) -> None:
    """Nobody has ever owned it."""
    desk.session.start()

    desk.session.restored(None)

    assert desk.present.reason == "the engine has no account of this name"


def test_figures(desk: Desk) -> None:
    """What only the owner knows is not known here."""
    desk.live()
    assert desk.session.last_change("BTC") == 0
    desk.pulse(update("BTC", "3"), update("SGD", "7"))
    assert [desk.session.last_change(c) for c in ("BTC", "SGD", "X")] == [2, 7, 0]
    assert desk.session.doubt("BTC") == ""
    desk.pulses.doubts = {"alice": ("BTC",)}
    desk.pulse()
    assert desk.session.doubt("BTC") == "its owner has it in doubt"
    assert desk.session.audit_interval(0.0) is None
    assert desk.session.detection_time(0.0) is None


def test_a_slow_handler_is_looked_for(desk: Desk) -> None:
    """There is no timer but the session's own deadline."""
    asked: list[float] = []
    desk.dispatcher.deadline = clock.now() - 1
    assert desk.session.deadline == desk.dispatcher.deadline
    desk.dispatcher.due = asked.append  # type: ignore[method-assign]

    desk.session.due()

    assert len(asked) == 1


def test_an_owner_that_failed_leaves_it_waiting(desk: Desk) -> None:
    """An operator may mend that; the error tells what there is to mend."""
    desk.live()

    desk.pulse(StateEntry(State.FAILED, "the key was refused"))

    assert desk.present.state is State.STALE
    assert desk.overs == 0
