"""Data in and out of one open connection, without the library."""

from __future__ import annotations

import math
import socket
import ssl
from typing import Any, Iterator, Mapping

import pytest

from assetstream.core.outcomes import Broken, Closed, Ending
from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.net.frames import BadFrame
from assetstream.runtime.net.send_buffer import SendBuffer
from assetstream.runtime.net.transport import CHUNK, READS, FrameTransport
from assetstream.runtime.net.websocket_client import Parsed
from tests.support.raw_server import CLOSE, PONG, frame


class Notes:
    """A parser that records every call of its owner."""

    deadline = math.inf

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.transport = FrameTransport(
            self, self.ours, SendBuffer(self.ours), self.parse, self.finish
        )

    def parse(self, frame: bytes) -> Parsed:
        if frame[0] & 0x70:
            raise BadFrame("reserved bits")
        closed = Closed(1000) if frame[0] & 0x0F == CLOSE else None
        return Parsed([], frame[0] & 0x0F == PONG, closed)

    def opened(self, headers: Mapping[str, str], asked: float) -> None: ...

    def received(self, frames: list[bytes]) -> None:
        self.events.append(frames)

    def pong(self) -> None:
        self.events.append("pong")

    def due(self) -> None: ...

    def ended(self, ending: Ending) -> None: ...

    def finish(self, ending: Ending) -> None:
        self.events.append(ending)
        self.transport.over = True


@pytest.fixture
def notes() -> Iterator[Notes]:
    notes = Notes()
    yield notes
    notes.ours.close()
    notes.theirs.close()


def test_frames_before_a_control_frame_come_before_it(notes: Notes) -> None:
    """One read is one list of messages, but for pongs between them."""
    notes.transport.take(frame(b"1") + frame(b"2") + frame(b"", PONG) + frame(b"3"))
    assert notes.events == [[b"1", b"2"], "pong", [b"3"]]


def test_nothing_is_delivered_behind_a_close(notes: Notes) -> None:
    """Frames after the close frame are dropped."""
    notes.transport.take(frame(b"1") + frame(b"", CLOSE) + frame(b"2"))
    assert notes.events == [[b"1"], Closed(1000)]


def test_a_broken_frame_ends_it_behind_what_was_good(notes: Notes) -> None:
    """The error has a likely cause."""
    notes.transport.take(frame(b"1") + b"\xf1\x01x" + frame(b"2"))
    first, ending = notes.events
    assert first == [b"1"]
    assert isinstance(ending.error, ProtocolError)
    assert "so the connection was ended" in ending.error.problem
    assert "If this repeats, a proxy" in ending.error.remedy


def test_reading_where_nothing_is_does_nothing(notes: Notes) -> None:
    """A needless wake-up does not end the stream."""
    notes.transport.readable()
    assert notes.events == []
    notes.theirs.close()
    notes.transport.readable()
    assert notes.events == [Closed(None)]


def test_a_failed_send_has_its_reason(notes: Notes) -> None:
    """The error waits for its deadline, as the peer's close frame may still come."""
    notes.theirs.close()
    notes.transport.send_buffer.put(b"x")
    assert notes.events == []
    assert notes.transport.deadline < math.inf
    notes.transport.due()
    (ending,) = notes.events
    assert ending == Closed(None, notes.transport.send_buffer.failure)
    assert ending.reason


def test_a_peer_that_takes_nothing_is_lost(notes: Notes) -> None:
    """No send failed, but the buffer was not emptied in time."""
    notes.transport.due()
    (ending,) = notes.events
    assert isinstance(ending, Broken)
    assert isinstance(ending.error, ConnectionLost)
    assert "by itself. Check this machine's network" in str(ending.error)


class Reads:
    """A socket that returns, or raises, one thing after the other."""

    def __init__(self, *reads: bytes | Exception) -> None:
        self.reads = list(reads)

    def recv(self, size: int) -> bytes:
        given = self.reads.pop(0) if self.reads else BlockingIOError()
        if isinstance(given, Exception):
            raise given
        assert len(given) <= size
        return given


FULL = frame(b"x" * 1000) * (CHUNK // 1004)


def reading(notes: Notes, *reads: bytes | Exception) -> Reads:
    """Let the transport read these."""
    sock = Reads(*reads)
    notes.transport._sock = sock  # type: ignore[assignment]
    return sock


def test_several_reads_come_as_one_list(notes: Notes) -> None:
    """A frame may be cut between two reads."""
    reading(notes, FULL + frame(b"cut")[:2], frame(b"cut")[2:] + FULL, frame(b"last"))
    notes.transport.readable()

    (frames,) = notes.events
    assert len(frames) == 2 * (CHUNK // 1004) + 2
    assert frames[-1] == b"last"


def test_a_flood_is_left_after_a_bound(notes: Notes) -> None:
    """Other connections have their turn however fast the peer is."""
    sock = reading(notes, *[FULL] * (READS + 1))
    notes.transport.readable()

    assert len(sock.reads) == 1
    assert len(notes.events) == 1


def test_a_short_read_is_the_last(notes: Notes) -> None:
    """A single frame costs one system call."""
    sock = reading(notes, frame(b"x"), frame(b"y"))
    notes.transport.readable()

    assert notes.events == [[b"x"]]
    assert len(sock.reads) == 1


@pytest.mark.parametrize("end", [b"", ConnectionResetError(104, "reset")])
def test_an_end_comes_behind_what_was_read(
    notes: Notes, end: bytes | Exception
) -> None:
    """Data read together with the end is delivered."""
    reading(notes, FULL, end)
    notes.transport.readable()

    frames, ending = notes.events
    assert len(frames) == CHUNK // 1004
    assert ending == Closed(None, "reset" if end else "")


def test_a_read_that_must_write_goes_on_when_it_can(notes: Notes) -> None:
    """TLS answers the peer before it reads on."""
    reading(notes, ssl.SSLWantWriteError(), frame(b"x"), frame(b"y"))
    notes.transport.readable()
    assert notes.transport.wants_write
    assert notes.events == []
    notes.transport.writable()
    assert notes.events == [[b"x"]]
    notes.transport.writable()
    assert notes.events == [[b"x"]]
    assert not notes.transport.wants_write


def test_a_send_that_must_read_goes_on_when_it_has(notes: Notes) -> None:
    """The read may bring only TLS's own data."""
    outbox = notes.transport.send_buffer
    outbox.put(b"x")
    assert notes.theirs.recv(10) == b"x"
    outbox._bytes += b"y"
    outbox.wants_read = True
    reading(notes, ssl.SSLWantReadError())
    notes.transport.readable()

    assert notes.theirs.recv(10) == b"y"
    assert not outbox.wants_read
