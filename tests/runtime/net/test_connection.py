"""One WebSocket connection, from the upgrade to its end."""

from __future__ import annotations

import gc
import logging
import random
import socket
import struct
import threading
import weakref
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket

from assetstream.core.outcomes import Abandoned, Broken, Closed, Ending, Refused
from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.protocol import Connect
from assetstream.runtime.loop import clock, helpers
from assetstream.runtime.loop.helpers import MOST_THREADS
from assetstream.runtime.net import connection
from assetstream.runtime.net.transport import FrameTransport
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Peer,
    RawServer,
    Recorder,
    frame,
)

BYE = frame(b"\x03\xe8", CLOSE)


def serve(*pieces: bytes) -> tuple[Recorder, Ending]:
    """Run a channel against a server that accepts, sends this and ends."""
    recorder = Recorder()

    def script(peer: Peer) -> None:
        peer.upgrade()
        for piece in pieces:
            peer.send(piece)
        peer.sock.shutdown(socket.SHUT_WR)
        peer.read_all()

    with RawServer(script) as server:
        return recorder, recorder.run(server.url)


# Receiving


def random_stream(source: random.Random) -> bytes:
    """Frames of all kinds, fragmented messages with pings between, an end."""
    sizes = (0, 1, 5, 125, 126, 127, 300, 600, 65535, 65536, 70000)
    data = b""
    for _ in range(source.randint(1, 40)):
        size = source.choice(sizes if source.random() < 0.1 else sizes[:7])
        payload = source.randbytes(size)
        opcode, kind = source.choice((TEXT, BINARY)), source.random()
        if kind < 0.7:
            data += frame(payload, opcode)
        elif kind < 0.85:
            data += frame(payload[:125], source.choice((PING, PONG)))
        else:
            data += frame(payload, opcode, final=False)
            if source.random() < 0.5:
                data += frame(b"between", source.choice((PING, PONG)))
            if source.random() < 0.5:
                data += frame(payload, 0, final=False)
            data += frame(b"tail", 0)
    ends = [
        frame(b"\x0f\xa1bye", CLOSE),
        frame(b"", CLOSE),
        b"",
        b"\x81",
        b"\x01\x05ab",
    ]
    ends += [b"\xc1\x01a", b"\x83\x01a", frame(b"x", 0), frame(b"\x03\xedx", CLOSE)]
    ends += [frame(b"x", final=False) + frame(b"not a continuation")]
    return data + source.choice(ends)


def stock_run(url: str) -> tuple[list[Any], str]:
    """Run the library with its own loop; return the messages and the end."""
    events: list[Any] = []
    errors: list[Exception] = []
    # Our own socket, for the library leaves its open after a Close frame.
    sock = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
    app = websocket.WebSocketApp(
        url,
        socket=sock,
        on_message=lambda app, message: events.append(bytes(message)),
        on_pong=lambda app, payload: events.append("pong"),
        on_error=lambda app, error: errors.append(error),
    )
    app.run_forever(skip_utf8_validation=True)
    sock.close()
    (error,) = errors
    if isinstance(error, websocket.WebSocketProtocolException):
        return events, "broken"
    if hasattr(error, "status_code"):
        return events, f"closed {error.status_code} {error.reason or ''}"
    return events, "lost"


def own_run(url: str) -> tuple[list[Any], str]:
    recorder = Recorder()
    ending = recorder.run(url)
    if isinstance(ending, Broken):
        assert isinstance(ending.error, ProtocolError)
        return recorder.events, "broken"
    assert isinstance(ending, Closed)
    if ending.code is None:
        return recorder.events, "lost"
    code = None if ending.code == 1005 else ending.code
    return recorder.events, f"closed {code} {ending.reason}"


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_behaves_as_the_library_on_any_stream(first: int) -> None:
    """On random streams, cut anywhere, it delivers and ends as stock run_forever."""
    for seed in range(first, first + 10):
        data = random_stream(random.Random(seed))
        cuts = random.Random(seed + 1)

        def script(peer: Peer, data: bytes = data, cuts: random.Random = cuts) -> None:
            peer.upgrade()
            position = 0
            while position < len(data):
                size = cuts.choice((1, 2, 3, 7, 300, 5000, 100_000))
                peer.send(data[position : position + size])
                position += size
            peer.sock.shutdown(socket.SHUT_WR)
            peer.read_all()

        with RawServer(script) as server:
            assert own_run(server.url) == stock_run(server.url), f"seed {seed}"


