"""The doubt about a currency in words."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

from assetstream.core.doubts import doubt
from assetstream.core.entry import DENIALS, Entry
from assetstream.core.evidence import Need, Piece, weigh
from assetstream.core.moment import Moment

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc).timestamp()


def at(now: float) -> Moment:
    """Return the moment ``now`` seconds after noon."""
    return Moment(now, NOON + now)


def pushed(now: float, available: str, locked: str = "0") -> Piece:
    """Return a push dated at that moment, known to half a second."""
    amounts = Decimal(available), Decimal(locked)
    return Piece(amounts, now - 0.5, now, now, (int(now * 1000), 0))


def read(asked: float, available: str) -> Piece:
    """Return a read, which REST may have known 10 s before."""
    amounts = Decimal(available), Decimal(0)
    return Piece(amounts, asked - 10.0, asked + 0.1, asked)


def entry(*pieces: Piece) -> Entry:
    """Return a currency of which this was learnt, in this order."""
    made = Entry()
    for piece in pieces:
        weigh(made.evidence, piece)
    return made


def test_what_is_not_in_doubt_has_no_words() -> None:
    """Neither has a currency of which nothing is known."""
    assert doubt(Entry(), at(9)) == ""
    assert doubt(entry(pushed(1, "7")), at(9)) == ""


def test_a_read_that_may_be_older_than_a_push() -> None:
    """Times are ours, when the push came and when the read was asked for."""
    found = entry(pushed(1, "7", "0.5"), read(3, "5.00000000"))

    assert doubt(found, at(9)) == (
        "REST said 5.00000000 at 12:00:03 UTC, not certainly older than the push 7 and "
        "0.5 locked of 12:00:01 UTC"
    )
    # Of a clock that was set since, the present one counts.
    assert "12:01:03" in doubt(found, Moment(9, NOON + 69))


def test_a_push_beside_a_read() -> None:
    """A late push may be newer than what was read."""
    assert doubt(entry(read(3, "5"), pushed(1, "7")), at(9)) == (
        "REST said 5 at 12:00:03 UTC, not certainly older than the push 7 of 12:00:01 "
        "UTC"
    )


def test_a_read_that_is_newer_and_not_yet_believed() -> None:
    """S2, A2: more of them must say so."""
    vanished = read(30, "0")
    vanished.need = Need(3, 60.0)

    assert doubt(entry(pushed(1, "7"), vanished), at(31)) == (
        "REST said 0 at 12:00:30 UTC, newer than the push 7 of 12:00:01 UTC: more "
        "reads must say so"
    )


def test_what_could_not_be_read() -> None:
    """K5: nobody knows what it said."""
    found = entry(pushed(1, "7"), Piece(None, 3, 3, 3))

    assert doubt(found, at(9)) == (
        "something came at 12:00:03 UTC that could not be read, or not be dated"
    )


def test_k6_a_push_that_did_not_say_the_amounts() -> None:
    """The exchange has told of a change, and nobody knows to what."""
    found = entry(pushed(1, "7"), Piece(None, 3, 3, 3))
    found.outdated_at = 3.0

    assert doubt(found, at(9)) == (
        "a push told at 12:00:03 UTC of a change, not of the amounts"
    )
    weigh(found.evidence, Piece(None, 5, 5, 5))
    assert "could not be read" in doubt(found, at(9))


def test_the_newest_of_several_is_told() -> None:
    """The others are counted."""
    found = entry(pushed(1, "7"), read(3, "5"), read(5, "6"))

    assert doubt(found, at(9)).startswith("REST said 6 at 12:00:05 UTC, ")
    assert doubt(found, at(9)).endswith(" (and 1 more)")


def test_a8_a_dispute_is_named() -> None:
    """It is one whether or not anything is open at the moment."""
    found = entry(pushed(1, "7"))
    found.denied = DENIALS
    assert doubt(found, at(9)) == "REST and stream disagree again and again"
    weigh(found.evidence, read(3, "5"))
    assert doubt(found, at(9)).startswith(
        "REST and stream disagree again and again: REST said 5 at 12:00:03 UTC, "
    )


def test_a_push_that_is_in_question_is_named() -> None:
    """The order of two pushes contradicts itself."""
    ahead = Piece((Decimal(1), Decimal(0)), 0.0, 10.0, 10.0, (13_000, 0), fair=False)
    words = doubt(entry(ahead, pushed(10.4, "2")), at(11.0))

    assert "a push said 2 at 12:00:1" in words
