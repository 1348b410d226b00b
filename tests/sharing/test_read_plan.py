"""The next call to the engine."""

from __future__ import annotations

import math
from typing import Sequence

import pytest

from assetstream.core.moment import Moment
from assetstream.core.present import Present
from assetstream.model.errors import AuthenticationError, ConnectionLost, ProtocolError
from assetstream.model.states import State
from assetstream.sharing.copybook import Copybook
from assetstream.sharing.entries import (
    VERSION,
    Head,
    LogItem,
    OwnerEntry,
    Pulse,
    SharedAccount,
)
from assetstream.sharing.pulses import HORIZON
from assetstream.sharing.read_plan import (
    LIST_INTERVAL,
    PACE,
    Compare,
    Follow,
    List,
    Open,
    ReadAnew,
    ReadPlan,
    Request,
)

LOST = ConnectionLost("the engine is gone")


def copybook(account: str) -> Copybook:
    """Make one of which nothing is known."""
    return Copybook(Present("", account), HORIZON)


class Desk:
    """A plan, its copybooks, and the time."""

    def __init__(self, *accounts: str, listing: bool = False, chance: float = 0.0):
        self.now = 100.0
        self.books = {account: copybook(account) for account in accounts}
        self.plan = ReadPlan(self.books, lambda: chance, listing)

    def add(self, account: str) -> None:
        """Let an account come."""
        self.books[account] = copybook(account)
        self.plan.note(account)

    def lose(self, account: str) -> None:
        """Let an account be lost."""
        self.books[account].last_id = ""
        self.plan.note(account)

    def next(self) -> Request | None:
        return self.plan.next(self.now)

    def read(self, owner: str | None = "w1", *accounts: str) -> None:
        """Answer a request to read anew; None: there is no such account."""
        request = self.next()
        assert isinstance(request, ReadAnew)
        assert not accounts or accounts == tuple(request.accounts)
        for account in request.accounts:
            found = None
            if owner is not None:
                head = Head(VERSION, "upbit", owner, 5, 57, State.LIVE)
                found = SharedAccount(head, {}, f"{account}-0")
            self.books[account].restore(found, Moment(self.now, 0.0))
        self.plan.read_anew(request.accounts, self.now)

    def following(self, *accounts: str) -> Desk:
        """Connect, and read all."""
        assert self.next() == Open()
        self.plan.connected()
        self.read()
        return self

    def follow(self, pulses: Sequence[Pulse] | ProtocolError = ()) -> Follow:
        """Answer a request to follow; that takes a millisecond."""
        request = self.next()
        assert isinstance(request, Follow)
        places = {"w1": "9-0"} if pulses else {}
        self.plan.followed(request, {"w1": pulses}, places, self.now)
        self.now += 0.001
        return request


def test_it_connects_reads_and_follows() -> None:
    """One call after the other; pulses are asked for from their beginning."""
    desk = Desk("alice", "bob")

    assert desk.next() == Open()
    desk.plan.connected()
    assert desk.next() == ReadAnew(["alice", "bob"])
    desk.read()

    logs = {"alice": "alice-0", "bob": "bob-0"}
    assert desk.follow([Pulse(1, 1.0)]) == Follow(logs, {"w1": "0"})
    assert desk.follow() == Follow(logs, {"w1": "9-0"})
    assert desk.plan.served


def test_f2_a_hole_is_read_anew_at_once() -> None:
    """The others are followed after it."""
    desk = Desk("alice", "bob").following()
    desk.books["alice"].apply(
        [LogItem("9", 99, OwnerEntry("w2"))], True, Moment(0.0, 0.0)
    )
    desk.plan.note("alice")

    assert desk.next() == ReadAnew(["alice"])
    desk.read("w2")

    request = desk.next()
    assert isinstance(request, Follow)
    assert request.pulses == {"w1": "0", "w2": "0"}


def test_f3_behind_a_new_connection_is_perhaps_another_engine() -> None:
    """What is known is compared; pulses are dated anew, from their beginning (V1)."""
    desk = Desk("alice").following()
    desk.follow([Pulse(1, 1.0)])
    desk.plan.failed(LOST, desk.now)
    desk.now += 1
    assert desk.next() == Open()
    desk.plan.connected()
    desk.add("bob")

    assert desk.next() == Compare(["alice"])
    desk.books["alice"].compare(5, 57)
    desk.plan.compared(["alice"])

    desk.read("w1", "bob")
    request = desk.follow([Pulse(2, 2.0)])
    assert request.pulses == {"w1": "0"}
    pulses = desk.plan.pulses("w1")
    assert pulses is not None
    # Nothing is known of when the first one came.
    assert (pulses.number, pulses.composed) == (2, -math.inf)


def test_v1_each_request_dates_what_it_did_not_bring() -> None:
    """Which its answer says by its silence."""
    desk = Desk("alice").following()
    for now in (100.0, 100.2):
        desk.now = now
        desk.follow()
    desk.now = 100.4
    desk.follow([Pulse(1, 1.0)])
    desk.now = 100.6
    desk.follow([Pulse(2, 1.25)])

    pulses = desk.plan.pulses("w1")
    assert pulses is not None
    assert pulses.composed == 100.2
    assert desk.plan.pulses("w2") is None


def test_many_accounts_are_asked_for_when_news_have_come_together() -> None:
    """A call names all of them, and two a millisecond would do nothing else."""
    names = [f"a{number}" for number in range(1_000)]
    desk = Desk(*names).following()
    asked = desk.now
    desk.follow()

    assert desk.next() is None
    assert desk.plan.deadline == asked + 1_000 * PACE
    desk.lose("a7")
    desk.read("w1", "a7")
    desk.now = asked + 1_000 * PACE

    assert len(desk.follow().logs) == 1_000


