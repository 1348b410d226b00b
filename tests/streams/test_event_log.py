"""The lines below a table, made of events and snapshots."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Callable

from assetstream import (
    AssetUpdate,
    Balance,
    CallbackError,
    ConnectionLost,
    Gap,
    Health,
    Source,
    State,
    StateChange,
)
from assetstream.display.page import Line
from assetstream.model.errors import AssetStreamError
from assetstream.streams.accounts import AccountSnapshot
from assetstream.streams.event_log import MOST_EVENTS, EventLog

BEGAN = datetime(2026, 1, 2, tzinfo=timezone.utc)


def account(
    label: str = "a",
    *,
    error: AssetStreamError | None = None,
    reason: str = "",
    raised: CallbackError | None = None,
) -> AccountSnapshot:
    """Make an account that is STALE."""
    health = Health(state=State.STALE, error=error, reason=reason)
    return AccountSnapshot("upbit", label, health, [], raised=raised)


def callback_error(handler: Callable[[], object]) -> CallbackError:
    """Make the error of a handler that raises."""
    error = CallbackError("handler alert raised")
    try:
        handler()
    except ZeroDivisionError as cause:
        error.__cause__ = cause
    return error


def lines_of(log: EventLog, *accounts: AccountSnapshot) -> list[Line]:
    """Return the lines after these snapshots."""
    log.note_present(accounts)
    return log.lines(accounts)


def texts(log: EventLog) -> list[str]:
    """Return the lines without their time of day."""
    lines = log.lines([account("main"), account("other")])
    assert all(line.text[8:13] == " UTC " for line in lines)
    return [f"{line.name} {line.text[13:]}" for line in lines]


def found(
    currency: str, before: str, after: str, source: Source = Source.RECOVERED
) -> AssetUpdate:
    """Make a balance that a gap or an audit found changed."""
    fields: dict[str, Any] = {
        "exchange": "upbit",
        "account": "main",
        "currency": currency,
        "locked": Decimal(0),
        "source": source,
    }
    previous = Balance(**fields, available=Decimal(before), changed_at=BEGAN)
    return AssetUpdate(
        **fields,
        available=Decimal(after),
        time=None,
        received=BEGAN,
        previous=previous,
    )


def live_again(count: int) -> StateChange:
    """Make the change back to LIVE, 3.25 s after the last proof."""
    gap = Gap(BEGAN, BEGAN + timedelta(seconds=3.25), count)
    return StateChange("upbit", "main", State.STALE, State.LIVE, "read", gap)


def test_the_same_error_again_and_again_is_one_line() -> None:
    """The line has count and place; the same object is not a new error."""
    log = EventLog()
    first, again, other = (ConnectionLost("no network") for _ in range(3))
    for error in (first, first, again):
        lines_of(log, account(error=error))
    (line,) = lines_of(log, account(error=again), account("b", error=other))

    assert line.name == "a, b:"
    assert line.text.endswith(" UTC (3 times) ConnectionLost: no network")
    assert line.look == "bad"


def test_what_has_passed_is_remembered_and_paler() -> None:
    """The last few lines stay, oldest first."""
    log = EventLog()
    for number in range(MOST_EVENTS + 3):
        lines_of(log, account(error=ConnectionLost(f"no {number}")))
    lines = lines_of(log, account())

    assert [line.text[-4:] for line in lines] == ["no 3", "no 4", "no 5", "no 6"]
    assert {(line.look, line.name) for line in lines} == {("dim", "")}


def test_what_to_do_is_shown_until_the_error_has_passed() -> None:
    """Afterwards the line has the problem only."""
    log, error = EventLog(), ConnectionLost("no network", remedy="Plug it in.")
    (present,) = lines_of(log, account(error=error))
    (passed,) = lines_of(log, account())

    assert present.text.endswith(f" UTC ConnectionLost: {error}")
    assert "Plug it in." in present.text
    assert passed.text.endswith(" UTC ConnectionLost: no network")


def test_the_reason_of_a_state_is_not_shown_twice() -> None:
    """The state's own line has the reason; what to do about it stands below."""
    log = EventLog()

    assert lines_of(log, account(error=ConnectionLost("no net"), reason="no net")) == []
    assert len(lines_of(log, account())) == 1

    error = ConnectionLost("no cable", remedy="Plug it in.")
    there = account(error=error, reason="no cable")
    assert lines_of(log, there)[1:] == [Line("Plug it in.", "bad")]
    assert lines_of(log, there, account("b"))[1:] == [Line("Plug it in.", "bad", "a:")]


def test_what_a_handler_raised_is_shown_with_its_line_and_not_counted() -> None:
    """The figures have the number; beside it stands what befell the stream."""
    log, lost = EventLog(), ConnectionLost("no network")

    def alert() -> object:
        return 1 / 0

    line = alert.__code__.co_firstlineno + 1
    for _ in range(2):
        both = account(error=lost, raised=callback_error(alert))
        lines = lines_of(log, both)
    native = CallbackError("handler print raised")
    (*_, last) = lines_of(log, account(raised=native))

    assert [(line.text[13:], line.look) for line in lines] == [
        ("ConnectionLost: no network", "bad"),
        (f"CallbackError: handler alert raised, in line {line}", "bad"),
    ]
    assert last.text[13:] == "CallbackError: handler print raised"


def test_an_event_and_a_snapshot_of_its_error_are_one() -> None:
    """Either may come first."""
    log, error = EventLog(), ConnectionLost("no network", account="a")
    log.note(error)
    (line,) = lines_of(log, account(error=error))

    assert "times" not in line.text


def test_a_gap_has_its_length_and_the_changes_found() -> None:
    """Changes have signs; the next gap has a new line."""
    log = EventLog()
    for event in (
        found("BTC", "1", "1.50"),
        found("SGD", "100", "40"),
        live_again(2),
        live_again(0),
    ):
        log.note(event)

    assert texts(log) == [
        "main: LIVE again after a gap of 3.2 s; changed meanwhile: BTC +0.5, SGD -60",
        "main: LIVE again after a gap of 3.2 s; nothing had changed",
    ]


def test_what_is_not_named_is_counted() -> None:
    """Long lists, and changes of locked amounts, are counts."""
    log = EventLog()
    for number in range(5):
        log.note(found(f"C{number}", "1", "2"))
    log.note(live_again(6))
    log.note(live_again(1))

    assert [text.partition("meanwhile: ")[2] for text in texts(log)] == [
        "C0 +1, C1 +1, C2 +1, 3 more",
        "1 balance locked or unlocked",
    ]


def test_changes_that_an_audit_found_are_shown() -> None:
    """Such a change has no push, and belongs to no gap."""
    log = EventLog()
    log.note(found("BTC", "1", "1.50", Source.AUDIT))
    log.note(found("ETH", "1", "1.0", Source.AUDIT))

    assert texts(log) == [
        "main: BTC +0.5 was found by an audit: it had not been pushed"
    ]


def test_what_is_no_account_s_is_named_by_itself() -> None:
    """The connection of a group, or the file of an archive."""
    log = EventLog()
    log.note(ConnectionLost("the engine is gone"))

    assert texts(log) == [" ConnectionLost: the engine is gone"]
    (line,) = log.lines([])
    assert line.name == ""
