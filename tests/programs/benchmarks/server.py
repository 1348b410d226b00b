"""The load server: the part of Upbit's and Bybit's private WebSocket clients need.

::

    python -m tests.programs.benchmarks.server '{"dialect": "upbit", ...}'

One thread serves every connection; it checks no token. A line of JSON on stdout tells
its two ports: the exchange's, and a plain one for commands (``control.Control``). It
ends when its stdin does.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import socket
import ssl
import sys
import time
from typing import Any, Callable

from tests.programs.benchmarks.commands import Commands
from tests.programs.benchmarks.cores import pin
from tests.programs.benchmarks.frames import Frames
from tests.programs.benchmarks.peer import Peer
from tests.programs.benchmarks.weight import raise_limits
from tests.programs.benchmarks.wire import Gone, Wire

__all__ = ["Server"]

#: A selector sleeps in whole milliseconds: the last stretch to a send is spun.
SPIN_S = 0.002
BACKLOG = 2048


class Server:
    """Accepts clients, answers them, and sends them load on command."""

    def __init__(
        self, dialect: str, *, certificate: str | None = None, binary: bool = False
    ) -> None:
        # Monotonic time, the exchange's then, and its speed since.
        self._clock = time.monotonic(), time.time(), 1.0
        self._dialect = dialect
        self._binary = binary
        # Access key -> what is sent to that account.
        self._accounts: dict[str, Frames] = {}
        #: How many currencies an account holds that comes from now on.
        self.held: int | None = None
        self.subscribed: dict[Peer, None] = {}
        self.subscribed_at = 0.0
        #: A new subscriber is sent a frame at once.
        self.greets = False
        #: REST reads that were answered.
        self.reads = 0
        self._selector = selectors.DefaultSelector()
        self._commands = Commands(self)
        self._context: ssl.SSLContext | None = None
        # (when, what): the next frame of a load that has a rate.
        self._next: tuple[float, Callable[[], None]] | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self.port = self._listen(self._admit)
        self.control_port = self._listen(self._admit_commander)

    def serve(self, until: Any) -> None:
        """Serve until that file becomes readable, because its writer has gone."""
        self._selector.register(until, selectors.EVENT_READ, None)
        while True:
            for key, events in self._selector.select(self._timeout()):
                if key.data is None:
                    return
                key.data(events)
            if self._next is not None and self._next[0] <= time.monotonic():
                self._next[1]()

    def at(self, moment: float, do: Callable[[], None]) -> None:
        """Schedule a call at a monotonic time; only one at a time."""
        self._next = moment, do

    def idle(self) -> None:
        """Clear the schedule."""
        self._next = None

    def account(self, key: str) -> Frames:
        """Return what is sent to the account of that access key."""
        if key not in self._accounts:
            self._accounts[key] = Frames(
                self._dialect, self.wall, binary=self._binary, held=self.held
            )
        return self._accounts[key]

    def wall(self) -> float:
        """Return the exchange's time, seconds since 1970."""
        began, at, speed = self._clock
        return at + (time.monotonic() - began) * speed

    def set_clock(self, at: float, speed: float) -> None:
        """Let it be that time, and go on from there.

        A client whose clock runs ahead would take a real one for broken.
        """
        self._clock = time.monotonic(), at, speed

    def clear(self) -> None:
        """Forget all clients and accounts, and their clocks."""
        self.idle()
        self.set_clock(time.time(), 1.0)
        for peer in tuple(self.subscribed):
            self.drop(peer)
        self._accounts.clear()
        self.held, self.greets, self.reads = None, False, 0
        # Here alone, for no frame is ever to wait for it.
        gc.collect()

    def subscribe(self, peer: Peer) -> None:
        """Add a client that has subscribed."""
        if peer not in self.subscribed:
            self.subscribed[peer] = None
            self.subscribed_at = time.monotonic()
            if self.greets:
                peer.wire.send(peer.frames.next())
                peer.frames.publish()
            self._commands.subscribed()

    def drop(self, peer: Peer, *, reset: bool = False) -> None:
        """Forget a client."""
        self.subscribed.pop(peer, None)
        self._selector.unregister(peer.wire)
        peer.wire.close(reset=reset)

    def _listen(self, admit: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        listener.setblocking(False)

        def ready(events: int) -> None:
            try:
                sock, _ = listener.accept()
            except BlockingIOError:
                return
            admit(sock)

        self._selector.register(listener, selectors.EVENT_READ, ready)
        port: int = listener.getsockname()[1]
        return port

    def _admit(self, sock: socket.socket) -> None:
        peer = Peer(self, Wire(sock, self._context))

        def ready(events: int) -> None:
            try:
                peer.wire.flush()
                if events & selectors.EVENT_READ:
                    peer.readable()
            except Gone:
                self.drop(peer)
                return
            wanted = selectors.EVENT_READ
            if peer.wire.wants_write:
                wanted |= selectors.EVENT_WRITE
            self._selector.modify(peer.wire, wanted, ready)

        self._selector.register(peer.wire, selectors.EVENT_READ, ready)

    def _admit_commander(self, sock: socket.socket) -> None:
        def ready(events: int) -> None:
            if not self._commands.read(sock):
                self._selector.unregister(sock)
                sock.close()

        self._selector.register(sock, selectors.EVENT_READ, ready)

    def _timeout(self) -> float | None:
        if self._next is None:
            return None
        return max(0.0, self._next[0] - time.monotonic() - SPIN_S)


def main() -> None:
    """Serve as the command line asks."""
    options = json.loads(sys.argv[1])
    pin("server")
    raise_limits()
    gc.disable()
    server = Server(**options)
    ports = {"port": server.port, "control": server.control_port}
    print(json.dumps(ports), flush=True)
    server.serve(sys.stdin)
    os._exit(0)  # every socket is the system's to close


if __name__ == "__main__":
    main()
