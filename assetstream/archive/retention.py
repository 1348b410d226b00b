"""Deletes what is older than it is to be kept, a little at a time (H7)."""

from __future__ import annotations

import sqlite3
from typing import Iterator

from assetstream.archive.file import transaction
from assetstream.archive.queries import accounts, currencies

__all__ = ["deletions"]

#: What a statement is given, by name.
Given = dict[str, int | str]

#: Rows that one transaction deletes.
MOST = 1_000

#: The row that says what was held when the time to be kept began: it stays.
LAST_UPDATE = """
SELECT received, id FROM updates
WHERE account = :account AND currency = :currency AND received <= :horizon
ORDER BY received DESC, id DESC LIMIT 1
"""
OLD_UPDATES = """
DELETE FROM updates WHERE id IN (
    SELECT id FROM updates
    WHERE account = :account AND currency = :currency
        AND (received, id) < (:received, :id)
    ORDER BY received LIMIT :most
)
"""
LAST_STATE = """
SELECT at, id FROM states WHERE account = :account AND at <= :horizon
ORDER BY at DESC, id DESC LIMIT 1
"""
OLD_STATES = """
DELETE FROM states WHERE id IN (
    SELECT id FROM states WHERE account = :account AND (at, id) < (:at, :id)
    ORDER BY at LIMIT :most
)
"""
KEPT = "UPDATE accounts SET kept_since = :horizon WHERE id = :account"


def deletions(db: sqlite3.Connection, horizon: int) -> Iterator[int]:
    """Delete what is older than ``horizon``; yield after each transaction.

    The last row of each currency before it stays, and the last state: so the archive
    still answers for all times since, and says that it does not for those before.
    """
    for account in accounts(db):
        for currency in list(currencies(db, account.id)):
            given = Given(account=account.id, currency=currency, horizon=horizon)
            last = db.execute(LAST_UPDATE, given).fetchone()
            if last is not None:
                given.update(zip(("received", "id"), last, strict=True))
                yield from _deleted(db, OLD_UPDATES, given)
        given = Given(account=account.id, horizon=horizon)
        last = db.execute(LAST_STATE, given).fetchone()
        if last is not None:
            given.update(zip(("at", "id"), last, strict=True))
            yield from _deleted(db, OLD_STATES, given)


def _deleted(db: sqlite3.Connection, sql: str, given: Given) -> Iterator[int]:
    deleted = MOST
    while deleted == MOST:
        with transaction(db, "IMMEDIATE"):
            deleted = db.execute(sql, {**given, "most": MOST}).rowcount
            if deleted:
                db.execute(KEPT, given)
        yield deleted
