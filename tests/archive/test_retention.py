"""What is old is deleted, and the archive still answers for what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from assetstream import Balance, State
from assetstream.archive import queries, retention
from assetstream.archive.certainty import doubt
from assetstream.archive.file import WriterFile
from assetstream.archive.retention import deletions
from assetstream.archive.rows import Known, RowMaker, Rows
from tests.support.archives import change, kept, later, update

HORIZON = kept(50)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[WriterFile]:
    """An archive of a hundred seconds: A at each, B at first, LIVE at each tenth."""
    file = WriterFile(tmp_path / "balances.db")
    db = file.connection
    queries.add_run(db, kept(0), "1")
    maker = RowMaker(queries.add_account(db, "x", "a"), 1, Known(None, {}))
    for second in range(100):
        events = [update("A", str(second), second)]
        events += [update("B", "7", 0)] if second == 0 else []
        states = [change(State.LIVE)] if second % 10 == 0 else []
        rows = Rows([], [])
        maker.add(rows, later(second).timestamp(), [*events, *states])
        queries.add_rows(db, rows)
    queries.renew(db, 1, kept(100))
    yield file
    file.close()


def held(file: WriterFile, second: float) -> dict[str, Balance]:
    """Return the balances of a second."""
    (account,) = queries.accounts(file.connection)
    return queries.balances(file.connection, account, kept(second))


def test_h7_the_archive_answers_as_before_for_what_is_kept(file: WriterFile) -> None:
    """The last row of each currency before the time stays, and the last state."""
    before = [held(file, second) for second in range(50, 100)]

    deleted = sum(deletions(file.connection, HORIZON))

    assert deleted == 50 + 5
    assert [held(file, second) for second in range(50, 100)] == before
    (account,) = queries.accounts(file.connection)
    facts = queries.facts(file.connection, account, HORIZON)
    assert doubt(HORIZON, facts) == ""
    assert facts.stretch is not None
    assert facts.stretch.at == HORIZON


def test_h7_the_archive_says_that_it_does_not_know_what_was_deleted(
    file: WriterFile,
) -> None:
    """Though rows of then are left."""
    assert sum(deletions(file.connection, HORIZON))

    assert held(file, 49) == {"B": held(file, 60)["B"]}
    (account,) = queries.accounts(file.connection)
    facts = queries.facts(file.connection, account, kept(49))
    assert "nothing is kept" in doubt(kept(49), facts)


def test_h7_a_transaction_deletes_a_few_rows(
    file: WriterFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In between, the writer can write."""
    monkeypatch.setattr(retention, "MOST", 20)

    assert list(deletions(file.connection, HORIZON)) == [20, 20, 10, 0, 5]


def test_h7_what_is_not_old_stays(file: WriterFile) -> None:
    """And the archive knows of its beginning what it knew."""
    assert sum(deletions(file.connection, kept(0))) == 0
    assert sum(deletions(file.connection, kept(-5))) == 0
    (account,) = queries.accounts(file.connection)

    assert account.kept_since is None