def test_a_call_that_took_longer_is_followed_by_the_next_at_once() -> None:
    """As where nothing has come for a while; from the moment of asking it counts."""
    desk = Desk(*[f"a{number}" for number in range(1_000)]).following()
    request = desk.next()
    assert isinstance(request, Follow)
    asked, desk.now = desk.now, desk.now + 1_001 * PACE
    desk.plan.followed(request, {}, {}, asked)

    assert isinstance(desk.next(), Follow)


def test_v1_pulses_that_cannot_be_read_date_nothing() -> None:
    """Nor does what was there before them."""
    desk = Desk("alice").following()
    desk.follow()
    desk.follow(ProtocolError("no pulse"))
    desk.follow([Pulse(3, 1.0)])

    pulses = desk.plan.pulses("w1")
    assert pulses is not None
    assert pulses.composed == -math.inf


def test_an_owner_that_owns_nothing_is_followed_no_more() -> None:
    """Nor is one that has no name."""
    desk = Desk("alice").following()
    desk.follow([Pulse(1, 1.0)])
    desk.lose("alice")
    desk.read("")

    assert desk.follow() == Follow({"alice": "alice-0"}, {})
    assert desk.plan.pulses("w1") is None


def test_an_account_that_has_left_is_asked_for_no_more() -> None:
    """Whether it was followed or looked for; its owner neither."""
    desk = Desk("alice", "bob").following()
    desk.add("carol")
    desk.read(None, "carol")
    assert [*desk.plan.owned("w1")] == ["alice", "bob"]
    for account in ("alice", "carol"):
        del desk.books[account]
        desk.plan.note(account)
    desk.now += 9

    assert desk.follow().logs == {"bob": "bob-0"}
    assert [*desk.plan.owned("w1")] == ["bob"]
    del desk.books["bob"]
    desk.plan.note("bob")
    assert desk.next() is None
    assert [*desk.plan.owned("w1")] == []


def test_what_is_not_there_is_looked_for_more_and_more_seldom() -> None:
    """A quarter of a second later, then after twice that, up to two seconds."""
    desk = Desk("alice")
    desk.plan.connected()
    waits = []
    for _ in range(5):
        desk.read(None)
        assert desk.next() is None
        waits.append(desk.plan.deadline - desk.now)
        desk.now = desk.plan.deadline

    assert waits == [0.25, 0.5, 1.0, 2.0, 2.0]
    desk.read()
    assert isinstance(desk.next(), Follow)
    # Later it is lost for the first time again.
    desk.lose("alice")
    assert desk.next() == ReadAnew(["alice"])


def test_what_is_there_is_followed_meanwhile() -> None:
    """A call that waits for it is short, so the others are looked for in time."""
    desk = Desk("alice").following()
    desk.add("bob")
    desk.read(None, "bob")

    assert desk.follow().logs == {"alice": "alice-0"}
    desk.now += 0.25
    assert desk.next() == ReadAnew(["bob"])


def test_who_follows_nobody_asks_nothing() -> None:
    """Until somebody comes."""
    desk = Desk()
    desk.plan.connected()

    assert desk.next() is None
    assert desk.plan.deadline == math.inf


@pytest.mark.parametrize(("chance", "part"), [(0.0, 0.5), (0.999, 0.9995)])
def test_attempts_are_further_and_further_apart(chance: float, part: float) -> None:
    """A tenth of a second at first, one in the end; half of it is left to chance."""
    desk = Desk("alice", chance=chance)
    waits = []
    for _ in range(6):
        assert desk.next() == Open()
        desk.plan.failed(LOST, desk.now)
        assert desk.next() is None
        waits.append((desk.plan.deadline - desk.now) / part)
        desk.now = desk.plan.deadline

    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_who_was_answered_begins_with_short_waits_again() -> None:
    """An engine that is back may go again, and is back again."""
    desk = Desk("alice")
    for _ in range(5):
        desk.plan.failed(LOST, desk.now)
    desk.now += 9
    desk.following()

    desk.plan.failed(LOST, desk.now)

    assert desk.next() is None
    assert desk.plan.deadline - desk.now <= 0.1


def test_a_connection_that_was_closed_is_made_at_once() -> None:
    """When there is somebody again who needs one."""
    desk = Desk("alice").following()

    desk.plan.disconnected()

    assert desk.next() == Open()


def test_what_is_refused_at_first_is_refused_for_good() -> None:
    """Later an operator may mend it: it is tried again."""
    desk = Desk("alice")
    first, later = (AuthenticationError("no", fatal=True) for _ in "ab")
    desk.plan.failed(first, desk.now)
    desk.now += 1
    desk.following()

    desk.plan.failed(later, desk.now)

    assert (first.fatal, later.fatal) == (True, False)


def test_a_fleet_s_accounts_are_asked_for_now_and_then() -> None:
    """At first, and between the calls that follow those that are known."""
    desk = Desk(listing=True)
    assert desk.next() == Open()
    desk.plan.connected()
    assert desk.next() == List()
    desk.plan.listed(desk.now)
    assert not desk.plan.served
    assert desk.next() is None
    assert desk.plan.deadline == desk.now + LIST_INTERVAL
    desk.add("alice")
    desk.read()
    assert isinstance(desk.next(), Follow)

    desk.now += LIST_INTERVAL

    assert desk.next() == List()
