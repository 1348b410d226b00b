"""The fold of evidence: what is shown, what is open, and when doubts end."""

from __future__ import annotations

import copy
import math
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetstream.core.entry import Entry
from assetstream.core.evidence import (
    MOST_OPEN,
    ZEROS,
    Amounts,
    Evidence,
    Judgement,
    Need,
    Piece,
    certainly_newer,
    weigh,
)
from assetstream.core.past import KEPT
from tests.support.evidence_histories import amounts_of, history, index_of

SEEDS = st.integers(0, 2**32 - 1)
NEW, SAME, OPEN, OLD = Judgement.NEW, Judgement.SAME, Judgement.OPEN, Judgement.OLD


def held(number: int, locked: int = 0) -> Amounts:
    return Decimal(number), Decimal(locked)


def push(number: int, at: float, second: int = 0, *, late: float = 0.0) -> Piece:
    """A push of what became true ``at``, by a clock that is known to half a second."""
    return Piece(
        held(number),
        at - 0.5,
        min(at + 0.5, at + late),
        at + late,
        (int(at * 1000), second),
    )


def read(number: int, at: float, *, reads: int = 1, seconds: float = 0.0) -> Piece:
    """A read that was asked for ``at`` and took half a second."""
    return Piece(held(number), at - 10.0, at + 0.5, at, need=Need(reads, seconds))


def blank(at: float) -> Piece:
    return Piece(None, at, at, at)


def known(*pieces: Piece) -> Evidence:
    """The fold of pieces."""
    evidence = Evidence()
    for piece in pieces:
        weigh(evidence, piece)
    return evidence


# The four properties, and the fast lane.


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_the_promise_over_random_histories(seed: int) -> None:
    """Unmarked: nothing received is newer; it never goes back; doubts end."""
    arrivals, last = history(random.Random(seed))
    entry, newest, shown = Entry(), -1, -1
    evidence = entry.evidence
    for arrival in arrivals:
        ground = evidence.ground
        _push(entry, arrival.piece)
        if arrival.index is not None:
            newest = max(newest, arrival.index)
        before, shown = shown, index_of(evidence.amounts)
        if not evidence.open:
            assert shown >= newest, arrival
            assert shown >= before, arrival
        if shown < before:
            # The rank of the ground falls only where the intervals overlap.
            assert ground is not None
            assert evidence.ground is not None
            assert not certainly_newer(ground, evidence.ground)
        assert len(evidence.open) <= MOST_OPEN

    assert not evidence.open
    assert index_of(evidence.amounts) == last


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_fast_lane_comes_to_the_same(seed: int) -> None:
    """``Entry.follow`` and ``weigh`` agree about every push of a random history."""
    arrivals, _ = history(random.Random(seed))
    entry = Entry()
    lanes = 0
    for arrival in arrivals:
        if arrival.piece.key is None:
            weigh(entry.evidence, arrival.piece)
            continue
        slow = _copied(entry.evidence)
        expected = weigh(slow, copy.copy(arrival.piece))
        lanes += not entry.evidence.open

        assert _push(entry, arrival.piece) is expected
        assert _state(entry.evidence) == _state(slow)
    assert lanes or len(arrivals) < 100


def _push(entry: Entry, piece: Piece) -> Judgement:
    """Weigh any piece as the book does."""
    if piece.key is not None and entry.follow(piece):
        return Judgement.NEW
    return weigh(entry.evidence, piece)


def _copied(evidence: Evidence) -> Evidence:
    """Return a copy that shares nothing that can be changed."""
    copied = Evidence()
    copied.ground = copy.copy(evidence.ground)
    copied.push = copy.copy(evidence.push)
    copied.open = tuple(copy.copy(piece) for piece in evidence.open)
    copied.over = copy.deepcopy(evidence.over)
    return copied


def _state(evidence: Evidence) -> tuple[object, ...]:
    return (
        evidence.ground,
        evidence.push,
        list(evidence.open),
        [*evidence.over._times, *evidence.over._hashes] if evidence.over else [],
    )


# The parts, by the labels of the rules.