def test_frames_of_one_read_come_as_one_list_in_order() -> None:
    """Fast frames and messages made of fragments keep the order of the wire."""
    lists: list[list[bytes]] = []
    recorder = Recorder()
    recorder.on_received = lambda frames: [
        lists.append(frames),
        recorder.channel.close(),
    ]
    fragments = frame(b"2", final=False) + frame(b"", 0, final=False) + frame(b"2", 0)
    behind = frame(b"1") + fragments + frame(b"3", BINARY) + fragments + frame(b"4")

    def script(peer: Peer) -> None:
        peer.upgrade(behind=behind)
        peer.read_all()

    with RawServer(script) as server:
        recorder.run(server.url)
    assert lists == [[b"1", b"22", b"3", b"22", b"4"]]


def test_what_came_behind_the_head_is_delivered() -> None:
    """Frames in the same packet as the acceptance are not lost."""
    recorder = Recorder()
    behind = frame(b"first") + frame(b"second")[:3]

    def script(peer: Peer) -> None:
        peer.upgrade(behind=behind)
        peer.send(frame(b"second")[3:] + BYE)
        peer.read_all()

    with RawServer(script) as server:
        assert recorder.run(server.url) == Closed(1000)
    assert recorder.events == [b"first", b"second"]


def test_pings_are_answered_and_pongs_delivered_in_order() -> None:
    """A ping between fragments gets its pong; pongs keep their place."""
    answers = []
    recorder = Recorder()

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(frame(b"a", final=False) + frame(b"one", PING) + frame(b"b", 0))
        peer.send(frame(b"c") + frame(b"", PONG) + frame(b"d") + frame(b"two", PING))
        answers.extend([peer.read_frame(), peer.read_frame()])
        peer.send(BYE)
        answers.append(peer.read_frame())

    with RawServer(script) as server:
        assert recorder.run(server.url) == Closed(1000)
    assert recorder.events == [b"ab", b"c", "pong", b"d"]
    assert answers == [(PONG, b"one"), (PONG, b"two"), (CLOSE, b"\x03\xe8")]


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x7f" + struct.pack("!Q", 200 << 20),
        frame(b"x" * 600_000, final=False) + frame(b"x" * 600_000, 0, final=False),
        b"\xc1\x01x",
        b"\x81\x81\0\0\0\0x",
        frame(b"\x03", CLOSE),
        frame(b"\x03\xed", CLOSE),
        frame(b"x", 0),
        frame(b"x" * 126, PING),
    ],
    ids=[
        "oversize",
        "oversize in sum",
        "reserved bit",
        "masked",
        "short close",
        "invalid close code",
        "lone continuation",
        "long ping",
    ],
)
def test_a_breach_of_the_protocol_ends_it(data: bytes) -> None:
    """Frames before it are delivered, bytes behind it are not."""
    recorder, ending = serve(frame(b"good"), data + frame(b"bad"))
    assert isinstance(ending, Broken)
    assert isinstance(ending.error, ProtocolError)
    assert recorder.events == [b"good"]


# The end


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (frame(b"\x03\xe8", CLOSE), Closed(1000, "")),
        (frame(b"\x0f\xa1go away", CLOSE), Closed(4001, "go away")),
        (frame(b"\x0f\xa1\xff", CLOSE), Closed(4001, "\ufffd")),
        (frame(b"", CLOSE), Closed(1005, "")),
        (b"", Closed(None, "")),
        (b"\x81\x05half", Closed(None, "")),
        (frame(b"half", final=False), Closed(None, "")),
    ],
    ids=[
        "1000",
        "4001",
        "bad text",
        "no code",
        "end",
        "half a frame",
        "half a message",
    ],
)
def test_the_end_has_the_peers_code_and_reason(end: bytes, expected: Closed) -> None:
    """The end has code and reason of the close frame; None without one (L2)."""
    recorder, ending = serve(frame(b"data") + end)
    assert ending == expected
    assert recorder.events == [b"data"]


