"""Pages of accounts, one after the other, for a live table."""

from __future__ import annotations

from typing import Callable, Sequence

from assetstream.display.page import Line, Page
from assetstream.notebook.live_table import LivePage
from assetstream.streams.accounts import AccountSnapshot
from assetstream.streams.changes import Changes
from assetstream.streams.event_log import EventLog

__all__ = ["LivePages"]


class LivePages:
    """Makes each page of what is read now and what earlier pages have shown.

    No handler is added: nothing in a stream waits for a page, or knows of one.

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

    def __call__(self) -> LivePage:
        """Make the page of this moment."""
        accounts = self._changes.recall(self._snapshots())
        self._log.note_present(accounts)
        page = self._page(accounts, self._log.lines(accounts))
        return LivePage(page, list(map(_facts, accounts)))


def _facts(account: AccountSnapshot) -> object:
    """Return what differs only if something happened; times and figures do without."""
    health = account.health
    return (
        account.account,
        health.state,
        health.reason,
        health.error,
        account.raised,
        health.in_doubt,
        health.reconnects,
        [row._replace(age=0.0) for row in account.rows],
    )
