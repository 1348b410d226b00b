"""Lines for events: for people who read a log, and for programs as JSON."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Mapping, TextIO

from assetstream.cli.run.watch import ViewEvent
from assetstream.cli.view.keyboard import Key
from assetstream.display.balances import BalanceRow, TotalRow
from assetstream.display.words import counted, digits, lasting, signed
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, Balance, Event, StateChange
from assetstream.model.health import Progress
from assetstream.model.states import State

__all__ = [
    "JsonLines",
    "PlainLines",
    "amount_fields",
    "error_fields",
    "exact",
    "iso",
    "now",
    "update_fields",
]


class LineView:
    """A view that writes a line for each event, and flushes it at once.

    Args:
        out: where to write.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...

    def show(self, event: ViewEvent) -> None:
        """Write a line for an event; progress and keys are no events."""
        if not isinstance(event, (Progress, Key)):
            self._write(self._line(event))

    def paint(self) -> None:
        """Do nothing: each line was written when its event came."""

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()

    def _line(self, event: Event) -> str:
        raise NotImplementedError


class JsonLines(LineView):
    """JSON objects; ``kind`` says what each one is. Amounts are strings."""

    def _line(self, event: Event) -> str:
        if isinstance(event, AssetUpdate):
            fields = update_fields(event)
        elif isinstance(event, StateChange):
            fields = state_fields(event)
        else:
            fields = error_fields(event)
        return json.dumps(fields)


class PlainLines(LineView):
    """Lines for people: the time in UTC, the account, and what happened."""

    _settled = False

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        # account -> the text of its last error, since it was LIVE.
        self._shown: dict[str | None, str] = {}

    def show(self, event: ViewEvent) -> None:
        """Write a line for an event, and one when the last account has settled."""
        super().show(event)
        if isinstance(event, Progress) and not self._settled:
            self._settled = event.settled == event.total
            if self._settled:
                self._write(f"{now()}  {event}")

    def _line(self, event: Event) -> str:
        if isinstance(event, AssetUpdate):
            words = (
                f"{event.currency}  available {digits(event.available)}"
                f"  locked {digits(event.locked)}  total {digits(event.total)}"
                f"  change {signed(event.change) or 0}  {event.source}"
            )
            return f"{iso(event.received)}  {event.account}  {words}"
        if isinstance(event, StateChange):
            words = f"{event.previous} -> {event.current}  {event.reason}"
            if event.current is State.LIVE:
                self._shown.pop(event.account, None)
            if event.folded:
                words += f" (the last of {event.folded + 1} changes)"
            if event.gap is not None:
                words += (
                    f"; {lasting(event.gap.duration)} were missed and read again, "
                    f"{counted(event.gap.recovered, 'balance')} had changed"
                )
        else:
            text = event.explanation
            # Attempt after attempt ends so: the remedy stands above.
            again = self._shown.get(event.account) == text != event.problem
            self._shown[event.account] = text
            text = f"{event.problem}, again" if again else text
            words = f"{type(event).__name__}: {text}"
            if event.repeated:
                words += f" ({event.repeated} more like it)"
        # An error of the archive is of no account.
        return "  ".join(filter(None, (now(), event.account, words)))


def update_fields(update: AssetUpdate) -> Mapping[str, object]:
    """Return an update as JSON fields."""
    return {
        "kind": "update",
        "exchange": update.exchange,
        "account": update.account,
        "currency": update.currency,
        "available": exact(update.available),
        "locked": exact(update.locked),
        "total": exact(update.total),
        "change": exact(update.change),
        "time": update.time and iso(update.time),
        "received": iso(update.received),
        "source": update.source.value,
        "update_id": update.update_id,
        "folded": update.folded,
    }


def state_fields(change: StateChange) -> Mapping[str, object]:
    """Return a change of state as JSON fields."""
    gap = change.gap
    return {
        "kind": "state",
        "exchange": change.exchange,
        "account": change.account,
        "previous": change.previous.value,
        "current": change.current.value,
        "reason": change.reason,
        "folded": change.folded,
        "gap": gap
        and {
            "began": iso(gap.began),
            "ended": iso(gap.ended),
            "recovered": gap.recovered,
        },
        "time": now(),
    }


def error_fields(error: AssetStreamError) -> Mapping[str, object]:
    """Return an error as JSON fields."""
    return {
        "kind": "error",
        "exchange": error.exchange,
        "account": error.account,
        "error": type(error).__name__,
        "message": error.explanation,
        "fatal": error.fatal,
        "repeated": error.repeated,
        "time": now(),
    }


def amount_fields(of: BalanceRow | TotalRow | Balance) -> dict[str, str]:
    """Return what is available, locked and held in all as JSON fields."""
    return {
        "available": exact(of.available),
        "locked": exact(of.locked),
        "total": exact(of.total),
    }


def exact(amount: Decimal) -> str:
    """Write an amount as it came, zeros at its end included, without an exponent."""
    return format(amount, "f")


def iso(moment: datetime) -> str:
    """Write ``2026-01-02T03:04:05.678Z``."""
    text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def now() -> str:
    """Write the present moment; state changes and errors bring no time of their own."""
    return iso(datetime.now(timezone.utc))
