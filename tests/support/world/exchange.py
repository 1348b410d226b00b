"""One account's side at the exchange: who is subscribed, and what is pushed."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

from assetstream.core.outcomes import Refused
from tests.support.world.clocks import Clocks
from tests.support.world.ledger import Amounts, Ledger
from tests.support.world.luck import Luck
from tests.support.world.network import Connection
from tests.support.world.timeline import Timeline
from tests.support.world.wire import Wire

__all__ = ["ExchangeSide", "Push", "Pushed"]


class Push(NamedTuple):
    """The fate of one change's push.

    Attributes:
        delays: until it is sent, once for each copy; () if it is lost; seconds.
        garbled: as for ``Wire.push``.
        ahead: its time is ahead of the exchange's clock by so much; seconds.
    """

    delays: tuple[float, ...] = (0.0,)
    garbled: str = ""
    ahead: float = 0.0


class Pushed(NamedTuple):
    """The content of a frame on its way."""

    currency: str
    amounts: Amounts
    key: tuple[int, int]
    garbled: str
    #: When it became true, and where in the ledger's past it stands.
    changed: float
    index: int


class ExchangeSide:
    """One account at the exchange.

    Attributes:
        ledger: what is true.
        wire: the exchange's forms.
        mute: nothing is pushed to the present connection any more.
        acknowledges: it answers requests.
        refuses_key: it does not know the key any more.
    """

    def __init__(
        self,
        timeline: Timeline,
        clocks: Clocks,
        wire: Wire,
        luck: Luck,
        codes: Sequence[str],
    ) -> None:
        self.ledger = Ledger(codes)
        self.mute = False
        self.acknowledges = True
        self.refuses_key = False
        #: The connection that is subscribed; one at a time is all we ever have.
        self.subscribed: Connection | None = None
        self._timeline = timeline
        self._clocks = clocks
        self.wire = wire
        self._luck = luck
        self._number = 0
        # What is pushed now is sent no earlier, where pushes keep their order.
        self._clear_at = 0.0

    # Connections.

    def connected(self, connection: Connection) -> None:
        """Greet a connection: silently."""
        self.mute = self._luck.muted()

    def untimely(self, headers: Mapping[str, str]) -> Refused | None:
        """Return the refusal of an upgrade of another time, if it is."""
        clocks = self._clocks
        if not clocks.dates:
            return None
        ms = clocks.host_milliseconds(pushing=True)
        refusal = self.wire.untimely(headers, ms)
        if refusal is None:
            return None
        return Refused(refusal[0], clocks.headers(pushing=True), refusal[1])

    def disconnected(self, connection: Connection) -> None:
        """Forget a connection."""
        if self.subscribed is connection:
            self.subscribed = None

    def received(self, connection: Connection, text: str) -> None:
        """Answer a text."""
        if not self.acknowledges:
            return
        frames, subscribes = self.wire.answers(text)
        if self.refuses_key and self.wire.login_refused and self.wire.logs_in(text):
            connection.carry(self.wire.login_refused)
            return
        for frame in frames:
            connection.carry(frame)
        if subscribes:
            self.subscribed = connection

    # Balances.

    def change(self, currency: str, amounts: Amounts, push: Push) -> None:
        """Let the truth change, and push it."""
        now = self._timeline.now
        self.ledger.change(now, currency, amounts)
        if not push.delays:
            return
        self._number += 1
        milliseconds = self._clocks.milliseconds() + int(push.ahead * 1000)
        key = self.wire.key(milliseconds, self._number)
        frame = self.wire.push(currency, amounts, key, push.garbled)
        index = len(self.ledger.past[currency]) - 1
        pushed = Pushed(currency, amounts, key, push.garbled, now, index)
        first, *again = push.delays
        if self.wire.in_order:
            self._clear_at = max(self._clear_at, now + first)
            first = self._clear_at - now
        if first:
            self._timeline.after(first, self._send, frame, pushed)
        else:
            self._send(frame, pushed)
        for delay in again:
            # Where they keep their order, no copy overtakes what it is of.
            late = max(delay, first) if self.wire.in_order else delay
            self._timeline.after(late, self._send, frame, pushed)

    def _send(self, frame: bytes, pushed: Pushed) -> None:
        """Send a push to whichever connection is subscribed by now."""
        if self.subscribed is not None and not self.mute:
            self.subscribed.carry(frame, pushed)
