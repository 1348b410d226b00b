"""The tables of an archive. They are documented in ``docs/reference/archive.md``.

Times are whole microseconds since 1970, UTC, but ``updates.time``, which is the
exchange's own and in milliseconds. Amounts are text, exact.
"""

from __future__ import annotations

__all__ = ["APPLICATION", "SCRIPTS", "VERSION"]

#: Tells an archive from any other SQLite file: "ASTR".
APPLICATION = 0x41535452

#: Makes a file of each version out of one of the version before; the first makes an
#: archive out of nothing. A script that was released never changes.
SCRIPTS = (
    f"""
PRAGMA application_id = {APPLICATION};

CREATE TABLE accounts(
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    account TEXT NOT NULL,
    kept_since INTEGER,
    UNIQUE(account, exchange)
);
CREATE TABLE runs(
    id INTEGER PRIMARY KEY,
    began INTEGER NOT NULL,
    alive INTEGER NOT NULL,
    ended INTEGER,
    version TEXT NOT NULL
);
CREATE TABLE updates(
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts,
    currency TEXT NOT NULL,
    received INTEGER NOT NULL,
    time INTEGER,
    available TEXT NOT NULL,
    locked TEXT NOT NULL,
    source TEXT NOT NULL,
    update_id TEXT,
    folded INTEGER NOT NULL
);
CREATE INDEX updates_at ON updates(account, currency, received);
CREATE TABLE states(
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts,
    run INTEGER NOT NULL REFERENCES runs,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    gap_began INTEGER,
    recovered INTEGER
);
CREATE INDEX states_at ON states(account, at);

CREATE VIEW readable_updates AS
SELECT updates.id, exchange, accounts.account, currency,
    strftime('%Y-%m-%dT%H:%M:%S', received / 1000000, 'unixepoch')
        || printf('.%06dZ', received % 1000000) AS received,
    strftime('%Y-%m-%dT%H:%M:%S', time / 1000, 'unixepoch')
        || printf('.%03dZ', time % 1000) AS time,
    available, locked, source, update_id, folded
FROM updates JOIN accounts ON accounts.id = updates.account;
CREATE VIEW readable_states AS
SELECT states.id, exchange, accounts.account, run,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
        || printf('.%06dZ', at % 1000000) AS at,
    state, reason,
    strftime('%Y-%m-%dT%H:%M:%S', gap_began / 1000000, 'unixepoch')
        || printf('.%06dZ', gap_began % 1000000) AS gap_began,
    recovered
FROM states JOIN accounts ON accounts.id = states.account;
CREATE VIEW readable_runs AS
SELECT id,
    strftime('%Y-%m-%dT%H:%M:%SZ', began / 1000000, 'unixepoch') AS began,
    strftime('%Y-%m-%dT%H:%M:%SZ', alive / 1000000, 'unixepoch') AS alive,
    strftime('%Y-%m-%dT%H:%M:%SZ', ended / 1000000, 'unixepoch') AS ended,
    version
FROM runs;
""",
)

#: The version that this release writes, ``PRAGMA user_version``.
VERSION = len(SCRIPTS)
