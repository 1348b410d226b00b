"""Servers, streams and measurements for the cases of stopping."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from time import perf_counter
from types import TracebackType
from typing import Any, Callable
from unittest import mock

from assetstream import AssetStream, State
from assetstream.protocol import Exchange
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.net import dial, tcp
from assetstream.simulator import Simulator
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.raw_server import Peer, RawServer
from tests.support.specs import adapter_at

__all__ = ["Case", "StopSetup"]


class StopSetup:
    """Servers and streams of one case, and the measurement of its stop.

    Attributes:
        took: seconds from the wish to stop until it was done.
        threads_left: names of the streams' threads that ran on then.
        sockets_left: how many of the streams' sockets were open then.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.took = -1.0
        self.threads_left: list[str] = []
        self.sockets_left = 0
        self.recorder = EventRecorder()
        self.parts = ExitStack()
        self._streams: list[AssetStream] = []
        self._opened: list[socket.socket] = []

    def __enter__(self) -> StopSetup:
        self.simulator = self.parts.enter_context(Simulator(rate_limits=False))
        self.account = getattr(self.simulator, self.name)({"BTC": "1"})
        # Every socket that is connected, or was meant to be.
        for module, step in ((tcp, "_begin"), (dial, "connect_to")):
            noting = self._noting(getattr(module, step))
            self.parts.enter_context(mock.patch.object(module, step, noting))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in self._streams:
            stream.stop()
        self.parts.close()

    def adapter(self, *, ws_url: str = "", rest_url: str = "") -> Exchange:
        """Return the account's adapter, or one with another server."""
        return adapter_at(self.account.exchange(), ws_url=ws_url, rest_url=rest_url)

    def stream(self, exchange: Exchange | None = None, **options: Any) -> AssetStream:
        """Make a stream that the end of the test stops."""
        handlers: dict[str, Any] = {**self.recorder.handlers(), **options}
        stream = AssetStream(exchange or self.account.exchange(), **handlers)
        self._streams.append(stream)
        return stream

    def live(self) -> AssetStream:
        """Make a stream, and start it to LIVE."""
        stream = self.stream()
        stream.start()
        return stream

    def serve(self, script: Callable[[Peer], Any]) -> RawServer:
        """Start a server on plain sockets."""
        return self.parts.enter_context(RawServer(script))

    def stop(self, stream: AssetStream) -> None:
        """Stop the stream and measure it."""
        began = perf_counter()
        answer = stream.stop()
        self.measure_stop(began)
        assert answer is True
        assert stream.state is State.STOPPED

    def wait_until_stopped(self, stream: AssetStream, began: float) -> None:
        """Wait for the end of a stream that another call has stopped."""
        assert stream._run.join(Deadline(PATIENCE))
        self.measure_stop(began)
        assert stream.state is State.STOPPED

    def measure_stop(self, began: float) -> None:
        """Take the time, and count the threads and sockets that are left."""
        self.took = perf_counter() - began
        self.threads_left = own_threads()
        self.sockets_left = sum(sock.fileno() != -1 for sock in self._opened)

    def _noting(
        self, real: Callable[..., socket.socket]
    ) -> Callable[..., socket.socket]:
        def connect(*args: Any) -> socket.socket:
            sock: socket.socket = real(*args)
            self._opened.append(sock)
            return sock

        return connect


def own_threads() -> list[str]:
    """Return the names of streams' threads, without the system's stuck look-ups."""
    names = [thread.name for thread in threading.enumerate()]
    foreign = ("assetstream-simulator", "assetstream-lookup")
    own = [name for name in names if name.startswith("assetstream-")]
    return [name for name in own if not name.startswith(foreign)]


Case = Callable[[StopSetup], None]
