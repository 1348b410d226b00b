"""One line per event: for people who read a log, and for programs as JSON."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Mapping, TextIO

from assetstream.cli.run.settling import Settling
from assetstream.cli.run.watch import Event
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, StateChange

__all__ = ["JsonLines", "PlainLines", "digits", "signed"]


class Lines:
    """A view that writes a line for each event, and flushes it at once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...

    def show(self, event: Event) -> None:
        """Write the event's line."""
        self._write(self._line(event))

    def paint(self) -> None:
        """Nothing is left to do between the events."""

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()

    def _line(self, event: Event) -> str:
        raise NotImplementedError


class JsonLines(Lines):
    """JSON objects; ``kind`` says what each one is. Amounts are strings."""

    def _line(self, event: Event) -> str:
        if isinstance(event, AssetUpdate):
            fields = update_fields(event)
        elif isinstance(event, StateChange):
            fields = state_fields(event)
        else:
            fields = error_fields(event)
        return json.dumps(fields)


class PlainLines(Lines):
    """Lines for people: the time in UTC, the account, and what happened.

    Args:
        out: where to write.
        accounts: how many there are; of more than one it is said when all are settled.
    """

    def __init__(self, out: TextIO, accounts: int) -> None:
        super().__init__(out)
        self._settling = Settling(accounts)

    def show(self, event: Event) -> None:
        """Write the event's line, and one more when the last account is settled."""
        super().show(event)
        if (
            isinstance(event, StateChange)
            and self._settling.note(event.account, event.current)
            and self._settling.total > 1
        ):
            self._write(f"{now()}  {self._settling.outcome}")

    def _line(self, event: Event) -> str:
        if isinstance(event, AssetUpdate):
            said = (
                f"{event.currency}  available {digits(event.available)}"
                f"  locked {digits(event.locked)}  total {digits(event.total)}"
                f"  change {signed(event.change)}  {event.source}"
            )
            return f"{iso(event.received)}  {event.account}  {said}"
        if isinstance(event, StateChange):
            said = f"{event.previous} -> {event.current}  {event.reason}"
            if event.gap is not None:
                said += (
                    f"; {event.gap.duration:.1f} s were missed and read again, "
                    f"{event.gap.recovered} balances had changed"
                )
        else:
            said = f"{type(event).__name__}: {event}"
        return f"{now()}  {event.account}  {said}"


def update_fields(update: AssetUpdate) -> Mapping[str, object]:
    """An update as JSON fields."""
    return {
        "kind": "update",
        "exchange": update.exchange,
        "account": update.account,
        "currency": update.currency,
        "available": digits(update.available),
        "locked": digits(update.locked),
        "total": digits(update.total),
        "change": digits(update.change),
        "time": update.time and iso(update.time),
        "received": iso(update.received),
        "source": update.source.value,
        "update_id": update.update_id,
        "folded": update.folded,
    }


def state_fields(change: StateChange) -> Mapping[str, object]:
    """A change of state as JSON fields."""
    gap = change.gap
    return {
        "kind": "state",
        "exchange": change.exchange,
        "account": change.account,
        "previous": change.previous.value,
        "current": change.current.value,
        "reason": change.reason,
        "gap": gap
        and {
            "began": iso(gap.began),
            "ended": iso(gap.ended),
            "recovered": gap.recovered,
        },
        "time": now(),
    }


def error_fields(error: AssetStreamError) -> Mapping[str, object]:
    """An error as JSON fields."""
    return {
        "kind": "error",
        "exchange": error.exchange,
        "account": error.account,
        "error": type(error).__name__,
        "message": str(error),
        "fatal": error.fatal,
        "time": now(),
    }


def digits(amount: Decimal) -> str:
    """Every digit of the amount, never with an exponent."""
    return format(amount, "f")


def signed(change: Decimal) -> str:
    """Every digit of a change, with its sign; ``0`` if nothing changed."""
    return format(change, "+f") if change else "0"


def iso(moment: datetime) -> str:
    """``2026-01-02T03:04:05.678Z``."""
    text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def now() -> str:
    """The present moment; state changes and errors bring no time of their own."""
    return iso(datetime.now(timezone.utc))
