"""Plays a tape to whoever is subscribed: the thread that keeps its time."""

from __future__ import annotations

import math
import threading
import time
from functools import partial
from typing import Callable, Sequence

from assetstream.simulator.account import Account
from assetstream.simulator.connection import Connection
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.replay.connections import (
    Answer,
    Failure,
    Frame,
    Leaving,
    Leg,
    redated,
)
from assetstream.simulator.replay.rest_state import Shown

__all__ = ["Player"]

#: Seconds for which the tape waits for a client to read a connection's first balances;
#: one that reads none by REST is played to all the same.
READ_PATIENCE = 3.0
#: Seconds that a client has to take them in before the next frame comes.
GRACE = 0.5
#: Seconds that a read waits for the tape to come to the reply.
ANSWER_PATIENCE = 8.0
#: Frames handed over before the client's socket must have taken nearly all of them.
BURST = 500
MOST_WAITING = 1024 * 1024
#: Seconds by which ``Date`` may differ that are no jump of a clock.
SLACK = 5.0
#: Codes that may stand in a close frame; any other is told by none.
CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


class Player(Fault):
    """Answers what the tape answers, and pushes what it pushes.

    The tape begins when a client has subscribed, or tries to connect where the
    recording began with attempts that failed; it pauses while nobody is subscribed.

    Args:
        account: whose clients it plays to.
        legs: what to play.
        speed: how many times faster than it was; inf: as fast as possible.
        epoch: the exchange's time at the tape's beginning, seconds since 1970.
        length: of the tape, seconds.
    """

    def __init__(
        self,
        account: Account,
        legs: Sequence[Leg],
        speed: float,
        *,
        epoch: float,
        length: float,
    ) -> None:
        #: Seconds of the tape that were played, and frames that were pushed.
        self.position = 0.0
        self.pushed = 0
        #: It was played to the end.
        self.over = False
        self._account = account
        self._board = account.site.board
        self._legs = legs
        self._speed = speed
        self._epoch = epoch
        self._length = length
        self._shown = Shown(account.name)
        # Makes a reply of what is shown while the player's thread changes it.
        self._lock = threading.Lock()
        # The reply that a client must read before the tape goes on, as it stands.
        self._due: Answer | None = None
        # The present connection's first reply was reached, if it has one.
        self._readable = False
        self._reads = 0
        # How attempts to connect fail at present.
        self._failing = first_failure(legs[0])
        self._failed = 0
        # Monotonic time at which the tape's second 0 would have been.
        self._origin = 0.0
        # Milliseconds to move dates by; None: not yet known.
        self._shift: int | None = None
        # By how much the exchange's clock was ahead of what it was at first.
        self._ahead = 0.0
        self._stopped = False
        self._thread = threading.Thread(
            target=self._run,
            name="assetstream-simulator-replay",
            daemon=True,  # joined by stop(), which a script may forget
        )

    def start(self) -> None:
        """Play, in a thread of its own."""
        events = (event for leg in self._legs for event in leg.events)
        first = next((event for event in events if isinstance(event, Answer)), None)
        if first is not None:
            self._shown.replied(first)  # for who reads before the beginning
        self._thread.start()

    def stop(self) -> None:
        """Stop where it is, and let everybody go who waits."""
        self._stopped = True
        self._board.announce()
        if self._thread.ident is not None:
            self._thread.join()

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until it was played to the end, or stopped; tell which."""
        self._wait(lambda: self.over or self._stopped, timeout)
        return self.over

    # What clients ask, each in a thread of its own.

    def ahead(self, exchange: str) -> float:
        """A clock that jumped from one connection to the next jumps again."""
        return self._ahead

    def upgrade(self, request: Request) -> Reply | None:
        """Fail as the recorded attempts did."""
        failing = self._failing
        if failing is None or request.exchange != self._account.name:
            return None
        self._failed += 1
        self._board.announce()
        if failing.reply is None:
            raise ConnectionAbortedError
        return failing.reply

    def read(self, account: Account) -> Reply | None:
        """What was answered last at this point of the tape, with what came since."""
        if account is not self._account:
            return None
        # Who has subscribed wants the balances of this connection, not of the last.
        self._wait(
            lambda: self._readable or self._stopped or not account.subscribers,
            ANSWER_PATIENCE,
        )
        with self._lock:
            due = self._due
            reply = due.reply if due is not None else self._shown.reply
        self._reads += 1
        self._board.announce()
        return reply

    # The tape.

    def _run(self) -> None:
        for leg, after in zip(self._legs, [*self._legs[1:], Leg()], strict=True):
            self._fail(leg)
            if leg.opened is not None and not self._stopped:
                self._open(leg, leg.opened)
                self._play(leg.events)
            if leg.leaving is not None and self._reach(leg.leaving.at):
                self._leave(leg.leaving, after)
        if self._reach(self._length, alone=True):
            self._drain(most=0)
            with self._lock:
                self._shown.ended()
            self.over = True
            self._board.announce()

    def _play(self, events: Sequence[Frame | Answer]) -> None:
        for number, event in enumerate(events, 1):
            if not self._reach(event.at):
                return
            if isinstance(event, Answer):
                self._answer(event)
            else:
                self._push(event)
            if number % BURST == 0:
                self._drain()

    def _fail(self, leg: Leg) -> None:
        """Let attempts fail as long as they did, and one of them at least."""
        failed = self._failed
        for failure in leg.failures:
            if not self._origin:  # the tape begins with an attempt
                self._wait(lambda: self._failed or self._stopped)
                self._come_to(failure.at)
            self._reach(failure.at, alone=True)
            self._failing = failure
        if leg.failures:
            self._wait(lambda: self._failed > failed or self._stopped)
        if leg.opened is not None:
            self._failing = None

    def _open(self, leg: Leg, at: float) -> None:
        """Wait for a client; the tape goes on with it."""
        self._wait(lambda: self._account.subscribers or self._stopped)
        if self._shift is None or self._speed <= 1:
            # As recent as they were. Faster than they were, dates must not come to lie
            # in the future (K3): then the last one is of now.
            past = at if self._speed <= 1 else self._length
            self._shift = round((time.time() - self._epoch - past) * 1000)
        self._come_to(at)
        with self._lock:
            self._shown.connected()
        self._readable = not any(isinstance(e, Answer) for e in leg.events)
        self._board.announce()

    def _push(self, frame: Frame) -> None:
        with self._lock:
            self._shown.pushed(frame.balances, frame.at)
        payload = redated(frame.payload, self._shift or 0)
        binary = self._account.name == "upbit" or not _is_text(payload)
        self._account.push(Message(Kind.PUSH, payload, binary))
        self.pushed += 1
        self._board.count("pushes", self._account.seen, self._account.site.seen)

    def _answer(self, answer: Answer) -> None:
        with self._lock:
            self._shown.replied(answer)
            self._due = None if answer.settled else answer
            reads = self._reads
        self._readable = True
        self._board.announce()
        if answer.settled:
            return
        read = self._wait(lambda: self._reads > reads or self._stopped, READ_PATIENCE)
        pause = GRACE if read and answer.snapshot is not None else 0.0
        self._come_to(answer.at, in_seconds=pause)
        with self._lock:
            self._due = None

    def _leave(self, leaving: Leaving, after: Leg) -> None:
        """End every connection as it ended."""
        self._drain()
        self._failing = first_failure(after)
        self._readable = False
        jump = 0.0 if after.epoch is None else after.epoch - self._epoch
        self._ahead = jump if abs(jump) > SLACK else 0.0
        for connection in self._connections():
            if leaving.code in CODES:
                # A close frame takes 123 bytes of it.
                reason = leaving.reason.encode()[:123].decode(errors="ignore")
                connection.close(leaving.code or 1000, reason)
            else:
                connection.drop()

    def _drain(self, most: int = MOST_WAITING) -> None:
        """Wait until at most so many bytes of what was pushed wait for clients."""
        for connection in self._connections():
            done = threading.Event()

            connection.post(partial(self._look, connection, done, most))
            while not (done.wait(0.1) or self._stopped):
                if connection not in self._connections():
                    break

    def _look(self, connection: Connection, done: threading.Event, most: int) -> None:
        """On the connection's thread: set ``done`` once no more than ``most`` wait."""
        if connection.backlog <= most:
            done.set()
        else:
            connection.call_later(0.01, partial(self._look, connection, done, most))

    def _connections(self) -> list[Connection]:
        everybody = self._account.site.connections()
        return [c for c in everybody if c.account is self._account]

    # Its time.

    def _come_to(self, at: float, *, in_seconds: float = 0.0) -> None:
        """Let this second of the tape be now, or in so many seconds."""
        self._origin = time.monotonic() + in_seconds - at / self._speed
        self.position = at

    def _reach(self, at: float, *, alone: bool = False) -> bool:
        """Wait for this second of the tape; False if it was stopped.

        Time stands still while nobody is subscribed, unless it goes on ``alone``.
        """
        while not self._stopped:
            left = self._origin + at / self._speed - time.monotonic()
            if not alone and not self._account.subscribers:
                self._wait(lambda: self._account.subscribers or self._stopped)
                self._origin = time.monotonic() + max(0.0, left) - at / self._speed
            elif left <= 0 or self._wait_out(left, alone):
                self.position = max(self.position, at)
                return not self._stopped
        return False

    def _wait_out(self, left: float, alone: bool) -> bool:
        """True if so much time passed, and nothing came between."""
        return not self._wait(
            lambda: self._stopped or not (alone or self._account.subscribers), left
        )

    def _wait(self, met: Callable[[], object], timeout: float = math.inf) -> bool:
        """Wait until it is met; False if it was not in time."""
        try:
            limit = min(timeout, threading.TIMEOUT_MAX / 2)
            self._board.wait_for(met, limit, lambda: "")
        except TimeoutError:
            return False
        return True


def first_failure(leg: Leg) -> Failure | None:
    """How the first attempt failed; None if it did not."""
    return leg.failures[0] if leg.failures else None


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
