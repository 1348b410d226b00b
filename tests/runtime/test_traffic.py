"""What goes in and out of one open connection, without any library."""

from __future__ import annotations

import math
import socket
from typing import Any, Iterator, Mapping

import pytest

from assetstream.errors import ConnectionLost, ProtocolError
from assetstream.runtime.ending import Broken, Closed, Ending
from assetstream.runtime.frames import BadFrame
from assetstream.runtime.traffic import Traffic
from tests.runtime.raw_server import CLOSE, PONG, frame


class Notes:
    """A parser that understands what the tests send, and an owner that writes down."""

    deadline = math.inf

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.ponged = False
        self.closed: Closed | None = None
        self.events: list[Any] = []
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.traffic = Traffic(self, self.ours, self, self.finish)

    def parse(self, frame: bytes) -> None:
        if frame[0] & 0x70:
            raise BadFrame("reserved bits")
        self.ponged = frame[0] & 0x0F == PONG
        if frame[0] & 0x0F == CLOSE:
            self.closed = Closed(1000)

    def opened(self, headers: Mapping[str, str]) -> None: ...

    def received(self, frames: list[bytes]) -> None:
        self.events.append(frames)

    def pong(self) -> None:
        self.events.append("pong")

    def due(self) -> None: ...

    def ended(self, ending: Ending) -> None: ...

    def finish(self, ending: Ending) -> None:
        self.events.append(ending)
        self.traffic.over = True


@pytest.fixture
def notes() -> Iterator[Notes]:
    notes = Notes()
    yield notes
    notes.ours.close()
    notes.theirs.close()


def test_frames_before_a_control_frame_come_before_it(notes: Notes) -> None:
    """One read, one list of messages, except where a pong stands between them."""
    notes.traffic.take(frame(b"1") + frame(b"2") + frame(b"", PONG) + frame(b"3"))
    assert notes.events == [[b"1", b"2"], "pong", [b"3"]]


def test_nothing_is_delivered_behind_a_close(notes: Notes) -> None:
    """The peer has said its last words."""
    notes.traffic.take(frame(b"1") + frame(b"", CLOSE) + frame(b"2"))
    assert notes.events == [[b"1"], Closed(1000)]


def test_a_broken_frame_ends_it_behind_what_was_good(notes: Notes) -> None:
    """The error says what may be the cause."""
    notes.traffic.take(frame(b"1") + b"\xf1\x01x" + frame(b"2"))
    first, ending = notes.events
    assert first == [b"1"]
    assert isinstance(ending.error, ProtocolError)
    assert "reconnects. If this repeats:" in str(ending.error)


def test_reading_where_nothing_is_does_nothing(notes: Notes) -> None:
    """A wake-up for nothing is no end of the stream; the end is."""
    notes.traffic.readable()
    assert notes.events == []
    notes.theirs.close()
    notes.traffic.readable()
    assert notes.events == [Closed(None)]


def test_a_failed_send_tells_why(notes: Notes) -> None:
    """Only once its deadline passes, for the peer's close frame may still come."""
    notes.theirs.close()
    notes.traffic.outbox.put(b"x")
    assert notes.events == []
    assert notes.traffic.deadline < math.inf
    notes.traffic.due()
    (ending,) = notes.events
    assert ending == Closed(None, notes.traffic.outbox.failure)
    assert ending.reason


def test_a_peer_that_takes_nothing_is_lost(notes: Notes) -> None:
    """Nothing failed, but the outbox did not empty in time."""
    notes.traffic.due()
    (ending,) = notes.events
    assert isinstance(ending, Broken)
    assert isinstance(ending.error, ConnectionLost)
    assert "If this repeats:" in str(ending.error)
