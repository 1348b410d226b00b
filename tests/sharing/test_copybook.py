"""A reader's copy of one account."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from assetstream.core.moment import Moment
from assetstream.core.present import Present
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ProtocolError,
)
from assetstream.model.events import AssetUpdate, Event, Source, StateChange
from assetstream.model.states import State
from assetstream.sharing.copybook import Copybook
from assetstream.sharing.entries import (
    VERSION,
    BookEntry,
    Entry,
    ErrorEntry,
    ErrorFacts,
    Head,
    LogItem,
    OwnerEntry,
    ResetEntry,
    SharedAccount,
    StateEntry,
    UpdateEntry,
    facts_of,
)
from assetstream.sharing.pulses import HORIZON, OwnerPulses

LOST = ErrorFacts("ConnectionLost", "the exchange is gone", details={"code": 1006})


class Desk:
    """A copybook, its clock, and what it has published."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.present = Present("", "alice", lambda: self.now)
        self.book = Copybook(self.present, HORIZON)
        self.pulses = OwnerPulses()
        self.events: list[Event] = self.book.begin()
        self.seq = 57

    @property
    def at(self) -> Moment:
        return Moment(self.now, 1_700_000_000.0 + self.now)

    def restore(self, book: dict[str, str] | None = None, **head: Any) -> None:
        """Read it anew, by default with SGD 10, LIVE by its owner's word."""
        fields: dict[str, Any] = {
            "owner": "w1",
            "token": 5,
            "seq": self.seq,
            "state": State.LIVE,
        }
        book = {"SGD": "10"} if book is None else book
        account = SharedAccount(
            Head(VERSION, "upbit", **{**fields, **head}),
            {code: entry(amount) for code, amount in book.items()},
            "1-0",
        )
        self.events += self.book.restore(account, self.at)

    def log(self, *entries: Entry, complete: bool = True, skipped: int = 0) -> None:
        """Let entries come in."""
        self.seq += skipped
        items = [
            LogItem(f"{self.seq + i}-0", self.seq + i, each)
            for i, each in enumerate(entries, 1)
        ]
        self.seq += len(items)
        self.events += self.book.apply(items, complete, self.at)

    def pulse(self, **told: Any) -> None:
        """Let a pulse come in that was composed just now, and judge."""
        self.pulses.number += 1
        self.pulses.composed = self.now
        self.pulses.age = told.get("age", 0.0)
        self.pulses.left = told.get("left", {})
        self.pulses.doubts = told.get("doubts", {})
        self.judge()

    def judge(self) -> None:
        self.events += self.book.judge(self.pulses, self.at)

    def live(self) -> Desk:
        """Go LIVE, and forget what was published so far."""
        self.restore()
        self.pulse()
        assert self.state is State.LIVE
        self.events.clear()
        return self

    @property
    def state(self) -> State:
        return self.present.state_at(self.now)

    def problem(self) -> str:
        error = self.present.error
        return error.problem if error is not None else ""

    def shown(self) -> dict[str, str]:
        return {code: str(b.available) for code, b in self.present.balances.items()}

    def stale(self, code: str) -> bool:
        balance = self.present.balance(code)
        assert balance is not None
        return balance.stale


@pytest.fixture
def desk() -> Desk:
    """One that has only begun."""
    return Desk()


def entry(available: str) -> BookEntry:
    """Make a balance of which nothing is locked."""
    return BookEntry(available, "0", 1_700_000_000_000, Source.STREAM)


def update(code: str, available: str, **more: Any) -> UpdateEntry:
    """Make an update that the exchange pushed."""
    fields: dict[str, Any] = {
        "source": Source.STREAM,
        "time": 1_700_000_000_000,
        **more,
    }
    return UpdateEntry(code, available, "0", received=1_700_000_000_123_456, **fields)


def words(events: list[Event]) -> list[str]:
    """Say in short what was published."""
    return [
        f"{event.currency} {event.available} {event.source}"
        if isinstance(event, AssetUpdate)
        else str(event.current)
        if isinstance(event, StateChange)
        else type(event).__name__
        for event in events
    ]


