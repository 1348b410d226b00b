"""Lines below the table: the last errors, and gaps with what was found changed."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Decimal

from rich.text import Text

from assetstream.cli.run.watch import Event
from assetstream.cli.view.columns import change_cell
from assetstream.display.words import counted
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, Gap, Source, StateChange, exact_sum

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
            elif event.source is Source.AUDIT and event.change:
                self._lines.append(_audit_line(event))
        elif isinstance(event, StateChange):
            if event.gap is not None:
                self._lines.append(self._gap_line(event.account, event.gap))
        elif not event.fatal:  # the account's own line shows the fatal one
            self._lines.append(_error_line(event))

    def lines(self) -> list[Text]:
        """The last of them, oldest first, to be folded where they are long."""
        return list(self._lines)

    def short(self) -> list[Text]:
        """The last two, each in one line, whose end may be cut off."""
        lines = [line.copy() for line in self.lines()[-2:]]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return lines

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
        more = gap.recovered - len(parts)
        if more and parts:
            parts.append(Text(f"{more} more"))
        elif more:
            parts.append(Text(f"{counted(more, 'balance')} locked or unlocked"))
        return line.append(Text(", ").join(parts))


def _audit_line(update: AssetUpdate) -> Text:
    line = _begun(update.account).append(f"{update.currency} ")
    return line.append_text(change_cell(update.change)).append(
        " was found by an audit: it had not been pushed"
    )


def _error_line(error: AssetStreamError) -> Text:
    line = _begun(error.account or "")
    return line.append(f"{type(error).__name__}: ", "red").append(f"{error}")


def _begun(account: str) -> Text:
    return Text(f"{datetime.now():%H:%M:%S}  {account}  ")
