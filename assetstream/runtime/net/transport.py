"""What goes in and out of one open connection, as the reader serves it."""

from __future__ import annotations

import ssl
from typing import Callable, Protocol

from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.net.cancel import Wire, explain
from assetstream.runtime.net.close_reason import Broken, Closed, CloseReason, Owner
from assetstream.runtime.net.frames import BadFrame, Scanner
from assetstream.runtime.net.secure import SecureSocket
from assetstream.runtime.net.send_buffer import SendBuffer

__all__ = ["FrameTransport", "Parser"]

#: Bytes of one read; with more, the system's allocator takes longer than the read.
CHUNK = 1 << 16
#: Reads that make one batch: what a burst costs by the batch is then little, and after
#: 256 KB at most stop, inbox and deadlines have their turn.
READS = 4


class Parser(Protocol):
    """Whom frames are left to that are not plain data; it takes notes of them."""

    #: Complete data messages, in order, until they are taken.
    messages: list[bytes]
    #: True if a pong came; reset by who acts on it.
    ponged: bool
    #: What the peer's Close frame said, once there was one.
    closed: Closed | None

    def parse(self, frame: bytes) -> None:
        """Take note of one whole frame, answer it if need be; raise BadFrame."""


class FrameTransport:
    """One open connection's bytes: frames to the owner, the outbox to the peer.

    Attributes:
        outbox: where the library's sends go.
        over: set by the channel; from then on nothing is delivered.
    """

    def __init__(
        self,
        owner: Owner,
        sock: Wire,
        parser: Parser,
        finish: Callable[[CloseReason], None],
    ) -> None:
        self.outbox = SendBuffer(sock)
        self.over = False
        self._owner = owner
        self._sock = sock
        self._parser = parser
        self._finish = finish
        self._scanner = Scanner()
        self._answers = False

    @property
    def deadline(self) -> float:
        """When the outbox must have emptied."""
        return self.outbox.deadline

    @property
    def wants_write(self) -> bool:
        """True if the outbox waits for the socket."""
        return self.outbox.wants_write

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        return self._sock.fileno()

    def pending(self) -> bool:
        """Return True if TLS holds data that a selector cannot see."""
        return isinstance(self._sock, SecureSocket) and self._sock.pending()

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
        if not self.over and self.outbox.wants_read:
            self.outbox.flush()

    def writable(self) -> None:
        """Send what waits."""
        self.outbox.flush()
        if self._answers:
            self.readable()

    def due(self) -> None:
        """Give up a peer that does not take what is sent."""
        if self.outbox.failure:
            self._finish(Closed(None, self.outbox.failure))
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
            # TLS has something to say that the socket does not take yet.
            self._answers = self.outbox.wants_write = True
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
                    self._parser.messages += found
                else:
                    self._leave_to_parser(found)
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

    def _end(self, ending: CloseReason) -> None:
        """End it, behind what came before."""
        self._deliver()
        self._finish(ending)

    def _leave_to_parser(self, frame: bytes) -> None:
        if frame[0] & 0x08:
            # A control frame: what came before it is delivered before it.
            self._deliver()
            if self.over:
                return
        self._parser.parse(frame)
        if self._parser.ponged:
            self._parser.ponged = False
            self._owner.pong()
        if self._parser.closed is not None:
            self._finish(self._parser.closed)

    def _deliver(self) -> None:
        messages, self._parser.messages = self._parser.messages, []
        if messages and not self.over:
            self._owner.received(messages)
