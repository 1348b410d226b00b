"""The objects that stand in for a socket inside websocket-client."""

from __future__ import annotations

import socket
from typing import Iterator

import pytest

from assetstream.model.errors import ProtocolError
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import CancelScope, CancelToken
from assetstream.runtime.net.upgrade import (
    Exhausted,
    Feed,
    UpgradeRefused,
    UpgradeSocket,
)
from tests.support.event_recorder import PATIENCE


class Upgrade:
    """An UpgradeSocket, and the server's end of it."""

    def __init__(self) -> None:
        self.token = CancelToken()
        raw, self.server = socket.socketpair()
        raw.setblocking(False)
        scope = CancelScope(clock.now() + PATIENCE, self.token, "the peer")
        self.sock = UpgradeSocket(raw, scope)


@pytest.fixture
def upgrade() -> Iterator[Upgrade]:
    upgrade = Upgrade()
    yield upgrade
    upgrade.sock.close()
    upgrade.server.close()
    upgrade.token.close()


def test_serves_the_head_and_keeps_the_rest(upgrade: Upgrade) -> None:
    """The library gets what it looks at, in pieces of any size, and nothing else."""
    head = b"HTTP/1.1 101 Accepted\r\nUPGRADE : x\r\nSec-WebSocket-Accept: y\r\n"
    others = b"X-A: 1\r\nSet-Cookie: a=b\r\n\r\n"
    upgrade.server.send(head.replace(b"Accepted", b"quoted") + others + b"frames")
    served = b""
    while piece := upgrade.sock.recv(7):
        assert len(piece) <= 7
        served += piece
    assert served == head + b"\r\n"
    assert upgrade.sock.leftover == b"frames"
    shown = {"upgrade": "x", "sec-websocket-accept": "y", "x-a": "1"}
    assert upgrade.sock.headers == shown


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nX-B: 1\r\n\r\n"


@pytest.mark.parametrize("count", [1, 16])
def test_l6_answers_before_the_one_are_skipped(upgrade: Upgrade, count: int) -> None:
    """103 and 100 are no refusal; nothing of them is kept."""
    others = (EARLY + b"HTTP/1.1 100 Continue\r\n\r\n") * (count // 2) or EARLY
    upgrade.server.send(others + b"HTTP/1.1 101 Hi\r\nX-A: 1\r\n\r\nframes")
    assert upgrade.sock.recv(100) == b"HTTP/1.1 101 Accepted\r\n\r\n"
    assert upgrade.sock.headers == {"x-a": "1"}
    assert upgrade.sock.leftover == b"frames"


def test_l6_a_refusal_behind_another_answer_is_the_refusal(upgrade: Upgrade) -> None:
    """Its status and its body count."""
    upgrade.server.send(EARLY + b"HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nwhy")
    with pytest.raises(UpgradeRefused) as caught:
        upgrade.sock.recv(100)
    assert (caught.value.status, caught.value.body) == (401, b"why")


def test_l6_endless_answers_before_the_one_are_an_error(upgrade: Upgrade) -> None:
    """A seventeenth is not waited for."""
    upgrade.server.send(EARLY * 17)
    with pytest.raises(ProtocolError, match="behind too many others"):
        upgrade.sock.recv(100)


@pytest.mark.parametrize(
    ("head", "body", "kept"),
    [
        (b"Content-Length: 2", b"why not", b"wh"),
        (b"Transfer-Encoding: chunked", b"2;x\r\nwh\r\n1\r\ny\r\n0\r\n\r\n", b"why"),
        (b"Transfer-Encoding: chunked", b"2\r\nwh\r\nzz\r\ny", b"wh"),
        (b"Transfer-Encoding: chunked", b"2\r\nwh\r\n", b"wh"),
        (b"Transfer-Encoding: chunked", b"-5\r\nwhy", b""),
        (b"X: no length", b"why", b"why"),
        (b"Content-Length: what?", b"why", b"why"),
    ],
)
def test_a_refusal_keeps_its_body(
    upgrade: Upgrade, head: bytes, body: bytes, kept: bytes
) -> None:
    """Every framing of the body is read as far as possible."""
    upgrade.server.send(b"HTTP/1.1 403 No\r\n" + head + b"\r\n\r\n" + body)
    upgrade.server.shutdown(socket.SHUT_WR)
    with pytest.raises(UpgradeRefused) as caught:
        upgrade.sock.recv(100)
    assert caught.value.status == 403
    assert caught.value.body == kept
    assert str(caught.value) == "upgrade refused with HTTP status 403"


def test_an_answer_without_http_names_what_to_check(upgrade: Upgrade) -> None:
    """The remedy names the URL, its port, and a proxy on the way."""
    upgrade.server.send(b"SSH-2.0\r\n\r\n")
    with pytest.raises(ProtocolError, match=r"the peer.*not HTTP.*If this repeats"):
        upgrade.sock.recv(100)


def test_foreign_cookies_are_taken_out(upgrade: Upgrade) -> None:
    """Cookies of the library's process-wide jar do not leave the machine."""
    request = b"GET / HTTP/1.1\r\nCookie: a=b\r\nX-Cookie: c\r\n\r\n"
    assert upgrade.sock.send(request) == len(request)
    assert upgrade.server.recv(100) == b"GET / HTTP/1.1\r\nX-Cookie: c\r\n\r\n"


def test_what_the_library_must_not_show_is_filled_in(upgrade: Upgrade) -> None:
    """Path, query and values are sent, and stand in nothing that the library has."""
    url, headers = upgrade.sock.fill_in(
        "wss://user:pass@[::1]:8443/ws/KEY?sign=SECRET", {"Authorization": "Bearer S"}
    )
    assert (url, headers) == ("wss://[::1]:8443/", ["Authorization: ***"])
    request = "\r\n".join(["GET / HTTP/1.1", "Host: [::1]:8443", *headers, "", ""])
    upgrade.sock.send(request.encode())
    assert upgrade.server.recv(200) == (
        b"GET /ws/KEY?sign=SECRET HTTP/1.1\r\nHost: [::1]:8443\r\n"
        b"Authorization: Bearer S\r\n\r\n"
    )


def test_a_feed_never_waits() -> None:
    """The feed serves one frame, and raises if the parser wants more."""
    sent: list[bytes] = []
    feed = Feed(sent.append)
    feed.serve(b"frame")
    assert feed.recv(3) == b"fra"
    assert feed.recv(3) == b"me"
    with pytest.raises(Exhausted):
        feed.recv(1)
    assert feed.send(b"answer") == 6
    assert sent == [b"answer"]
    assert feed.gettimeout() == 0.0
