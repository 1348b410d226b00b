"""Questions to an archive's tables, of the writer and of readers."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from itertools import chain
from typing import Any, Iterator, Mapping, NamedTuple

from assetstream.archive.certainty import UNSURE, Facts, Stretch
from assetstream.archive.instants import moment
from assetstream.archive.rows import Known, Rows
from assetstream.model.events import AssetUpdate, Balance, Gap, Source
from assetstream.model.states import State

__all__ = [
    "ArchivedAccount",
    "accounts",
    "add_account",
    "add_rows",
    "add_run",
    "balances",
    "changes",
    "currencies",
    "end_run",
    "facts",
    "gaps",
    "known",
    "last_run",
    "renew",
    "updates",
]

ADD_UPDATE = """
INSERT INTO updates(account, currency, received, time, available, locked, source,
    update_id, folded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
#: So many rows are added by one statement, for at each the thread lets go of Python's
#: lock and waits for its turn. Old versions of SQLite take 999 values.
TOGETHER = 100
ADD_UPDATES = ADD_UPDATE + ", (?, ?, ?, ?, ?, ?, ?, ?, ?)" * (TOGETHER - 1)
ADD_STATE = """
INSERT INTO states(account, run, at, state, reason, gap_began, recovered)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
#: The currencies of an account: from one to the next by the index, a step each, where
#: DISTINCT would read every row.
CURRENCIES = """
WITH RECURSIVE held(currency) AS (
    SELECT min(currency) FROM updates WHERE account = :account
    UNION ALL
    SELECT (
        SELECT min(currency) FROM updates
        WHERE account = :account AND currency > held.currency
    ) FROM held WHERE held.currency IS NOT NULL
)
"""
#: The last row of each currency at a time, with the same walk.
AT = f"""{CURRENCIES}
SELECT updates.currency, received, time, available, locked, source, update_id, folded
FROM held JOIN updates ON updates.id = (
    SELECT id FROM updates
    WHERE account = :account AND currency = held.currency AND received <= :at
    ORDER BY received DESC, id DESC LIMIT 1
)
"""
BETWEEN = """
SELECT currency, received, time, available, locked, source, update_id, folded, id
FROM updates
WHERE account = :account AND currency = :currency
    AND received >= :since AND received <= :until
"""
STRETCH = """
SELECT state, reason, at, alive, ended, run
FROM states JOIN runs ON runs.id = states.run
WHERE account = :account AND at <= :at ORDER BY at DESC, states.id DESC LIMIT 1
"""
GAP = """
SELECT gap_began, at, recovered FROM states
WHERE account = :account AND at > :at AND gap_began IS NOT NULL
ORDER BY at, id LIMIT 1
"""
GAPS = """
SELECT gap_began, at, recovered FROM states
WHERE account = :account AND at >= :since AND gap_began <= :until
ORDER BY at, id
"""
#: When the last run with an account began, and when the account was LIVE in it first.
LAST_RUN = """
SELECT began, min(CASE state WHEN 'LIVE' THEN at END)
FROM states JOIN runs ON runs.id = states.run
WHERE account = :account AND run = (
    SELECT run FROM states WHERE account = :account ORDER BY id DESC LIMIT 1
)
"""
#: The last change to LIVE of an account, and the one behind it.
LAST_LIVE = """
SELECT id, run FROM states WHERE account = :account AND state = 'LIVE'
ORDER BY at DESC, id DESC LIMIT 1
"""
NEXT_CHANGE = """
SELECT at FROM states WHERE account = :account AND id > :id ORDER BY id LIMIT 1
"""


class ArchivedAccount(NamedTuple):
    """An account of an archive.

    Attributes:
        id: of its row.
        exchange: name of the exchange.
        label: its label.
        kept_since: rows before it were deleted; None if none was.
    """

    id: int
    exchange: str
    label: str
    kept_since: int | None


class Row(NamedTuple):
    """A row of ``updates`` as it is read."""

    currency: str
    received: int
    time: int | None
    available: str
    locked: str
    source: str
    update_id: str | None
    folded: int

    def balance(self, account: ArchivedAccount) -> Balance:
        """Return the balance from then on."""
        return Balance(
            account.exchange,
            account.label,
            self.currency,
            Decimal(self.available),
            Decimal(self.locked),
            # The exchange's time is kept in milliseconds there, too.
            moment(self.received) if self.time is None else self.time,  # type: ignore[arg-type]
            Source(self.source),
        )

    def update(
        self, account: ArchivedAccount, previous: Row | None, source: str
    ) -> AssetUpdate:
        """Return the update; without ``raw``, which the archive does not keep."""
        return AssetUpdate(
            account.exchange,
            account.label,
            self.currency,
            Decimal(self.available),
            Decimal(self.locked),
            self.time,  # type: ignore[arg-type]
            moment(self.received),
            Source(source),
            self.update_id,
            previous.balance(account) if previous else None,
            self.folded,
        )


# For the writer.


def add_run(db: sqlite3.Connection, at: int, version: str) -> int:
    """Begin a run; return its id."""
    added = db.execute(
        "INSERT INTO runs(began, alive, version) VALUES (?, ?, ?)", (at, at, version)
    )
    return int(added.lastrowid or 0)


def renew(db: sqlite3.Connection, run: int, until: int) -> None:
    """Note that everything until then is in the archive (H4)."""
    db.execute("UPDATE runs SET alive = max(alive, ?) WHERE id = ?", (until, run))


def end_run(db: sqlite3.Connection, run: int, at: int) -> None:
    """Note that a run came to its end in order."""
    db.execute("UPDATE runs SET ended = max(alive, ?) WHERE id = ?", (at, run))


def add_account(db: sqlite3.Connection, exchange: str, label: str) -> int:
    """Return the id of an account, which may be new."""
    db.execute(
        "INSERT OR IGNORE INTO accounts(exchange, account) VALUES (?, ?)",
        (exchange, label),
    )
    (found,) = db.execute(
        "SELECT id FROM accounts WHERE account = ? AND exchange = ?", (label, exchange)
    ).fetchone()
    return int(found)


def add_rows(db: sqlite3.Connection, rows: Rows) -> None:
    """Add rows in their order (H1)."""
    updates = rows.updates
    single = len(updates) - len(updates) % TOGETHER
    for first in range(0, single, TOGETHER):
        together = updates[first : first + TOGETHER]
        db.execute(ADD_UPDATES, tuple(chain.from_iterable(together)))
    db.executemany(ADD_UPDATE, updates[single:])
    db.executemany(ADD_STATE, rows.states)


def known(db: sqlite3.Connection, account: int) -> Known:
    """Return what is known of an account now."""
    amounts = {
        row.currency: (Decimal(row.available), Decimal(row.locked))
        for row in _rows(db, account, at=NOW).values()
    }
    return Known(_known_until(db, account), amounts)


def _known_until(db: sqlite3.Connection, account: int) -> int | None:
    live = db.execute(LAST_LIVE, {"account": account}).fetchone()
    if live is None:
        return None
    identifier, run = live
    after = {"account": account, "id": identifier}
    change = db.execute(NEXT_CHANGE, after).fetchone()
    if change is not None:
        return int(change[0])
    (until,) = db.execute(
        "SELECT coalesce(ended, alive - ?) FROM runs WHERE id = ?", (UNSURE, run)
    ).fetchone()
    return int(until)


# For readers.

#: Later than anything.
NOW = (1 << 63) - 1


def accounts(db: sqlite3.Connection) -> list[ArchivedAccount]:
    """Return all accounts, by label."""
    found = db.execute(
        "SELECT id, exchange, account, kept_since FROM accounts ORDER BY account"
    )
    return [ArchivedAccount(*row) for row in found]


def facts(
    db: sqlite3.Connection, account: ArchivedAccount, at: int, own: int | None = None
) -> Facts:
    """Return what there is around a time, for ``certainty`` to judge.

    Args:
        db: to ask.
        account: of which.
        at: the time.
        own: id of the run of whoever asks, which is known not to have been killed.
    """
    given: dict[str, Any] = {"account": account.id, "at": at}
    stretch = db.execute(STRETCH, given).fetchone()
    if stretch is None:
        (began,) = db.execute(
            "SELECT min(at) FROM states WHERE account = :account", given
        ).fetchone()
        return Facts(began, account.kept_since, None)
    state, reason, since, alive, ended, run = stretch
    if ended is None and run != own:
        alive -= UNSURE
    return Facts(
        since,
        account.kept_since,
        Stretch(
            State(state),
            reason,
            since,
            alive if ended is None else ended,
            ended is not None,
        ),
        *(db.execute(GAP, given).fetchone() or ()),
    )


def balances(
    db: sqlite3.Connection, account: ArchivedAccount, at: int
) -> dict[str, Balance]:
    """Return the last balance of each currency at a time, exact."""
    return {
        currency: row.balance(account)
        for currency, row in _rows(db, account.id, at).items()
    }


def last_run(
    db: sqlite3.Connection, account: ArchivedAccount
) -> tuple[int, int | None]:
    """Return when an account's last run began, and when it was LIVE in it first."""
    began, live = db.execute(LAST_RUN, {"account": account.id}).fetchone()
    return began, live


def changes(
    db: sqlite3.Connection, account: ArchivedAccount, before: int, after: int
) -> list[AssetUpdate]:
    """Return how balances at a time differ from those before, as RECOVERED."""
    old, new = _rows(db, account.id, before), _rows(db, account.id, after)
    return [
        row.update(account, old.get(currency), Source.RECOVERED.value)
        for currency, row in new.items()
        if _differs(row, old.get(currency))
    ]


def _differs(row: Row, old: Row | None) -> bool:
    before = (old.available, old.locked) if old else ("0", "0")
    return [*map(Decimal, before)] != [Decimal(row.available), Decimal(row.locked)]


def updates(
    db: sqlite3.Connection,
    account: ArchivedAccount,
    since: int,
    until: int,
    currency: str | None = None,
) -> list[AssetUpdate]:
    """Return the updates of a time, in the order in which they were written."""
    before = _rows(db, account.id, since - 1)
    codes = currencies(db, account.id) if currency is None else [currency]
    found: list[tuple[int, AssetUpdate]] = []
    for code in list(codes):
        previous = before.get(code)
        given = {"account": account.id, "currency": code}
        read = db.execute(BETWEEN, {**given, "since": since, "until": until})
        for *values, identifier in sorted(read, key=lambda row: row[-1]):
            row = Row(*values)
            found.append((identifier, row.update(account, previous, row.source)))
            previous = row
    return [update for _, update in sorted(found, key=lambda each: each[0])]


def gaps(
    db: sqlite3.Connection, account: ArchivedAccount, since: int, until: int
) -> list[Gap]:
    """Return the gaps that lie within a time, or reach into it."""
    given = {"account": account.id, "since": since, "until": until}
    return [
        Gap(moment(began), moment(ended), recovered)
        for began, ended, recovered in db.execute(GAPS, given)
    ]


def currencies(db: sqlite3.Connection, account: int) -> Iterator[str]:
    """Iterate over the currencies of an account, given its id."""
    walk = f"{CURRENCIES} SELECT currency FROM held WHERE currency IS NOT NULL"
    for (currency,) in db.execute(walk, {"account": account}):
        yield currency


def _rows(db: sqlite3.Connection, account: int, at: int) -> Mapping[str, Row]:
    """Return the last row of each currency at a time."""
    read = db.execute(AT, {"account": account, "at": at})
    return {row[0]: Row(*row) for row in read}
