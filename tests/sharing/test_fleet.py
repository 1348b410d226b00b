"""The connection of a group, and the accounts that it finds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Sequence, cast

import pytest

from assetstream.core.present import Present
from assetstream.model.errors import AuthenticationError, ConnectionLost
from assetstream.model.events import Event, StateChange
from assetstream.model.states import State
from assetstream.runtime.origin import Parts
from assetstream.sharing.access import Access
from assetstream.sharing.fleet import FleetOrigin, FleetSession
from assetstream.sharing.follower import Follower


class Led:
    """A follower that notes what it is told."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.log = desk, [""]

    def begin(self) -> None:
        self.log.append("begin")

    def end(self) -> None:
        self.log.append("end")

    def fail(self, error: Any) -> None:
        self.desk.session.cut_off(error)


class Desk:
    """A session, and what it publishes."""

    def __init__(self, listing: bool = True) -> None:
        self.present = Present("", "fleet f")
        self.events: list[Event] = []
        self.found: list[Sequence[str]] = []
        self.asked: list[float] = []
        self.overs = 0
        publisher = SimpleNamespace(step=0, publish=self.events.extend)
        dispatcher = SimpleNamespace(deadline=7.0, due=self.asked.append)
        parts = SimpleNamespace(
            present=self.present,
            publisher=publisher,
            dispatcher=dispatcher,
            over=self._over,
        )
        listed = self._listed if listing else None
        self.session = FleetSession(cast(Parts, parts), listed)
        self.led = Led(self)
        self.session.follower = cast(Follower, self.led)

    def _listed(self, accounts: Sequence[str]) -> None:
        assert self.present.state is not State.LIVE or self.found
        self.found.append(accounts)

    def _over(self) -> None:
        self.overs += 1

    def words(self) -> list[str]:
        """Say what was published."""
        return [
            str(event.current) if isinstance(event, StateChange) else str(event)
            for event in self.events
        ]


def test_it_is_live_once_the_accounts_are_known() -> None:
    """They are told before, and whenever they are asked for."""
    desk = Desk()
    desk.session.enter()
    desk.session.start()
    desk.session.connected()
    assert desk.words() == ["CONNECTING"]

    desk.session.listed(["alice"])
    desk.session.listed(["alice", "bob"])

    assert desk.words() == ["CONNECTING", "LIVE"]
    assert desk.found == [["alice"], ["alice", "bob"]]
    assert desk.present.state_at(1e9) is State.LIVE


def test_one_that_asks_for_none_is_live_once_connected() -> None:
    """Its accounts were named."""
    desk = Desk(listing=False)
    desk.session.start()

    desk.session.connected()

    assert desk.words() == ["CONNECTING", "LIVE"]


def test_errors_are_told_once_until_the_engine_answers() -> None:
    """Another one is told, too."""
    desk = Desk()
    desk.session.start()
    gone = ConnectionLost("gone")
    desk.session.cut_off(gone)
    desk.session.cut_off(ConnectionLost("gone"))
    desk.session.listed([])
    desk.session.cut_off(gone)
    assert desk.present.error is gone
    desk.session.listed([])

    assert [w for w in desk.words() if w.isupper()] == [
        *("CONNECTING", "LIVE", "STALE", "LIVE")
    ]
    assert [e for e in desk.events if isinstance(e, ConnectionLost)] == [gone, gone]
    assert desk.present.error is None


def test_what_is_refused_for_good_ends_it() -> None:
    """With its connection; what comes later is nobody's."""
    desk = Desk()
    desk.session.start()
    error = AuthenticationError("no", fatal=True)

    desk.session.cut_off(error)
    desk.session.cut_off(error)
    desk.session.stop("stopped")

    assert desk.events[1] is error
    assert desk.present.state is State.FAILED
    assert (desk.led.log[-1], desk.overs) == ("end", 1)


def test_it_is_stopped_once() -> None:
    """Whether it had begun or not."""
    desk = Desk()
    desk.session.stop("stopped")
    desk.session.stop("stopped")
    desk.session.close()

    assert desk.words() == ["STOPPED"]
    assert desk.overs == 1


@pytest.mark.parametrize("begun", [True, False])
def test_a_fault_of_ours_is_told_to_all(begun: bool) -> None:
    """For without it no account is followed any more."""
    desk = Desk()
    if begun:
        desk.session.start()

    desk.session.crash(ZeroDivisionError("x"))

    assert desk.present.state is State.FAILED
    assert desk.present.error is not None
    assert "internal error" in desk.present.error.problem


def test_it_has_no_balances() -> None:
    """Figures of a stream are those of one that holds nothing."""
    session = Desk().session

    session.verify()
    assert session.doubt("BTC") == ""
    assert session.last_change("BTC") == 0
    assert session.audit_interval(0.0) is session.detection_time(0.0) is None


def test_a_slow_handler_is_looked_for() -> None:
    """That of an error."""
    desk = Desk()
    assert desk.session.deadline == 7.0

    desk.session.due()

    assert len(desk.asked) == 1


def test_its_origin_makes_what_accounts_follow_by() -> None:
    """A session that leads it."""
    desk = Desk()
    access = Access("redis://localhost", "f", None)
    origin = FleetOrigin(access, None)
    assert (origin.name, origin.place, origin.follower) == ("", None, None)
    thread = SimpleNamespace(reader=None, calls=SimpleNamespace(post=None))
    parts = SimpleNamespace(
        present=desk.present,
        publisher=None,
        dispatcher=None,
        over=None,
        shared=SimpleNamespace(helpers=None),
        reader_thread=thread,
    )

    session = origin.session(cast(Parts, parts))

    assert origin.follower is session.follower
    assert session.follower.leader is session
