"""Questions to the tables of an archive."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetstream import Gap, Source, State
from assetstream.archive import queries
from assetstream.archive.certainty import Stretch
from assetstream.archive.queries import ArchivedAccount
from assetstream.archive.rows import Known, Rows, StateRow
from assetstream.archive.schema import SCRIPTS
from tests.support.archives import kept, later

A = ArchivedAccount(1, "x", "a", None)


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """The tables of an archive with an account and a run."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(SCRIPTS[0])
    assert queries.add_account(db, "x", "a") == A.id
    assert queries.add_run(db, kept(0), "1") == 1
    yield db
    db.close()


def add(
    db: sqlite3.Connection,
    *updates: tuple[str, float, str],
    states: tuple[StateRow, ...] = (),
    account: int = A.id,
) -> None:
    """Add rows: currency, second, available."""
    rows = [
        (account, code, kept(at), None, amount, "0", "STREAM", None, 0)
        for code, at, amount in updates
    ]
    queries.add_rows(db, Rows(rows, [*states]))


def state(second: float, name: str, run: int = 1, gap: float | None = None) -> StateRow:
    """Make a change of state, and the beginning of its gap."""
    began = None if gap is None else kept(gap)
    recovered = None if gap is None else 2
    return StateRow(A.id, run, kept(second), name, "why", began, recovered)


def held(db: sqlite3.Connection, second: float) -> dict[str, str]:
    """Return what was available at a second."""
    found = queries.balances(db, A, kept(second))
    return {code: str(balance.available) for code, balance in found.items()}


def test_balances_are_the_last_of_each_currency(db: sqlite3.Connection) -> None:
    """Up to the time, which is included; of one moment the last that was written."""
    add(db, ("A", 1, "1"), ("B", 2, "2"), ("A", 3, "3"), ("A", 3, "4"))
    add(db, ("C", 1, "9"), account=2)

    assert [held(db, second) for second in (0, 1, 2.5, 3)] == [
        {},
        {"A": "1"},
        {"A": "1", "B": "2"},
        {"A": "4", "B": "2"},
    ]


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 5)), max_size=20),
    st.integers(0, 6),
)
def test_balances_are_what_going_through_all_rows_gives(
    rows: list[tuple[str, int]], at: int
) -> None:
    """However many currencies there are, and in whatever order they came."""
    db = sqlite3.connect(":memory:")
    db.executescript(SCRIPTS[0])
    numbered = [(code, second, str(n)) for n, (code, second) in enumerate(rows)]
    add(db, *numbered)
    expected = {
        code: amount
        for code, second, amount in sorted(numbered, key=lambda row: row[1])
        if second <= at
    }

    assert held(db, at) == expected
    found = list(queries.currencies(db, A.id))
    assert found == sorted({code for code, _ in rows})
    db.close()


def test_a_balance_is_exact_and_has_its_time(db: sqlite3.Connection) -> None:
    """The exchange's time if it gave one, else that of receipt."""
    digits = "1" * 60 + ".0123"
    amounts = digits, "0", "AUDIT", "i", 0
    first = (A.id, "A", kept(1), 1_764_417_600_123, *amounts)
    queries.add_rows(db, Rows([first, (A.id, "B", kept(1), None, *amounts)], []))

    found = queries.balances(db, A, kept(1))

    assert found["A"].available == Decimal(digits)
    assert found["A"].changed_at.timestamp() == 1_764_417_600.123
    assert found["B"].changed_at == later(1)
    assert (found["A"].source, found["A"].account) == (Source.AUDIT, "a")
    assert found["A"].stale


def test_updates_know_what_was_before(db: sqlite3.Connection) -> None:
    """In the order in which they were written, of one currency or of all."""
    add(db, ("A", 1, "1"), ("B", 2, "5"), ("A", 3, "4"), ("A", 4, "2"))

    found = queries.updates(db, A, kept(2), kept(4))
    of_a = queries.updates(db, A, 0, kept(3), "A")

    assert [(u.currency, u.change) for u in found] == [("B", 5), ("A", 3), ("A", -2)]
    assert [(u.currency, u.change) for u in of_a] == [("A", 1), ("A", 3)]
    assert found[0].received == later(2)
    assert queries.updates(db, A, 0, kept(9), "C") == []


