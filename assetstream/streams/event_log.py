"""The last errors, gaps and findings of accounts, as the lines below their table."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import NamedTuple, Sequence

from assetstream.display.page import Line
from assetstream.display.words import counted, lasting, named, signed
from assetstream.model.errors import AssetStreamError, CallbackError
from assetstream.model.events import (
    AssetUpdate,
    Event,
    Gap,
    Source,
    StateChange,
    exact_sum,
)
from assetstream.runtime.loop import clock
from assetstream.streams.accounts import AccountSnapshot

__all__ = ["EventLog"]

#: Lines that are kept.
MOST_EVENTS = 4
#: Changes of one gap that are named.
NAMED_CHANGES = 3


class Logged(NamedTuple):
    """One line, however often and in however many accounts it came up.

    Attributes:
        last: when it came up last; UTC.
        times: how often it came up.
        accounts: labels of the accounts.
        error: the error that it is about, if it is about one.
    """

    last: datetime
    times: int
    accounts: tuple[str, ...]
    error: AssetStreamError | None


class EventLog:
    """Keeps what balances and states do not show, from events or from snapshots.

    A stream knows only its present error, and so does its snapshot.
    """

    def __init__(self) -> None:
        # Text -> when and where it came up, the latest at the end.
        self._lines: dict[str, Logged] = {}
        # (account, kind) -> the error that was noted last: the same object is not a new
        # one. What a handler raised is of another kind than what befell the stream.
        self._noted: dict[tuple[str, bool], AssetStreamError] = {}
        # account -> currency -> by how much it was found changed in this gap.
        self._recovered: dict[str, dict[str, Decimal]] = {}

    def note_present(self, accounts: Sequence[AccountSnapshot]) -> None:
        """Note errors that the snapshots before did not have."""
        for account in accounts:
            for error in (account.health.error, account.raised):
                if error is not None:
                    self._note_error(account.account, error)

    def note(self, event: Event) -> None:
        """Note an event."""
        if isinstance(event, AssetUpdate):
            if event.source is Source.RECOVERED and event.change:
                found = self._recovered.setdefault(event.account, {})
                before = found.get(event.currency, Decimal(0))
                found[event.currency] = exact_sum((before, event.change))
            elif event.source is Source.AUDIT and event.change:
                text = (
                    f"{event.currency} {signed(event.change)} was found by an audit: "
                    "it had not been pushed"
                )
                self._add(event.account, text)
        elif isinstance(event, StateChange):
            if event.gap is not None:
                self._add(event.account, self._gap_text(event.account, event.gap))
        else:
            # Of no account: of an engine that has all of them, or of an archive.
            self._note_error(event.account or "", event)

    def lines(self, accounts: Sequence[AccountSnapshot]) -> list[Line]:
        """Show the last ones, oldest first, but for those that are reasons of states.

        Args:
            accounts: as they are now.
        """
        healths = [account.health for account in accounts]
        reasons = {health.reason for health in healths}
        present = {h.error.explanation for h in healths if h.error is not None}
        lines = []
        for text, logged in self._lines.items():
            error, look = logged.error, "dim"
            labels = tuple(filter(None, logged.accounts))
            name = f"{named(labels)}:" if labels and len(accounts) > 1 else ""
            if error is not None and error.problem in reasons:
                if error.remedy and error.explanation in present:
                    lines.append(Line(error.remedy, "bad", name))
                continue
            if error is not None and error.explanation in present:
                # What to do about it matters until it has passed.
                text, look = f"{type(error).__name__}: {error.explanation}", "bad"
            times = f"({logged.times} times) " if logged.times > 1 else ""
            if isinstance(error, CallbackError):
                # Not all of them were seen; the figures have their number.
                times, look = "", "bad"
            text = f"{logged.last:%H:%M:%S} UTC {times}{text}"
            lines.append(Line(text, look, name))
        return lines

    def _note_error(self, account: str, error: AssetStreamError) -> None:
        raised = isinstance(error, CallbackError)
        if self._noted.get((account, raised)) is not error:
            self._noted[account, raised] = error
            text = f"{type(error).__name__}: {error.problem}"
            self._add(account, text + _where(error), error)

    def _gap_text(self, account: str, gap: Gap) -> str:
        found = self._recovered.pop(account, {})
        text = f"LIVE again after a gap of {lasting(gap.duration)}; "
        if not gap.recovered:
            return text + "nothing had changed"
        named_first = list(found.items())[:NAMED_CHANGES]
        parts = [f"{currency} {signed(change)}" for currency, change in named_first]
        more = gap.recovered - len(parts)
        if more and parts:
            parts.append(f"{more} more")
        elif more:
            parts.append(f"{counted(more, 'balance')} locked or unlocked")
        return f"{text}changed meanwhile: {', '.join(parts)}"

    def _add(
        self, account: str, text: str, error: AssetStreamError | None = None
    ) -> None:
        before = self._lines.pop(text, None)
        times = before.times + 1 if before else 1
        accounts = before.accounts if before else ()
        if account not in accounts:
            accounts = (*accounts, account)
        now = datetime.fromtimestamp(clock.wall(), timezone.utc)
        self._lines[text] = Logged(now, times, accounts, error)
        for oldest in list(self._lines)[:-MOST_EVENTS]:
            del self._lines[oldest]


def _where(error: AssetStreamError) -> str:
    """Name the line in which a handler raised; the traceback has the rest."""
    cause = error.__cause__ if isinstance(error, CallbackError) else None
    traceback = cause.__traceback__ if cause is not None else None
    # The first frame is ours, which called it; one written in C has no other.
    entered = traceback.tb_next if traceback is not None else None
    return f", in line {entered.tb_lineno}" if entered is not None else ""
