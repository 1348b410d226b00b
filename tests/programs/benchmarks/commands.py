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

    def _client(self) -> Peer:
        if not self._server.subscribed:
            raise Gone
        return self._server.subscribed[-1]

    def _clear(self, sock: socket.socket) -> None:
        self._server.greets = None
        self._server.idle()
        for peer in tuple(self._server.subscribed):
            self._server.drop(peer)
        self._waiting.clear()
        answer(sock)

    def _wait(self, sock: socket.socket, subscribed: int) -> None:
        self._waiting.append((subscribed, sock))
        self.subscribed()

    def _balances(self, sock: socket.socket) -> None:
        self._server.publish()
        answer(sock, **{k: v[0] for k, v in self._server.frames.balances.items()})

    def _drop(self, sock: socket.socket) -> None:
        # Many clients get a push without a change: REST has one account for all of
        # them, so a change pushed to one would be a drift to the audits of others.
        frames = self._server.frames
        alone = len(self._server.subscribed) == 1
        self._server.greets = frames.next if alone else frames.again
        at = time.monotonic()
        for peer in tuple(self._server.subscribed):
            self._server.drop(peer, reset=True)
        answer(sock, at=at)

    def _burst(self, sock: socket.socket, frames: int) -> None:
        made = [self._server.frames.next() for _ in range(frames - 1)]
        made.append(self._server.frames.next(last=True))
        peer = self._client()
        sealed = peer.wire.seal(made)
        answer(sock, at=time.monotonic())
        try:
            peer.wire.pour(sealed)
        except Gone:
            self._server.drop(peer)

    def _load(self, sock: socket.socket, frames: int, rate: float) -> None:
        peer = self._client()
        began, sent = time.monotonic() + 0.1, 0

        def send() -> None:
            nonlocal sent
            sent += 1
            try:
                peer.wire.send(self._server.frames.stamped(last=sent == frames))
            except Gone:
                sent = frames
                self._server.drop(peer)
            if sent < frames:
                self._server.at(began + sent / rate, send)
            else:
                self._server.idle()

        self._server.at(began, send)
        answer(sock, at=began)


def answer(sock: socket.socket, **content: Any) -> None:
    """Send a line."""
    sock.sendall(json.dumps(content).encode() + b"\n")
