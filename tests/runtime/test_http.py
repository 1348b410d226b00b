"""REST calls in disposable threads."""

from __future__ import annotations

import select
import ssl
import threading
import traceback
from typing import Any, Callable, Iterator

import pytest
import trustme

from assetstream.errors import ConfigurationError, ConnectionLost, ProtocolError
from assetstream.protocol import HttpCall
from assetstream.runtime import clock
from assetstream.runtime.http import HttpReply, Rest
from assetstream.runtime.inbox import Inbox
from tests.runtime.raw_server import Peer, RawServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Client:
    """A Rest and its inbox, with a wait for the outcome."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.inbox = Inbox()
        self.rest = Rest(self.inbox, context)
        self.results: list[Any] = []

    def begin(self, call: HttpCall | str, timeout: float = 5.0) -> None:
        if isinstance(call, str):
            call = HttpCall("GET", call)
        self.rest.fetch(call, timeout, self.results.append)

    def outcome(self) -> Any:
        """Run the inbox until the next outcome."""
        deadline = clock.now() + 5
        while not self.results:
            left = deadline - clock.now()
            assert left > 0, "no outcome"
            select.select([self.inbox], [], [], left)
            self.inbox.run()
        return self.results.pop()

    def fetch(self, call: HttpCall | str, timeout: float = 5.0) -> Any:
        self.begin(call, timeout)
        return self.outcome()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    assert client.rest.close(5) == 0
    client.inbox.close()


def answering(*answers: bytes) -> Callable[[Peer], None]:
    """Answer one request after the other, then wait."""

    def script(peer: Peer) -> None:
        for answer in answers:
            if not peer.read_request():
                return
            peer.send(answer)
        peer.read_all()

    return script


def test_gives_status_headers_and_body(client: Client) -> None:
    """Header names are in lower case; cookies are dropped."""
    answer = b"HTTP/1.1 200 OK\r\nX-Remaining: 3\r\nSet-Cookie: a=b\r\n"
    with RawServer(answering(answer + b"Content-Length: 2\r\n\r\nok")) as server:
        reply = client.fetch(server.http_url)
    assert reply == HttpReply(200, {"x-remaining": "3", "content-length": "2"}, b"ok")


def test_sends_method_headers_query_and_body_as_they_are(client: Client) -> None:
    """What was signed is what is sent."""
    requests: list[bytes] = []

    def script(peer: Peer) -> None:
        request = peer.read_request()
        while not request.endswith(b"}"):
            request += peer.sock.recv(100)
        requests.append(request)
        peer.send(OK)
        peer.read_all()

    with RawServer(script) as server:
        url = server.http_url + "?b=2&a=1%2C2&sign=AB"
        headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
        client.fetch(HttpCall("POST", url, headers, b'{"z":1}'))
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /read?b=2&a=1%2C2&sign=AB HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer x" in head
    assert b"\r\nContent-Type: application/json" in head
    assert b"\r\nContent-Length: 7" in head
    assert body == b'{"z":1}'


def test_environment_and_netrc_have_no_say(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Neither a proxy of the environment nor a .netrc touches a call."""
    requests: list[bytes] = []

    def script(peer: Peer) -> None:
        requests.append(peer.read_request())
        peer.send(OK)

    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with RawServer(script) as server:
        assert client.fetch(server.http_url).status == 200
    assert b"authorization" not in requests[0].lower()


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 429, 500, 503])
def test_every_status_is_a_reply(client: Client, status: int) -> None:
    """A redirect is not followed, an error not raised: the adapter judges."""
    other = b"Location: http://127.0.0.1:1/\r\nRetry-After: 7\r\n"
    head = b"HTTP/1.1 %d No\r\n" % status
    answer = head + other + b"Content-Length: 3\r\n\r\nwhy"
    with RawServer(answering(answer)) as server:
        reply = client.fetch(server.http_url)
        assert server.connections == 1
    assert (reply.status, reply.body) == (status, b"why")
    assert reply.headers["retry-after"] == "7"


def test_connections_are_kept(client: Client) -> None:
    """Calls after each other use one connection."""
    with RawServer(answering(OK, OK, OK)) as server:
        for _ in range(3):
            assert client.fetch(server.http_url).body == b"ok"
        assert server.connections == 1


@pytest.mark.parametrize("how", ["close", "reset", "half a head"])
def test_a_kept_connection_that_died_is_replaced(client: Client, how: str) -> None:
    """The server closes as it is asked again: asked once more on a fresh one."""
    seen: list[int] = []

    def script(peer: Peer) -> None:
        seen.append(1)
        peer.read_request()
        peer.send(OK)
        if len(seen) == 1:
            peer.read_request()
            if how == "reset":
                peer.reset()
            elif how == "half a head":
                peer.send(b"HTT")
        else:
            peer.read_all()

    with RawServer(script) as server:
        assert client.fetch(server.http_url).body == b"ok"
        assert client.fetch(server.http_url).body == b"ok"
        assert server.connections == 2


