"""The phases and the heartbeat of a connection, alike at every exchange here."""

from __future__ import annotations

import enum
import math
from abc import abstractmethod
from itertools import groupby
from typing import Callable, Generic, Iterable, Mapping, Sequence, TypeVar, Union

from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.refusals import connection_lost
from assetstream.exchanges.common.values import Unreadable
from assetstream.model.errors import AssetStreamError, ConnectionLost
from assetstream.protocol import (
    NEVER,
    Alive,
    BalanceReport,
    Connect,
    Conversation,
    Fail,
    Instant,
    Ping,
    Ready,
    Renew,
    Report,
    Step,
    Warn,
)

__all__ = ["ANSWER_TIMEOUT_S", "Heartbeat", "Phase", "PhasedConversation"]

#: Currencies of one frame that are warned of one by one; the whole book beyond. Each
#: warning may keep a copy of the frame, and a frame has room for thousands.
MOST_DOUBTS = 20
#: Pings are sent at multiples of this part of their interval only.
PING_GRID = 1 / 20
#: Seconds that the answer to a login or a subscription may take.
ANSWER_TIMEOUT_S = 10.0


class Heartbeat:
    """Times the pings and their answers, in monotonic seconds.

    The core judges a missing answer (L1), not the heartbeat.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._asked: float | None = None
        #: When the next ping is due.
        self.next = NEVER

    def start(self, now: float) -> None:
        """Begin: the first ping is due one interval from now, or a little earlier."""
        # Pings of all connections fall on the same moments, and so do their answers: a
        # thread that serves a thousand wakes for many at once.
        grid = self._interval * PING_GRID
        self.next = math.floor((now + self._interval) / grid) * grid

    def pinged(self, now: float) -> None:
        """A ping was sent."""
        # From now, not from when it was due: after a suspend one ping is enough.
        self.start(now)
        if self._asked is None:
            self._asked = now

    def answered(self, now: float) -> Alive:
        """An answer came; it is taken to answer the oldest open ping."""
        asked, self._asked = self._asked, None
        return Alive(None if asked is None else max(0.0, now - asked))


class Phase(enum.Enum):
    """The progress of a connection. An exchange leaves out the phases that it lacks."""

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
    #: Failed; the conversation answers nothing more.
    OVER = "OVER"


Notice = TypeVar("Notice")


class PhasedConversation(Conversation, Generic[Notice]):
    """A conversation that goes through phases, each with a deadline, and pings.

    ``Notice`` is the type of what the exchange's frames hold besides balances.
    """

    _exchange: KeyedExchange
    #: Makes the error for an HTTP answer that is not what was asked for: of the
    #: exchange, with status, headers and body, and what was being done, in words.
    _explain_answer: Callable[
        [KeyedExchange, int, Mapping[str, str], bytes, str], AssetStreamError
    ]

    def __init__(self, exchange: KeyedExchange) -> None:
        self._exchange = exchange
        self._phase = Phase.CONNECTING
        # When the present phase has lasted too long.
        self._phase_deadline = NEVER
        self._heartbeat = Heartbeat(exchange.limits.ping_interval)
        #: When to ask for another connection, some time before the exchange ends it.
        self._ends_at = NEVER
        self._failure: AssetStreamError | None = None

    @abstractmethod
    def _read_tolerantly(
        self, frame: bytes
    ) -> Sequence[Union[PushedBalances, UnreadableFrame, Notice]]:
        """Return what a frame of any form holds; may raise ``Unreadable``."""

    @abstractmethod
    def _on_notice(
        self, notice: Notice, frame: bytes, instant: Instant
    ) -> Sequence[Step]:
        """Answer a notice."""

    def connect(self, instant: Instant, nonce: str) -> Connect:
        return Connect(self._exchange.ws_url)

    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        doing = "the WebSocket handshake"
        return self._explain_answer(self._exchange, status, headers, body, doing)

    def _on_timeout(self, instant: Instant) -> Sequence[Step]:
        """The present phase has lasted too long: give up, as for ``_await``."""
        title = self._exchange.title
        login = self._phase is Phase.LOGGING_IN
        request = "login" if login else "subscription"
        error = ConnectionLost(
            f"{title} did not answer the {request} within {ANSWER_TIMEOUT_S:g} s",
            remedy=f"{title} is overloaded or in maintenance, or ws_url leads to "
            "another server.",
            exchange=self._exchange.name,
        )
        return [self._fail(error)]

    def _ping(self, instant: Instant) -> Step:
        """Make a ping: the WebSocket's own, unless the exchange has another."""
        return Ping()

    def _read_expected(self, frames: Sequence[bytes]) -> list[BalanceReport] | None:
        """Read frames that are pushes of exactly the usual form; None if any is not.

        The fast way; without one, each frame is read tolerantly.
        """
        return None

    def _read(
        self, frame: bytes
    ) -> Sequence[Union[PushedBalances, UnreadableFrame, Notice]]:
        balances = self._read_expected([frame])
        # A list without a push is no push, and proves nothing.
        if balances:
            return [PushedBalances(balances)]
        try:
            return self._read_tolerantly(frame)
        except Unreadable as exc:
            return [UnreadableFrame(str(exc))]

    def received(self, frames: Sequence[bytes], instant: Instant) -> Sequence[Step]:
        if self._phase is Phase.READY:
            # All but a few reads hold pushes and nothing else: one report for all.
            balances = self._read_expected(frames)
            if balances is not None:
                return [Report(balances)] if balances else ()
        steps: list[Step] = []
        for frame in frames:
            if self._phase is Phase.OVER:
                break
            steps += self._received(frame, instant)
        return _joined(steps)

    def _received(self, frame: bytes, instant: Instant) -> list[Step]:
        steps: list[Step] = []
        unreadable: dict[str | None, str] = {}
        for item in self._read(frame):
            if isinstance(item, PushedBalances):
                # A push proves the subscription as well as its answer does, so Ready
                # goes before its Report: nothing is reported on an unproved connection.
                steps += self._prove()
                if item.balances:
                    steps.append(Report(item.balances))
                unreadable.update(item.unreadable)
            elif isinstance(item, UnreadableFrame):
                unreadable[None] = item.why
            else:
                steps += self._on_notice(item, frame, instant)
                if self._phase is Phase.OVER:
                    return steps
        return [*steps, *self._warnings(unreadable, frame)]

    def pong(self, instant: Instant) -> Sequence[Step]:
        answered = self._heartbeat.answered(instant.now)
        if self._phase is Phase.PINGING:
            return [answered, *self._prove()]
        return [answered]

    def due(self, instant: Instant) -> Sequence[Step]:
        steps: list[Step] = []
        if instant.now >= self._phase_deadline:
            steps += self._on_timeout(instant)
        if instant.now >= self._heartbeat.next:
            self._heartbeat.pinged(instant.now)
            steps.append(self._ping(instant))
            self._set_deadline()
        if instant.now >= self._ends_at:
            steps.append(
                self._renew("the exchange ends every connection after a while")
            )
        return steps

    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        # Exchanges close right after an error: the error is the reason.
        return self._failure or connection_lost(self._exchange, code, reason)

    def _warnings(
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

    def _enter(self, phase: Phase, deadline: float = NEVER) -> None:
        """Enter a phase, which times out at ``deadline``."""
        self._phase, self._phase_deadline = phase, deadline
        self._set_deadline()

    def _await(self, phase: Phase, instant: Instant) -> None:
        """Enter a phase that ends with the answer to a request."""
        self._enter(phase, instant.now + ANSWER_TIMEOUT_S)

    def _ask_for_pong(self, instant: Instant) -> Step:
        """Ping: the pong proves a subscription that nothing acknowledges (R1)."""
        self._heartbeat.pinged(instant.now)
        self._enter(Phase.PINGING, instant.now + self._exchange.limits.pong_timeout)
        return self._ping(instant)

    def _no_pong(self) -> Fail:
        """Give up: the phase ``PINGING`` has lasted too long."""
        title, limit = self._exchange.title, self._exchange.limits.pong_timeout
        error = ConnectionLost(
            f"{title} did not answer a ping sent after the subscription within "
            f"{limit:g} s, so the subscription is not proved",
            remedy=f"{title} is overloaded or in maintenance, or a proxy on the way "
            "drops WebSocket pings.",
            exchange=self._exchange.name,
        )
        return self._fail(error)

    def _prove(self) -> Sequence[Step]:
        """The subscription is in force; return Ready, but only once (R1)."""
        if self._phase not in (Phase.SUBSCRIBING, Phase.PINGING):
            return ()
        self._enter(Phase.READY)
        return [Ready()]

    def _fail(self, error: AssetStreamError) -> Fail:
        """Give this connection up; nothing more is sent on it."""
        self._failure = error
        self._heartbeat.next = self._ends_at = NEVER
        self._enter(Phase.OVER)
        return Fail(error)

    def _refuse(self, error: AssetStreamError, awaited: bool) -> Step:
        """Take a refusal: of the request whose answer is ``awaited``, or another one.

        Nothing depends on another one: it is only warned of.
        """
        if awaited:
            return self._fail(error)
        error.fatal = False
        return Warn(error)

    def _renew(self, reason: str) -> Renew:
        """Ask for another connection: the exchange will end this one, which goes on."""
        self._ends_at = NEVER
        self._set_deadline()
        return Renew(reason)

    def _set_deadline(self) -> None:
        self.deadline = min(self._phase_deadline, self._heartbeat.next, self._ends_at)


def _joined(steps: Iterable[Step]) -> list[Step]:
    """Return the steps with Reports that follow each other as one."""
    joined: list[Step] = []
    for reports, group in groupby(steps, lambda step: isinstance(step, Report)):
        if reports:
            joined.append(
                Report(
                    [
                        b
                        for step in group
                        if isinstance(step, Report)
                        for b in step.balances
                    ]
                )
            )
        else:
            joined += group
    return joined
