"""Duties of websocket-client: ``run_forever`` towards a dispatcher, and the parser.

``runtime/net/websocket_client.py`` is built on every one of these. A release that
fails here must not be allowed in ``setup.cfg`` before the channel was looked through.
"""

from __future__ import annotations

import inspect
import re
import socket
import threading
from pathlib import Path
from typing import Any, Callable

import pytest
import websocket

from assetstream.runtime.net import websocket_client
from assetstream.runtime.net.upgrade import Exhausted, Feed
from tests.support.raw_server import CLOSE, PING, PONG, TEXT, Peer, RawServer, frame


class DispatcherProbe:
    """A dispatcher and an app's callbacks that record their calls.

    Attributes:
        calls: (name, arguments) in order.
        inside: run in ``read``.
    """

    def __init__(
        self, inside: Callable[[DispatcherProbe], object] = lambda probe: None
    ) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.inside = inside

    def run(self, **options: Any) -> bool:
        """Run an app against a server that accepts; return ``run_forever``'s result."""

        def script(peer: Peer) -> None:
            peer.upgrade()
            peer.read_all()

        with RawServer(script) as server:
            self.sock = socket.create_connection(("127.0.0.1", server.port))
            self.app = websocket.WebSocketApp(
                server.url,
                socket=self.sock,
                on_error=self._noting("error"),
            )
            try:
                return self.app.run_forever(
                    dispatcher=self,
                    skip_utf8_validation=True,
                    suppress_origin=True,
                    **options,
                )
            finally:
                self.sock.close()

    @property
    def names(self) -> list[str]:
        return [name for name, *_ in self.calls]

    def signal(self, *args: Any) -> None:
        self.calls.append(("signal", *args))

    def abort(self, *args: Any) -> None:
        self.calls.append(("abort", *args))

    def timeout(self, *args: Any) -> None:
        self.calls.append(("timeout", *args))

    def read(self, *args: Any) -> None:
        self.calls.append(("read", *args))
        self.inside(self)

    def _noting(self, name: str) -> Callable[..., None]:
        return lambda app, *args: self.calls.append((name, *args))


# The calls of run_forever to its dispatcher


def test_it_announces_ctrl_c_and_reads_once() -> None:
    """The calls are ``signal(2, abort)`` and ``read(socket, read_callback)``."""
    probe = DispatcherProbe()
    returned = probe.run()

    assert probe.calls[0] == ("signal", 2, probe.abort)
    name, sock, read_callback = probe.calls[1]
    assert name == "read"
    assert sock is probe.sock
    assert callable(read_callback)
    assert not inspect.signature(read_callback).parameters
    assert len(probe.calls) == 2
    assert returned is False


def test_in_read_the_app_is_open_and_no_thread_was_started() -> None:
    """The app goes on, and the thread is the caller's."""
    before = threading.active_count()
    seen: list[Any] = []

    def look(probe: DispatcherProbe) -> None:
        assert isinstance(probe.app.sock, websocket.WebSocket)
        # The server's two threads are the test's own.
        seen.append(probe.app.keep_running)
        seen.append(threading.active_count() - before <= 2)
        seen.append(threading.current_thread() is threading.main_thread())

    DispatcherProbe(look).run()

    assert seen == [True] * 3


def test_it_returns_when_read_does_and_leaves_the_rest_to_us() -> None:
    """Nothing is torn down: the connection is the dispatcher's."""
    probe = DispatcherProbe()

    assert probe.run() is False
    assert probe.names == ["signal", "read"]
    assert probe.app.sock is not None
    assert probe.app.keep_running is True


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_read_raises_is_swallowed(fault: type[BaseException]) -> None:
    """Only ``on_error`` gets it, so the channel keeps the error itself."""

    def fail(probe: DispatcherProbe) -> None:
        raise fault

    probe = DispatcherProbe(fail)
    if fault is SystemExit:
        with pytest.raises(SystemExit):
            probe.run()
    else:
        assert probe.run() is True
    name, error = probe.calls[2]
    assert (name, type(error)) == ("error", fault)


# The work of recv_data_frame


