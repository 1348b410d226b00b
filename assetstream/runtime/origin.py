"""The origin of a stream's balances, as the engine sees it.

An engine knows threads, handlers and a ``Present``. What keeps the ``Present`` is its
session, which the stream's origin makes: of an exchange, or of whatever else there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Callable, Protocol

from assetstream.core.present import Present
from assetstream.runtime.dispatcher import Dispatcher
from assetstream.runtime.loop.deadlines import HasDeadline
from assetstream.runtime.publisher import Publisher
from assetstream.runtime.reader_thread import ReaderThread
from assetstream.runtime.resources import SharedResources
from assetstream.runtime.settings import Settings

__all__ = ["Origin", "Parts", "StreamSession"]


@dataclass(frozen=True)
class Parts:
    """The parts that an engine lends to its session.

    Attributes:
        settings: the user's.
        present: what any thread may read; the session alone writes it.
        publisher: hands out the events of each step (W2).
        dispatcher: is looked at for handlers that are too slow.
        shared: what the streams of a thread set share.
        reader_thread: runs the session.
        post: has a call made in the reader thread; from any thread.
        over: to be called when the session is over: it has no connection any more.
        blame: reports an observer of the user's that raised, and sees no more.
    """

    settings: Settings
    present: Present
    publisher: Publisher
    dispatcher: Dispatcher
    shared: SharedResources
    reader_thread: ReaderThread
    post: Callable[[Callable[[], None]], None]
    over: Callable[[], None]
    blame: Callable[[object, Exception], None]


class StreamSession(HasDeadline, Protocol):
    """Keeps a ``Present``; in the reader thread, where nothing else is said."""

    def enter(self) -> None:
        """Take a place among those who share what it uses; from any thread."""

    def start(self) -> None:
        """Begin to connect."""

    def verify(self) -> None:
        """Compare the balances with their origin now."""

    def stop(self, reason: str) -> None:
        """End; ``over`` is called once the connection is gone."""

    def crash(self, error: BaseException) -> None:
        """Fail by a fault of ours, which a step has raised."""

    def close(self) -> None:
        """Give back all that it uses: nothing of it runs any more."""

    def doubt(self, currency: str) -> str:
        """Say why a currency is in doubt; "" if it is not. From any thread."""
        raise NotImplementedError

    def last_change(self, currency: str) -> Decimal:
        """Return the last change of a currency's total. From any thread."""
        raise NotImplementedError

    def audit_interval(self, now: float) -> float | None:
        """Return the seconds between two comparisons; None: there are none."""
        raise NotImplementedError

    def detection_time(self, now: float) -> float | None:
        """Return the seconds until a missed change is found; None: never."""
        raise NotImplementedError


class Origin(Protocol):
    """Makes the session of a stream."""

    @property
    def name(self) -> str:
        """Name of the exchange that the balances are of; "" while it is not known."""
        raise NotImplementedError

    @property
    def place(self) -> tuple[str, str] | None:
        """The digest of a key, and the host: two streams should not use them at once.

        None: any number of streams may have this origin.
        """
        raise NotImplementedError

    def session(self, parts: Parts) -> StreamSession:
        """Make a session, which has not begun."""
        raise NotImplementedError
