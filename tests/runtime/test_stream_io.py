"""What one stream asks of the network: dialling, hanging up, fetching, calling off."""

from __future__ import annotations

import math
import threading
from queue import SimpleQueue
from typing import Any, Iterator, Mapping

import pytest

from assetstream import ConnectionLost, Upbit
from assetstream.core.outcomes import Abandoned, Broken, Ending, HttpReply, Outcome
from assetstream.protocol import Connect, HttpCall
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.settings import make_settings
from assetstream.runtime.stream_io import StreamIO
from assetstream.runtime.threads import ThreadSet
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import Peer, RawServer
from tests.support.sockets import open_sockets


class Bench:
    """A stream's network, on real threads, and what came of its requests."""

    deadline = math.inf

    def __init__(self) -> None:
        self.events: SimpleQueue[Any] = SimpleQueue()
        self.threads = ThreadSet("test")
        self.threads.start()
        reader = self.threads.reader_thread()
        assert reader is not None
        self.reader = reader
        settings = make_settings(
            Upbit("key", "secret", region="sg"),
            account="a",
            audit_interval="exchange",
            connect_timeout=5.0,
            max_pending=10,
            history=0,
            proxy=None,
            ssl_context=None,
        )
        shared = self.threads.shared
        self.io = StreamIO(settings, shared, reader.reader, reader.calls.post)
        assert reader.board(self, self.events.put)
        self.connection = self.io.connection(self)

    def opened(self, headers: Mapping[str, str], asked: float) -> None:
        self.events.put("opened")

    def received(self, frames: list[bytes]) -> None:
        self.events.put(frames)

    def pong(self) -> None: ...

    def due(self) -> None: ...

    def ended(self, ending: Ending) -> None:
        self.events.put(ending)

    def done(self, outcome: Outcome, asked: float) -> None:
        self.events.put(outcome)

    def post(self, method: Any, *args: Any) -> None:
        """Call a method in the reader thread, where all of them belong."""
        self.reader.calls.post(lambda: method(*args))

    def next(self) -> Any:
        return self.events.get(timeout=PATIENCE)


@pytest.fixture
def bench() -> Iterator[Bench]:
    before = open_sockets()
    bench = Bench()
    yield bench
    bench.post(bench.io.close)
    bench.post(bench.io.hang_up, bench.connection)
    left = threading.Event()
    bench.post(lambda: (bench.reader.leave(bench), left.set()))
    assert left.wait(PATIENCE)
    bench.threads.stop()
    assert bench.threads.join(Deadline(PATIENCE))
    assert open_sockets() == before


def test_a_connection_is_dialled_and_hung_up(bench: Bench) -> None:
    """Each is answered once, in the reader thread."""

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.read_all()

    with RawServer(script) as server:
        bench.post(bench.io.dial, bench.connection, Connect(server.url))
        assert bench.next() == "opened"
        bench.post(bench.io.hang_up, bench.connection)
        assert bench.next() == Abandoned()
        bench.post(bench.io.hang_up, bench.connection)
    assert bench.events.empty()


def test_dialling_is_hung_up_at_once(bench: Bench) -> None:
    """Though nobody answers."""
    asked = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        asked.set()
        peer.read_all()

    with RawServer(script) as server:
        bench.post(bench.io.dial, bench.connection, Connect(server.url))
        assert asked.wait(PATIENCE)
        bench.post(bench.io.hang_up, bench.connection)
        assert bench.next() == Abandoned()


def test_what_cannot_be_reached_is_answered(bench: Bench) -> None:
    """Not raised."""
    bench.post(bench.io.dial, bench.connection, Connect("ws://127.0.0.1:1/"))
    assert isinstance(bench.next(), Broken)


def test_a_request_is_answered_or_called_off(bench: Bench) -> None:
    """Once closed, nothing is asked any more."""
    asked = threading.Event()

    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        peer.read_all()

    def silence(peer: Peer) -> None:
        peer.read_request()
        asked.set()
        peer.read_all()

    with RawServer(answer) as server:
        call = HttpCall("GET", server.http_url)
        bench.post(bench.io.fetch, call, 5.0, bench.done)
        reply = bench.next()
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.body) == (200, b"[]")
    with RawServer(silence) as server:
        call = HttpCall("GET", server.http_url)
        bench.post(bench.io.fetch, call, 5.0, bench.done)
        assert asked.wait(PATIENCE)
        bench.post(bench.io.call_off)
        error = bench.next()
        assert isinstance(error, ConnectionLost)
        assert "was given up" in error.problem
        bench.post(bench.io.close)
        bench.post(bench.io.fetch, call, 5.0, bench.done)
        bench.post(bench.events.put, "last")
        assert bench.next() == "last"
