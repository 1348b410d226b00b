"""The answer to an HTTP request: where it ends, and what is none."""

from __future__ import annotations

import socket

import pytest

from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.loop import clock
from assetstream.runtime.net import answer
from assetstream.runtime.net.answer import Answer, AnswerReader
from assetstream.runtime.net.cancel import CancelScope, CancelToken
from tests.support.event_recorder import PATIENCE

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(sent: bytes) -> Answer:
    """Read an answer from a server that sends this and closes."""
    token = CancelToken()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    scope = CancelScope(clock.now() + PATIENCE, token, "the peer")
    try:
        theirs.sendall(sent)
        theirs.close()
        return AnswerReader(ours, scope).read()
    finally:
        ours.close()
        token.close()


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
        (OK + b"content-length:0\r\n\r\n", b""),
        (OK + b"Content-Length: 000\r\n\r\n", b""),
        (CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", b"ok"),
        (CHUNKED + b" A \r\n0123456789\r\n00\r\nX-Trailer: 1\r\n\r\n", b"0123456789"),
        (OK.replace(b"200", b"101") + b"\r\n", b""),
        (OK.replace(b"200", b"204") + b"\r\n", b""),
        (OK.replace(b"200", b"304") + b"Content-Length: 2\r\n\r\n", b""),
    ],
)
def test_what_ends_by_itself_keeps_its_connection(sent: bytes, body: bytes) -> None:
    """A length, chunks, or a status that has no body tell the end."""
    found = read(sent)
    assert found.body == body
    assert not found.last


@pytest.mark.parametrize(
    "sent",
    [
        OK + b"\r\nok",
        OK + b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 1\r\n\r\nok",
        OK + b"Content-Length: 2\r\nConnection: Close\r\n\r\nok",
        OK.replace(b"1.1", b"1.0") + b"Content-Length: 2\r\n\r\nok",
        OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 2\r\n\r\nno",
        CHUNKED + b"2\r\nok\r\n0\r\n\r\nmore",
    ],
)
def test_the_last_answer_of_a_connection(sent: bytes) -> None:
    """It ends with the connection, or nobody asked for what came behind it."""
    found = read(sent)
    assert found.body == b"ok"
    assert found.last


def test_headers_are_by_lower_case_names_without_cookies() -> None:
    """Those of one name are joined."""
    head = OK + b"Vary: a\r\nSet-Cookie: x=y\r\nVARY : b \r\nContent-Length: 0\r\n\r\n"
    assert read(head).headers == {"vary": "a, b", "content-length": "0"}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTT",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        OK[:-2],
        OK + b"X: 1",
        OK + b"X: 1\r\n",
        OK + b"Content-Length: 3\r\n\r\nok",
        CHUNKED,
        CHUNKED + b"2\r\nok",
        CHUNKED + b"2\r\nok\r\n",
        CHUNKED + b"2\r\nok\r\n0\r\n",
    ],
)
def test_a_part_of_an_answer_is_none(sent: bytes) -> None:
    """Else it would be a reply of status 200 without a body."""
    with pytest.raises(ConnectionLost, match="before a whole answer"):
        read(sent)


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0\r\n\r\n",
        *(
            OK + b"Content-Length: " + length + b"\r\n\r\nokokok"
            for length in (b"", b"x", b"-2", b"+2", b"1_0", b"0x2", b"2, 3", b"9" * 99)
        ),
        *(
            CHUNKED + size + b"\r\nok\r\n0\r\n\r\n"
            for size in (b"", b"x", b"-2", b"+2", b"0x2", b"\xb2", b"9" * 99)
        ),
        CHUNKED + b"1\r\nok\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_no_answer(sent: bytes) -> None:
    """A length that is not understood would put the end at a wrong place."""
    with pytest.raises(ConnectionLost, match="what is not HTTP"):
        read(sent)


@pytest.mark.parametrize(
    "sent",
    [
        OK + b"X: " + b"x" * 70_000,
        b"HTTP/1.1 102 P\r\n" + b"X: 1\r\n" * 20_000,
        CHUNKED + b"1;" + b"x" * 70_000,
        CHUNKED + b"0\r\nX: " + b"x" * 70_000,
    ],
)
def test_no_line_is_read_for_ever(sent: bytes) -> None:
    """Neither a head nor a line between chunks is without limit."""
    with pytest.raises(ConnectionLost, match="no end of a head or line"):
        read(sent)


@pytest.mark.parametrize(
    "sent",
    [
        OK + b"Content-Length: 101\r\n\r\n",
        OK + b"\r\n" + b"x" * 101,
        CHUNKED + b"65\r\n",
        CHUNKED + b"64\r\n" + b"x" * 100 + b"\r\n1\r\n",
    ],
)
def test_a_body_has_a_limit(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before more of it is read."""
    monkeypatch.setattr(answer, "LIMIT", 100)
    with pytest.raises(ProtocolError, match="more than 100 bytes"):
        read(sent)


def test_a_body_of_just_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its length, by chunks, or to the end of the connection."""
    monkeypatch.setattr(answer, "LIMIT", 100)
    body = b"x" * 100
    assert read(OK + b"Content-Length: 100\r\n\r\n" + body).body == body
    assert read(CHUNKED + b"64\r\n" + body + b"\r\n0\r\n\r\n").body == body
    assert read(OK + b"\r\n" + body).body == body