def test_k1_a_greater_key_that_came_later_is_newer() -> None:
    """Two fair dates need not come in order; one that is not fair must."""
    first, second = push(1, 10.0), push(2, 10.1)
    late = push(1, 10.0, late=3.0)
    assert certainly_newer(second, first)
    assert not certainly_newer(first, second)
    assert certainly_newer(second, late)
    unfair = Piece(held(2), 0.0, 10.5, 10.5, (10_100, 0), fair=False)
    assert not certainly_newer(unfair, late)
    assert not certainly_newer(late, unfair)


def test_k1_our_clock_overrules_keys_by_more_than_a_second() -> None:
    """An upper end that is a little short reorders no pushes."""
    ahead = Piece(held(1), 0.0, 10.0, 10.0, (13_000, 0), fair=False)
    for earliest, newer in ((11.0, False), (11.1, True)):
        later = Piece(held(2), earliest, 12.0, 12.0, (11_000, 0))
        assert certainly_newer(later, ahead) is newer
    assert certainly_newer(Piece(held(2), 10.1, 12.0, 12.0), ahead)


def test_moments_that_touch_are_in_no_order() -> None:
    """A read is newer than what was true until before it may have looked."""
    assert not certainly_newer(read(2, 40.0), blank(30.0))
    assert certainly_newer(read(2, 40.1), blank(30.0))


def test_k1_a_smaller_key_is_older_and_a_duplicate_is_nothing() -> None:
    """Neither is shown, and neither puts anything in doubt."""
    evidence = known(push(1, 10.0), push(2, 11.0))

    assert weigh(evidence, push(1, 10.0, late=5.0)) is OLD
    assert weigh(evidence, push(2, 11.0, late=6.0)) is OLD
    assert (evidence.amounts, evidence.open) == (held(2), ())


def test_k1_an_equal_key_gives_way_to_the_later_arrival() -> None:
    evidence = known(push(1, 10.0))

    assert weigh(evidence, push(2, 10.0, late=0.1)) is NEW
    assert (evidence.amounts, evidence.open) == (held(2), ())


def test_k1_the_order_is_in_question_where_the_stored_date_was_ahead() -> None:
    """The push with the smaller key is open until a greater one comes."""
    ahead = Piece(held(1), 0.0, 10.0, 10.0, (13_000, 0), fair=False)
    evidence = known(ahead)
    assert weigh(evidence, push(1, 10.2)) is OLD  # The same amounts.
    assert weigh(evidence, push(2, 10.4)) is OPEN
    assert weigh(evidence, push(3, 10.6)) is OPEN
    assert [piece.amounts for piece in evidence.open] == [held(3)]
    assert evidence.amounts == held(1)

    assert weigh(evidence, push(4, 13.1)) is NEW
    assert (evidence.amounts, evidence.open) == (held(4), ())


def test_a2_a_lagging_read_is_nothing_against_a_push_of_the_same_amounts() -> None:
    """It ends another doubt; the order of the pushes stays in question (K1)."""
    behind = Piece(held(5), 98.9, 99.2, 100.6, (99_000, 1), fair=False)
    evidence = known(push(5, 50.0), push(7, 100.0), blank(99.0))
    assert weigh(evidence, behind) is OPEN
    assert len(evidence.open) == 2
    assert weigh(evidence, read(5, 110.0)) is SAME

    assert evidence.open == (behind,)


def test_k3_a_push_dated_after_the_arrival_of_one_ahead_is_newer() -> None:
    """The stored key counts as none then."""
    ahead = Piece(held(1), 0.0, 10.0, 10.0, (50_000, 0), fair=False)
    evidence = known(ahead)

    assert weigh(evidence, push(2, 11.6)) is NEW
    assert (evidence.amounts, evidence.open) == (held(2), ())


def test_k2_a_push_older_than_a_read_that_is_shown_is_ignored() -> None:
    """It may come late; it explains nothing that is newer."""
    evidence = known(push(1, 10.0), read(2, 40.0))

    assert weigh(evidence, push(3, 29.0, late=15.0)) is OLD
    assert (evidence.amounts, evidence.open) == (held(2), ())
    assert evidence.held_until(held(3)) == 40.5


