"""Looks at accounts, one after the other, for a live table."""

from __future__ import annotations

from typing import Callable, Sequence

from assetstream.display.page import Line, Page
from assetstream.notebook.look import Look
from assetstream.streams.accounts import AccountSnapshot
from assetstream.streams.changes import Changes
from assetstream.streams.event_log import EventLog

__all__ = ["Looks"]


class Looks:
    """Looks at accounts, and remembers what an earlier look has found.

    No handler is added: nothing in a stream waits for it, or knows of it.

    Args:
        snapshots: reads the accounts.
        page: shows them, and the lines of the last errors.
    """

    def __init__(
        self,
        snapshots: Callable[[], Sequence[AccountSnapshot]],
        page: Callable[[Sequence[AccountSnapshot], Sequence[Line]], Page],
    ) -> None:
        self._snapshots = snapshots
        self._page = page
        self._changes = Changes()
        self._log = EventLog()

    def __call__(self) -> Look:
        """Look at them now."""
        accounts = self._changes.recall(self._snapshots())
        self._log.look(accounts)
        page = self._page(accounts, self._log.lines(accounts))
        return Look(page, list(map(_facts, accounts)))


def _facts(account: AccountSnapshot) -> object:
    """Return what differs only if something happened; times and figures do without."""
    health = account.health
    return (
        account.account,
        health.state,
        health.reason,
        health.error,
        health.in_doubt,
        health.reconnects,
        [row._replace(age=0.0) for row in account.rows],
    )
