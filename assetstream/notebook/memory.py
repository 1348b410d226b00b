"""What a live table remembers from one look at its accounts to the next."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timezone
from decimal import Decimal
from typing import Sequence

from assetstream.errors import AssetStreamError
from assetstream.plain import Line
from assetstream.screens import AccountView

__all__ = ["Memory"]

LAST_ERRORS = 4


class Memory:
    """The last change of each balance, and the last errors.

    A stream knows only its present error, and for how long it knows the last change
    depends on what came since.
    """

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str], Decimal] = {}
        # account -> the error that was noted last: the same one is no news.
        self._noted: dict[str, AssetStreamError | None] = {}
        self._errors: deque[tuple[str, str, AssetStreamError]] = deque(
            maxlen=LAST_ERRORS
        )

    def recall(self, views: Sequence[AccountView]) -> list[AccountView]:
        """Note what is new in these, and fill in what was known before."""
        return [self._recall(view) for view in views]

    def errors(self, views: Sequence[AccountView]) -> list[Line]:
        """The last ones, oldest first; not those that are the reasons of states."""
        reasons = {(view.account, view.health.reason) for view in views}
        present = [view.health.error for view in views]
        many = len(views) > 1
        return [
            Line(
                f"{when} {type(error).__name__}: {error}",
                # One that has been mended is only remembered.
                "bad" if any(error is each for each in present) else "dim",
                name=f"{account}:" if many else "",
            )
            for when, account, error in self._errors
            if (account, str(error)) not in reasons
        ]

    def _recall(self, view: AccountView) -> AccountView:
        error = view.health.error
        if error is not self._noted.get(view.account):
            self._noted[view.account] = error
            if error is not None:
                when = f"{datetime.now(timezone.utc):%H:%M:%S} UTC"
                self._errors.append((when, view.account, error))
        rows = []
        for row in view.rows:
            key = view.account, row.balance.currency
            if row.change:
                self._changes[key] = row.change
            else:
                row = row._replace(change=self._changes.get(key, row.change))
            rows.append(row)
        return view._replace(rows=rows)
