"""WebSocket and REST through a real proxy, and through broken ones."""

from __future__ import annotations

import ssl
import traceback
from typing import Any, Callable, Iterator

import pytest
import trustme

from assetstream.core.outcomes import Abandoned, Broken, Closed, HttpReply
from assetstream.model.errors import ConnectionLost
from tests.support.certificates import serving
from tests.support.proxies import ProxyProcess
from tests.support.raw_server import Peer, RawServer, Recorder, frame
from tests.support.rest_client import Client

SCHEMES = ["http", "socks5", "socks5h"]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def open_proxy() -> Iterator[ProxyProcess]:
    with ProxyProcess() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def closed_proxy() -> Iterator[ProxyProcess]:
    """Give a proxy that requires a user."""
    with ProxyProcess("me:pass-word") as proxy:
        yield proxy


@pytest.fixture(scope="module")
def server_side(authority: trustme.CA) -> ssl.SSLContext:
    return serving(authority, "exchange.test")


def exchange(peer: Peer) -> None:
    """Serve a WebSocket, or any number of REST calls."""
    while request := peer.read_request():
        if b"Upgrade: websocket" in request:
            peer.send(peer.acceptance() + frame(b"hello") + frame(b"\x03\xe8", 8))
        else:
            peer.send(OK)


def by_name(url: str) -> str:
    """Return the server's URL under a name that only the proxy can look up."""
    return url.replace("127.0.0.1", "exchange.test")


def websocket(url: str, context: ssl.SSLContext | None, proxy: str | None) -> Any:
    recorder = Recorder()
    ending = recorder.run(by_name(url), ssl_context=context, proxy=proxy)
    return recorder.events if ending == Closed(1000) else ending


def rest(url: str, context: ssl.SSLContext | None, proxy: str | None) -> Any:
    client = Client(context, proxy)
    try:
        return client.fetch(by_name(url))
    finally:
        client.close()