class ParserProbe:
    """The library's parser on a feed.

    Attributes:
        written: the frames that were sent: (opcode, payload).
    """

    def __init__(self) -> None:
        self.written: list[tuple[int, bytes]] = []
        self.feed = Feed(self._write)
        self.core = websocket.WebSocket(
            enable_multithread=False, skip_utf8_validation=True
        )
        self.core.sock = self.feed  # type: ignore[assignment]

    def parse(self, data: bytes) -> tuple[int, bytes]:
        """Let the library read this; return opcode and payload of what it found."""
        self.feed.serve(data)
        return self.go_on()

    def go_on(self) -> tuple[int, bytes]:
        """Let the library read on."""
        opcode, found = self.core.recv_data_frame(control_frame=True)
        return opcode, found.data

    def _write(self, data: bytes) -> None:
        size = data[1] & 0x7F
        assert len(data) == 6 + size, "one whole, masked frame"
        payload = bytes(x ^ data[2 + i % 4] for i, x in enumerate(data[6:]))
        self.written.append((data[0] & 0x0F, payload))


def test_it_reads_one_frame_a_call() -> None:
    """Messages are bytes, and a pong is returned, too."""
    probe = ParserProbe()

    assert probe.parse(frame("grüß".encode())) == (TEXT, "grüß".encode())
    assert probe.parse(frame(b"x", PONG)) == (PONG, b"x")
    assert probe.written == []


def test_a_fragment_is_kept_until_the_next_call() -> None:
    """The socket's exception comes out; the parser resumes."""
    probe = ParserProbe()
    for piece in (frame(b"a", final=False), frame(b"b", 0, final=False)):
        with pytest.raises(Exhausted):
            probe.parse(piece)
    with pytest.raises(Exhausted):
        probe.parse(frame(b"between", PING)[:1])
    probe.feed.serve(frame(b"between", PING)[1:] + frame(b"c", 0))

    assert probe.go_on() == (PING, b"between")
    assert probe.go_on() == (TEXT, b"abc")
    assert probe.written == [(PONG, b"between")]


def test_a_ping_is_answered_through_its_socket() -> None:
    """Pings and Close frames are sent this way, too."""
    probe = ParserProbe()
    assert probe.parse(frame(b"are you there", PING)) == (PING, b"are you there")
    probe.core.ping()
    probe.core.send_close()

    assert probe.written == [
        (PONG, b"are you there"),
        (PING, b""),
        (CLOSE, b"\x03\xe8"),
    ]


def test_a_close_frame_is_answered() -> None:
    """The code comes first in what is returned; nothing is closed."""
    probe = ParserProbe()

    assert probe.parse(frame(b"\x0f\xa1bye", CLOSE)) == (CLOSE, b"\x0f\xa1bye")
    assert [code for code, _ in probe.written] == [CLOSE]


@pytest.mark.parametrize(
    "data",
    [b"\xc1\x01x", b"\x83\x01x", frame(b"x", 0), frame(b"\x03\xed", CLOSE)],
    ids=["reserved bit", "unknown opcode", "lone continuation", "invalid close code"],
)
def test_a_breach_of_the_protocol_comes_out_of_it(data: bytes) -> None:
    """A WebSocketException is raised, and nothing sent."""
    probe = ParserProbe()
    with pytest.raises(websocket.WebSocketException):
        probe.parse(data)
    assert probe.written == []


# Names


def test_the_names_are_there() -> None:
    """The parameters' names are checked as well as the methods'."""
    made = inspect.signature(websocket.WebSocketApp).parameters
    run = inspect.signature(websocket.WebSocketApp.run_forever).parameters
    core = inspect.signature(websocket.WebSocket).parameters

    assert {"header", "socket", "on_error"} <= {*made}
    assert {"dispatcher", "skip_utf8_validation", "origin", "suppress_origin"} <= {*run}
    assert {"enable_multithread", "skip_utf8_validation"} <= {*core}
    assert websocket.WebSocket().sock is None
    for name in ("recv_data_frame", "send_close", "ping"):
        assert callable(getattr(websocket.WebSocket, name))
    assert websocket.ABNF.OPCODE_CLOSE == CLOSE


def test_no_private_name_of_the_library_is_used() -> None:
    """A private name may change in any release."""
    source = Path(websocket_client.__file__).read_text(encoding="utf-8")

    assert re.findall(r"(?:\bapp|_socket|websocket(?:\.\w+)*)\._\w+", source) == []


class Spy:
    """Passes all attributes on, and notes their names."""

    def __init__(self, target: Any, asked: set[str]) -> None:
        self.__dict__.update(target=target, asked=asked)

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self.target, name)


def test_what_the_parser_asks_of_its_socket() -> None:
    """The stand-in has every attribute, none of them private."""
    asked: set[str] = set()
    probe = ParserProbe()
    probe.core.sock = Spy(probe.feed, asked)  # type: ignore[assignment]
    probe.parse(frame(b"x") + frame(b"", PING))
    probe.go_on()
    probe.core.send_close()

    assert asked == {"recv", "send", "gettimeout"}
