"""Opens the file of an archive, for one writer or any reader, or says what is wrong."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Literal

from assetstream.archive.schema import APPLICATION, SCRIPTS, VERSION
from assetstream.model.errors import ConfigurationError

__all__ = ["WriterFile", "explained", "open_to_read", "transaction"]

#: Seconds to wait for another program that holds the file for a moment.
PATIENCE = 1.0
#: Writes what is in the log into the file itself.
CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"


class WriterFile:
    """An archive that is open for writing, by this one writer alone.

    The right to write is a lock of the operating system's on a file beside it, taken
    through SQLite, which knows how on each: it ends with the process that has it,
    however that ends.

    Args:
        path: of the archive, which is made if it is not there.
        durable: have the disk confirm each transaction.

    Raises:
        ConfigurationError: it cannot be written, or is no archive; the text says why.
    """

    def __init__(self, path: Path, durable: bool = False) -> None:
        self._path = path
        if not path.parent.is_dir():
            raise ConfigurationError(
                f"{path} cannot be made: there is no directory {path.parent}",
                remedy="Make the directory first.",
            )
        if path.exists() and path.stat().st_size:
            # Before anything is made beside it: it may be none of ours.
            open_to_read(path).close()
        self._lock = _locked(path)
        try:
            self.connection = _open_to_write(path, durable)
            self._identity = self._found()
        except BaseException:
            self._lock.close()
            raise

    def check(self) -> None:
        """Make sure that what is written is found under the file's name.

        A file that was deleted or moved can still be written, to no avail.

        Raises:
            FileNotFoundError: it is gone, or another is in its place.
        """
        if self._found() != self._identity:
            raise FileNotFoundError(f"{self._path} was moved, deleted or replaced")

    def close(self) -> None:
        """Close the file, and let another write it."""
        # Whoever copies it now has all of it, also while others have it open to read.
        with suppress(sqlite3.Error):
            self.connection.execute(CHECKPOINT)
        self.connection.close()
        self._lock.close()

    def _found(self) -> tuple[int, int]:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return 0, 0
        return found.st_dev, found.st_ino


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open an archive to read it, while whoever else writes it or reads it.

    Raises:
        ConfigurationError: it is not there, or is no archive; the text says why.
    """
    if not path.exists():
        raise ConfigurationError(
            f"there is no archive {path}",
            remedy="Look at the path; record() makes an archive.",
        )
    if path.is_dir():
        raise _no_archive(path)
    with _explaining(path, "read"):
        try:
            return _open_to_read(path, "?mode=ro")
        except sqlite3.OperationalError:
            # A reader has to make a small file beside the archive, and may not. What
            # nobody has open can be read without.
            if path.with_name(path.name + "-wal").exists():
                raise
            return _open_to_read(path, "?mode=ro&immutable=1")


def _open_to_read(path: Path, query: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path.as_uri() + query,
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if not _version(connection, path):
            raise _no_archive(path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(
    connection: sqlite3.Connection, kind: Literal["DEFERRED", "IMMEDIATE"]
) -> Iterator[None]:
    """Do all of a block, or nothing; DEFERRED to read one and the same state."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled it back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def explained(path: Path, what: str, error: Exception) -> str:
    """Say which file cannot be written or read, and why.

    Args:
        path: of the archive.
        what: "written" or "read".
        error: SQLite's, or the system's.
    """
    return f"{path} cannot be {what}: {error}"


@contextmanager
def _explaining(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _unusable(path, what, error) from error
    except sqlite3.DatabaseError as error:
        raise _no_archive(path) from error


def _locked(path: Path) -> sqlite3.Connection:
    """Take the right to write; it is held until what this returns is closed."""
    beside = path.with_name(path.name + "-lock")
    with _explaining(beside, "written"):
        lock = sqlite3.connect(
            str(beside), timeout=0.0, isolation_level=None, check_same_thread=False
        )
    try:
        # Nothing is written into it: it stays empty.
        lock.execute("PRAGMA journal_mode = MEMORY")
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if not os.access(beside, os.W_OK):
            raise _unusable(beside, "written", error) from error
        raise ConfigurationError(
            f"another Archive records into {path}, in this process or another",
            remedy="One writes, any number read: record what belongs together by one "
            "Archive, or give each a file of its own.",
        ) from error
    return lock


def _open_to_write(path: Path, durable: bool) -> sqlite3.Connection:
    with _explaining(path, "written"):
        connection = sqlite3.connect(
            str(path), timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            version = _version(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            level = "FULL" if durable else "NORMAL"
            connection.execute(f"PRAGMA synchronous = {level}")
            for number, script in enumerate(SCRIPTS[version:], version + 1):
                connection.executescript(
                    f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT"
                )
            # Into the file itself: moved without its log, it is still an archive.
            connection.execute(CHECKPOINT)
        except BaseException:
            connection.close()
            raise
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of an archive; 0 for a file that is empty."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if application != APPLICATION:
        if pages:
            raise _no_archive(path)
        return 0
    if version > VERSION:
        raise ConfigurationError(
            f"{path} is an archive of version {version}, and this release knows "
            f"{VERSION} at most",
            remedy="Install the assetstream that wrote it, or a newer one.",
        )
    return int(version)


def _unusable(path: Path, what: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        explained(path, what, error),
        remedy="Look at its rights, the space on its disk, and who else uses it.",
    )


def _no_archive(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is no archive of assetstream", remedy="Name another file."
    )
