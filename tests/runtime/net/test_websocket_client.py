"""websocket-client as the parser of frames that are not plain data."""

from __future__ import annotations

import io
import logging

import pytest

from assetstream.core.outcomes import Abandoned, Broken, Closed, Refused
from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.net.cancel import Cancelled
from assetstream.runtime.net.frames import BadFrame
from assetstream.runtime.net.upgrade import UpgradeRefused
from assetstream.runtime.net.websocket_client import (
    NO_STATUS,
    WebSocketClient,
    refusal,
)
from tests.support.raw_server import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    Peer,
    RawServer,
    Recorder,
    frame,
)


class Open:
    """An open WebSocket, and what is sent on it."""

    def __init__(self) -> None:
        self.sent = b""
        self.client = WebSocketClient(self.send)

    def send(self, data: bytes) -> None:
        self.sent += data


@pytest.fixture
def opened() -> Open:
    return Open()


def test_a_fragmented_message_is_returned_when_it_is_complete(opened: Open) -> None:
    """A pong may come between its fragments."""
    parse = opened.client.parse
    assert parse(frame(b"to", TEXT, final=False)) == ([], False, None)
    assert parse(frame(b"", PONG)) == ([], True, None)
    assert parse(frame(b"gether", 0)) == ([b"together"], False, None)
    assert parse(frame(b"", PONG)) == ([], True, None)


def test_a_parser_is_kept_for_an_unfinished_message_only(opened: Open) -> None:
    """An account that waits for pushes has none."""
    client = opened.client
    client.parse(frame(b"", PONG))
    assert client._unfinished is None
    client.parse(frame(b"to", TEXT, final=False))
    client.parse(frame(b"", PONG))
    assert client._unfinished is not None
    client.parse(frame(b"gether", 0))
    assert client._unfinished is None


def test_a_ping_is_answered(opened: Open) -> None:
    """The library answers with a masked pong."""
    assert opened.client.parse(frame(b"hello", PING)) == ([], False, None)
    assert opened.sent[:2] == bytes([0x80 | PONG, 0x80 | 5])


@pytest.mark.parametrize("payload", [b"", b"p" * 125])
def test_a_pong_is_only_noted(opened: Open, payload: bytes) -> None:
    """Whatever is in it; it is answered by nothing."""
    before = opened.sent
    assert opened.client.parse(frame(payload, PONG)) == ([], True, None)
    assert opened.sent == before


def test_a_pong_with_a_reserved_bit_is_refused(opened: Open) -> None:
    """The library says so."""
    with pytest.raises(BadFrame):
        opened.client.parse(b"\xca\x00")


@pytest.mark.parametrize(
    ("payload", "closed"),
    [
        (b"", Closed(NO_STATUS)),
        (b"\x03\xe8", Closed(1000)),
        (b"\x0f\xa1SECRET", Closed(4001, "SECRET")),
    ],
)
def test_a_close_frame(
    opened: Open, payload: bytes, closed: Closed, caplog: pytest.LogCaptureFixture
) -> None:
    """The library, which would log its reason, never sees it."""
    assert opened.client.parse(frame(payload, CLOSE)) == ([], False, closed)
    assert "SECRET" not in caplog.text


def test_a_frame_that_breaks_the_protocol(opened: Open) -> None:
    """The error is ours, without the library's exception."""
    with pytest.raises(BadFrame):
        opened.client.parse(frame(b"no beginning", 0))


def test_a_close_frame_over_the_limit_is_kept_from_the_library(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """It may quote the login as any other."""
    with pytest.raises(BadFrame):
        opened.client.parse(frame(b"\x0f\xa1" + b"SECRET" * 30, CLOSE))
    assert "SECRET" not in caplog.text


def test_the_librarys_trace_shows_no_secret() -> None:
    """``websocket.enableTrace`` shows a dialogue without credentials on either side."""
    import websocket

    shown, received = io.StringIO(), list[bytes]()

    def script(peer: Peer) -> None:
        peer.upgrade(extra=b"X-Echo: SECRET\r\n", behind=frame(b"hi", PING))
        received.append(peer.request)
        received.append(peer.read_frame()[1])
        received.append(peer.read_frame()[1])
        peer.send(frame(b"\x0f\xa1SECRET", CLOSE))
        peer.read_all()

    recorder = Recorder()
    recorder.on_opened = lambda: recorder.channel.send('{"login": "SECRET"}')
    websocket.enableTrace(True, logging.StreamHandler(shown))
    try:
        with RawServer(script) as server:
            ending = recorder.run(
                server.url + "?sign=SECRET", headers={"Authorization": "Bearer SECRET"}
            )
    finally:
        websocket.enableTrace(False)
    request, *frames = received

    assert ending == Closed(4001, "SECRET")
    assert sorted(frames) == [b"hi", b'{"login": "SECRET"}']
    assert request.startswith(b"GET /ws?sign=SECRET HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer SECRET\r\n" in request
    for part in ("request header", "Authorization: ***", "response header", "Sent"):
        assert part in shown.getvalue()
    assert "SECRET" not in shown.getvalue()


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (UpgradeRefused(403, {}, b"no"), Refused),
        (Cancelled(), Abandoned),
        (ConnectionLost("gone"), Broken),
    ],
)
def test_why_there_was_no_upgrade(failure: BaseException, kind: type) -> None:
    """Each reason is a different error."""
    assert isinstance(refusal(failure), kind)


def test_a_fault_of_ours_is_no_reason() -> None:
    """An end without any reason is none either."""
    with pytest.raises(RuntimeError, match="without a reason"):
        refusal(None)
    with pytest.raises(ZeroDivisionError):
        refusal(ZeroDivisionError())


def test_a_wrong_answer_to_the_upgrade() -> None:
    """The accept key is wrong: a proxy may have answered."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n"
        )
        peer.read_all()

    with RawServer(script) as server:
        recorder = Recorder()
        reason = recorder.run(server.url)
    assert isinstance(reason, Broken)
    assert isinstance(reason.error, ProtocolError)
    assert "the answer to the upgrade is wrong" in reason.error.problem
