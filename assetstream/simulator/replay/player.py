"""``Player``: plays a tape to the clients of an account."""

from __future__ import annotations

import logging
import math
import threading
import time
from functools import partial
from typing import Callable, Sequence

from assetstream.runtime.loop import clock
from assetstream.simulator.account import Account
from assetstream.simulator.connection import Connection
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.registry import VENUES
from assetstream.simulator.replay.connections import (
    Disconnect,
    FailedAttempt,
    RecordedConnection,
    RecordedFrame,
    RecordedReply,
    redated,
)
from assetstream.simulator.replay.rest_state import RestState
from assetstream.simulator.server import SimulatorServer

__all__ = ["Player"]

logger = logging.getLogger("assetstream")

#: Seconds for which the tape waits for a client to read a connection's first balances;
#: then it goes on, for clients that never use REST.
READ_TIME = 3.0
#: Seconds between a client's read and the next frame, for the client to merge it.
GRACE = 0.5
#: Seconds that a read waits for the tape to reach the reply.
REPLY_TIME = 8.0
#: Frames between two waits for the clients' sockets to take nearly all of them.
BURST = 500
MOST_WAITING = 1024 * 1024
#: Seconds by which ``Date`` may differ without being a jump of the clock.
SLACK = 5.0
#: Codes that a close frame may have; any other means a cut.
CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