def test_a_reset_is_a_lost_connection() -> None:
    """The error has the system's word for RST."""

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.reset()

    with RawServer(script) as server:
        ending = Recorder().run(server.url)
    assert isinstance(ending, Closed)
    assert ending.code is None
    assert "reset" in ending.reason


def test_close_code_survives_a_failing_send() -> None:
    """The close frame of a peer that resets is read before the reset is."""
    recorder = Recorder()

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(frame(b"\x0f\xa1limit", CLOSE))
        peer.sock.close()
        recorder.inbox.post(lambda: None)

    def send_twice() -> None:
        for _ in range(2):
            recorder.channel.send("x" * 1000)

    recorder.on_opened = send_twice
    with RawServer(script) as server:
        assert recorder.run(server.url) == Closed(4001, "limit")


def test_close_ends_it_at_once_though_the_peer_is_mute() -> None:
    """A Close frame goes out; the peer's is not awaited.

    A second close does nothing.
    """
    last: list[tuple[int, bytes]] = []

    def script(peer: Peer) -> None:
        peer.upgrade()
        last.append(peer.read_frame())
        peer.read_all()

    recorder = Recorder()

    def close() -> None:
        recorder.channel.close()
        recorder.channel.close()
        recorder.channel.send("ignored")
        recorder.channel.ping()

    recorder.on_opened = lambda: recorder.inbox.post(close)
    with RawServer(script) as server:
        assert recorder.run(server.url) == Abandoned()
    assert last == [(CLOSE, b"\x03\xe8")]
    assert not recorder.channel.is_open


@pytest.mark.parametrize(
    "half",
    [b"\x81", b"\x81\x7e\x01", b"\x81\x05ab", b"\x01\x03abc", b"\x01\x03abc\x80"],
)
def test_half_a_frame_does_not_hold_it(half: bytes) -> None:
    """Deadlines and close() work in the middle of a frame."""
    recorder = Recorder()

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(frame(b"x") + half)
        peer.read_all()

    def soon(frames: list[bytes]) -> None:
        recorder.deadline = clock.now() + 0.02

    recorder.on_received = soon
    recorder.on_due = recorder.channel.close
    with RawServer(script) as server:
        assert recorder.run(server.url) == Abandoned()


@pytest.mark.parametrize("where", ["opened", "received", "pong", "due"])
def test_the_owner_may_close_it_anywhere(where: str) -> None:
    """Each method of the owner may close; no call follows ``ended``."""
    recorder = Recorder()
    recorder.deadline = clock.now() + (0.05 if where == "due" else PATIENCE)
    setattr(recorder, f"on_{where}", lambda *a: recorder.channel.close())

    def script(peer: Peer) -> None:
        peer.upgrade()
        if where != "due":
            peer.send(frame(b"x") + frame(b"", PONG) + frame(b"y") + BYE)
        peer.read_all()

    with RawServer(script) as server:
        assert recorder.run(server.url) == Abandoned()
    expected = {"received": [b"x"], "pong": [b"x", "pong"]}
    assert recorder.events == expected.get(where, [])


class OwnersFaultError(Exception):
    """Raised by an owner in a test."""


