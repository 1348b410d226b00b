"""``Connection``: one upgraded connection."""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import struct
from typing import Any, Callable

from websockets.frames import Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from assetstream.runtime.loop import clock
from assetstream.simulator.account import Account
from assetstream.simulator.action_queue import ActionQueue
from assetstream.simulator.context import Context
from assetstream.simulator.messages import Message
from assetstream.simulator.session import ExchangeSession
from assetstream.simulator.timers import Timers

__all__ = ["Connection"]

#: Bytes that may wait for a client; one that lets more pile up is cut off.
MAX_BACKLOG = 16 * 1024 * 1024
#: Seconds to wait for the client's end of a closing handshake.
LINGER = 1.0
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
PONG = 0x80 | Opcode.PONG


class Connection:
    """A WebSocket, served by the thread that accepted it.

    Only that thread touches socket and protocol (OpenSSL must not see two threads).
    ``send``, ``close`` and ``drop`` may be called from any thread and never block. It
    is made by ``Simulator`` and handed to a ``Fault``.

    Attributes:
        context: what all parts of the simulator share.
        session: the exchange's side of it, once it is served.
        last_received: when a frame came last; monotonic seconds.
        last_sent: when a frame was sent last; monotonic seconds.
    """

    def __init__(
        self,
        context: Context,
        sock: socket.socket,
        protocol: ServerProtocol,
        gone: Callable[[Connection], None],
    ) -> None:
        self.context = context
        self.session: ExchangeSession | None = None
        self.last_received = self.last_sent = self.now()
        self._sock = sock
        self._protocol = protocol
        self._gone = gone
        self._actions = ActionQueue()
        self._out = bytearray()
        self._partial = bytearray()
        self._timers = Timers()
        self._finishing = False
        self._hung = False
        self._dead = False
        # Cut by RST (True) or FIN (False), once the network lets anything pass.
        self._cut_by_reset: bool | None = None
        self._ended = False

    @property
    def exchange(self) -> str:
        """Name of the exchange that it was opened to."""
        return self.session.exchange if self.session else ""

    @property
    def account(self) -> Account | None:
        """The account that it belongs to; None before a login."""
        return self.session.account if self.session else None

    @staticmethod
    def now() -> float:
        """Monotonic seconds."""
        return clock.now()

    def send(self, message: Message) -> None:
        """Send ``message``, or what the faults make of it."""
        for out in self.context.points.spread("sending", self, message):
            self._actions.put(out)

    def ping(self, payload: bytes) -> None:
        """Send a ping with ``payload``. Call it on the connection's thread."""
        if self._protocol.state is OPEN:
            self._protocol.send_ping(payload)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what is queued, then close with ``code`` and ``reason``.

        It counts as gone from now on.
        """
        self._leave()
        self._actions.put(lambda: self._send_close(code, reason))

    def drop(self, *, reset: bool = False) -> None:
        """Cut it by FIN, or by RST for ``reset``; it counts as gone from now on."""
        self._leave()
        self._actions.put(lambda: self._cut(reset))

    def post(self, item: Message | Callable[[], None]) -> None:
        """Send ``item`` past the faults, or call it on the connection's thread.

        From any thread; never blocks.
        """
        self._actions.put(item)

    def write(self, data: bytes) -> None:
        """Put raw ``data`` on the wire. Call it on the connection's thread."""
        self._collect()
        if not self._dead:
            self._out += data

    def hang(self) -> None:
        """Send nothing more until the connection is cut.

        Call it on the connection's thread.
        """
        self._collect()
        self._hung = True

    def vanish(self) -> None:
        """Let nothing pass any more in either direction, not even an end.

        The connection ends for good when the client has closed its socket, or the
        simulator stops. Call it on the connection's thread.
        """
        self._dead = self._hung = True
        self._out.clear()

    @property
    def compressed(self) -> bool:
        """True if an extension that gives RSV1 a meaning was agreed on."""
        return bool(self._protocol.extensions)

    @property
    def backlog(self) -> int:
        """Number of bytes that wait to be sent."""
        return len(self._out)

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        """Call ``action`` on the connection's thread, ``delay`` seconds from now.

        Call it on that thread, too.
        """
        self._timers.add(self.now() + delay, action)

    def run(self, session: ExchangeSession, early: bytes) -> None:
        """Serve ``session`` until it ends; ``early`` came behind the upgrade."""
        self.session = session
        self._sock.setblocking(False)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._actions.receiver, selectors.EVENT_READ)
                selector.register(self._sock, selectors.EVENT_READ)
                self.context.points.notify("opened", self)
                session.opened()
                self._received(early)
                self._serve(selector)
        except OSError:
            pass  # the client is gone
        finally:
            self._leave()
            self._actions.close()

    def _serve(self, selector: selectors.BaseSelector) -> None:
        watched = selectors.EVENT_READ
        while not self._ended:
            for item in self._actions.take():
                self._act(item)
            self._timers.run(self.now())
            self._flush()
            self._end_if_cut()
            if self._ended:
                break
            wanted = self._wanted()
            if wanted != watched:
                if watched:
                    selector.unregister(self._sock)
                if wanted:
                    selector.register(self._sock, wanted)
                watched = wanted
            left = self._timers.wait(self.now())
            real = None if left is None else clock.real_seconds(left)
            for key, _ in selector.select(real):
                if key.fileobj is self._sock:
                    self._read()

    def _wanted(self) -> int:
        """Events to wait for on the socket; none while it is frozen."""
        if self.context.points.frozen(self):
            return 0
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)

    def _act(self, item: Message | Callable[[], None]) -> None:
        if not isinstance(item, Message):
            item()
        elif self._protocol.state is OPEN:  # else it came after the close frame
            self.last_sent = self.now()
            write = (
                self._protocol.send_binary if item.binary else self._protocol.send_text
            )
            write(item.payload)

    def _read(self) -> None:
        while not self._ended and not self.context.points.frozen(self):
            try:
                data = self._sock.recv(65536)
            except WOULD_BLOCK:
                return
            if not data:
                self._protocol.receive_eof()
                self._ended = True
            else:
                self._received(data)
            # TLS may hold more than the selector can see.
            if not isinstance(self._sock, ssl.SSLSocket) or not self._sock.pending():
                return

    def _received(self, data: bytes) -> None:
        if not data or self._dead:
            return
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            self._frame(event)

    def _frame(self, frame: Any) -> None:
        self.last_received = self.now()
        if frame.opcode is Opcode.PING:
            self._count("pings")
        elif frame.opcode is Opcode.PONG:
            if self.session is not None:
                self.session.ponged(bytes(frame.data))
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._partial += frame.data
            if frame.fin:
                payload, self._partial = bytes(self._partial), bytearray()
                self._message(payload)

    def _message(self, payload: bytes) -> None:
        self._count("frames")
        taken = self.context.points.received(self, payload)
        if taken is not None and self.session is not None:
            self.session.received(taken)

    def _count(self, name: str) -> None:
        seen = [self.context.seen] + ([self.account.seen] if self.account else [])
        self.context.signal.count(name, *seen)

    def _collect(self) -> None:
        """Queue the frames of the protocol, or what the faults make of them."""
        points = self.context.points
        for chunk in self._protocol.data_to_send():
            if not chunk:
                self._finishing = True
            elif not self._hung and (chunk[0] != PONG or points.allow("pong", self)):
                self.last_sent = self.now()
                self._out += points.replace("wire", self, chunk)

    def _flush(self) -> None:
        """Send as much as the socket takes without waiting."""
        self._collect()
        portion = self.context.points.portion(self)
        try:
            while self._out and not self.context.points.frozen(self):
                # All of it without a copy, as long as nothing asks for portions.
                out = self._out if portion is None else self._out[:portion]
                del self._out[: self._sock.send(out)]
                if portion is not None:
                    break  # the next portion once the socket takes more
        except WOULD_BLOCK:
            pass
        if len(self._out) > MAX_BACKLOG:  # a slow client must not fill the memory
            self._leave()
            self._cut(reset=True)
        elif self._finishing and not self._out and not self._blocked():
            self._finishing = False
            self._leave()
            self._half_close()

    def _blocked(self) -> bool:
        """Return whether not even an end gets through."""
        return self._dead or self.context.points.frozen(self)

    def _half_close(self) -> None:
        """End our direction, and give the client a moment to end its own."""
        try:
            if isinstance(self._sock, ssl.SSLSocket):
                self._sock.unwrap()  # sends close_notify, does not wait for the other
        except (OSError, ValueError):
            pass
        self._sock.shutdown(socket.SHUT_WR)
        self.call_later(LINGER, lambda: self._cut(reset=False))

    def _send_close(self, code: int, reason: str) -> None:
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
            self.call_later(LINGER, lambda: self._cut(reset=False))

    def _cut(self, reset: bool) -> None:
        self._cut_by_reset = reset

    def _end_if_cut(self) -> None:
        if self._cut_by_reset is None or self._blocked():
            return
        self._ended = True
        if self._cut_by_reset:
            reset_on_close(self._sock)

    def _leave(self) -> None:
        """Count and push to it no longer; from any thread, any number of times."""
        if self.session is not None:
            self.session.closed()
        self._gone(self)


def reset_on_close(sock: socket.socket) -> None:
    """Make the next ``close()`` of the socket send RST instead of FIN."""
    form = "hh" if os.name == "nt" else "ii"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