def test_it_begins_and_ends(desk: Desk) -> None:
    """Connecting at first; stopped at last, for a reason."""
    assert words(desk.events) == ["CONNECTING"]
    assert desk.book.lost

    (end,) = desk.book.end("enough")

    assert isinstance(end, StateChange)
    assert (end.current, end.reason) == (State.STOPPED, "enough")


def test_f1_a_snapshot_and_what_follows_make_the_book(desk: Desk) -> None:
    """Balances are of the exchange that the owner is connected to."""
    desk.restore({"SGD": "10", "BTC": "0"})
    assert desk.book.last_id == "1-0"
    desk.log(update("BTC", "2", update_id="x"))
    desk.pulse()

    assert words(desk.events) == [
        "CONNECTING",
        "SGD 10 SNAPSHOT",
        "BTC 2 STREAM",
        "LIVE",
    ]
    assert desk.book.last_id == "58-0"
    pushed = desk.events[2]
    assert isinstance(pushed, AssetUpdate)
    assert (pushed.exchange, pushed.account, pushed.update_id) == (
        "upbit",
        "alice",
        "x",
    )
    assert pushed.change == Decimal(2)
    assert pushed.previous is not None
    assert pushed.received.microsecond == 123456
    assert pushed.time is not None
    assert pushed.raw == b""
    assert desk.shown() == {"SGD": "10", "BTC": "2"}
    absent = desk.present.balance("ETH")
    assert absent is not None
    assert absent.total == 0


def test_f1_an_account_that_is_not_there_is_waited_for(desk: Desk) -> None:
    """The reason says so."""
    desk.events += desk.book.restore(None, desk.at)
    desk.judge()

    assert desk.book.lost
    assert desk.present.reason == "the engine has no account of this name"
    assert words(desk.events) == ["CONNECTING", "AssetStreamError"]
    assert str(desk.events[-1]).endswith("Check its label, and the name of its fleet.")


def test_f1_an_account_that_is_gone_is_live_no_more(desk: Desk) -> None:
    """The engine was emptied."""
    desk.live()

    desk.events += desk.book.restore(None, desk.at)

    assert words(desk.events) == ["STALE"]
    assert desk.shown() == {"SGD": "10"}


@pytest.mark.parametrize("skipped", [1, -1, 7])
def test_f2_a_hole_in_the_numbers_is_read_anew(desk: Desk, skipped: int) -> None:
    """What differs then is RECOVERED, with the gap since the last proof."""
    desk.live()
    desk.now += 1.0
    desk.log(update("SGD", "11"))
    desk.log(update("SGD", "12"), skipped=skipped)
    assert desk.book.lost
    assert desk.shown() == {"SGD": "11"}
    desk.now += 0.5

    desk.restore({"BTC": "3", "SGD": "11"})
    desk.pulse()

    assert words(desk.events) == [
        "SGD 11 STREAM",
        "STALE",
        "BTC 3 RECOVERED",
        "LIVE",
    ]
    back = desk.events[-1]
    assert isinstance(back, StateChange)
    assert back.gap is not None
    assert back.gap.duration == pytest.approx(1.5)
    assert back.gap.recovered == 1
    assert desk.book.snapshots == 2


def test_f2_what_a_whole_book_does_not_name_is_zero(desk: Desk) -> None:
    """But not in one that is not whole yet, as an owner's that has just begun."""
    desk.live()
    desk.restore({"BTC": "0"}, state=State.CONNECTING, token=6)
    assert desk.shown() == {"SGD": "10", "BTC": "0"}

    desk.log(ResetEntry({"BTC": entry("1")}, State.LIVE, "read anew"))
    desk.pulse()

    assert words(desk.events) == [
        "STALE",
        "BTC 1 RECOVERED",
        "SGD 0 RECOVERED",
        "LIVE",
    ]