def test_the_facts_of_a_time(db: sqlite3.Connection) -> None:
    """The state of then, how far its run knew, and the gap that came to light later."""
    states = (state(1, "LIVE"), state(5, "STALE"), state(7, "LIVE", gap=4))
    add(db, states=states)
    queries.renew(db, 1, kept(9))
    queries.renew(db, 1, kept(8))

    live = Stretch(State.LIVE, "why", kept(1), kept(8.5), ended=False)
    gap = (kept(4), kept(7), 2)
    assert queries.facts(db, A, kept(0)) == (kept(1), None, None, *[None] * 3)
    assert queries.facts(db, A, kept(2)) == (kept(1), None, live, *gap)
    assert queries.facts(db, A, kept(7)).gap_began is None
    # Whoever asks about its own run knows that it was not killed.
    own = queries.facts(db, A, kept(2), own=1).stretch
    assert own == live._replace(until=kept(9))
    queries.end_run(db, 1, kept(20))
    stretch = queries.facts(db, A, kept(6)).stretch
    assert stretch == Stretch(State.STALE, "why", kept(5), kept(20), ended=True)
    nobody = ArchivedAccount(2, "x", "b", None)
    assert queries.facts(db, nobody, kept(2)).began is None


def test_gaps_are_those_that_reach_into_a_time(db: sqlite3.Connection) -> None:
    """From the first to the last microsecond."""
    add(db, states=(state(3, "LIVE", gap=1), state(9, "LIVE", gap=8)))

    def gaps(since: float, until: float) -> list[Gap]:
        return queries.gaps(db, A, kept(since), kept(until))

    first, last = Gap(later(1), later(3), 2), Gap(later(8), later(9), 2)
    assert gaps(0, 10) == [first, last]
    assert gaps(3, 7.9) == [first]
    assert gaps(3.1, 8) == [last]
    assert gaps(4, 5) == []


@pytest.mark.parametrize(
    ("states", "until"),
    [
        ((), None),
        ((state(1, "CONNECTING"),), None),
        # Alive to the end of its run, which was killed a moment later.
        ((state(1, "LIVE"),), 49.5),
        # Or was not LIVE any more.
        ((state(1, "LIVE"), state(5, "STALE"), state(6, "STOPPED")), 5),
        ((state(1, "LIVE"), state(5, "STALE"), state(6, "LIVE", gap=4)), 49.5),
    ],
)
def test_h6_how_far_an_account_is_known(
    db: sqlite3.Connection, states: tuple[StateRow, ...], until: float | None
) -> None:
    """To the end of the last time that it was LIVE."""
    add(db, ("A", 1, "1"), ("A", 2, "2"), states=states)
    queries.renew(db, 1, kept(50))

    assert queries.known(db, A.id) == Known(
        None if until is None else kept(until), {"A": (Decimal(2), Decimal(0))}
    )


def test_h6_the_last_run_of_an_account(db: sqlite3.Connection) -> None:
    """When it began, and when the account was LIVE in it, if it was yet."""
    add(db, states=(state(1, "LIVE"),))
    queries.add_run(db, kept(10), "1")
    assert queries.last_run(db, A) == (kept(0), kept(1))
    add(db, states=(state(11, "CONNECTING", run=2),))
    assert queries.last_run(db, A) == (kept(10), None)
    add(db, states=(state(12, "LIVE", run=2), state(13, "LIVE", run=2)))
    assert queries.last_run(db, A) == (kept(10), kept(12))


def test_h6_changes_are_how_two_times_differ(db: sqlite3.Connection) -> None:
    """Equal amounts with other zeros are no change; nor is a zero of the unknown."""
    add(db, ("A", 1, "1"), ("B", 1, "1"), ("C", 1, "1"))
    add(db, ("A", 9, "1.00"), ("B", 9, "3"), ("C", 9, "0"), ("D", 9, "0"))
    add(db, ("E", 9, "0.5"))

    found = queries.changes(db, A, kept(8), kept(9))

    assert {u.currency: str(u.change) for u in found} == {
        **{"B": "2", "C": "-1", "E": "0.5"}
    }
    assert {u.source for u in found} == {Source.RECOVERED}


def test_accounts_are_told_apart_by_exchange_and_label(db: sqlite3.Connection) -> None:
    """An account that is there is not added again."""
    other = queries.add_account(db, "y", "a")

    assert queries.add_account(db, "x", "a") == A.id
    assert [each.exchange for each in queries.accounts(db)] == ["x", "y"]
    assert {each.id for each in queries.accounts(db)} == {A.id, other}


def test_the_views_show_times_as_text(db: sqlite3.Connection) -> None:
    """For whoever reads the file by other means."""
    add(db, ("A", 1.5, "0.10"), states=(state(3, "LIVE", gap=1),))
    queries.end_run(db, 1, kept(4))

    assert db.execute("SELECT * FROM readable_updates").fetchall() == [
        (
            *(1, "x", "a", "A", "2026-01-01T00:00:01.500000Z", None),
            *("0.10", "0", "STREAM", None, 0),
        )
    ]
    assert db.execute("SELECT * FROM readable_states").fetchall() == [
        (
            *(1, "x", "a", 1, "2026-01-01T00:00:03.000000Z", "LIVE", "why"),
            *("2026-01-01T00:00:01.000000Z", 2),
        )
    ]
    ended = db.execute("SELECT ended FROM readable_runs").fetchone()
    assert ended == ("2026-01-01T00:00:04Z",)
