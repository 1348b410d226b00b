"""What a live table remembers from one look at its accounts to the next."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import NamedTuple, Sequence

from assetstream.display.page import Line, named
from assetstream.model.errors import AssetStreamError
from assetstream.notebook.accounts import AccountView

__all__ = ["Memory"]

LAST_ERRORS = 4


class Remembered(NamedTuple):
    """An error, however often and in however many accounts it was seen."""

    last: datetime
    times: int
    accounts: tuple[str, ...]


class Memory:
    """The last change of each balance, and the last errors.

    A stream knows only its present error, and for how long it knows the last change
    depends on what came since.
    """

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str], Decimal] = {}
        # account -> the error that was noted last: the same one is no news.
        self._noted: dict[str, AssetStreamError] = {}
        # What it says -> when and where it was seen, the latest at the end.
        self._errors: dict[str, Remembered] = {}

    def recall(self, views: Sequence[AccountView]) -> list[AccountView]:
        """Note what is new in these, and fill in what was known before."""
        return [self._recall(view) for view in views]

    def errors(self, views: Sequence[AccountView]) -> list[Line]:
        """The last ones, oldest first; not those that are the reasons of states."""
        reasons = {view.health.reason for view in views}
        present = {_said(v.health.error) for v in views if v.health.error}
        return [
            Line(
                f"{seen.last:%H:%M:%S} UTC "
                + (f"({seen.times} times) " if seen.times > 1 else "")
                + text,
                # One that has been mended is only remembered.
                "bad" if text in present else "dim",
                name=f"{named(seen.accounts)}:" if len(views) > 1 else "",
            )
            for text, seen in self._errors.items()
            if text.partition(": ")[2] not in reasons
        ]

    def _recall(self, view: AccountView) -> AccountView:
        error = view.health.error
        if error is not None and error is not self._noted.get(view.account):
            self._noted[view.account] = error
            self._note(view.account, _said(error))
        rows = []
        for row in view.rows:
            key = view.account, row.balance.currency
            if row.change:
                self._changes[key] = row.change
            else:
                row = row._replace(change=self._changes.get(key, row.change))
            rows.append(row)
        return view._replace(rows=rows)

    def _note(self, account: str, text: str) -> None:
        before = self._errors.pop(text, None)
        times = before.times + 1 if before else 1
        accounts = before.accounts if before else ()
        if account not in accounts:
            accounts = (*accounts, account)
        self._errors[text] = Remembered(datetime.now(timezone.utc), times, accounts)
        for oldest in list(self._errors)[:-LAST_ERRORS]:
            del self._errors[oldest]


def _said(error: AssetStreamError) -> str:
    return f"{type(error).__name__}: {error}"