def test_f2_an_account_that_changes_hands_is_read_anew(desk: Desk) -> None:
    """Its log says so; what was read before it stands."""
    desk.live()

    desk.log(update("SGD", "11"), OwnerEntry("w2"), update("SGD", "12"))

    assert desk.book.lost
    assert desk.shown() == {"SGD": "11"}


def test_an_account_that_was_given_back_is_stale(desk: Desk) -> None:
    """Whatever state it was given back in."""
    desk.live()

    desk.restore(owner="")

    assert words(desk.events) == ["STALE"]
    assert desk.present.reason == "no worker owns it"
    desk.judge()
    assert desk.state is State.STALE


@pytest.mark.parametrize(
    ("token", "seq", "lost"),
    [(5, 57, False), (5, 99, False), (5, 56, True), (6, 57, True), (None, None, True)],
)
def test_f3_an_engine_that_is_behind_is_another_one(
    desk: Desk, token: int | None, seq: int | None, lost: bool
) -> None:
    """So is one of another owner, and one that has nothing."""
    desk.live()

    desk.book.compare(token, seq)

    assert desk.book.lost is lost


def test_f4_a_part_of_the_log_lets_no_pulse_count(desk: Desk) -> None:
    """The last word stands for as long as it lasts, and no longer."""
    desk.live()
    desk.now += 2.0
    desk.log(update("SGD", "11"), complete=False)
    desk.pulse()
    assert desk.state is State.LIVE

    desk.now += 1.1
    assert desk.state is State.STALE
    desk.log(update("SGD", "12"))
    desk.judge()

    assert desk.state is State.LIVE
    assert words(desk.events) == ["SGD 11 STREAM", "SGD 12 STREAM"]


def test_f4_a_rest_that_is_not_there_may_be_lost(desk: Desk) -> None:
    """The engine was emptied between two replies: the copy is read anew."""
    desk.live()
    desk.log(update("SGD", "11"), complete=False)
    assert not desk.book.lost

    desk.log()

    assert desk.book.lost


def test_f5_what_comes_late_comes_before_live(desk: Desk) -> None:
    """As what it was; and its owner's own gap is one of ours."""
    desk.live()
    desk.now += 0.5
    desk.log(
        update("SGD", "11"),
        StateEntry(State.STALE, "nothing heard", LOST),
        update("SGD", "12", source=Source.RECOVERED),
        StateEntry(State.LIVE, "read again"),
        update("SGD", "13"),
    )
    desk.judge()

    assert words(desk.events) == [
        "SGD 11 STREAM",
        "STALE",
        "SGD 12 RECOVERED",
        "SGD 13 STREAM",
        "LIVE",
    ]
    back = desk.events[-1]
    assert isinstance(back, StateChange)
    assert back.gap is not None
    assert (back.gap.duration, back.gap.recovered) == (pytest.approx(0.5), 1)


def test_v2_it_is_live_for_as_long_as_the_word_lasts(desk: Desk) -> None:
    """Nobody has to say that it is over."""
    desk.live()
    desk.now += HORIZON
    assert desk.state is State.LIVE

    desk.now += 0.1
    assert desk.state is State.STALE
    assert desk.stale("SGD")
    desk.judge()

    assert words(desk.events) == ["STALE"]
    assert desk.present.reason == "its owner was not heard of for too long"


def test_v2_a_newer_word_may_be_a_shorter_one(desk: Desk) -> None:
    """Its owner is not LIVE any more, and its log will tell."""
    desk.live()

    desk.now += 0.25
    desk.pulse(left={"alice": 0.0})
    desk.now += 0.01

    assert desk.state is State.STALE


def test_v3_a_pulse_from_before_says_nothing(desk: Desk) -> None:
    """It may be of another engine, or of another owner's time."""
    desk.live()
    desk.now += 0.5
    desk.restore()
    desk.judge()
    assert desk.state is State.STALE

    desk.now += 0.1
    desk.pulse()

    assert desk.state is State.LIVE


