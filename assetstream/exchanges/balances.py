"""What frames and REST entries come to, whatever exchange they are from."""

from __future__ import annotations

from typing import Iterable

from msgspec import Struct

from assetstream.exchanges.reading import Unreadable, decode
from assetstream.protocol import BalanceReport, Snapshot

__all__ = ["Garbled", "Pushed", "collect", "says_nothing"]


class Pushed(Struct):
    """Balances changed; ``unreadable``: an entry's currency (None: unknown), its fault.

    One unreadable entry does not lose the others of its frame (K5).
    """

    balances: list[BalanceReport]
    unreadable: dict[str | None, str] = {}


class Garbled(Struct):
    """A frame, or an entry of one, was not understood at all; ``why`` in words."""

    why: str


def says_nothing(data: bytes) -> bool:
    """True for null, ``[]`` and ``{}``, in whatever white space."""
    try:
        return decode(data) in (None, [], {})
    except Unreadable:
        return False


def collect(entries: Iterable[tuple[str, BalanceReport | None]]) -> Snapshot:
    """Make a snapshot of entries: a currency ("": unknown) and its report.

    An entry without a report was not understood. It costs only its own currency (S2),
    and so does a currency that came twice: which of the two is right, nobody can tell.
    """
    balances: dict[str, BalanceReport] = {}
    unreadable: dict[str, None] = {}
    for currency, report in entries:
        if report is None or currency in balances:
            unreadable[currency] = None
        else:
            balances[currency] = report
    for currency in unreadable:
        balances.pop(currency, None)
    return Snapshot(tuple(balances.values()), tuple(unreadable))