def test_k2_a_push_that_overlaps_with_such_a_read_is_shown_in_doubt() -> None:
    evidence = known(push(1, 10.0), read(2, 40.0))

    assert weigh(evidence, push(3, 35.0, late=8.0)) is NEW
    assert evidence.amounts == held(3)
    assert [piece.amounts for piece in evidence.open] == [held(2)]
    assert weigh(evidence, push(4, 41.1)) is NEW  # Certainly newer than the read.
    assert evidence.open == ()


def test_k2_agreeing_reads_are_no_evidence() -> None:
    """Else each push within 10 s of a read would be in doubt."""
    evidence = known(push(1, 10.0), read(1, 40.0))

    assert weigh(evidence, push(3, 35.0, late=8.0)) is NEW
    assert evidence.open == ()


def test_k5_what_cannot_be_read_is_open_until_something_newer() -> None:
    """A read that may be older than it does not close it, nor does such a push."""
    evidence = known(push(1, 10.0), blank(20.0))
    assert weigh(evidence, blank(21.0)) is OPEN
    assert len(evidence.open) == 1
    weigh(evidence, push(2, 20.9, late=0.3))
    weigh(evidence, read(2, 30.9))
    assert len(evidence.open) == 1
    weigh(evidence, read(2, 31.1))

    assert evidence.open == ()


def test_k5_the_first_piece_closes_only_what_is_older() -> None:
    evidence = known(blank(20.0))
    assert evidence.amounts is None
    weigh(evidence, read(1, 25.0))
    assert len(evidence.open) == 1
    again = known(blank(20.0))
    weigh(again, read(1, 31.0))

    assert again.open == ()


def test_s1_a_read_that_may_be_older_is_open_and_not_shown() -> None:
    evidence = known(push(1, 10.0))
    assert weigh(evidence, read(2, 15.0)) is OPEN
    assert evidence.amounts == held(1)
    assert weigh(evidence, read(2, 21.0)) is NEW

    assert (evidence.amounts, evidence.open) == (held(2), ())


def test_s1_what_a_read_changed_is_kept_as_well() -> None:
    evidence = known(read(1, 10.0), read(5, 30.0))

    assert weigh(evidence, read(1, 36.0)) is SAME  # A replica that lags (A2).
    assert weigh(evidence, read(7, 36.0)) is OPEN
    assert evidence.amounts == held(5)


def test_a2_a_read_agrees_by_what_held_when_it_may_have_looked() -> None:
    """One that looked before a doubt began does not end it."""
    evidence = known(push(1, 10.0), push(2, 20.0))
    assert weigh(evidence, read(1, 30.0)) is SAME
    assert weigh(evidence, read(1, 31.0)) is OPEN
    doubted = known(push(1, 10.0), blank(20.0))
    assert weigh(doubted, read(1, 25.0)) is SAME

    assert len(doubted.open) == 1


def test_a2_two_reads_are_needed_in_an_audit() -> None:
    """The first puts it in doubt; one that agrees between begins anew."""
    evidence = known(push(1, 10.0))
    assert weigh(evidence, read(2, 30.0, reads=2)) is OPEN
    assert evidence.amounts == held(1)
    assert weigh(evidence, read(1, 32.0, reads=2)) is SAME
    assert weigh(evidence, read(2, 34.0, reads=2)) is OPEN
    assert weigh(evidence, read(2, 36.0, reads=2)) is NEW

    assert (evidence.amounts, evidence.open) == (held(2), ())


def test_a3_what_is_over_is_nothing_while_10_s_explain_it() -> None:
    """After that it is open, and believed after five reads over 60 s."""
    busy = known(push(1, 10.0), push(2, 20.0), push(3, 40.0))
    assert weigh(busy, read(1, 45.0)) is OLD
    assert busy.open == ()
    assert weigh(busy, read(7, 45.0)) is OPEN
    trading = known(push(1, 10.0), push(2, 20.0), push(3, 75.0))
    assert weigh(trading, read(1, 80.0)) is OLD
    assert weigh(trading, read(1, 80.1)) is OPEN

    evidence = known(push(1, 10.0), push(2, 20.0))
    asked = [31.0, 45.0, 60.0, 70.0, 85.0, 92.0]
    verdicts = [weigh(evidence, read(1, now)) for now in asked]
    assert verdicts == [OPEN, OPEN, OPEN, OPEN, OPEN, NEW]


