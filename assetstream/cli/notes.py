"""Lines below the table: the last errors, and gaps with what was found changed."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Decimal
from typing import Iterator

from rich.text import Text

from assetstream.cli.columns import change_cell
from assetstream.cli.watching import Event
from assetstream.errors import AssetStreamError
from assetstream.events import AssetUpdate, Gap, Source, StateChange, exact_sum

__all__ = ["Notes"]

#: Lines that are kept.
MOST = 5
#: Changes of one gap that are named.
NAMED = 3


class Notes:
    """Remembers what balances and states do not tell."""

    def __init__(self) -> None:
        self._lines: deque[Text] = deque(maxlen=MOST)
        # account -> currency -> by how much it was found changed in this gap.
        self._recovered: dict[str, dict[str, Decimal]] = {}

    def note(self, event: Event) -> None:
        """An event came."""
        if isinstance(event, AssetUpdate):
            if event.source is Source.RECOVERED and event.change:
                found = self._recovered.setdefault(event.account, {})
                before = found.get(event.currency, Decimal(0))
                found[event.currency] = exact_sum((before, event.change))
        elif isinstance(event, StateChange):
            if event.gap is not None:
                self._lines.append(self._gap_line(event.account, event.gap))
        elif not event.fatal:  # the account's own line shows the fatal one
            self._lines.append(_error_line(event))

    def lines(self, most: int = MOST) -> Iterator[Text]:
        """The last of them, oldest first."""
        yield from list(self._lines)[-most:]

    def _gap_line(self, account: str, gap: Gap) -> Text:
        line = _begun(account)
        line.append(f"LIVE again after a gap of {gap.duration:.1f} s; ")
        found = self._recovered.pop(account, {})
        if not gap.recovered:
            return line.append("nothing had changed")
        line.append("changed meanwhile: ")
        parts = [
            Text.assemble(f"{currency} ", change_cell(change))
            for currency, change in list(found.items())[:NAMED]
        ]
        if gap.recovered > len(parts):
            # Locked or unlocked only, or too many to be named.
            more = gap.recovered - len(parts)
            parts.append(Text(f"{more} more" if parts else f"{more} balances"))
        return line.append(Text(", ").join(parts))


def _error_line(error: AssetStreamError) -> Text:
    line = _begun(error.account or "")
    return line.append(f"{type(error).__name__}: ", "red").append(f"{error}")


def _begun(account: str) -> Text:
    return Text(f"{datetime.now():%H:%M:%S}  {account}  ")
