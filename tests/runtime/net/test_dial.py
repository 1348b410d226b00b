"""Reaching a server: look-up, TCP, TLS and upgrade under one deadline."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any, Callable, Iterator

import pytest
import trustme

from assetstream.core.outcomes import Abandoned, Broken, Closed, Refused
from assetstream.model.errors import ConfigurationError, ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import CancelToken
from assetstream.runtime.net.dial import dial
from tests.support.certificates import serving
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import Peer, RawServer, Recorder, frame

REFUSED = (
    b"HTTP/1.1 %d Whatever\r\nRetry-After: 7\r\nDate: today\r\nX-A: 1\r\nX-A: 2\r\n"
)


@pytest.fixture
def token() -> Iterator[CancelToken]:
    token = CancelToken()
    yield token
    token.close()


def connect(token: CancelToken, url: str, timeout: float = PATIENCE / 2) -> Any:
    return dial(
        url,
        deadline=clock.now() + timeout,
        token=token,
        ssl_context=None,
    )


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_gives_a_connected_non_blocking_socket(token: CancelToken) -> None:
    """dial() returns a socket that never blocks and does not delay small frames."""
    with RawServer(Peer.read_all) as server, connect(token, server.url) as sock:
        assert sock.getpeername() == ("127.0.0.1", server.port)
        assert sock.gettimeout() == 0
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_refused_connection_is_explained(token: CancelToken) -> None:
    """ConnectionLost names the host where nobody listens, and the cause."""
    with pytest.raises(ConnectionLost, match=r"127.0.0.1 cannot be reached.*refused"):
        connect(token, f"ws://127.0.0.1:{closed_port()}/?sign=SECRET")


def test_a_lost_connection_has_a_remedy(token: CancelToken) -> None:
    """The text names the next attempt, and what to check if it fails again."""
    with pytest.raises(ConnectionLost, match=r"tries again by itself\. Check"):
        connect(token, f"ws://127.0.0.1:{closed_port()}/")


def test_the_reader_goes_on_while_an_attempt_is_made() -> None:
    """A helper makes the attempt; posted calls run meanwhile."""
    done: list[int] = []

    def slow(peer: Peer) -> None:
        peer.read_request()
        recorder.inbox.post(lambda: done.append(1))
        recorder.inbox.post(lambda: posted.set())
        posted.wait(PATIENCE)
        peer.send(peer.acceptance() + frame(b"\x03\xe8", 8))

    posted, recorder = threading.Event(), Recorder()
    with RawServer(slow) as server:
        assert recorder.run(server.url) == Closed(1000)
    assert done == [1]


@pytest.mark.parametrize(
    "url", ["ftp://h/?s=SECRET", "wss://", "host", "wss://h:99999/", "wss://[::1"]
)
def test_a_wrong_url_is_a_configuration_error(token: CancelToken, url: str) -> None:
    """Only WebSocket and HTTP URLs can be dialled; the text hides the query."""
    with pytest.raises(ConfigurationError) as caught:
        connect(token, url)
    assert "SECRET" not in str(caught.value)


# TLS


def test_tls_speaks_to_a_trusted_server(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """A certificate by a trusted authority for this host is accepted."""

    def script(peer: Peer) -> None:
        peer.upgrade(behind=frame(b"x" * 40000) * 20)
        peer.send(frame(b"\x03\xe8", 8))
        peer.read_all()

    recorder = Recorder()
    with RawServer(script, serving(authority)) as server:
        ending = recorder.run(server.url, ssl_context=trusting)
    assert ending == Closed(1000)
    assert recorder.events == [b"x" * 40000] * 20


@pytest.mark.parametrize("case", ["wrong host", "unknown authority"])
def test_tls_refuses_a_wrong_certificate(
    authority: trustme.CA, trusting: ssl.SSLContext, case: str
) -> None:
    """Another host's certificate, or an unknown authority's, is fatal."""
    name = "other.test" if case == "wrong host" else "127.0.0.1"
    signer = authority if case == "wrong host" else trustme.CA()
    recorder = Recorder()
    seen: list[bytes] = []
    with RawServer(
        lambda peer: seen.append(peer.read_request()), serving(signer, name)
    ) as server:
        ending = recorder.run(server.url, ssl_context=trusting)
    assert isinstance(ending, Broken)
    assert isinstance(ending.error, ConnectionLost)
    assert ending.error.fatal
    assert ending.error.reason == "", "kept for the peer's own words"
    assert "certificate of 127.0.0.1 was refused" in str(ending.error)
    assert "ssl_context" in str(ending.error)
    assert seen in ([], [b""]), "nothing was sent to it"


def test_tls_with_a_server_that_has_none(token: CancelToken) -> None:
    """An answer that is not TLS is a lost connection, not a certificate's fault."""
    with (
        RawServer(lambda peer: peer.send(b"HTTP/1.1 400 Bad\r\n\r\n")) as server,
        pytest.raises(ConnectionLost, match="TLS handshake") as caught,
    ):
        connect(token, server.url.replace("ws:", "wss:"))
    assert not caught.value.fatal