def failure(proxy: str, url: str = "ws://127.0.0.1:1/") -> ConnectionLost:
    """Return why the WebSocket failed through a proxy; REST must agree."""
    ending = websocket(url, None, proxy)
    assert isinstance(ending, Broken)
    assert isinstance(ending.error, ConnectionLost)
    other = rest(url.replace("ws:", "http:"), None, proxy)
    assert str(other) == str(ending.error)
    shown = "".join(traceback.format_exception(ending.error)) + repr(ending)
    assert "pass-word" not in shown
    assert ending.error.__context__ is None
    return ending.error


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("secured", ["open_proxy", "closed_proxy"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_websocket_and_rest_go_through(
    request: pytest.FixtureRequest,
    server_side: ssl.SSLContext,
    trusting: ssl.SSLContext,
    scheme: str,
    secured: str,
    tls: bool,
) -> None:
    """The proxy may require a user, and looks up the exchange's name."""
    proxy = request.getfixturevalue(secured).url(scheme)
    with RawServer(exchange, server_side if tls else None) as server:
        assert websocket(server.url, trusting, proxy) == [b"hello"]
        reply = rest(server.http_url, trusting, proxy)
    assert reply == HttpReply(200, {"content-length": "2"}, b"ok")


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_the_environments_proxy_is_gone_through(
    monkeypatch: pytest.MonkeyPatch, open_proxy: ProxyProcess, variable: str
) -> None:
    """Without ``proxy=`` WebSocket and REST use it alike."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.setenv(variable, open_proxy.url("http"))
    with RawServer(exchange) as server:
        assert websocket(server.url, None, None) == [b"hello"]
        assert rest(server.http_url, None, None).body == b"ok"


def test_calls_keep_their_connection_through_it(open_proxy: ProxyProcess) -> None:
    """The proxy is dialled once for consecutive calls."""
    client = Client(None, open_proxy.url("socks5"))
    with RawServer(exchange) as server:
        for _ in range(3):
            assert client.fetch(by_name(server.http_url)).body == b"ok"
        assert server.connections == 1
        client.close()


def test_a_wrong_password_ends_it(closed_proxy: ProxyProcess) -> None:
    """The error is fatal, and names the proxy but not the password."""
    error = failure(closed_proxy.url("http", "me:wrong-pass-word"))
    assert error.fatal
    assert error.code == 407
    assert f"proxy 127.0.0.1:{closed_proxy.port} refused the user" in str(error)


def test_a_missing_password_is_asked_for(closed_proxy: ProxyProcess) -> None:
    """The error says where to put it."""
    error = failure(closed_proxy.url("http", ""))
    assert error.fatal
    assert "wants a user and password" in error.problem
    assert error.remedy.startswith("Put user:password@ before its host in proxy=")


@pytest.mark.parametrize(
    ("user", "answers", "words"),
    [
        ("me:pass-word@", [b"\5\2", b"\1\1"], "refused the user"),
        ("me:pass-word@", [b"\5\xff"], "refused the user"),
        ("", [b"\5\xff"], "wants a user and password"),
    ],
)
def test_a_socks_proxy_refuses_by_the_rfc(
    user: str, answers: list[bytes], words: str
) -> None:
    """The refusals of RFC 1928 and 1929 come from a scripted server."""

    def script(peer: Peer) -> None:
        for answer in answers:
            peer.sock.recv(100)
            peer.send(answer)
        peer.read_all()

    with RawServer(script) as proxy:
        error = failure(f"socks5://{user}127.0.0.1:{proxy.port}")
    assert error.fatal
    assert words in str(error)


def test_a_socks_proxy_may_just_close(closed_proxy: ProxyProcess) -> None:
    """The error lists the password among the likely causes."""
    error = failure(closed_proxy.url("socks5", "me:wrong-pass-word"))
    assert not error.fatal
    assert "closed the connection in place of an answer" in str(error)
    assert "password in proxy=" in str(error)


def test_a_proxy_that_does_not_run_is_named() -> None:
    """The error does not blame the exchange."""
    error = failure("socks5://127.0.0.1:1")
    assert not error.fatal
    assert "the proxy 127.0.0.1:1 cannot be reached" in str(error)
    assert "HTTPS_PROXY" in str(error)


@pytest.mark.parametrize(
    ("scheme", "answer", "words"),
    [
        ("http", b"HTTP/1.1 403 No \x1b[2J\r\nX: y\r\n\r\nwhy", r"\(403 No\s+\[2J\)"),
        ("http", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "did not connect.*502"),
        ("http", b"what?\r\n\r\n", "did not connect to exchange.test"),
        ("http", b"HTTP/1.1 200 OK\r\n", "closed the connection in place of an answer"),
        ("http", b"x" * 20_000, "no end of its head"),
        ("http", b"", "closed the connection in place of an answer"),
        ("http", b"HTTP/1.1 102 P\r\n\r\n" * 17, "too much before its answer"),
        ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", "did not connect"),
        ("socks5", b"\5\0\5\5\0\1\0\0\0\0\0\0", "refused by destination"),
        ("socks5", b"\5\0\5\0\0\1\0\0", "closed the connection in place of an answer"),
    ],
)
def test_a_failing_proxy_is_explained(scheme: str, answer: bytes, words: str) -> None:
    """The failure is retried; its words cannot disturb a terminal."""

    def script(peer: Peer) -> None:
        if scheme == "http":
            peer.read_request()
        else:
            peer.sock.recv(3)
        peer.send(answer)
        if scheme != "http":
            peer.sock.recv(100)

    with RawServer(script) as proxy:
        error = failure(f"{scheme}://127.0.0.1:{proxy.port}")
    assert not error.fatal
    with pytest.raises(ConnectionLost, match=words):
        raise error
    assert str(error).isprintable()


def test_a_head_in_pieces_is_read_to_its_end(open_proxy: ProxyProcess) -> None:
    """What comes behind the head is the exchange's; 1xx before it are skipped (L6)."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n")
        for byte in b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r":
            peer.send(bytes([byte]))
        peer.send(b"\n")
        exchange(peer)

    with RawServer(script) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        assert websocket("ws://127.0.0.1:1/", None, url) == [b"hello"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_silent_proxy_ends_at_the_deadline(
    scheme: str, outwait: Callable[[str], None]
) -> None:
    """The proxy shares the attempt's one deadline."""
    recorder = Recorder()
    outwait("answering")
    with RawServer(Peer.read_all) as proxy:
        url = f"{scheme}://127.0.0.1:{proxy.port}"
        ending = recorder.run("wss://exchange.test/", proxy=url)
    assert isinstance(ending, Broken)
    assert "the proxy" in str(ending.error)
    assert "in time while answering" in str(ending.error)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_giving_up_does_not_wait_for_the_proxy(scheme: str) -> None:
    """WebSocket and REST end at once."""
    recorder, client = Recorder(), None

    def script(peer: Peer) -> None:
        peer.sock.recv(1)
        if client is None:
            recorder.inbox.post(recorder.channel.close)
        else:
            client.inbox.post(client.rest.cancel)  # in its own thread
        peer.read_all()

    with RawServer(script) as proxy:
        url = f"{scheme}://127.0.0.1:{proxy.port}"
        assert recorder.run("wss://exchange.test/", proxy=url) == Abandoned()
        client = Client(None, url)
        assert "given up" in str(client.fetch("https://exchange.test/"))
        client.close()
