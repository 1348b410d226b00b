"""Waits on a socket that end at a deadline, or when they are cancelled."""

from __future__ import annotations

import selectors
import ssl
from typing import Any, Callable, Protocol, TypeVar

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.deadlines import LONGEST_WAIT

__all__ = [
    "CancelScope",
    "CancelToken",
    "Cancelled",
    "Wire",
    "explain",
    "shortage",
]

Result = TypeVar("Result")

#: For two descriptors and one wait: where the system has it, one that is no descriptor
#: itself, which would have to be made and closed.
Selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)

#: What to do about an exchange that cannot be reached or talked to.
REMEDY = (
    "Check this machine's network, any firewall or proxy on the way, the port of the "
    "URL, and whether the exchange is in maintenance."
)


class Cancelled(Exception):
    """The attempt was given up by its owner."""

    def __str__(self) -> str:
        # websocket-client logs it.
        return "given up by its owner"


class Waitable(Protocol):
    """An object that a selector can wait on."""

    def fileno(self) -> int:
        """Return the file descriptor."""
        ...


class Wire(Waitable, Protocol):
    """A connected non-blocking socket, with or without TLS."""

    def recv(self, size: int, /) -> bytes: ...

    def send(self, data: bytes | bytearray, /) -> int: ...

    def shutdown(self, how: int, /) -> None: ...

    def close(self) -> None: ...


class CancelToken:
    """Cancels the waits of one job, from any thread, once and for good.

    Raises:
        OSError: this machine has no descriptor to spare.
    """

    def __init__(self) -> None:
        self._calls = CallQueue()
        self._cancelled = False

    def cancel(self) -> None:
        """End the job's present wait, and every later one."""
        self._cancelled = True
        self._calls.post(_wake)

    def fileno(self) -> int:
        """Return the descriptor that ``cancel`` makes readable."""
        return self._calls.fileno()

    def check(self) -> None:
        """Raise Cancelled after ``cancel``."""
        if self._cancelled:
            raise Cancelled

    def woken(self) -> None:
        """Be readable no longer, unless ``cancel`` was called: then raise Cancelled."""
        # In this order: a cancel in between is seen, or wakes the next wait.
        self._calls.run()
        self.check()

    def close(self) -> None:
        """Release the descriptor; called by the job, at its end."""
        self._calls.close()


def _wake() -> None:
    """Do nothing: the post itself wakes the job."""


def explain(error: OSError) -> str:
    """Return the system's words for an error, without addresses or file names."""
    if isinstance(error, ssl.SSLError):
        return getattr(error, "reason", None) or "TLS error"
    return error.strerror or type(error).__name__


def shortage(error: OSError | RuntimeError) -> ConnectionLost:
    """Explain that this machine had no descriptor or thread to spare."""
    why = explain(error) if isinstance(error, OSError) else str(error)
    return ConnectionLost(
        f"this machine could not make a connection ({why})",
        remedy="Close what is not needed, or raise the limit of open files or threads.",
    )


class CancelScope:
    """Deadline and cancellation for one attempt, in all its waits on sockets.

    Attributes:
        peer: the subject of an error's problem.
        remedy: the remedy of an error.
    """

    def __init__(
        self, deadline: float, token: CancelToken, peer: str, remedy: str = REMEDY
    ) -> None:
        self.deadline = deadline
        self.token = token
        self.peer = peer
        self.remedy = remedy

    @property
    def left(self) -> float:
        """Seconds until the deadline, negative behind it."""
        return self.deadline - clock.now()

    def until(self, deadline: float) -> CancelScope:
        """Return the same scope with this deadline, if it is an earlier one."""
        earlier = min(deadline, self.deadline)
        return CancelScope(earlier, self.token, self.peer, self.remedy)

    def about(self, peer: str, remedy: str) -> CancelScope:
        """Return the same scope with another peer, and the remedy for that."""
        return CancelScope(self.deadline, self.token, peer, remedy)

    def lost(self, what: str) -> ConnectionLost:
        """Return the error for "``peer`` ``what``"."""
        return ConnectionLost(f"{self.peer} {what}", remedy=self.remedy)

    def wait(self, sock: Waitable, event: int, phase: str) -> None:
        """Wait until ``sock`` is ready for ``event``.

        Raises:
            ConnectionLost: the deadline came first.
            Cancelled: the token was cancelled.
        """
        self.token.check()
        with Selector() as selector:
            selector.register(self.token, selectors.EVENT_READ)
            selector.register(sock, event)
            while sock not in self.select(selector, phase):
                pass

    def select(
        self,
        selector: selectors.BaseSelector,
        phase: str,
        at_most: float = LONGEST_WAIT,
    ) -> list[Any]:
        """Return what is ready of what the selector has, the token among it.

        Args:
            selector: with the token.
            phase: of the attempt, for the error.
            at_most: seconds after which nothing may be returned.

        Raises: as ``wait``.
        """
        self.check(phase)
        seconds = max(0.0, min(self.left, at_most, LONGEST_WAIT))
        keys = selector.select(clock.real_seconds(seconds))
        ready = [key.fileobj for key, _ in keys]
        if self.token in ready:
            self.token.woken()
        return ready

    def check(self, phase: str) -> None:
        """Raise ConnectionLost if the deadline has passed."""
        if self.left <= 0:
            raise self.lost(f"did not answer in time while {phase}")

    def persist(
        self,
        operation: Callable[[], Result],
        sock: Waitable,
        event: int,
        phase: str,
    ) -> Result:
        """Repeat a non-blocking ``operation`` until it goes through.

        Raises:
            ConnectionLost: the deadline came first, or the connection broke.
            Cancelled: the token was cancelled.
            ssl.SSLCertVerificationError: for the caller to explain.
        """
        # Looked at each time: a peer that drips bytes never lets us wait.
        self.check(phase)
        self.token.check()
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                blocked = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                blocked = selectors.EVENT_WRITE
            except BlockingIOError:
                blocked = event
            except ssl.SSLCertVerificationError:
                raise
            except OSError as error:
                how = f"broke the connection while {phase} ({explain(error)})"
                raise self.lost(how) from None
            self.wait(sock, blocked, phase)

    def receive(self, sock: Wire, size: int, phase: str) -> bytes:
        """Receive up to ``size`` bytes; b"" at the end of the stream."""
        return self.persist(lambda: sock.recv(size), sock, selectors.EVENT_READ, phase)

    def send_all(self, sock: Wire, data: bytes, phase: str) -> None:
        """Send all of ``data``."""
        while data:
            sent = self.persist(
                lambda rest=data: sock.send(rest),  # type: ignore[misc]
                sock,
                selectors.EVENT_WRITE,
                phase,
            )
            data = data[sent:]
