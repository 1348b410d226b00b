"""Duties of websocket-client's ``run_forever`` towards a custom dispatcher.

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
from tests.support.raw_server import CLOSE, PING, PONG, Peer, RawServer, frame


class DispatcherProbe:
    """A dispatcher and an app's callbacks that record their calls.

    Attributes:
        calls: (name, arguments) in order.
        inside: run in ``read``, once the app's socket is replaced by ``feed``.
        written: the frames that came to ``buffwrite``: (opcode, payload).
    """

    def __init__(
        self, inside: Callable[[DispatcherProbe], object] = lambda probe: None
    ) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.written: list[tuple[int, bytes]] = []
        self.inside = inside
        self.read_callback: Callable[[], bool] = lambda: False

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
                on_message=self._noting("message"),
                on_pong=self._noting("pong"),
                on_error=self._noting("error"),
                on_close=self._noting("close"),
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

    def parse(self, data: bytes) -> bool:
        """Let the library read this."""
        self.feed.serve(data)
        return self.read_callback()

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
        _, self.read_callback = args
        assert self.app.sock is not None
        self.feed = Feed(self.sock)
        self.app.sock.sock = self.feed  # type: ignore[assignment]
        self.inside(self)

    def buffwrite(self, *args: Any) -> None:
        _, data, send, disconnect = args
        assert callable(send)
        assert callable(disconnect)
        size = data[1] & 0x7F
        assert len(data) == 6 + size, "one whole, masked frame"
        payload = bytes(x ^ data[2 + i % 4] for i, x in enumerate(data[6:]))
        self.written.append((data[0] & 0x0F, payload))

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
    """``app.sock`` is set, its ``sock`` may be replaced; the thread is the caller's."""
    before = threading.active_count()
    seen: list[Any] = []

    def look(probe: DispatcherProbe) -> None:
        assert isinstance(probe.app.sock, websocket.WebSocket)
        # The server's two threads are the test's own.
        seen.extend([probe.app.keep_running, probe.app.sock.sock is probe.feed])
        seen.append(threading.active_count() - before <= 2)
        seen.append(threading.current_thread() is threading.main_thread())

    DispatcherProbe(look).run()

    assert seen == [True] * 4


def test_it_returns_when_read_does_and_leaves_the_rest_to_us() -> None:
    """Nothing is torn down: the connection is the dispatcher's."""
    probe = DispatcherProbe()

    assert probe.run() is False
    assert probe.names == ["signal", "read"]
    assert probe.app.sock is not None
    assert probe.app.keep_running is True


def test_without_a_ping_timeout_there_is_no_check() -> None:
    """The check comes by ``timeout``, and only with a ping timeout."""
    # The Close frame ends the library's ping thread.
    probe = DispatcherProbe(lambda probe: probe.parse(frame(b"", CLOSE)))
    probe.run(ping_interval=30, ping_timeout=20)

    name, seconds, check = probe.calls[-1]
    assert (name, seconds) == ("timeout", 20)
    assert check() is True
    quiet = DispatcherProbe()
    quiet.run()
    assert "timeout" not in quiet.names


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


# The work of read_callback


def test_it_reads_one_frame_a_call() -> None:
    """``on_message`` gets bytes, ``on_pong`` a pong; True means go on."""
    answers: list[bool] = []

    def read(probe: DispatcherProbe) -> None:
        answers.append(probe.parse(frame("grüß".encode())))
        answers.append(probe.parse(frame(b"x", PONG)))

    probe = DispatcherProbe(read)
    probe.run()

    assert probe.calls[2:] == [("message", "grüß".encode()), ("pong", b"x")]
    assert answers == [True, True]


def test_a_fragment_is_kept_until_the_next_call() -> None:
    """The socket's exception comes out; the parser resumes."""

    def read(probe: DispatcherProbe) -> None:
        for piece in (frame(b"a", final=False), frame(b"b", 0, final=False)):
            with pytest.raises(Exhausted):
                probe.parse(piece)
        with pytest.raises(Exhausted):
            probe.parse(frame(b"between", PING)[:1])
        probe.feed.serve(frame(b"between", PING)[1:] + frame(b"c", 0))
        probe.read_callback()
        probe.read_callback()

    probe = DispatcherProbe(read)
    probe.run()

    assert probe.calls[2:] == [("message", b"abc")]
    assert probe.written == [(PONG, b"between")]


