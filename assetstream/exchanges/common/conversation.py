"""How far a connection is, and what every conversation here does about it."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Generic, Mapping, Sequence, TypeVar, Union

from assetstream.exchanges.common.entries import Garbled, Pushed
from assetstream.exchanges.common.keyed import KeyedExchange
from assetstream.exchanges.common.refusals import lost
from assetstream.exchanges.common.steps import Heartbeat, StepList
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import (
    NEVER,
    BalanceReport,
    Conversation,
    Fail,
    Instant,
    Ready,
    Report,
    Step,
    Warn,
)

__all__ = ["Phase", "PhasedConversation"]

#: Currencies of one frame that are warned of one by one; the whole book beyond. Each
#: warning may keep a copy of the frame, and a frame has room for thousands.
MOST_DOUBTS = 20


class Phase(enum.Enum):
    """How far a connection is. An exchange leaves out what it does not know."""

    #: Not open yet.
    CONNECTING = "CONNECTING"
    #: Waiting for the answer to the login.
    LOGGING_IN = "LOGGING_IN"
    #: Waiting for the answer to the subscription, or to a question about it.
    SUBSCRIBING = "SUBSCRIBING"
    #: Waiting for the pong of a ping that followed the subscription.
    PINGING = "PINGING"
    #: The subscription is proved.
    READY = "READY"
    #: Failed; nothing more is said.
    OVER = "OVER"


Notice = TypeVar("Notice")


class PhasedConversation(Conversation, Generic[Notice]):
    """A conversation that goes through phases, each with its patience, and pings.

    ``Notice`` is what the exchange's frames say besides balances.
    """

    _exchange: KeyedExchange

    def __init__(self, exchange: KeyedExchange) -> None:
        self._exchange = exchange
        self._phase = Phase.CONNECTING
        # When the present phase has lasted too long.
        self._patience = NEVER
        self._heartbeat = Heartbeat(exchange.limits.ping_interval)
        self._failure: AssetStreamError | None = None

    @abstractmethod
    def _read(self, frame: bytes) -> Sequence[Union[Pushed, Garbled, Notice]]:
        """Say what a frame holds. Never raises."""

    @abstractmethod
    def _noticed(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        """Something besides balances came."""

    @abstractmethod
    def _unanswered(self, instant: Instant) -> Sequence[Step]:
        """The present phase has lasted too long."""

    @abstractmethod
    def _ping(self) -> Step:
        """Make a ping."""

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        """Read frames that are pushes of exactly the usual form; None if any is not.

        Only to be fast: without it, ``_read`` looks at each frame by itself.
        """
        return None

    def received(self, frames: Sequence[bytes], instant: Instant) -> Sequence[Step]:
        if self._phase is Phase.READY:
            # All but a few reads hold pushes and nothing else: one report for all.
            balances = self._read_expected(frames)
            if balances is not None:
                return [Report(balances)] if balances else ()
        steps = StepList()
        for frame in frames:
            unreadable: dict[str | None, str] = {}
            for item in self._read(frame):
                if self._phase is Phase.OVER:
                    break
                if isinstance(item, Pushed):
                    # A push proves the subscription as well as its answer does, so
                    # Ready goes before its Report: nothing is reported on an unproved
                    # connection.
                    if self._phase is not Phase.READY:
                        steps.add(*self._prove())
                    steps.report(item.balances)
                    unreadable.update(item.unreadable)
                elif isinstance(item, Garbled):
                    unreadable[None] = item.why
                else:
                    steps.add(*self._noticed(item, frame, instant))
            if self._phase is Phase.OVER:
                break
            steps.add(*self._doubts(unreadable, frame))
        return steps.done()

    def pong(self, instant: Instant) -> Sequence[Step]:
        answered = self._heartbeat.answered(instant.now)
        if self._phase is Phase.PINGING:
            return [answered, *self._prove()]
        return [answered]

    def due(self, instant: Instant) -> Sequence[Step]:
        steps: list[Step] = []
        if instant.now >= self._patience:
            steps += self._unanswered(instant)
        if instant.now >= self._heartbeat.next:
            self._heartbeat.pinged(instant.now)
            steps.append(self._ping())
            self._set_deadline()
        return steps

    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        # Exchanges close right after an error: the error is the reason.
        return self._failure or lost(self._exchange, code, reason)

    def _doubts(
        self, unreadable: Mapping[str | None, str], frame: bytes
    ) -> Sequence[Step]:
        """Warn of what could not be read in a frame, by currency (K5)."""
        if len(unreadable) > MOST_DOUBTS:
            why = next(iter(unreadable.values()))
            unreadable = {None: f"{len(unreadable)} of its entries, first: {why}"}
        return [
            Warn(self._exchange.unreadable(why, frame, currency))
            for currency, why in unreadable.items()
        ]

    def _enter(self, phase: Phase, patience: float = NEVER) -> None:
        """Go on to a phase; it is ``_unanswered`` when ``patience`` is reached."""
        self._phase, self._patience = phase, patience
        self._set_deadline()

    def _prove(self) -> Sequence[Step]:
        """The subscription is in force; say so once (R1)."""
        if self._phase not in (Phase.SUBSCRIBING, Phase.PINGING):
            return ()
        self._enter(Phase.READY)
        return [Ready()]

    def _fail(self, error: AssetStreamError) -> Fail:
        """This connection is of no use; nothing more is said on it."""
        self._failure = error
        self._heartbeat.next = NEVER
        self._enter(Phase.OVER)
        return Fail(error)

    def _set_deadline(self) -> None:
        self.deadline = min(self._patience, self._heartbeat.next)
