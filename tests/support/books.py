"""Reports, reads and a book with its audit, for the tests of the core."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from assetstream.core.audit import Audit, Judged
from assetstream.core.book import BalanceBook, Pushed
from assetstream.core.entry import Entry
from assetstream.core.moment import Stamp
from assetstream.core.present import Present
from assetstream.model.events import AssetUpdate, Source
from assetstream.protocol import BalanceReport, Snapshot

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
START_MS = int(START.timestamp() * 1000)


def at(now: float, *, width: float = 1.0) -> Stamp:
    """Return the moment ``now`` seconds after the start.

    The exchange's clock is known to ``width`` seconds.
    """
    received = START + timedelta(seconds=now)
    middle, half = START_MS + now * 1000, width * 500
    return Stamp(now, received, middle - half, middle + half)


def report(
    currency: str,
    available: str | None,
    locked: str | None = "0",
    key: tuple[int, int] | None = None,
) -> BalanceReport:
    """Make an exchange's report of a currency; ``key`` is in ms after the start."""
    return BalanceReport(
        currency,
        None if available is None else Decimal(available),
        None if locked is None else Decimal(locked),
        None if key is None else (START_MS + key[0], key[1]),
    )


def snapshot(*reports: BalanceReport, unreadable: tuple[str, ...] = ()) -> Snapshot:
    """Make a read of all balances."""
    return Snapshot(reports, unreadable)


def amounts(book: BalanceBook) -> dict[str, tuple[str, str]]:
    """Return every balance of the book as text."""
    return {
        c: (str(b.available), str(b.locked)) for c, b in book.present.balances.items()
    }


class Account:
    """The book of one account, with its audit.

    Args:
        pushes_everything: the exchange promises to.
        serial: the second items of keys are serial numbers.
    """

    def __init__(self, *, pushes_everything: bool = True, serial: bool = False) -> None:
        self.book = BalanceBook(Present("test", "test-1"), serial=serial)
        self.audit = Audit(self.book, pushes_everything=pushes_everything)
        self.present = self.book.present

    def push(
        self,
        now: float,
        available: str | None,
        locked: str | None = "0",
        *,
        currency: str = "BTC",
        dated: float | None = None,
        second: int = 0,
    ) -> Pushed:
        """Push one balance, dated now or in seconds after the start."""
        key = int((now if dated is None else dated) * 1000), second
        return self.book.push([report(currency, available, locked, key)], at(now))

    def connect(self, now: float, read: Snapshot) -> Judged:
        """Merge the snapshot of a new connection, asked for at ``now``."""
        self.audit.disconnected()
        return self.audit.read(read, at(now), now, Source.RECOVERED)

    def read(self, now: float, read: Snapshot) -> Judged:
        """Judge one read of an audit, asked for at ``now``."""
        return self.audit.read(read, at(now), now, Source.AUDIT)

    def twice(self, now: float, one: Snapshot, other: Snapshot | None = None) -> Judged:
        """Judge both reads of an audit, 2 s apart."""
        assert self.read(now, one).second
        return self.read(now + 2, other or one)

    def entry(self, currency: str = "BTC") -> Entry:
        """The entry of a currency that the book has."""
        entry = self.book.entry(currency)
        assert entry is not None
        return entry

    def shown(self, currency: str = "BTC") -> tuple[str, str]:
        """The amounts that are shown, as text."""
        return amounts(self.book)[currency]

    @property
    def in_doubt(self) -> tuple[str, ...]:
        """The currencies in doubt."""
        return self.present.in_doubt()


def the_update(items: list[object] | list[AssetUpdate]) -> AssetUpdate:
    """Return the only item, which is an update."""
    (update,) = items
    assert isinstance(update, AssetUpdate)
    return update