def test_v7_a_pulse_counts_for_what_its_connection_took(desk: Desk) -> None:
    """The engine has gone back, and names an owner of before."""
    desk.pulses.connection = 3
    desk.restore(connection=2)
    desk.now += 0.1
    desk.pulse()
    assert desk.state is State.CONNECTING

    desk.restore(connection=3, token=6)
    desk.now += 0.1
    desk.pulse()

    assert desk.state is State.LIVE


def test_v4_an_owner_that_is_not_live_is_not_vouched_for(desk: Desk) -> None:
    """The reason and the error are its owner's, and the error is not fatal."""
    desk.live()
    desk.log(StateEntry(State.FAILED, "the key was refused", LOST))
    desk.pulse()

    assert desk.state is State.STALE
    assert desk.present.reason == "the key was refused"
    error = desk.present.error
    assert isinstance(error, ConnectionLost)
    assert (error.code, error.fatal, error.account) == (1006, False, "alice")

    desk.restore(token=6)
    desk.now += 0.1
    desk.pulse()
    assert desk.state is State.LIVE
    assert desk.present.error is None


def test_v6_the_age_counts_from_the_owner_s_proof(desk: Desk) -> None:
    """And stands still where it is not LIVE."""
    desk.live()
    desk.now += 1.0
    desk.pulse(age=0.5)
    desk.now += 1.0

    assert desk.present.balances["SGD"].age == pytest.approx(1.5)
    assert desk.present.heard_at == pytest.approx(desk.now - 1.5)
    desk.log(StateEntry(State.STALE, "nothing heard"))
    desk.now += 1.0
    desk.pulse()
    assert desk.present.balances["SGD"].age == pytest.approx(2.5)


def test_doubts_are_those_of_the_pulse(desk: Desk) -> None:
    """What is in doubt and not held is not known; of all others "" tells."""
    desk.live()
    desk.now += 0.25

    desk.pulse(doubts={"alice": ("SGD", "XRP", ""), "bob": ("BTC",)})

    assert desk.present.in_doubt() == ("SGD",)
    assert desk.stale("SGD")
    assert desk.present.balance("XRP") is None
    assert desk.stale("BTC")
    assert desk.present.balances["SGD"].age == pytest.approx(0.25)
    desk.pulse()
    assert not desk.stale("SGD")
    assert not desk.stale("XRP")


def test_a_doubt_of_an_update_lasts_until_a_pulse_can_tell(desk: Desk) -> None:
    """One that was composed before it cannot."""
    desk.live()
    number = desk.pulses.number
    desk.log(update("SGD", "11", doubted=number + 2))
    assert desk.stale("SGD")

    desk.pulse()
    assert desk.stale("SGD")
    desk.pulse()

    assert not desk.stale("SGD")


def test_what_was_replaced_is_stale_as_an_object(desk: Desk) -> None:
    """As of any stream."""
    desk.live()
    before = desk.present.balances["SGD"]
    desk.now += 0.1

    desk.log(update("SGD", "11"))

    assert before.stale
    assert not desk.stale("SGD")


def test_errors_are_passed_on(desk: Desk) -> None:
    """In their place among the updates."""
    desk.live()

    desk.log(update("SGD", "11"), ErrorEntry(LOST), update("SGD", "12"))

    assert words(desk.events) == ["SGD 11 STREAM", "ConnectionLost", "SGD 12 STREAM"]
    assert isinstance(desk.present.error, ConnectionLost)


@pytest.mark.parametrize(
    "bad",
    [
        update("SGD", "NaN"),
        ResetEntry({"SGD": entry("x")}, State.LIVE, ""),
    ],
)
def test_k5_what_cannot_be_read_is_read_anew(desk: Desk, bad: Entry) -> None:
    """The entries before it count; the error is reported once."""
    desk.live()
    desk.log(update("SGD", "11"), bad, update("SGD", "12"))

    assert words(desk.events) == ["SGD 11 STREAM", "ProtocolError"]
    assert desk.book.lost
    assert desk.shown() == {"SGD": "11"}
    desk.restore({"SGD": "x"})
    desk.restore({"SGD": "x"})
    desk.now += HORIZON + 1
    desk.judge()
    assert words(desk.events).count("ProtocolError") == 1
    assert "cannot be read" in desk.present.reason

    desk.restore()
    desk.pulse()
    assert desk.state is State.LIVE


