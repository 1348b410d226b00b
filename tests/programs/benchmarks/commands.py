"""Commands to the load server: lines of JSON on its second port."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

from tests.programs.benchmarks.wire import Gone

if TYPE_CHECKING:
    from tests.programs.benchmarks.peer import Peer
    from tests.programs.benchmarks.server import Server

__all__ = ["Commands"]


class Commands:
    """Carries out the commands of ``control.Control``."""

    def __init__(self, server: Server) -> None:
        self._server = server
        # Numbers of subscriptions, and the sockets that wait for them.
        self._waiting: list[tuple[int, socket.socket]] = []
        # When the last load's last frame was sent; monotonic seconds.
        self._ended_at = 0.0

    def read(self, sock: socket.socket) -> bool:
        """Carry out one command; return False if the sender has gone."""
        try:
            line = sock.recv(4096)
        except OSError:
            return False
        if not line:
            return False
        options = json.loads(line)
        try:
            getattr(self, "_" + options.pop("do"))(sock, **options)
        except Gone:
            answer(sock, error="the client has gone")
        return True

    def subscribed(self) -> None:
        """Answer the sender that waits for this many subscriptions."""
        count = len(self._server.subscribed)
        for wanted, sock in [w for w in self._waiting if w[0] <= count]:
            self._waiting.remove((wanted, sock))
            answer(sock, at=self._server.subscribed_at)

    def _peers(self) -> list[Peer]:
        """Return the clients by the time of their subscription."""
        if not self._server.subscribed:
            raise Gone
        return list(self._server.subscribed)

    def _clear(self, sock: socket.socket) -> None:
        self._waiting.clear()
        self._server.clear()
        answer(sock)

    def _clock(self, sock: socket.socket, at: float, speed: float) -> None:
        self._server.set_clock(at, speed)
        answer(sock)

    def _hold(self, sock: socket.socket, currencies: int) -> None:
        self._server.held = currencies
        answer(sock)

    def _wait(self, sock: socket.socket, subscribed: int) -> None:
        self._waiting.append((subscribed, sock))
        self.subscribed()

    def _balances(self, sock: socket.socket) -> None:
        frames = self._peers()[-1].frames
        frames.publish()
        answer(sock, **{code: held[0] for code, held in frames.balances.items()})

    def _reads(self, sock: socket.socket) -> None:
        answer(sock, count=self._server.reads)

    def _drop(self, sock: socket.socket) -> None:
        self._server.greets = True
        at = time.monotonic()
        for peer in self._peers():
            self._server.drop(peer, reset=True)
        answer(sock, at=at)

    def _burst(self, sock: socket.socket, frames: int, active: int) -> None:
        bursts = []
        for peer in self._peers()[-active:]:
            made = [peer.frames.next() for _ in range(frames // active - 1)]
            made.append(peer.frames.next(last=True))
            bursts.append((peer, peer.wire.seal(made)))
        answer(sock, at=time.monotonic())
        for peer, sealed in bursts:
            try:
                peer.wire.pour(sealed)
            except Gone:
                self._server.drop(peer)

    def _round(self, sock: socket.socket, at: float) -> None:
        self._server.set_clock(at, 1.0)
        peers = self._peers()
        for peer in peers:
            peer.frames.publish_each()
            peer.wire.send(peer.frames.next())
        answer(sock, sent=len(peers))

    def _load(self, sock: socket.socket, frames: int, rate: float, active: int) -> None:
        peers = self._peers()[:active]
        for peer in peers:
            peer.frames.publish_each()
        began, sent = time.monotonic() + 0.1, 0
        self._ended_at = 0.0

        def send() -> None:
            nonlocal sent
            # One a call as long as it is on time, or commands would have to wait.
            peer = peers[sent % len(peers)]
            sent += 1
            try:
                peer.wire.send(peer.frames.timed(last=sent == frames))
            except Gone:
                sent = frames
                self._server.drop(peer)
            if sent < frames:
                self._server.at(began + sent / rate, send)
            else:
                self._ended_at = time.monotonic()
                self._server.idle()

        self._server.at(began, send)
        answer(sock, at=began)

    def _sent(self, sock: socket.socket) -> None:
        answer(sock, at=self._ended_at)


def answer(sock: socket.socket, **content: Any) -> None:
    """Send a line."""
    sock.sendall(json.dumps(content).encode() + b"\n")
