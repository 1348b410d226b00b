"""REST calls in disposable threads."""

from __future__ import annotations

import logging
import ssl
import threading
import traceback
from contextlib import ExitStack
from typing import Any, Callable, Iterator

import pytest
import requests
import trustme

from assetstream import Upbit
from assetstream.core.outcomes import HttpReply
from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.protocol import HttpCall, Instant
from assetstream.runtime.net.rest_client import HOSTS
from tests.support.certificates import serving
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import Peer, RawServer
from tests.support.rest_client import Client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


def answering(*answers: bytes) -> Callable[[Peer], None]:
    """Answer one request after another, then wait."""

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


def test_a_call_that_has_ended_is_not_kept(client: Client) -> None:
    """It would weigh on each account until the next audit."""
    with RawServer(answering(OK)) as server:
        client.begin(server.http_url)
        assert len(client.rest._running) == 1
        client.outcome()

    assert not client.rest._running


def test_sends_method_headers_query_and_body_as_they_are(client: Client) -> None:
    """The request on the wire is the one that was signed."""
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


def test_environment_and_netrc_are_ignored(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """No .netrc is read, and loopback ignores the environment's proxies."""
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
    """Redirects are not followed and errors not raised: the adapter decides."""
    other = b"Location: http://127.0.0.1:1/\r\nRetry-After: 7\r\n"
    head = b"HTTP/1.1 %d No\r\n" % status
    answer = head + other + b"Content-Length: 3\r\n\r\nwhy"
    with RawServer(answering(answer)) as server:
        reply = client.fetch(server.http_url)
        assert server.connections == 1
    assert (reply.status, reply.body) == (status, b"why")
    assert reply.headers["retry-after"] == "7"


def test_connections_are_kept(client: Client) -> None:
    """Consecutive calls use one connection."""
    with RawServer(answering(OK, OK, OK)) as server:
        for _ in range(3):
            assert client.fetch(server.http_url).body == b"ok"
        assert server.connections == 1


def test_what_is_the_same_each_time_is_prepared_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The query, the headers and the body are each call's own; nothing is left out."""
    seen: list[bytes] = []
    prepared: list[str] = []

    class Counted(requests.Request):
        def prepare(self) -> requests.PreparedRequest:
            prepared.append(str(self.url))
            return super().prepare()

    def script(peer: Peer) -> None:
        while request := peer.read_request():
            seen.append(request)
            peer.send(OK)

    monkeypatch.setattr(requests, "Request", Counted)
    with RawServer(script) as server:
        for key in ("ALICE", "BOB", "CAROL"):
            url, headers = f"{server.http_url}?key={key}", {"X-Key": key}
            assert client.fetch(HttpCall("POST", url, headers)).body == b"ok"
        assert client.fetch(server.http_url).body == b"ok"

        assert prepared == [server.http_url] * 2, "once for POST, once for GET"
    for request, key in zip(seen, (b"ALICE", b"BOB", b"CAROL"), strict=False):
        assert request.startswith(b"POST /read?key=%b HTTP/1.1\r\n" % key)
        assert b"\r\nX-Key: %b\r\n" % key in request
        assert request.count(key) == 2
        assert b"\r\nUser-Agent: assetstream/" in request
    assert seen[3].startswith(b"GET /read HTTP/1.1\r\n")
    for key in (b"ALICE", b"BOB", b"CAROL"):
        assert sum(request.count(key) for request in seen) == 2, "nobody else's"
        assert key.decode() not in repr(vars(client.adapter))


def test_hosts_that_are_asked_no_more_are_forgotten(client: Client) -> None:
    """And each is asked again as it was before."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(RawServer(answering(OK, OK))) for _ in range(HOSTS + 2)
        ]
        for server in servers * 2:
            assert client.fetch(server.http_url).body == b"ok"
        assert len(client.adapter._endpoints) <= HOSTS


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Key": "SECRET\r\nX-Other: 1"},
        {"X-Key": " SECRET"},
        {"X-\nKey": "SECRET"},
    ],
)
def test_a_header_that_would_become_two_is_not_sent(
    client: Client, headers: dict[str, str]
) -> None:
    """Nor shown."""
    with RawServer(answering(OK)) as server:
        error = client.fetch(HttpCall("GET", server.http_url, headers))
        assert server.connections == 0
    assert isinstance(error, ConnectionLost)
    assert "SECRET" not in "".join(traceback.format_exception(error))


def test_a_query_is_sent_as_requests_would(client: Client) -> None:
    """No letter of it can end the line."""
    seen: list[bytes] = []

    def script(peer: Peer) -> None:
        seen.append(peer.read_request())
        peer.send(OK)

    with RawServer(script) as server:
        client.fetch(HttpCall("GET", server.http_url + "?a=1 2\r\nX: 3&b=\xe9"))
    assert seen[0].startswith(b"GET /read?a=1%202%0D%0AX:%203&b=%C3%A9 HTTP/1.1\r\n")


@pytest.mark.parametrize("how", ["close", "reset", "half a head"])
def test_a_kept_connection_that_died_is_replaced(client: Client, how: str) -> None:
    """The call is made again, on a fresh connection."""
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
        assert client.repeated == 0
        assert client.fetch(server.http_url).body == b"ok"
        assert client.repeated == 1
        assert server.connections == 2


def test_l6_a_call_that_is_sent_again_is_signed_again(client: Client) -> None:
    """A server that took the request and closed has seen its nonce."""
    tokens: list[bytes] = []

    def script(peer: Peer) -> None:
        while request := peer.read_request():
            tokens.append(request.lower().partition(b"authorization: ")[2])
            if len(tokens) == 2:
                return
            peer.send(OK)

    with RawServer(script) as server:
        url = server.url, server.http_url.removesuffix("/read")
        upbit = Upbit("key", "secret", region="sg", ws_url=url[0], rest_url=url[1])
        nonces = map(str, range(9))

        def call() -> HttpCall:
            return upbit.read(Instant(0.0, 0), next(nonces))

        assert client.fetch(call).body == b"ok"
        assert client.fetch(call).body == b"ok"
    assert len(tokens) == len(set(tokens)) == 3


def test_a_kept_connection_that_is_silent_is_not_asked_twice(
    client: Client, outwait: Callable[[str], None]
) -> None:
    """Its deadline ends the call."""
    with RawServer(answering(OK)) as server:
        assert client.fetch(server.http_url).body == b"ok"
        outwait("answering")
        assert "in time" in str(client.fetch(server.http_url))
    assert client.repeated == 0


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"


def test_l6_answers_before_the_one_are_skipped(client: Client) -> None:
    """103 is no reply; the connection is kept behind it."""
    several = (EARLY + b"HTTP/1.1 100 Continue\r\n\r\n") * 8
    with RawServer(answering(EARLY + OK, several + OK)) as server:
        for _ in range(2):
            assert client.fetch(server.http_url).body == b"ok"
        assert server.connections == 1


def test_l6_endless_answers_before_the_one_are_an_error(client: Client) -> None:
    """Their number has a limit, as the size of each has."""
    with RawServer(answering(EARLY * 17 + OK)) as server:
        error = client.fetch(server.http_url)
    assert "too much before its answer" in str(error)


def test_a_fresh_connection_that_dies_is_not_retried(client: Client) -> None:
    """A server that closes without an answer gets one request."""
    with RawServer(lambda peer: peer.read_request()) as server:
        assert isinstance(client.fetch(server.http_url), ConnectionLost)
        assert server.connections == 1


def drip(
    peer: Peer, data: bytes, stop: threading.Event, tenth: Callable[[], None]
) -> None:
    """Send byte by byte; call ``tenth`` in the middle of it."""
    for number, byte in enumerate(data):
        peer.send(bytes([byte]))
        if number == 10:
            tenth()
        if stop.wait(0.01):
            return


@pytest.mark.parametrize("where", ["head", "body", "chunks", "nothing"])
@pytest.mark.parametrize("end", ["deadline", "cancel", "close"])
def test_a_call_ends_whatever_the_peer_drips(
    where: str, end: str, time_machine: TimeMachine, outwait: Callable[[str], None]
) -> None:
    """The deadline is the whole call's; a cancel ends it at once."""
    stop, began = threading.Event(), threading.Event()

    def pass_time() -> None:
        if end == "deadline":
            time_machine.jump(PATIENCE / 2)

    def script(peer: Peer) -> None:
        peer.read_request()
        began.set()
        if where == "head":
            drip(peer, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9000, stop, pass_time)
        elif where == "body":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
            drip(peer, b"x" * 9000, stop, pass_time)
        elif where == "chunks":
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            drip(peer, b"1\r\nx\r\n" * 2000, stop, pass_time)
        else:
            stop.wait(PATIENCE)

    client = Client()
    with RawServer(script) as server:
        if where == "nothing" and end == "deadline":
            outwait("answering")
        client.begin(server.http_url, PATIENCE / 2)
        assert began.wait(PATIENCE)
        if end == "cancel":
            client.rest.cancel()
        if end == "close":
            client.end()
            assert not [t for t in threading.enumerate() if "helper" in t.name]
        error = client.outcome()
        assert isinstance(error, ConnectionLost)
        assert ("in time" in str(error)) is (end == "deadline")
        stop.set()
        client.close()


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
    monkeypatch.setattr("assetstream.runtime.net.answer.LIMIT", 100_000)

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
    """The body of a redirect is capped like any other."""
    monkeypatch.setattr("assetstream.runtime.net.answer.LIMIT", 100_000)

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
        while True:
            peer.send(b"x" * 65536)

    with RawServer(script) as server:
        assert isinstance(client.fetch(server.http_url), ProtocolError)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0\r\n\r\n", OK[:-1], b"HTT", None])
def test_an_error_holds_no_secret(client: Client, answer: bytes | None) -> None:
    """Text, cause, context and traceback hide query and headers."""

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


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_no_log_holds_query_or_headers(
    caplog: pytest.LogCaptureFixture,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    tls: bool,
) -> None:
    """All loggers are at DEBUG; connections are fresh, kept and replaced."""
    caplog.set_level(logging.DEBUG)
    lines: list[bytes] = []

    def script(peer: Peer) -> None:
        for _ in range(2):
            lines.append(peer.read_request().partition(b"\r\n")[0])
            peer.send(OK)

    client = Client(trusting)
    with RawServer(script, serving(authority) if tls else None) as server:
        url = server.http_url + "?api_key=SECRET&sign=SECRET%2C&command=x"
        headers = {"Authorization": "Bearer SECRET", "X-Key": "SECRET"}
        for _ in range(3):
            reply = client.fetch(HttpCall("POST", url, headers))
            assert reply.status == 200
        client.close()
    target = b"/read?api_key=SECRET&sign=SECRET%2C&command=x"
    assert lines[:3] == [b"POST " + target + b" HTTP/1.1"] * 3
    assert "POST /read HTTP" in caplog.text, "urllib3 does log"
    assert "SECRET" not in caplog.text


def test_a_fault_of_ours_is_no_lost_connection(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is raised where the queue runs, and not retried."""

    def fault(*args: Any, **options: Any) -> None:
        raise TypeError("ours")

    monkeypatch.setattr("assetstream.runtime.net.rest_client.Adapter.ask", fault)
    client.begin("http://127.0.0.1:1/")
    with pytest.raises(TypeError, match="ours"):
        client.outcome()
    assert client.results == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nX: 1",
        b"HTTP/1.1 200 OK\r\nX: 1\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    ],
)
def test_an_answer_that_is_cut_off_is_none(client: Client, answer: bytes) -> None:
    """Such an answer must not become a 200 with an empty body."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)

    with RawServer(script) as server:
        assert isinstance(client.fetch(server.http_url), ConnectionLost)


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_verified(
    authority: trustme.CA, trusting: ssl.SSLContext, trusted: bool
) -> None:
    """The given context verifies, and TLS connections are kept."""
    client = Client(trusting)
    signer = authority if trusted else trustme.CA()
    with RawServer(answering(OK, OK), serving(signer)) as server:
        for _ in range(2):
            outcome = client.fetch(server.http_url)
            if trusted:
                assert outcome.body == b"ok"
            else:
                assert outcome.fatal
                assert outcome.reason == ""
        assert server.connections == (1 if trusted else 2)
        client.close()