def test_a_ping_is_answered_through_buffwrite() -> None:
    """Texts, pings and Close frames are sent this way, too."""

    def read(probe: DispatcherProbe) -> None:
        probe.parse(frame(b"are you there", PING))
        probe.app.send("text")
        assert probe.app.sock is not None
        probe.app.sock.ping()
        probe.app.sock.send_close()

    probe = DispatcherProbe(read)
    probe.run()

    assert probe.written == [
        (PONG, b"are you there"),
        (1, b"text"),
        (PING, b""),
        (CLOSE, b"\x03\xe8"),
    ]


def test_a_close_frame_is_answered_and_torn_down() -> None:
    """``on_error``, then ``on_close`` with the code; ``keep_running`` tells the end."""
    probe = DispatcherProbe(lambda probe: probe.parse(frame(b"\x0f\xa1bye", CLOSE)))
    probe.run()

    assert [code for code, _ in probe.written] == [CLOSE]
    assert probe.names[2:] == ["error", "close"]
    assert probe.calls[-1] == ("close", 4001, "bye")
    assert probe.app.keep_running is False
    assert probe.app.sock is None


@pytest.mark.parametrize(
    "data",
    [b"\xc1\x01x", b"\x83\x01x", frame(b"x", 0), frame(b"\x03\xed", CLOSE)],
    ids=["reserved bit", "unknown opcode", "lone continuation", "invalid close code"],
)
def test_a_breach_of_the_protocol_comes_out_of_it(data: bytes) -> None:
    """A WebSocketException is raised, without any callback."""
    raised: list[BaseException] = []

    def read(probe: DispatcherProbe) -> None:
        try:
            probe.parse(data)
        except websocket.WebSocketException as error:
            raised.append(error)

    probe = DispatcherProbe(read)
    probe.run()

    assert len(raised) == 1
    assert probe.names == ["signal", "read"]


def test_a_torn_down_app_ends_without_waiting() -> None:
    """With the socket shut and ``keep_running`` off, one teardown follows."""

    def end(probe: DispatcherProbe) -> None:
        assert probe.app.sock is not None
        probe.app.sock.shutdown()  # type: ignore[no-untyped-call]
        probe.app.keep_running = False
        assert probe.read_callback() is False
        assert probe.read_callback() is False

    probe = DispatcherProbe(end)
    probe.run()

    assert probe.calls[2:] == [("close", None, None)]
    assert probe.written == []
    assert probe.app.sock is None
    assert probe.sock.fileno() == -1


# Names


def test_the_names_are_there() -> None:
    """The parameters' names are checked as well as the methods'."""
    made = inspect.signature(websocket.WebSocketApp).parameters
    run = inspect.signature(websocket.WebSocketApp.run_forever).parameters

    assert {"header", "socket", "on_message", "on_pong", "on_error", "on_close"} <= {
        *made
    }
    assert {"dispatcher", "skip_utf8_validation", "origin", "suppress_origin"} <= {*run}
    app = websocket.WebSocketApp("ws://localhost/")
    assert app.sock is None
    assert app.keep_running is False
    core = websocket.WebSocket()
    assert core.sock is None
    for name in ("send_close", "shutdown", "ping", "send"):
        assert callable(getattr(core, name))
    assert websocket.ABNF.OPCODE_CLOSE == CLOSE


def test_no_private_name_of_the_library_is_used() -> None:
    """A private name may change in any release."""
    source = Path(websocket_client.__file__).read_text(encoding="utf-8")

    assert re.findall(r"(?:_app|_app\.sock|websocket(?:\.\w+)*)\._\w+", source) == []


class Spy:
    """Passes all attributes on, and notes their names."""

    def __init__(self, target: Any, asked: set[str]) -> None:
        self.__dict__.update(target=target, asked=asked)

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self.target, name)


def test_what_the_library_asks_of_its_socket() -> None:
    """The stand-in has every attribute; ``_closed`` is the only private one."""
    asked: set[str] = set()

    def read(probe: DispatcherProbe) -> None:
        assert probe.app.sock is not None
        probe.app.sock.sock = Spy(probe.feed, asked)  # type: ignore[assignment]
        probe.parse(frame(b"x") + frame(b"", PING))
        probe.read_callback()
        probe.app.send("text")
        probe.app.sock.shutdown()  # type: ignore[no-untyped-call]
        probe.app.keep_running = False
        probe.read_callback()

    DispatcherProbe(read).run()

    assert asked == {"recv", "gettimeout", "close", "_closed"}
