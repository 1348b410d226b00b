"""The last updates and gaps of a stream, ``stream.history``."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Iterable, Iterator, Sequence, Union, overload

from msgspec.structs import replace

from assetstream.display.words import counted, listed, named
from assetstream.model.errors import ConfigurationError
from assetstream.model.events import AssetUpdate, Gap
from assetstream.model.frames import make_frame, missing_library
from assetstream.model.public import make_public

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

__all__ = ["History", "Recent"]

#: Gaps that are kept, however many updates are.
MAX_GAPS = 100
#: Of ``to_pandas``, the index first.
COLUMNS = [
    *("received", "exchange", "account", "currency"),
    *("available", "locked", "total", "change"),
    *("source", "time", "update_id"),
]


class History(Sequence[AssetUpdate]):
    """The last updates of one stream, oldest first, as they were when it was read.

    Immutable: what came later is in a later ``stream.history``. Every change of the
    book is in it, whether a handler was there or not, and none is folded; but ``raw``,
    the frame, is empty: it would weigh as much as all else. A slice is a ``History``
    too, with the gaps between its first and its last update.

    Args:
        updates: oldest first; streams make it, and you may, of updates that you kept.
        gaps: oldest first.
    """

    __slots__ = ("_gaps", "_updates")

    def __init__(
        self, updates: Iterable[AssetUpdate] = (), gaps: Iterable[Gap] = ()
    ) -> None:
        self._updates = tuple(updates)
        self._gaps = tuple(gaps)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The last times in which changes could have been missed, oldest first."""
        return self._gaps

    def to_pandas(self) -> DataFrame:
        """Make a DataFrame of it: one row for each update, oldest first.

        The index is ``received``, our time of receipt, in UTC; updates of one frame
        share it. The columns are ``exchange``, ``account``, ``currency``,
        ``available``, ``locked``, ``total``, ``change``, ``source``, ``time`` (the
        exchange's, in UTC, or NaT) and ``update_id``.

        Amounts are ``Decimal`` objects, exact, which print all their digits; sums of
        them keep the 28 digits of Python's decimal context. For floats, which are not
        exact but fast and known to every method of pandas, say
        ``frame["total"].astype(float)``.

        Raises:
            ConfigurationError: pandas is missing: the extra ``plot`` brings it.
        """
        times = ["received", "time"]
        return make_frame("history", map(_row, self), COLUMNS, times, "received")

    def plot(
        self,
        currencies: str | Iterable[str] | None = None,
        since: datetime | None = None,
    ) -> Figure:
        """Draw the balances over time: one small panel for each currency.

        A balance stays what it is until it changes, so its line goes in steps: total,
        and available below it where something is locked. Gaps are shaded, what was
        found afterwards (RECOVERED, AUDIT) is marked, and the last value stands above
        in all its digits. Of more than 12 currencies those with the most changes are
        drawn, and the title counts the others. Times are ours of receipt, in UTC.

        The figure shows itself in a notebook where it is a cell's last value; elsewhere
        write it with ``figure.savefig("balances.png")``. It belongs to no window and to
        no pyplot. Its ground is transparent, and its text readable on a light page as
        well as on a dark one.

        Args:
            currencies: one code, or some: these alone are drawn, in this order.
            since: an aware time; nothing before it is drawn but the values of then.

        Raises:
            ConfigurationError: matplotlib is missing: the extra ``plot`` brings it; or
                no update is of one of ``currencies``; or ``since`` has no time zone.
        """
        if since is not None and since.tzinfo is None:
            raise ConfigurationError(
                f"since={since!r} has no time zone",
                remedy="Write datetime.now(timezone.utc) - timedelta(hours=1), say.",
            )
        known = {update.currency for update in self}
        if currencies is not None:
            codes = [currencies] if isinstance(currencies, str) else list(currencies)
            currencies = [code.upper() for code in codes]
            absent = [code for code in currencies if code not in known]
            if absent:
                raise ConfigurationError(
                    f"no update is of {listed(absent)}; there are some of "
                    f"{named(sorted(known)) or 'no currency'}"
                )
        try:
            from assetstream.model.chart import draw
        except ImportError as error:
            raise missing_library("history.plot()", "matplotlib") from error
        return draw(self._updates, self._gaps, currencies, since)

    @overload
    def __getitem__(self, index: int) -> AssetUpdate: ...

    @overload
    def __getitem__(self, index: slice) -> History: ...

    def __getitem__(self, index: int | slice) -> Union[AssetUpdate, History]:
        if isinstance(index, slice):
            return self._slice(self._updates[index])
        return self._updates[index]

    def __len__(self) -> int:
        return len(self._updates)

    def __iter__(self) -> Iterator[AssetUpdate]:
        return iter(self._updates)

    def _slice(self, updates: Sequence[AssetUpdate]) -> History:
        # A later gap would have the last balance stay as it was until then.
        gaps = [
            gap
            for gap in self._gaps
            if updates
            and gap.ended >= updates[0].received
            and gap.began <= updates[-1].received
        ]
        return History(updates, gaps)

    def __repr__(self) -> str:
        when = ""
        if self._updates:
            first, last = self._updates[0].received, self._updates[-1].received
            when = f" from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"
        return (
            f"<History {counted(len(self), 'update')}{when}, "
            f"{counted(len(self._gaps), 'gap')}>"
        )


class Recent:
    """The last updates and gaps. The reader thread writes (W2), any thread reads.

    Args:
        most: updates that are kept.

    Attributes:
        note: adds an update, in the order in which the book changed.
    """

    __slots__ = ("_gaps", "_slimmed", "_updates", "note")

    def __init__(self, most: int) -> None:
        self._gaps: tuple[Gap, ...] = ()
        # The last update that there was when all of them had let go of their frames.
        self._slimmed: AssetUpdate | None = None
        self._keep(deque(maxlen=most))

    def add_gap(self, gap: Gap) -> None:
        """Add a gap that has ended."""
        self._gaps = (*self._gaps, gap)[-MAX_GAPS:]

    def slim(self) -> None:
        """Let go of the frames, which weigh as much as all else; from time to time.

        To do so at each push would take as long as to make the update.
        """
        if self._updates and self._updates[-1] is not self._slimmed:
            slim = map(_without_frame, self._updates)
            self._keep(deque(slim, self._updates.maxlen))
            self._slimmed = self._updates[-1]

    def view(self) -> History:
        """A copy of what there is at one moment; from any thread, without a lock."""
        while True:
            gaps = self._gaps
            try:
                updates = tuple(self._updates)
            except RuntimeError:
                continue  # An update came while they were copied.
            if gaps is self._gaps:
                return History(map(_without_frame, updates), gaps)

    def _keep(self, updates: deque[AssetUpdate]) -> None:
        self._updates = updates
        self.note = updates.append


def _without_frame(update: AssetUpdate) -> AssetUpdate:
    return replace(update, raw=b"") if update.raw else update


def _row(update: AssetUpdate) -> tuple[object, ...]:
    """Return the values of ``COLUMNS``."""
    amounts = update.available, update.locked, update.total, update.change
    return (
        update.received,
        update.exchange,
        update.account,
        update.currency,
        *amounts,
        update.source.value,
        update.time,
        update.update_id,
    )


make_public(History)
