"""Files that are archives, and files that are none."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Callable

import pytest

from assetstream import ConfigurationError
from assetstream.archive import file as module
from assetstream.archive.file import WriterFile, open_to_read, transaction
from assetstream.archive.schema import VERSION

OPENERS: list[Callable[[Path], Any]] = [WriterFile, open_to_read]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an archive may be made."""
    return tmp_path / "balances.db"


@pytest.fixture
def made(path: Path) -> Path:
    """An empty archive, which nobody has open."""
    WriterFile(path).close()
    return path


def execute(path: Path, *statements: str) -> list[Any]:
    """Run statements on a file from outside; return the rows of the last."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        return [db.execute(statement).fetchall() for statement in statements][-1]


def test_it_is_made_where_there_is_none(path: Path) -> None:
    """With write-ahead log, so that any number may read while one writes."""
    file = WriterFile(path)
    with closing(open_to_read(path)) as reader:
        assert reader.execute("SELECT count(*) FROM updates").fetchone() == (0,)
        assert reader.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()

    assert sorted(each.name for each in path.parent.iterdir()) == [
        *("balances.db", "balances.db-lock")
    ]


@pytest.mark.parametrize(("durable", "synchronous"), [(False, 1), (True, 2)])
def test_durable_has_the_disk_confirm(
    path: Path, durable: bool, synchronous: int
) -> None:
    """NORMAL, or FULL."""
    file = WriterFile(path, durable)
    found = file.connection.execute("PRAGMA synchronous").fetchone()
    file.close()

    assert found == (synchronous,)


def test_an_empty_file_becomes_one(path: Path) -> None:
    """As ``mktemp`` makes them; but there is nothing to be read yet."""
    path.touch()
    with pytest.raises(ConfigurationError, match="is no archive"):
        open_to_read(path)
    WriterFile(path).close()

    assert execute(path, "PRAGMA user_version") == [(VERSION,)]


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" * 100])
def test_a_file_that_is_no_database_is_refused(
    path: Path, opener: Callable[[Path], Any], content: bytes
) -> None:
    """And left as it is."""
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is no archive of assetstream"):
        opener(path)

    assert path.read_bytes() == content


@pytest.mark.parametrize("opener", OPENERS)
def test_another_program_s_database_is_refused(
    path: Path, opener: Callable[[Path], Any]
) -> None:
    """It keeps its tables, and its journal."""
    execute(path, "CREATE TABLE bookmarks(url)")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="is no archive of assetstream"):
        opener(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize("opener", OPENERS)
def test_one_of_a_newer_version_is_refused(
    made: Path, opener: Callable[[Path], Any]
) -> None:
    """What it means is not known here."""
    execute(made, f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(ConfigurationError, match=f"of version {VERSION + 1}.* newer"):
        opener(made)


def test_a_second_writer_is_refused_until_the_first_has_closed(path: Path) -> None:
    """By whichever name it comes; what is refused does no harm."""
    other = path.with_name("other.db")
    first = WriterFile(path)
    other.symlink_to(path)
    with pytest.raises(ConfigurationError, match="another Archive records into"):
        WriterFile(Path(os.path.realpath(other)))
    first.connection.execute("INSERT INTO accounts(exchange, account) VALUES (1, 2)")
    first.close()
    second = WriterFile(path)
    second.close()

    assert execute(path, "SELECT count(*) FROM accounts") == [(1,)]


def test_readers_read_while_one_writes(path: Path) -> None:
    """Each sees what was there when it began to read."""
    file = WriterFile(path)
    add = "INSERT INTO accounts(exchange, account) VALUES ('x', 'a')"
    with closing(open_to_read(path)) as one, closing(open_to_read(path)) as other:
        with transaction(one, "DEFERRED"):
            assert one.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
            file.connection.execute(add)
            assert one.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
            assert other.execute("SELECT count(*) FROM accounts").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            other.execute(add)
    file.close()


def test_all_of_it_is_in_the_file_when_its_writer_has_closed(path: Path) -> None:
    """Not in a log beside it, also while others have it open to read."""
    file = WriterFile(path)
    copy = path.with_name("copy.db")
    with closing(open_to_read(path)):
        file.connection.execute("INSERT INTO accounts(exchange, account) VALUES (1, 2)")
        file.close()
        shutil.copy(path, copy)

    assert execute(copy, "SELECT count(*) FROM accounts") == [(1,)]


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    """And made by nobody else."""
    with pytest.raises(ConfigurationError, match=r"no directory .*missing"):
        WriterFile(tmp_path / "missing" / "balances.db")
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("opener", OPENERS)
def test_a_directory_is_no_archive(
    tmp_path: Path, opener: Callable[[Path], Any]
) -> None:
    """Whatever SQLite would say to it."""
    with pytest.raises(ConfigurationError, match="is no archive"):
        opener(tmp_path)


def test_nothing_is_read_where_there_is_no_file(path: Path) -> None:
    """Nor is one made."""
    with pytest.raises(ConfigurationError, match="there is no archive"):
        open_to_read(path)
    assert not path.exists()


def test_a_file_that_is_read_only_is_read_and_not_written(made: Path) -> None:
    """Such as one that only a later SQLite may write, by its header: for root, too."""
    execute(made, "PRAGMA journal_mode = DELETE")
    content = bytearray(made.read_bytes())
    content[18] = 3
    made.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"cannot be written: .*readonly"):
        WriterFile(made)

    open_to_read(made).close()


def test_a_file_that_another_program_has_locked_is_refused(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that is being changed by hand."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with closing(sqlite3.connect(made, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        for opener in OPENERS:
            with pytest.raises(ConfigurationError, match="database is locked"):
                opener(made)
        db.execute("ROLLBACK")


def test_a_lock_file_that_cannot_be_made_is_named(path: Path) -> None:
    """The right to write is taken there."""
    path.with_name("balances.db-lock").mkdir()
    with pytest.raises(ConfigurationError, match="db-lock cannot be written: unable"):
        WriterFile(path)


def test_a_file_that_is_gone_is_noticed(path: Path) -> None:
    """Moved, deleted or replaced, it could be written, and nobody would find it."""
    file = WriterFile(path)
    file.check()
    aside = path.with_name("aside.db")
    path.rename(aside)
    with pytest.raises(FileNotFoundError, match="moved, deleted or replaced"):
        file.check()
    shutil.copy(aside, path)
    with pytest.raises(FileNotFoundError):
        file.check()
    aside.replace(path)
    file.check()
    file.close()


def test_an_archive_is_read_where_nothing_may_be_written(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader of a write-ahead log makes a file beside it, elsewhere at least."""
    connect, tried = sqlite3.connect, list[str]()

    def refuse(name: str, **options: Any) -> sqlite3.Connection:
        tried.append(name)
        if "immutable" not in name:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(name, **options)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    open_to_read(made).close()
    assert len(tried) == 2
    # What another may be writing is not read so: it would be torn.
    made.with_name("balances.db-wal").touch()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_to_read(made)
    assert len(tried) == 3


def fail(db: sqlite3.Connection, *statements: str) -> None:
    """Begin a transaction, execute statements, and raise."""
    with transaction(db, "IMMEDIATE"):
        for statement in statements:
            db.execute(statement)
        raise KeyError


def test_a_transaction_is_all_or_nothing(made: Path) -> None:
    """Also if SQLite has rolled it back by itself."""
    add = "INSERT INTO accounts(exchange, account) VALUES ('x', 'a')"
    with closing(sqlite3.connect(made, isolation_level=None)) as db:
        for end in ("SELECT 1", "ROLLBACK"):
            with pytest.raises(KeyError):
                fail(db, add, end)
            assert not db.in_transaction
        assert db.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