def test_a_silent_tls_handshake_ends_at_the_deadline(
    token: CancelToken, outwait: Callable[[str], None]
) -> None:
    """A peer that accepts TCP and nothing else does not hold the attempt."""
    outwait("in the TLS handshake")
    with (
        RawServer(Peer.read_all) as server,
        pytest.raises(ConnectionLost, match="in time while in the TLS handshake"),
    ):
        connect(token, server.url.replace("ws:", "wss:"))


def test_an_end_in_the_tls_handshake_is_a_lost_connection(token: CancelToken) -> None:
    """The server hangs up in place of an answer."""
    with (
        RawServer(lambda peer: peer.sock.recv(4096)) as server,
        pytest.raises(ConnectionLost, match=r"broke.*TLS handshake") as caught,
    ):
        connect(token, server.url.replace("ws:", "wss:"))
    assert not caught.value.fatal


# The upgrade


def test_a_tarpit_ends_at_the_deadline(outwait: Callable[[str], None]) -> None:
    """A server that never answers the upgrade does not hold the attempt."""
    recorder = Recorder()
    outwait("answering the upgrade request")
    with RawServer(Peer.read_all) as server:
        ending = recorder.run(server.url)
    assert isinstance(ending, Broken)
    assert "in time while answering the upgrade" in str(ending.error)


def test_given_up_before_it_began_nothing_is_dialled() -> None:
    """A close() before run() is obeyed."""
    recorder = Recorder()
    with RawServer(Peer.read_all) as server:
        recorder.channel.close()
        assert recorder.run(server.url) == Abandoned()
        assert server.connections == 0


def test_a_head_may_come_byte_by_byte() -> None:
    """The upgrade succeeds however the answer is cut."""

    def script(peer: Peer) -> None:
        peer.read_request()
        for byte in peer.acceptance() + frame(b"hi") + frame(b"\x03\xe8", 8):
            peer.send(bytes([byte]))
        peer.read_all()

    recorder = Recorder()
    with RawServer(script) as server:
        assert recorder.run(server.url) == Closed(1000)
    assert recorder.events == [b"hi"]


