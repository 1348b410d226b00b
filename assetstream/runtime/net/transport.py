"""The bytes of one open connection, as the reader serves it."""

from __future__ import annotations

import math
import ssl
from typing import Callable, Mapping, Protocol

from assetstream.core.outcomes import Broken, Closed, Ending
from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.net.cancel import Wire, explain
from assetstream.runtime.net.frames import BadFrame, Scanner
from assetstream.runtime.net.send_buffer import SendBuffer
from assetstream.runtime.net.tls import SecureSocket
from assetstream.runtime.net.websocket_client import Parsed

__all__ = ["ConnectionOwner", "FrameTransport"]

#: Bytes of one read; with more, the system's allocator takes longer than the read.
CHUNK = 1 << 16
#: Reads that make one batch: what a burst costs by the batch is then little, and after
#: 256 KB at most stop, calls and deadlines have their turn.
READS = 4


class ConnectionOwner(Protocol):
    """Receives what happens to a connection, in the reader's thread."""

    @property
    def deadline(self) -> float:
        """Moment to call ``due``, in seconds of ``clock.now``; math.inf if never.

        The reader that the owner is attached to watches it, connection or not.
        """
        ...

    def opened(self, headers: Mapping[str, str], asked: float) -> None:
        """The upgrade is done; ``send`` and ``ping`` work from now on.

        Args:
            headers: of the answer, names in lower case.
            asked: monotonic time at which the upgrade was asked for.
        """

    def received(self, frames: list[bytes]) -> None:
        """Complete data messages came, in this order."""

    def pong(self) -> None:
        """A pong came."""

    def due(self) -> None:
        """``deadline`` has passed."""

    def ended(self, ending: Ending) -> None:
        """The connection is over; called exactly once, as the last."""


class FrameTransport:
    """Moves the bytes of one open connection: frames in, the send buffer out.

    Args:
        owner: receives messages and pongs.
        sock: connected, non-blocking.
        send_buffer: of the same socket.
        parse: parses what is not a plain data frame: control frames and fragments.
        finish: ends the connection for a reason.

    Attributes:
        over: set at the end; from then on nothing is delivered.
    """

    def __init__(
        self,
        owner: ConnectionOwner,
        sock: Wire,
        send_buffer: SendBuffer,
        parse: Callable[[bytes], Parsed],
        finish: Callable[[Ending], None],
    ) -> None:
        self.send_buffer = send_buffer
        self.over = False
        self._owner = owner
        self._sock = sock
        self._secure = isinstance(sock, SecureSocket)
        self._parse = parse
        # Complete data messages that are not yet delivered, in order.
        self._messages: list[bytes] = []
        self._finish = finish
        self._scanner = Scanner()
        self._answers = False

    @property
    def deadline(self) -> float:
        """Moment by which the send buffer must have emptied."""
        return self.send_buffer.deadline

    @property
    def wants_write(self) -> bool:
        """True if the send buffer waits for the socket."""
        return self.send_buffer.wants_write

    @property
    def settled(self) -> bool:
        """True if it waits for nothing but bytes; asked after each read."""
        buffer = self.send_buffer
        return (
            not buffer.wants_write
            and buffer.deadline == math.inf
            and not (self._secure and self.pending())
        )

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        return self._sock.fileno()

    def pending(self) -> bool:
        """Return True if TLS holds data that a selector cannot see."""
        sock = self._sock
        return isinstance(sock, SecureSocket) and sock.pending()

    def readable(self) -> None:
        """Read what is there, up to a bound, and act on it."""
        self._answers = False
        for _ in range(READS):
            data = self._read()
            self._scan(data)
            # Asking for more costs a system call: only where there is likely more.
            if self.over or len(data) < CHUNK // 2:
                break
        self._deliver()
        # A send that waited for TLS to read goes on now.
        if not self.over and self.send_buffer.wants_read:
            self.send_buffer.flush()

    def writable(self) -> None:
        """Send what waits."""
        self.send_buffer.flush()
        if self._answers:
            self.readable()

    def due(self) -> None:
        """Give up a peer that does not take what is sent."""
        if self.send_buffer.failure:
            self._finish(Closed(None, self.send_buffer.failure))
        else:
            self._finish(
                Broken(
                    ConnectionLost(
                        "the exchange does not take what is sent: the connection is "
                        "dead or far too slow",
                        remedy="Check this machine's network and any proxy on the way.",
                    )
                )
            )

    def take(self, data: bytes) -> None:
        """Act on received bytes, in their order."""
        self._scan(data)
        self._deliver()

    def _read(self) -> bytes:
        """Return what one read gives; b"" if that is nothing, or the end."""
        try:
            data = self._sock.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        except ssl.SSLWantWriteError:
            # TLS has something to send that the socket does not take yet.
            self._answers = self.send_buffer.wants_write = True
            return b""
        except OSError as error:
            self._end(Closed(None, explain(error)))
            return b""
        if not data:
            self._end(Closed(None))
        return data

    def _scan(self, data: bytes) -> None:
        """Collect messages; what is no plain message is acted on at once."""
        try:
            for found in self._scanner.scan(data):
                if isinstance(found, list):
                    self._messages += found
                else:
                    self._parse_whole(found)
                    if self.over:
                        return
        except BadFrame as error:
            self._end(
                Broken(
                    ProtocolError(
                        f"a frame breaks the WebSocket protocol ({error}), so the "
                        "connection was ended",
                        remedy="If this repeats, a proxy or virus scanner on the way "
                        "may change what the exchange sends.",
                    )
                )
            )

    def _end(self, ending: Ending) -> None:
        """End it, behind what came before."""
        self._deliver()
        self._finish(ending)

    def _parse_whole(self, frame: bytes) -> None:
        if frame[0] & 0x08:
            # A control frame: what came before it is delivered before it.
            self._deliver()
            if self.over:
                return
        messages, ponged, closed = self._parse(frame)
        self._messages += messages
        if ponged:
            self._owner.pong()
        if closed is not None:
            self._finish(closed)

    def _deliver(self) -> None:
        messages, self._messages = self._messages, []
        if messages and not self.over:
            self._owner.received(messages)