class Player(Fault):
    """Pushes the frames of a tape at their times, and answers as the tape does.

    The tape begins when a client has subscribed, or tries to connect where the
    recording began with attempts that failed; it pauses while nobody is subscribed.

    Args:
        account: the account whose clients get the tape.
        connections: the tape, at least one connection.
        speed: 2 plays twice as fast as it was; inf: as fast as possible.
        epoch: the exchange's time at the tape's beginning, seconds since 1970.
        length: of the tape, seconds.
    """

    def __init__(
        self,
        account: Account,
        connections: Sequence[RecordedConnection],
        speed: float,
        *,
        epoch: float,
        length: float,
    ) -> None:
        #: Seconds of the tape that were played, and frames that were pushed.
        self.position = 0.0
        self.pushed = 0
        #: True once the tape was played to the end.
        self.over = False
        #: The bug or the broken line that ended the tape early; None while all is well.
        self.error: Exception | None = None
        self._account = account
        self._signal = account.context.signal
        self._connections = connections
        self._speed = speed
        self._epoch = epoch
        self._length = length
        self._rest = RestState(account.name)
        # Held to make a reply, or to change the state that it is made from.
        self._lock = threading.Lock()
        # The reply that a client must read, to the byte, before the tape goes on.
        self._due: RecordedReply | None = None
        # The tape has reached the first reply of the present connection, if any.
        self._readable = False
        self._reads = 0
        # Attempts to connect fail so at present.
        self._failing = first_failure(connections[0])
        self._failed = 0
        # Monotonic time at which the tape's second 0 would have been.
        self._origin = 0.0
        # Milliseconds by which dates are moved; None: not yet known.
        self._shift: int | None = None
        # Seconds by which the exchange's clock has jumped since the beginning.
        self._ahead = 0.0
        self._stopped = False
        self._server: SimulatorServer | None = None
        self._thread = threading.Thread(
            target=self._run,
            name="assetstream-simulator-replay",
            daemon=True,  # joined by stop(), which a script may forget
        )

    def began(self, server: SimulatorServer) -> None:
        """Keep the server, which has the clients' connections."""
        self._server = server

    def start(self) -> None:
        """Play, in a thread of its own."""
        events = (event for recorded in self._connections for event in recorded.events)
        first = next(
            (event for event in events if isinstance(event, RecordedReply)), None
        )
        if first is not None:
            self._rest.replied(first)  # for reads before the beginning
        self._thread.start()

    def stop(self) -> None:
        """Stop where it is, and release every thread that waits."""
        self._stopped = True
        self._signal.announce()
        if self._thread.ident is not None:
            self._thread.join()

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until the tape was played to the end, or stopped; return which."""
        self._wait(lambda: self.over or self._stopped, timeout)
        return self.over

    # Points, asked by clients, each in a thread of its own.

    def ahead(self, exchange: str) -> float:
        """Return by how much the clock jumped between two recorded connections."""
        return self._ahead

    def upgrade(self, request: Request) -> Reply | None:
        """Fail as the recorded attempts did."""
        failing = self._failing
        if failing is None or request.exchange != self._account.name:
            return None
        self._failed += 1
        self._signal.announce()
        if failing.reply is None:
            raise ConnectionAbortedError
        return failing.reply

    def read(self, account: Account) -> Reply | None:
        """Return the last reply at this point of the tape, with the pushes since."""
        if account is not self._account:
            return None
        # A client that has subscribed wants the balances of this connection.
        self._wait(
            lambda: self._readable or self._stopped or not account.subscribers,
            REPLY_TIME,
        )
        with self._lock:
            due = self._due
            reply = due.reply if due is not None else self._rest.reply
        self._reads += 1
        self._signal.announce()
        return reply

    # The tape, in the player's thread.

    def _run(self) -> None:
        try:
            self._play_all()
        except Exception as exc:
            # A tape may have been edited, and a client must not wait for ever.
            logger.exception("the tape cannot be played any further")
            self.error = exc
            self._stopped = True
            self._signal.announce()

    def _play_all(self) -> None:
        following = [*self._connections[1:], RecordedConnection()]
        for recorded, after in zip(self._connections, following, strict=True):
            self._fail(recorded)
            if recorded.opened is not None and not self._stopped:
                self._open(recorded, recorded.opened)
                self._play(recorded.events)
            if recorded.disconnect is not None and self._reach(recorded.disconnect.at):
                self._disconnect(recorded.disconnect, after)
        if self._reach(self._length, alone=True):
            self._drain(most=0)
            with self._lock:
                self._rest.ended()
            self.over = True
            self._signal.announce()

    def _play(self, events: Sequence[RecordedFrame | RecordedReply]) -> None:
        for number, event in enumerate(events, 1):
            if not self._reach(event.at):
                return
            if isinstance(event, RecordedReply):
                self._answer(event)
            else:
                self._push(event)
            if number % BURST == 0:
                self._drain()

    def _fail(self, recorded: RecordedConnection) -> None:
        """Let attempts fail for as long as they did, and at least one of them."""
        failed = self._failed
        for failure in recorded.failures:
            if not self._origin:  # the tape begins with an attempt
                self._wait(lambda: self._failed or self._stopped)
                self._come_to(failure.at)
            self._reach(failure.at, alone=True)
            self._failing = failure
        if recorded.failures:
            self._wait(lambda: self._failed > failed or self._stopped)
        if recorded.opened is not None:
            self._failing = None

    def _open(self, recorded: RecordedConnection, at: float) -> None:
        """Wait for a client, and go on with the tape."""
        self._wait(lambda: self._account.subscribers or self._stopped)
        if self._shift is None or self._speed <= 1:
            # Dates become as recent as they were. Played faster, they must not come to
            # lie in the future (K3): then the last one is of now.
            past = at if self._speed <= 1 else self._length
            self._shift = round((clock.wall() - self._epoch - past) * 1000)
        self._come_to(at)
        with self._lock:
            self._rest.connected()
        self._readable = not any(isinstance(e, RecordedReply) for e in recorded.events)
        self._signal.announce()

    def _push(self, frame: RecordedFrame) -> None:
        with self._lock:
            self._rest.pushed(frame.balances, frame.at)
        payload = redated(frame.payload, self._shift or 0, self._account.name)
        binary = VENUES[self._account.name].binary or not _is_text(payload)
        self._account.push(Message(Kind.PUSH, payload, binary))
        self.pushed += 1
        self._signal.count("pushes", self._account.seen, self._account.context.seen)

    def _answer(self, reply: RecordedReply) -> None:
        with self._lock:
            self._rest.replied(reply)
            self._due = None if reply.settled else reply
            reads = self._reads
        self._readable = True
        self._signal.announce()
        if reply.settled:
            return
        read = self._wait(lambda: self._reads > reads or self._stopped, READ_TIME)
        pause = GRACE if read and reply.snapshot is not None else 0.0
        self._come_to(reply.at, in_seconds=pause)
        with self._lock:
            self._due = None

    def _disconnect(self, disconnect: Disconnect, after: RecordedConnection) -> None:
        """End every connection as the recorded one ended."""
        self._drain()
        self._failing = first_failure(after)
        self._readable = False
        jump = 0.0 if after.epoch is None else after.epoch - self._epoch
        self._ahead = jump if abs(jump) > SLACK else 0.0
        for connection in self._open_connections():
            if disconnect.code in CODES:
                # A close frame has room for 123 bytes.
                text = disconnect.reason.encode(errors="replace")
                reason = text[:123].decode(errors="ignore")
                connection.close(disconnect.code or 1000, reason)
            else:
                connection.drop()

    def _drain(self, most: int = MOST_WAITING) -> None:
        """Wait until at most ``most`` pushed bytes wait for clients."""
        for connection in self._open_connections():
            done = threading.Event()
            connection.post(partial(self._check_backlog, connection, done, most))
            while not (done.wait(0.1) or self._stopped):
                if connection not in self._open_connections():
                    break

    def _check_backlog(
        self, connection: Connection, done: threading.Event, most: int
    ) -> None:
        """Set ``done`` once at most ``most`` bytes wait; on the connection's thread."""
        if connection.backlog <= most:
            done.set()
        else:
            connection.call_later(
                0.01, partial(self._check_backlog, connection, done, most)
            )

    def _open_connections(self) -> list[Connection]:
        return self._server.connections(self._account) if self._server else []

    # The time of the tape.

    def _come_to(self, at: float, *, in_seconds: float = 0.0) -> None:
        """Move the tape: its second ``at`` is now, or ``in_seconds`` from now."""
        self._origin = time.monotonic() + in_seconds - at / self._speed
        self.position = at

    def _reach(self, at: float, *, alone: bool = False) -> bool:
        """Wait for this second of the tape; return False if the tape was stopped.

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
        """Wait ``left`` seconds; return False if something came in between."""
        return not self._wait(
            lambda: self._stopped or not (alone or self._account.subscribers), left
        )

    def _wait(self, met: Callable[[], object], timeout: float = math.inf) -> bool:
        """Wait until ``met()``; return False if it was not in time."""
        try:
            limit = min(timeout, threading.TIMEOUT_MAX / 2)
            self._signal.wait_for(met, limit, lambda: "")
        except TimeoutError:
            return False
        return True


def first_failure(recorded: RecordedConnection) -> FailedAttempt | None:
    """Return the first attempt that failed; None if none did."""
    return recorded.failures[0] if recorded.failures else None


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
