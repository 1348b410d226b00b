"""One account that another process owns, as the session of a stream."""

from __future__ import annotations

from copy import copy
from decimal import Decimal
from typing import Callable, Sequence

from assetstream.core.fault import internal_error
from assetstream.core.moment import Moment
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import ZERO, AssetUpdate, Event
from assetstream.model.states import State
from assetstream.runtime.loop import clock
from assetstream.runtime.origin import Parts
from assetstream.sharing.copybook import Copybook
from assetstream.sharing.entries import LogItem, SharedAccount
from assetstream.sharing.follower import Follower
from assetstream.sharing.pulses import OwnerPulses

__all__ = ["RemoteSession"]


class RemoteSession:
    """Keeps the ``Present`` of one account by what its owner writes.

    Everything here runs in the reader thread, but for ``enter``, ``doubt`` and
    ``last_change``.

    Args:
        parts: lent by the engine of the stream.
        follower: of the connection to where its owner writes.
        horizon: for how long an owner's word is believed; seconds.

    Attributes:
        book: the account as it is known.
        post: has a call made in the reader thread; faults of it end this stream.
    """

    def __init__(self, parts: Parts, follower: Follower, horizon: float) -> None:
        self.book = Copybook(parts.present, horizon)
        self.post: Callable[[Callable[[], None]], None] = parts.post
        self._present = parts.present
        self._publisher = parts.publisher
        self._dispatcher = parts.dispatcher
        self._account = parts.settings.account
        self._over = parts.over
        self._follower = follower
        # Currency -> the update by which its total has changed last.
        self._changes: dict[str, AssetUpdate] = {}

    @property
    def deadline(self) -> float:
        """Moment at which ``due`` must be called; seconds of ``clock.now``."""
        return min(self.book.deadline, self._dispatcher.deadline)

    def due(self) -> None:
        """Look at the clock, and for a slow handler."""
        now = clock.now()
        if now >= self._dispatcher.deadline:
            self._dispatcher.due(now)
        self._judge([])

    def doubt(self, currency: str) -> str:
        """Say why a currency is in doubt; "" if it is not. From any thread."""
        if currency not in self._present.doubts:
            return ""
        return "its owner has it in doubt"

    def last_change(self, currency: str) -> Decimal:
        """Return the last change of a currency's total; zero if it never did."""
        update = self._changes.get(currency)
        return update.change if update is not None else ZERO

    def audit_interval(self, now: float) -> float | None:
        """Return None: its owner makes the audits, and does not tell of them."""
        return None

    def detection_time(self, now: float) -> float | None:
        """Return None: only its owner knows when a missed change is found."""
        return None

    # What the user does.

    def enter(self) -> None:
        """Do nothing: any number of streams may follow an account."""

    def start(self) -> None:
        """Begin to follow."""
        self._publish(self.book.begin())
        self._follower.join(self._account, self)

    def verify(self) -> None:
        """Do nothing: what its owner says next is what is waited for."""

    def stop(self, reason: str) -> None:
        """End."""
        if not self._present.state.final:
            self._end(self.book.end(reason))

    def crash(self, error: BaseException) -> None:
        """Fail by a fault of ours."""
        internal = internal_error(error, self._present.exchange, self._account)
        if self._present.state is State.NEW:
            self._publish(self.book.begin())
        self.cut_off(internal, told=False)

    def close(self) -> None:
        """Follow no longer."""
        self._follower.leave(self._account, self)

    # What the follower reports; see ``Member``.

    def connecting(self) -> None:
        self._present.attempts += 1

    def restored(self, found: SharedAccount | ProtocolError | None) -> None:
        self.book.cut = None
        if isinstance(found, ProtocolError):
            self._judge(self.book.refuse(found))
        else:
            self._judge(self.book.restore(found, _moment()))

    def followed(
        self,
        items: Sequence[LogItem] | ProtocolError,
        complete: bool,
        pulses: OwnerPulses | ProtocolError | None,
    ) -> None:
        if isinstance(pulses, ProtocolError):
            self._cut(pulses, told=False)
            pulses = None
        else:
            self.book.cut = None
        if isinstance(items, ProtocolError):
            self._judge(self.book.refuse(items))
        else:
            self._judge(self.book.apply(items, complete, _moment()), pulses)

    def cut_off(self, error: AssetStreamError, told: bool) -> None:
        if self._present.state.final:
            return
        if error.fatal:
            events = self.book.fail(self._labelled(error))
            self._end(events[1:] if told else events)
        else:
            self._cut(error, told)
            self._judge([])

    def _cut(self, error: AssetStreamError, told: bool) -> None:
        """Note why its owner is not heard of; the same again is not repeated."""
        cut, self.book.cut = self.book.cut, self._labelled(error)
        if not told and (cut is None or cut.problem != error.problem):
            self._publish([self.book.cut])

    def _labelled(self, error: AssetStreamError) -> AssetStreamError:
        """Return an error with this account's label, which may be many accounts'."""
        if error.account is None:
            error = copy(error)
            error.exchange = self._present.exchange or None
            error.account = self._account
        return error

    # Steps.

    def _judge(
        self, events: Sequence[Event], pulses: OwnerPulses | None = None
    ) -> None:
        """Publish what has happened, and what the state is by now.

        A pulse is looked at where all is known that came before it, and nowhere else.
        """
        if not self._present.state.final:
            self._publish([*events, *self.book.judge(pulses, _moment())])

    def _end(self, events: Sequence[Event]) -> None:
        self._publish(events)
        self._follower.leave(self._account, self)
        self._over()

    def _publish(self, events: Sequence[Event]) -> None:
        """Publish a step (W2)."""
        if not events:
            return
        for event in events:
            if isinstance(event, AssetUpdate) and event.change:
                self._changes[event.currency] = event
        self._publisher.step += 1
        self._publisher.publish(events)


def _moment() -> Moment:
    return Moment(clock.now(), clock.wall())