@pytest.mark.parametrize("status", [200, 301, 302, 401, 403, 429, 503])
@pytest.mark.parametrize("form", ["length", "chunked", "close"])
def test_a_refusal_keeps_status_headers_and_body(status: int, form: str) -> None:
    """Whatever the status and however the body is framed, all of it is kept."""

    def script(peer: Peer) -> None:
        peer.read_request()
        head = REFUSED % status + b"Set-Cookie: a=b\r\nLocation: ws://127.0.0.1:1/\r\n"
        if form == "length":
            peer.send(head + b"Content-Length: 8\r\n\r\n" + b'{"a":')
            peer.send(b"12}ignored")
            peer.read_all()
        elif form == "chunked":
            peer.send(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n")
            peer.send(b'{"a":\r\n3;x=y\r\n12}\r\n0\r\n\r\n')
            peer.read_all()
        else:
            peer.send(head + b'\r\n{"a":12}')

    recorder = Recorder()
    with RawServer(script) as server:
        ending = recorder.run(server.url)
        assert server.connections == 1, "a redirect is never followed"
    assert isinstance(ending, Refused)
    assert ending.status == status
    assert ending.body == b'{"a":12}'
    assert ending.headers["retry-after"] == "7"
    assert ending.headers["date"] == "today"
    assert ending.headers["x-a"] == "1, 2"
    assert "set-cookie" not in ending.headers


def test_a_body_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The refusal comes soon after its head, with the body so far."""
    monkeypatch.setattr("assetstream.runtime.net.upgrade.BODY_TIME", 0.1)

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(REFUSED % 403 + b"Content-Length: 900\r\n\r\npart")
        peer.read_all()

    recorder = Recorder()
    with RawServer(script) as server:
        ending = recorder.run(server.url)
    assert isinstance(ending, Refused)
    assert ending.body == b"part"


def test_an_endless_body_is_cut() -> None:
    """No more than 64 KB of an explanation are kept."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(REFUSED % 500 + b"\r\n" + b"x" * 300_000)
        peer.read_all()

    recorder = Recorder()
    with RawServer(script) as server:
        ending = recorder.run(server.url)
    assert isinstance(ending, Refused)
    assert len(ending.body) == 65536


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-whatever\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 101 OK\r\nX: " + b"x" * 70000, "no end"),
        (b"HTTP/1.1 101 OK\r\nX: ", "closed the connection while answering"),
        (b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\n\r\n", "Invalid WebSocket Header"),
        (b"", "closed the connection while answering"),
    ],
    ids=["not http", "endless head", "half a head", "not an upgrade", "nothing"],
)
def test_a_wrong_answer_is_explained(answer: bytes, words: str) -> None:
    """An answer that does not accept the upgrade is an error with its cause."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)
        peer.sock.shutdown(socket.SHUT_WR)
        peer.read_all()

    recorder = Recorder()
    with RawServer(script) as server:
        ending = recorder.run(server.url)
    assert isinstance(ending, Broken)
    assert words in str(ending.error)


def test_a_wrong_accept_key_is_refused() -> None:
    """A server that did not read our key is no WebSocket server."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.request = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
        peer.send(peer.acceptance())
        peer.read_all()

    recorder = Recorder()
    with RawServer(script) as server:
        ending = recorder.run(server.url)
    assert isinstance(ending, Broken)
    assert "Invalid WebSocket Header" in str(ending.error)


def test_cookies_are_neither_kept_nor_sent() -> None:
    """A cookie of one connection does not go out with the next."""
    requests = []

    def script(peer: Peer) -> None:
        peer.upgrade(b"Set-Cookie: account=1; Domain=127.0.0.1; Path=/\r\n")
        requests.append(peer.request)
        peer.send(frame(b"\x03\xe8", 8))
        peer.read_all()

    with RawServer(script) as server:
        for _ in range(2):
            recorder = Recorder()
            recorder.run(server.url)
            assert "set-cookie" not in recorder.headers
    assert not any(b"cookie" in request.lower() for request in requests)


def test_foreign_cookies_of_the_process_are_not_sent() -> None:
    """Cookies that other code put into the library's jar stay there."""
    from websocket._handshake import CookieJar

    requests = []

    def script(peer: Peer) -> None:
        peer.upgrade(behind=frame(b"\x03\xe8", 8))
        requests.append(peer.request)
        peer.read_all()

    CookieJar.add("foreign=1; Domain=127.0.0.1")
    try:
        with RawServer(script) as server:
            Recorder().run(server.url)
    finally:
        CookieJar.jar.clear()
    assert b"foreign" not in requests[0]