@pytest.mark.parametrize(
    "asked", [(31.0, 45.0, 70.0, 92.0, 92.1), (31.0, 45.0, 60.0, 70.0, 90.9, 91.0)]
)
def test_a3_neither_four_reads_nor_less_than_a_minute_bring_back_what_is_over(
    asked: tuple[float, ...],
) -> None:
    evidence = known(push(1, 10.0), push(2, 20.0))
    *early, last = asked

    assert {weigh(evidence, read(1, now)) for now in early} == {OPEN}
    assert weigh(evidence, read(1, last)) is NEW


def test_a9_what_was_over_15_minutes_ago_may_be_back() -> None:
    """No replica is as far behind."""
    evidence = known(push(1, 10.0), push(2, 20.0))
    assert weigh(evidence, read(1, 920.0)) is NEW

    recent = known(push(1, 10.0), push(2, 20.0))
    assert weigh(recent, read(1, 919.0)) is OPEN


def test_a9_what_is_back_may_be_from_a_replica_that_is_a_minute_behind() -> None:
    """A push of that minute is shown after it, in doubt."""
    evidence = known(push(1, 10.0), push(2, 20.0))
    for now in (31.0, 45.0, 60.0, 70.0, 92.0):
        weigh(evidence, read(1, now))
    assert evidence.amounts == held(1)
    assert weigh(evidence, push(3, 60.0, late=33.0)) is NEW

    assert [piece.amounts for piece in evidence.open] == [held(1)]


def test_a4_the_later_of_two_reads_is_taken_and_the_other_stays_open() -> None:
    """They need not agree among themselves."""
    evidence = known(push(1, 10.0), read(5, 30.0, reads=2))
    assert weigh(evidence, read(6, 32.0, reads=2)) is NEW

    assert evidence.amounts == held(6)
    assert [piece.amounts for piece in evidence.open] == [held(5)]
    weigh(evidence, read(6, 41.0, reads=2))
    assert evidence.open == ()


def test_a4_the_first_read_of_all_may_begin_a_row() -> None:
    """A push has overtaken it; later reads go on with its row, and are believed."""
    evidence = known(read(7, 0.0), push(9, 0.5))
    assert evidence.open
    assert weigh(evidence, read(8, 30.0, reads=2)) is NEW
    assert not evidence.open


def test_s2_a_row_is_of_zeros_or_of_other_amounts() -> None:
    """An amount between two zeros begins their row anew."""
    evidence = known(push(1, 10.0))

    def zero(now: float) -> Judgement:
        piece = read(0, now, reads=3, seconds=60.0)
        return weigh(evidence, piece)

    assert [zero(30.0), zero(60.0)] == [OPEN, OPEN]
    assert weigh(evidence, read(1, 70.0, reads=2)) is SAME
    assert [zero(91.0), zero(120.0), zero(150.0)] == [OPEN, OPEN, OPEN]
    assert zero(151.0) is NEW
    assert evidence.amounts == ZEROS


def test_s2_two_zeros_in_a_minute_are_no_row_of_three() -> None:
    evidence = known(push(1, 10.0))
    for now in (30.0, 95.0):
        assert weigh(evidence, read(0, now, reads=3, seconds=60.0)) is OPEN

    assert weigh(evidence, read(0, 96.0, reads=3, seconds=60.0)) is NEW


def test_s2_a_need_stays_with_its_row() -> None:
    """A row of lists that name nothing is not ended by one that names others."""
    evidence = known(push(1, 10.0))
    for now in (30.0, 90.0):
        weigh(evidence, read(0, now, reads=3, seconds=600.0))

    assert weigh(evidence, read(0, 150.0, reads=3, seconds=60.0)) is OPEN
    assert weigh(evidence, read(0, 629.0, reads=3, seconds=60.0)) is OPEN
    assert weigh(evidence, read(0, 630.0, reads=3, seconds=60.0)) is NEW


