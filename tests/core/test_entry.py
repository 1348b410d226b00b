"""One currency: its fast lane, its repeated pushes, its doubt, its last change."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assetstream import Balance, Source
from assetstream.core.entry import DENIALS, MOST_MISDATED, Entry
from assetstream.core.evidence import Judgement, Piece, weigh
from assetstream.core.past import KEPT
from assetstream.protocol import BalanceReport
from tests.support.books import START


def shown(total: str, source: Source = Source.STREAM) -> Balance:
    """Make a balance of which nothing is locked."""
    amount, nothing = Decimal(total), Decimal(0)
    return Balance("test", "test-1", "BTC", amount, nothing, START, source)


def push(number: int, now: float) -> Piece:
    """Make a push with a fair date."""
    amounts = Decimal(number), Decimal(0)
    return Piece(amounts, now - 0.5, now, now, (int(now * 1000), 0))


def entered(*numbers: int) -> Entry:
    """Make an entry that was pushed these totals, one a second, and shows the last."""
    entry = Entry()
    for second, number in enumerate(numbers):
        piece = push(number, float(second))
        assert entry.follow(piece) or weigh(entry.evidence, piece) is Judgement.NEW
    if numbers:
        entry.balance = shown(str(numbers[-1]))
    return entry


def test_k1_the_fast_lane_shows_the_next_push_and_remembers_the_last() -> None:
    entry = entered(1)
    before = entry.evidence.ground
    assert entry.follow(push(2, 5.0))
    assert before is not None
    assert entry.evidence.ground is entry.evidence.push is not before
    assert entry.evidence.held_until((Decimal(1), Decimal(0))) == 5.0
    assert entry.follow(push(2, 6.0))

    assert entry.evidence.over is not None
    assert len(entry.evidence.over) == 1


def test_what_is_over_is_thrown_away_when_nothing_depends_on_it() -> None:
    """An account that was busy once is as light as one that never was."""
    entry = entered(1, 2, 3)
    assert entry.evidence.over is not None
    newest = entry.evidence.over.newest
    entry.evidence.forget(newest + KEPT)
    assert entry.evidence.held_until((Decimal(2), Decimal(0))) == newest
    entry.evidence.forget(newest + KEPT + 0.1)

    assert entry.evidence.over is None
    assert entered().evidence.over is None


def test_k1_a_push_with_an_unfair_date_is_known_again() -> None:
    """So many are remembered, the newest."""
    entry = Entry()
    assert not entry.repeats(dated(1))
    assert entry.repeats(dated(1))
    assert not entry.repeats(dated(1, "3"))  # Of other amounts.
    for number in range(2, MOST_MISDATED + 2):
        assert not entry.repeats(dated(number))

    assert not entry.repeats(dated(1))


def dated(time: int, available: str = "2") -> BalanceReport:
    """Return a push of a time."""
    return BalanceReport("BTC", Decimal(available), Decimal(0), key=(time, 0))


def test_a_currency_is_in_doubt_while_anything_is_open_or_in_dispute() -> None:
    entry = entered(1)
    assert not entry.in_doubt
    weigh(entry.evidence, Piece(None, 3.0, 3.0, 3.0))
    assert entry.in_doubt
    assert not entry.disputed
    piece = push(2, 5.0)
    assert not entry.follow(piece)
    assert weigh(entry.evidence, piece) is Judgement.NEW
    assert not entry.in_doubt
    entry.denied = DENIALS - 1
    assert not entry.in_doubt
    entry.denied = DENIALS

    assert entry.in_doubt
    assert entry.disputed


@pytest.mark.parametrize(
    ("former", "total", "change"),
    [(None, None, 0), ("1", None, 0), (None, "4", 0), ("1", "4", 3), ("5", "2", -3)],
)
def test_the_last_change_is_that_of_the_total(
    former: str | None, total: str | None, change: int
) -> None:
    """Without a former total, or with nothing shown, there is none."""
    entry = Entry()
    entry.former = None if former is None else shown(former)
    entry.balance = None if total is None else shown(total)

    assert entry.last_change() == change