def test_a_fresh_connection_that_dies_is_not_retried(client: Client) -> None:
    """A server that closes without an answer is asked once only."""
    with RawServer(lambda peer: peer.read_request()) as server:
        assert isinstance(client.fetch(server.http_url), ConnectionLost)
        assert server.connections == 1


def drip(peer: Peer, data: bytes, stop: threading.Event) -> None:
    for byte in data:
        peer.send(bytes([byte]))
        if stop.wait(0.01):
            return


@pytest.mark.parametrize("where", ["head", "body", "chunks", "nothing"])
@pytest.mark.parametrize("end", ["deadline", "cancel", "close"])
def test_a_call_ends_whatever_the_peer_drips(where: str, end: str) -> None:
    """The deadline is the whole call's, and giving up ends it at once."""
    stop, began = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        began.set()
        if where == "head":
            drip(peer, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, stop)
        elif where == "body":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
            drip(peer, b"x" * 9000, stop)
        elif where == "chunks":
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            drip(peer, b"1\r\nx\r\n" * 1000, stop)
        else:
            stop.wait(5)

    client = Client()
    with RawServer(script) as server:
        start = clock.now()
        client.begin(server.http_url, 0.15 if end == "deadline" else 5)
        assert began.wait(5)
        if end == "cancel":
            client.rest.cancel()
        if end == "close":
            assert client.rest.close(2) == 0
            assert not [
                t for t in threading.enumerate() if t.name == "assetstream-rest"
            ]
        error = client.outcome()
        assert isinstance(error, ConnectionLost)
        assert ("in time" in str(error)) is (end == "deadline")
        assert clock.now() - start < 1
        stop.set()
        assert client.rest.close(2) == 0
        client.inbox.close()


def test_nothing_starts_after_close(client: Client) -> None:
    """A fetch() after close() is ignored."""
    assert client.rest.close(1) == 0
    client.begin("http://127.0.0.1:1/")
    assert client.rest.close(1) == 0
    client.inbox.run()
    assert client.results == []


def test_a_body_over_the_limit_is_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endless body ends the call before it fills the memory."""
    monkeypatch.setattr("assetstream.runtime.http.LIMIT", 100_000)

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            peer.send(b"x" * 65536)

    with RawServer(script) as server:
        assert isinstance(client.fetch(server.http_url), ProtocolError)


def test_an_endless_redirect_is_refused_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body of a redirect is capped as any other."""
    monkeypatch.setattr("assetstream.runtime.http.LIMIT", 100_000)

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
        while True:
            peer.send(b"x" * 65536)

    with RawServer(script) as server:
        assert isinstance(client.fetch(server.http_url), ProtocolError)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0\r\n\r\n", OK[:-1], b"HTT", None])
def test_an_error_holds_no_secret(client: Client, answer: bytes | None) -> None:
    """Neither text, cause, context nor traceback shows query or headers."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer or b"")

    with RawServer(script) as server:
        url = server.http_url if answer is not None else "http://127.0.0.1:1/read"
        headers = {"Authorization": "Bearer SECRET"}
        error = client.fetch(HttpCall("GET", url + "?sign=SECRET", headers))
    assert isinstance(error, ConnectionLost)
    assert "127.0.0.1" in str(error)
    assert error.__cause__ is error.__context__ is error.__traceback__ is None
    assert "SECRET" not in "".join(traceback.format_exception(error))


def test_a_proxy_is_refused_for_now() -> None:
    """As for the WebSocket: a ConfigurationError, not silently ignored."""
    client = Client()
    client.rest = Rest(client.inbox, None, proxy="http://127.0.0.1:1")
    assert isinstance(client.fetch("http://127.0.0.1:1/"), ConfigurationError)
    assert client.rest.close(1) == 0
    client.inbox.close()


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_verified(trusted: bool) -> None:
    """The given context verifies; connections are kept over TLS as well."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    context = ssl.create_default_context()
    (authority if trusted else trustme.CA()).configure_trust(context)
    client = Client(context)
    with RawServer(answering(OK, OK), server_side) as server:
        for _ in range(2):
            outcome = client.fetch(server.http_url)
            if trusted:
                assert outcome.body == b"ok"
            else:
                assert outcome.reason == "certificate"
        assert server.connections == (1 if trusted else 2)
        assert client.rest.close(2) == 0
        client.inbox.close()
