"""One stream's machine at work: events in from the network, effects out to it."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from random import random as jitter
from typing import Callable, Mapping, Sequence
from uuid import uuid4

from assetstream.core.effects import (
    Ask,
    CallOff,
    Dial,
    Effect,
    Fetch,
    Forgo,
    HangUp,
    HoldBack,
    Publish,
    SendPing,
    SendText,
    Turn,
)
from assetstream.core.link import Link
from assetstream.core.machine import StreamMachine
from assetstream.core.moment import Moment
from assetstream.core.outcomes import Ending, Outcome
from assetstream.protocol import Exchange
from assetstream.runtime.loop import clock
from assetstream.runtime.net.connection import ClientConnection
from assetstream.runtime.net.rest_client import Rest
from assetstream.runtime.origin import Parts

__all__ = ["Session"]

#: Seconds that a place's turns wait for each job that waits for a helper.
WAIT_FOR_HELPER = 1.0

#: Gives the machine one event that happens at a moment, and returns its effects.
Input = Callable[[Moment], Sequence[Effect]]


class Session:
    """Feeds one machine and carries out its effects, one step after the other (W2).

    Everything here runs in the reader thread, but for ``enter``, ``grant``, ``share``,
    ``doubt`` and ``last_change``.

    Args:
        exchange: the adapter.
        parts: lent by the engine.

    Attributes:
        machine: decides everything.
    """

    def __init__(self, exchange: Exchange, parts: Parts) -> None:
        settings, shared = parts.settings, parts.shared
        self.machine = StreamMachine(
            exchange,
            parts.present,
            audit_interval=settings.audit_interval,
            adaptive=settings.adaptive,
            random=jitter,
            nonce=lambda: str(uuid4()),
        )
        self._publisher = parts.publisher
        self._dispatcher = parts.dispatcher
        self._settings = settings
        self._shared = shared
        self._place = shared.place(exchange, settings)
        self._queue = parts.reader_thread.queue(self._place)
        self._helpers = shared.helpers
        self._reader = parts.reader_thread.reader
        self._rest = Rest(
            parts.post,
            shared.helpers,
            shared.adapter(settings),
            settings.ssl_context,
            settings.proxy,
        )
        self._post = parts.post
        self._over = parts.over
        #: The present connection, or the attempt to make it.
        self.connection: ClientConnection | None = None
        self._ticket = 0
        # What happens while a step is carried out is the next step.
        self._events: list[Input] = []
        self._stepping = False

    @property
    def deadline(self) -> float:
        """Moment at which ``due`` must be called; seconds of ``clock.now``."""
        return min(self.machine.deadline, self._dispatcher.deadline)

    def due(self) -> None:
        """Let the machine act on a deadline, and look for a slow handler."""
        now = clock.now()
        if now >= self._dispatcher.deadline:
            self._dispatcher.due(now)
        if now >= self.machine.deadline:
            self._happened(self.machine.due)
            self._publisher.due()

    def doubt(self, currency: str) -> str:
        """Say why a currency is in doubt; "" if it is not. From any thread."""
        return self.machine.doubt(currency, _moment())

    def last_change(self, currency: str) -> Decimal:
        """Return the last change of a currency's total; zero if it never did."""
        return self.machine.last_change(currency)

    def audit_interval(self, now: float) -> float | None:
        """Return the seconds between two audits; None: they are switched off (A1)."""
        return self.machine.audit_interval(now)

    def detection_time(self, now: float) -> float | None:
        """Return the seconds until a missed change is found (A7)."""
        return self.machine.detection_time(now)

    # What the user does.

    def enter(self) -> None:
        """Join those who share the place's limits; from any thread."""
        self._place.join(self)

    def start(self) -> None:
        """Begin to connect."""
        self._happened(self.machine.started)

    def verify(self) -> None:
        """Compare the balances with REST now, within the place's budget."""
        self._happened(self.machine.verify)

    def stop(self, reason: str) -> None:
        """End; ``over`` is called once the connection is gone."""
        self._happened(partial(self.machine.stop, reason))

    def crash(self, error: BaseException) -> None:
        """Fail by a fault of ours, which an event or an effect has raised."""
        try:
            self._happened(partial(self.machine.crashed, error))
        finally:
            # The effects behind the one that raised are lost, HangUp perhaps with them.
            if self.connection is not None:
                self.connection.close()

    def close(self) -> None:
        """End the REST calls under way, send no other, and leave the place."""
        self._rest.close()
        self._shared.release(self._settings)
        self._queue.leave(self)

    # What the connection reports; see ``ConnectionOwner``.

    def opened(self, headers: Mapping[str, str], asked: float) -> None:
        self._happened(partial(self.machine.opened, self._ticket, headers, asked))

    def received(self, frames: list[bytes]) -> None:
        # As ``_happened``, without its detours: this is called for every push.
        self._publisher.step += 1
        moment = Moment(clock.now(), clock.wall())
        effects = self.machine.frames(frames, moment)
        if len(effects) == 1 and type(effects[0]) is Publish:
            self._publisher.publish(effects[0].items)
        elif effects:
            self._carry_out(effects)

    def pong(self) -> None:
        self._happened(self.machine.pong)

    def ended(self, ending: Ending) -> None:
        self.connection = None
        self._happened(partial(self.machine.ended, self._ticket, ending))

    # What the place's queue and the helpers report.

    def grant(self, ticket: int) -> None:
        """Let it be the stream's turn; from any thread."""
        self._post(partial(self._granted, ticket))

    def share(self, least_interval: float) -> None:
        """Plan audits at least so many seconds apart; from any thread."""
        self._post(partial(self.machine.shared, least_interval))

    def _granted(self, ticket: int) -> None:
        self._queue.granted(self, ticket)
        self._happened(partial(self.machine.granted, ticket))

    def _replied(self, ticket: int, outcome: Outcome, asked: float) -> None:
        self._happened(partial(self.machine.replied, ticket, outcome, asked))

    def _unanswered(self, ticket: int, left: float) -> None:
        self._happened(partial(self.machine.unanswered, ticket, left))

    # Steps.

    def _happened(self, event: Input) -> None:
        if self._stepping:
            self._events.append(event)
        else:
            self._publisher.step += 1
            self._carry_out(event(_moment()))

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        """Carry out a step, and those that follow from it at once."""
        self._stepping = True
        try:
            for effect in effects:
                self._act(effect)
            while self._events:
                self._publisher.step += 1
                for effect in self._events.pop(0)(_moment()):
                    self._act(effect)
        finally:
            self._stepping = False
        if self.machine.link is Link.OVER:
            self._over()

    def _act(self, effect: Effect) -> None:
        connection = self.connection
        if isinstance(effect, Publish):
            self._publisher.publish(effect.items)
        elif isinstance(effect, SendText):
            if connection is not None:
                connection.send(effect.text)
        elif isinstance(effect, SendPing):
            if connection is not None:
                connection.ping()
        elif isinstance(effect, Ask):
            self._queue.ask(self, effect.ticket, effect.turn)
        elif isinstance(effect, Forgo):
            self._queue.forgo(self, effect.ticket)
        elif isinstance(effect, HoldBack):
            self._queue.hold_back(effect.turn, effect.seconds)
        elif isinstance(effect, Dial):
            self._dial(effect)
        elif isinstance(effect, HangUp):
            if connection is not None:
                connection.close()
        elif isinstance(effect, Fetch):
            done = partial(self._replied, effect.ticket)
            again = partial(self._unanswered, effect.ticket)
            waiting = self._rest.fetch(effect.call, effect.timeout, done, again)
            self._ease(Turn.SNAPSHOT, waiting)
        elif isinstance(effect, CallOff):
            self._rest.cancel()

    def _dial(self, effect: Dial) -> None:
        settings = self._settings
        self._ticket = effect.ticket
        self.connection = ClientConnection(self, self._reader, self._post)
        waiting = self.connection.dial(
            effect.connect,
            self._helpers,
            timeout=settings.connect_timeout,
            ssl_context=settings.ssl_context,
            proxy=settings.proxy,
        )
        self._ease(Turn.CONNECT, waiting)

    def _ease(self, turn: Turn, waiting: int) -> None:
        """Grant fewer turns while those that were granted wait for a stuck host.

        When it answers again they would all come at once, and be too many (L4).
        """
        if waiting:
            self._queue.hold_back(turn, WAIT_FOR_HELPER * waiting)


def _moment() -> Moment:
    return Moment(clock.now(), clock.wall())
