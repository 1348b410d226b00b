"""A TCP proxy that holds bytes in either direction, and can point elsewhere."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Callable

__all__ = ["WAYS", "HoldingProxy"]

#: From the client, and to it.
WAYS = ("up", "down")
CHUNK = 65_536


class HoldingProxy:
    """Forwards connections to a UNIX socket, in threads.

    Args:
        target: the path of the socket.

    Attributes:
        port: where it listens on loopback.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._flows = {way: threading.Event() for way in WAYS}
        self.let_go()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._over = False
        self._start(self._accept)

    @property
    def url(self) -> str:
        """The URL of the engine behind it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def hold(self, way: str) -> None:
        """Keep the bytes of a way until ``let_go``."""
        self._flows[way].clear()

    def let_go(self, way: str | None = None) -> None:
        """Let the bytes of a way flow, or of both."""
        for each in WAYS if way is None else (way,):
            self._flows[each].set()

    def point_at(self, target: str) -> None:
        """Cut all connections; new ones go to another socket."""
        with self._lock:
            self._target = target
            sockets = tuple(self._sockets)
        _end(*sockets)

    def close(self) -> None:
        """Cut all connections, and listen no more."""
        with self._lock:
            self._over = True
            sockets = tuple(self._sockets)
        _end(self._listener, *sockets)
        self.let_go()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, name="holding-proxy")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            with self._lock:
                over, target = self._over, self._target
                if not over:
                    self._sockets |= {client, server}
            try:
                if over:
                    raise ConnectionAbortedError
                server.connect(target)
            except OSError:
                self._forget(client, server)
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            done = threading.Semaphore(0)
            self._start(self._pump, client, server, "up", done)
            self._start(self._pump, server, client, "down", done)

    def _pump(
        self,
        source: socket.socket,
        sink: socket.socket,
        way: str,
        done: threading.Semaphore,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._flows[way].wait()
                sink.sendall(data)
        # What was sent before the end arrives: only this direction is over.
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        done.release()
        if way == "up":
            done.acquire()
            done.acquire()
            self._forget(source, sink)

    def _forget(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._sockets.difference_update(sockets)
        for each in sockets:
            each.close()


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