def test_another_fault_is_another_error(desk: Desk) -> None:
    """One that is the same is not repeated at every look."""
    problems = ["a", "a", "b"]

    found = [desk.book.refuse(ProtocolError(problem)) for problem in problems]

    assert [len(events) for events in found] == [1, 0, 1]


def test_it_fails_by_an_error(desk: Desk) -> None:
    """For good: the error is told, and then the end."""
    error = ConnectionLost("refused", fatal=True)

    desk.events = desk.book.fail(error)

    assert words(desk.events) == ["ConnectionLost", "FAILED"]
    assert desk.present.error is error
    assert desk.present.reason == "refused"


def test_what_there_is_to_mend_is_an_error(desk: Desk) -> None:
    """Though nobody has reported one: whoever waits in vain is told, once."""
    for _ in range(2):
        desk.events += desk.book.restore(None, desk.at)
        desk.judge()
    assert desk.problem() == "the engine has no account of this name"

    desk.restore(owner="", state=State.STALE)
    desk.judge()
    assert desk.problem() == "no worker owns it"

    # A pulse takes its time to come.
    desk.restore()
    desk.judge()
    assert desk.problem() == ""
    assert desk.book.deadline == desk.now + HORIZON
    desk.now += HORIZON + 1
    desk.judge()
    assert desk.book.deadline == math.inf
    assert desk.problem() == "its owner was not heard of for too long"
    error = desk.present.error
    assert error is not None
    assert error.remedy
    assert (error.exchange, error.account) == ("upbit", "alice")

    desk.pulse()
    assert desk.state is State.LIVE
    assert desk.problem() == ""
    told = [e.problem for e in desk.events if isinstance(e, AssetStreamError)]
    assert told == [
        "the engine has no account of this name",
        "no worker owns it",
        "its owner was not heard of for too long",
    ]


def test_what_its_owner_has_met_before_is_told_to_whoever_comes_later(
    desk: Desk,
) -> None:
    """Of an owner that has failed nothing else would come."""
    error = AuthenticationError("the key was refused", remedy="Make another.")
    for _ in range(2):
        desk.restore(state=State.FAILED, reason=error.problem, error=facts_of(error))
        desk.judge()

    (told,) = [e for e in desk.events if isinstance(e, AssetStreamError)]
    assert isinstance(told, AuthenticationError)
    assert told.remedy == "Make another."


def test_what_made_it_stale_is_no_error_besides(desk: Desk) -> None:
    """The change of state has the reason."""
    desk.live()

    desk.restore(owner="", state=State.STALE)
    desk.judge()

    assert words(desk.events) == ["STALE"]
    assert desk.problem() == "no worker owns it"


def test_what_an_owner_has_reported_comes_first(desk: Desk) -> None:
    """It says more than that there is no owner any more."""
    desk.restore(owner="", state=State.STALE, error=LOST)
    desk.judge()

    assert desk.problem() == "the exchange is gone"


def test_what_is_cut_off_says_so(desk: Desk) -> None:
    """Of the owner nothing is known then."""
    desk.live()
    desk.book.cut = ConnectionLost("the engine cannot be reached")
    desk.now += HORIZON + 1

    desk.judge()

    assert desk.present.reason == "the engine cannot be reached"


def test_an_owner_that_is_not_known_vouches_for_nothing(desk: Desk) -> None:
    """There is no pulse to go by."""
    desk.restore()

    desk.events += desk.book.judge(None, desk.at)

    assert desk.state is State.CONNECTING
    assert desk.present.dead_at == -math.inf


def test_l1_live_ends_just_after_the_last_moment_vouched_for(desk: Desk) -> None:
    """Nothing has to come for it."""
    desk.live()
    ends = desk.book.deadline
    desk.now = desk.present.dead_at
    desk.judge()
    assert desk.state is State.LIVE

    desk.now = ends
    desk.judge()
    assert desk.state is State.STALE