@pytest.mark.parametrize("where", ["opened", "received", "pong", "due"])
@pytest.mark.parametrize("fault", [OwnersFaultError, KeyboardInterrupt, SystemExit])
def test_what_the_owner_raises_comes_out(
    where: str, fault: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """The library swallows what callbacks raise; the reader does not."""
    recorder = Recorder()

    def fail(*args: object) -> None:
        raise fault("SECRET")

    if where == "due":
        recorder.on_opened = lambda: setattr(recorder, "deadline", clock.now())
    setattr(recorder, f"on_{where}", fail)

    def script(peer: Peer) -> None:
        peer.upgrade()
        if where != "due":
            peer.send(frame(b"x") + frame(b"", PONG))
        peer.read_all()

    with RawServer(script) as server, pytest.raises(fault, match="SECRET"):
        recorder.run(server.url)
    assert recorder.endings == [Abandoned()]
    assert "SECRET" not in caplog.text


def test_a_fault_in_the_attempt_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is raised in the reader's thread, after one ``ended``."""

    def fault(*args: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("assetstream.runtime.net.connection.dial", fault)
    recorder = Recorder()
    with pytest.raises(ZeroDivisionError):
        recorder.run("ws://127.0.0.1:1/")
    assert recorder.endings == [Abandoned()]


def test_a_machine_without_a_free_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt fails, and can be repeated."""

    def no_thread(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    ending = Recorder().run("ws://127.0.0.1:1/")
    assert isinstance(ending, Broken)
    assert "could not make a connection (can't start new thread)" in str(ending.error)


def test_one_that_waits_for_a_helper_ends_at_once_when_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All helpers of the place are busy, so nothing was dialled."""
    monkeypatch.setattr(helpers, "STUCK", 0.0)
    recorder = Recorder()
    dialled = [recorder.another() for _ in range(MOST_THREADS)]
    with RawServer(Peer.read_all) as server:
        for connection in (*dialled, recorder.channel):
            connection.dial(
                Connect(server.url),
                recorder.helpers,
                timeout=PATIENCE,
                ssl_context=None,
                proxy=None,
            )
        recorder.channel.close()
        recorder.reader.turn()
        assert recorder.endings == [Abandoned()]
        for connection in dialled:
            connection.close()
        while len(recorder.endings) <= MOST_THREADS:
            recorder.reader.turn()
        assert server.connections <= MOST_THREADS
    recorder.close()


# Sending


def test_sends_headers_text_and_pings() -> None:
    """Headers go into the upgrade, no Origin unless asked; text and pings in order."""
    seen: list[Any] = []
    recorder = Recorder()

    def talk() -> None:
        assert recorder.channel.is_open
        recorder.channel.send("grüß")
        recorder.channel.ping()

    recorder.on_opened = talk

    def script(peer: Peer) -> None:
        peer.upgrade(b"Date: today\r\n")
        seen.extend([peer.read_frame(), peer.read_frame()])
        peer.send(BYE)
        peer.read_all()
        seen.append(peer.request)

    with RawServer(script) as server:
        recorder.run(server.url, headers={"Authorization": "Bearer x"})
    assert seen[:2] == [(TEXT, "grüß".encode()), (PING, b"")]
    assert b"\r\nAuthorization: Bearer x\r\n" in seen[2]
    assert b"Origin" not in seen[2]
    assert recorder.headers["date"] == "today"


def test_nothing_of_connecting_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what upgraded nor what could call it off: an account is to be light."""
    made: list[weakref.ref[Any]] = []

    def watch(module: ModuleType, name: str) -> None:
        kind = getattr(module, name)

        def make(*args: Any, **options: Any) -> Any:
            each = kind(*args, **options)
            made.append(weakref.ref(each))
            return each

        monkeypatch.setattr(module, name, make)

    for name in ("CancellableJob", "CancelScope", "UpgradeSocket"):
        watch(connection, name)
    watch(websocket, "WebSocketApp")
    recorder = Recorder()

    def look() -> None:
        gc.collect()
        if any(each() is not None for each in made):  # the helper is still ending
            recorder.inbox.post(look)
        else:
            assert recorder.channel.is_open
            recorder.channel.close()

    recorder.on_opened = lambda: recorder.inbox.post(look)

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.read_all()

    with RawServer(script) as server:
        recorder.run(server.url)
    assert len(made) == 4


def test_sends_the_origin_that_is_asked_for() -> None:
    """An exchange that wants an Origin gets exactly that."""
    requests: list[bytes] = []

    def script(peer: Peer) -> None:
        peer.upgrade(behind=BYE)
        requests.append(peer.request)
        peer.read_all()

    with RawServer(script) as server:
        Recorder().run(server.url, origin="https://www.exchange.test")
    assert b"\r\nOrigin: https://www.exchange.test\r\n" in requests[0]


@pytest.mark.parametrize("how", ["too much", "too long"])
def test_a_peer_that_never_reads_is_a_lost_connection(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over 64 KB unsent, or unsent for too long, end it without blocking."""
    if how == "too long":
        monkeypatch.setattr("assetstream.runtime.net.send_buffer.STALL_TIME", 0.05)
    recorder, over = Recorder(), threading.Event()

    def flood() -> None:
        (transport,) = recorder.reader._sockets
        assert isinstance(transport, FrameTransport)
        transport._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        # More than both ends' buffers hold, so that it stays.
        unsent = 50_000 if how == "too long" else 70_000
        while len(transport.send_buffer._bytes) < unsent:
            recorder.channel.send("x" * 10_000)

    recorder.on_opened = flood

    def script(peer: Peer) -> None:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.upgrade()
        over.wait(PATIENCE)

    with RawServer(script) as server:
        ending = recorder.run(server.url)
        over.set()
    assert isinstance(ending, Broken)
    assert isinstance(ending.error, ConnectionLost)
    assert "does not take what is sent" in str(ending.error)


def test_a_slow_peer_gets_everything_in_order() -> None:
    """Bytes that the socket does not take are sent later."""
    got: list[bytes] = []
    recorder = Recorder()

    def many() -> None:
        for number in range(6):
            recorder.channel.send(str(number) * 10_000)

    recorder.on_opened = many

    def script(peer: Peer) -> None:
        peer.upgrade()
        for _ in range(6):
            head = peer.sock.recv(8, socket.MSG_WAITALL)
            payload = peer.sock.recv(10_000, socket.MSG_WAITALL)
            got.append(bytes([payload[0] ^ head[4]]) + str(len(payload)).encode())
        peer.send(BYE)
        peer.read_all()

    with RawServer(script) as server:
        assert recorder.run(server.url) == Closed(1000)
    assert got == [str(n).encode() + b"10000" for n in range(6)]


# Around it


def test_the_librarys_log_holds_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Of a refusal it logs nothing: we do, in our words."""
    caplog.set_level(logging.DEBUG, "websocket")
    recorder = Recorder()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 401 SECRET\r\nX-Secret: SECRET\r\n\r\nSECRET")

    with RawServer(script) as server:
        ending = recorder.run(
            server.url + "?sign=SECRET", headers={"Authorization": "Bearer SECRET"}
        )
    assert isinstance(ending, Refused)
    assert "401" not in caplog.text
    assert "SECRET" not in caplog.text


def test_many_channels_leave_nothing_behind() -> None:
    """Connections that come and go leave no thread, socket or reader entry (R21)."""

    def script(peer: Peer) -> None:
        peer.upgrade(behind=frame(b"x") + BYE)
        peer.read_all()

    with RawServer(script) as server:
        for _ in range(20):
            recorder = Recorder()
            assert recorder.run(server.url) == Closed(1000)
            assert recorder.channel._transport is None


def test_one_reader_serves_the_next_channel_too() -> None:
    """After an end the same reader and owner take a new channel."""
    recorder = Recorder()

    def script(peer: Peer) -> None:
        peer.upgrade(behind=frame(b"x") + BYE)
        peer.read_all()

    with RawServer(script) as server:
        for _ in range(2):
            recorder.another().dial(
                Connect(server.url),
                recorder.helpers,
                timeout=PATIENCE,
                ssl_context=None,
                proxy=None,
            )
            while not recorder.endings:
                recorder.reader.turn()
            recorder.events.extend(recorder.endings)
            recorder.endings.clear()
    recorder.close()
    assert recorder.events == [b"x", Closed(1000)] * 2