def test_s2_a_read_that_a_push_contradicts_begins_the_row_anew() -> None:
    evidence = known(push(1, 10.0))
    for now in (30.0, 60.0):
        weigh(evidence, read(0, now, reads=3, seconds=60.0))
    contradicted = read(0, 80.0, reads=3, seconds=60.0)
    contradicted.row = 0
    assert weigh(evidence, contradicted) is OPEN

    assert weigh(evidence, read(0, 100.0, reads=3, seconds=60.0)) is OPEN
    assert weigh(evidence, read(0, 130.0, reads=3, seconds=60.0)) is OPEN
    assert weigh(evidence, read(0, 160.0, reads=3, seconds=60.0)) is NEW


def test_a_push_that_says_what_a_read_said_explains_it() -> None:
    """A late push of the amounts that are open closes them, unless they are newer."""
    evidence = known(push(1, 10.0), push(3, 20.0))
    weigh(evidence, read(2, 25.0))
    assert len(evidence.open) == 1
    assert weigh(evidence, push(2, 15.0, late=11.0)) is OLD
    assert evidence.open == ()

    newer = known(push(1, 10.0), push(3, 20.0))
    weigh(newer, read(2, 35.0, reads=2))
    assert weigh(newer, push(2, 15.0, late=21.0)) is OLD
    assert len(newer.open) == 1


def test_what_is_over_is_over_since_its_successor() -> None:
    """Not since it was replaced: a push may come late."""
    evidence = known(push(1, 10.0), push(2, 20.0, late=24.0))

    assert evidence.held_until(held(1)) == 20.5
    assert evidence.held_until(held(2)) == float("-inf")


def test_what_is_said_again_is_not_over() -> None:
    evidence = known(push(1, 10.0), push(1, 20.0))

    assert evidence.held_until(held(1)) == float("-inf")


def test_what_is_known_to_be_over_is_not_made_newer_by_a_late_push() -> None:
    """Else a read that says it again would be taken for an old one."""
    evidence = known(push(1, 10.0), push(2, 20.0), push(3, 40.0))
    assert weigh(evidence, push(1, 10.0, late=31.0)) is OLD

    assert evidence.held_until(held(1)) == 20.0


def test_what_is_open_is_bounded() -> None:
    """The oldest become one of unknown amounts, which REST must catch up with."""
    evidence = known(push(1, 10.0))
    for number in range(2 * MOST_OPEN):
        weigh(evidence, read(100 + number, 15.0 + number / 100))
    latest = max(piece.latest for piece in evidence.open)
    assert len(evidence.open) <= MOST_OPEN
    assert evidence.open[0].amounts is None
    assert latest == pytest.approx(15.5 + 0.31)
    weigh(evidence, read(1, latest + 10.1))

    assert evidence.open == ()


def test_what_is_open_is_folded_where_there_is_too_much() -> None:
    """The newest that have amounts stay; the rest becomes as wide as all of it."""
    reads = [read(100 + number, 15.0 + number / 100) for number in range(MOST_OPEN)]
    evidence = known(push(1, 10.0), *reads)
    assert evidence.open == tuple(reads)
    last = read(200, 16.0)
    weigh(evidence, blank(18.0))
    weigh(evidence, last)

    folded = Piece(None, reads[0].earliest, 18.0, 18.0)
    assert evidence.open == (folded, *reads[1 - MOST_OPEN // 2 :], last)


def test_amounts_of_a_history_tell_their_place() -> None:
    """The oracle of the properties reads them back."""
    assert [index_of(amounts_of(index)) for index in (0, 7)] == [0, 7]
    assert index_of(None) == -1


def test_what_is_over_is_forgotten_when_nothing_depends_on_it() -> None:
    """A quarter of an hour after the last of it, not before."""
    evidence = known(push(1, 10.0), push(2, 20.0))
    assert evidence.over is not None
    newest = evidence.over.newest
    evidence.forget(newest + KEPT)
    assert evidence.held_until(held(1)) == newest
    evidence.forget(newest + KEPT + 0.1)

    assert evidence.over is None
    evidence.forget(newest + 2 * KEPT)
    assert evidence.held_until(held(1)) == -math.inf
