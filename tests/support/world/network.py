"""One connection: a stream of bytes in order, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, NamedTuple

from assetstream.core.outcomes import Abandoned, Closed, Ending
from tests.support.world.timeline import Timeline

if TYPE_CHECKING:
    from tests.support.world.driver import Driver
    from tests.support.world.exchange import ExchangeSide, Pushed

__all__ = ["Connection", "Dialling", "Path"]

#: Data and pongs that arrive within so long are handed over in one read; seconds.
TICK = 0.001


class Dialling(NamedTuple):
    """The course of one attempt to connect.

    Attributes:
        connecting: until the upgrade is asked for; seconds.
        upgrading: from there to the answer; seconds.
        ending: why it fails; None: it opens.
    """

    connecting: float = 0.1
    upgrading: float = 0.1
    ending: Ending | None = None


class Path:
    """The time that bytes take, one way: always the same, but for subclasses."""

    delay = 0.02

    def latency(self) -> float:
        """Seconds for what is sent now."""
        return self.delay


class Connection:
    """One connection, from the dial to the end that is reported once.

    Attributes:
        ticket: the machine's.
        open: the upgrade is over, and neither side has ended it.
        dead: nothing passes any more, and nobody says so.
    """

    def __init__(
        self,
        timeline: Timeline,
        driver: Driver,
        side: ExchangeSide,
        path: Path,
        ticket: int,
    ) -> None:
        self.ticket = ticket
        self.open = False
        self.dead = False
        self._timeline = timeline
        self._driver = driver
        self._side = side
        self._path = path
        self._over = False
        # What is sent now arrives no earlier.
        self._clear_at = 0.0
        self._batch: list[bytes] = []
        self._pushes: list[Pushed] = []
        self._batch_at = -1.0

    def dial(self, dialling: Dialling, headers: Mapping[str, str]) -> None:
        """Begin; answered by ``opened`` or ``ended``."""
        asked = self._timeline.now + dialling.connecting
        answered = asked + dialling.upgrading
        if dialling.ending is None:
            self._timeline.at(answered, self._opened, asked, headers)
        else:
            self._timeline.at(answered, self._end, dialling.ending)

    def _opened(self, asked: float, headers: Mapping[str, str]) -> None:
        if self._over:
            return
        refused = self._side.untimely(headers)
        if refused is not None:
            self._end(refused)
            return
        self.open = True
        self._side.connected(self)
        self._driver.opened(self.ticket, asked)

    # From us.

    def send(self, text: str) -> None:
        """Carry a text to the exchange."""
        if self.open and not self.dead:
            self._timeline.after(self._path.latency(), self._received, text)

    def _received(self, text: str) -> None:
        if self.open and not self.dead:
            self._side.received(self, text)

    def ping(self) -> None:
        """Carry a ping there and its pong back."""
        if self.open and not self.dead:
            there = self._path.latency()
            self._clear_at = max(
                self._clear_at, self._timeline.now + there + self._path.latency()
            )
            self._timeline.at(self._clear_at, self._pong)

    def _pong(self) -> None:
        if not (self._over or self.dead):
            self._driver.pong()

    def hang_up(self, seconds: float) -> None:
        """End it from our side; the end is reported so much later."""
        self._close()
        self._timeline.after(seconds, self._end, Abandoned())

    # From the exchange.

    def carry(self, frame: bytes, push: Pushed | None = None) -> None:
        """Carry a frame to us, behind whatever was sent before."""
        if self.dead or not self.open:
            return
        now = self._timeline.now
        arrives = max(self._clear_at, now + self._path.latency())
        if self._batch_at < arrives - TICK or push is None:
            self._batch, self._pushes = [], []
            self._timeline.at(arrives, self._arrive, self._batch, self._pushes)
            self._batch_at = self._clear_at = arrives
        self._batch.append(frame)
        if push is None:
            self._batch_at = -1.0  # Answers come alone: one may end the connection.
        else:
            self._pushes.append(push)

    def _arrive(self, batch: list[bytes], pushes: list[Pushed]) -> None:
        if self._batch is batch:
            self._batch_at = -1.0
        if not (self._over or self.dead):
            self._driver.frames(batch, pushes)

    # What goes wrong.

    def stall(self, seconds: float) -> None:
        """Hold back whatever comes, for so long; then it comes at once."""
        self._clear_at = max(self._clear_at, self._timeline.now + seconds)

    def die(self) -> None:
        """Let nothing pass any more, without a sign to either side."""
        self.dead = True
        self._side.disconnected(self)

    def close(self, code: int | None, reason: str = "") -> None:
        """End it from the exchange's side, behind what was sent before."""
        if not self.open:
            return
        self._side.disconnected(self)
        arrives = max(self._clear_at, self._timeline.now + self._path.latency())
        self._timeline.at(arrives, self._end, Closed(code, reason))

    def lose(self, ending: Ending) -> None:
        """End it at once, with everything that was under way."""
        self._end(ending)

    def _close(self) -> None:
        self.open = False
        self._side.disconnected(self)

    def _end(self, ending: Ending) -> None:
        if not self._over:
            self._close()
            self._over = True
            self._driver.ended(self.ticket, ending)
