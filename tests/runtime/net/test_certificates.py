"""Credentials go only to the exchange: TLS is verified, redirects are not followed."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Iterator

import pytest
import trustme

from assetstream import (
    AssetStream,
    CoinW,
    ConfigurationError,
    ConnectionLost,
    State,
    Upbit,
)
from assetstream.protocol import Exchange
from assetstream.runtime.loop import clock
from assetstream.runtime.net import tls
from assetstream.runtime.net.cancel import CancelToken
from assetstream.runtime.net.dial import dial
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Reply, Request
from tests.support.certificates import WRONG, serving, trusting
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.raw_server import Peer, RawServer
from tests.support.specs import adapter_at

pytestmark = pytest.mark.usefixtures("no_rate_limits")


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[Simulator]:
    """Give a simulated exchange with a good certificate."""
    with Simulator(ssl_context=serving(authority), rate_limits=False) as simulator:
        yield simulator


def elsewhere(account: Account, side: str, server: RawServer) -> Exchange:
    """Return the adapter with its WebSocket or its REST at ``server``."""
    if side == "WebSocket":
        return adapter_at(account.exchange(), ws_url=server.url)
    return adapter_at(
        account.exchange(), rest_url=server.http_url.removesuffix("/read")
    )


@pytest.fixture(params=["upbit", "coinw"])
def secured(request: pytest.FixtureRequest, secure: Simulator) -> Account:
    account = getattr(secure, request.param)({"BTC": "1"})
    assert isinstance(account, Account)
    return account


def test_a_good_certificate_is_accepted(
    secured: Account, trusting: ssl.SSLContext
) -> None:
    """WebSocket and REST go through TLS to a host of a trusted authority."""
    with AssetStream(secured.exchange(), ssl_context=trusting) as stream:
        assert stream.balance("BTC").available == 1
        assert stream.exchange.ws_url.startswith("wss://")
        assert stream.exchange.rest_url.startswith("https://")


def test_without_a_context_the_systems_authorities_count(secured: Account) -> None:
    """An authority that only the user trusts is refused."""
    with pytest.raises(ConnectionLost, match=r"certificate of 127\.0\.0\.1 was"):
        AssetStream(secured.exchange()).start()


#: Upbit's upgrade has a token, CoinW's read a signature.
SIDES = pytest.mark.parametrize(
    ("secured", "side"),
    [("upbit", "WebSocket"), ("coinw", "REST")],
    indirect=["secured"],
)


@SIDES
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_certificate_is_refused(
    secured: Account,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    wrong: str,
    side: str,
) -> None:
    """The error is raised and nothing is sent, whichever side has the certificate."""
    context, words = WRONG[wrong]
    seen: list[bytes] = []
    with RawServer(
        lambda peer: seen.append(peer.read_request()), context(authority)
    ) as server:
        stream = AssetStream(elsewhere(secured, side, server), ssl_context=trusting)
        with pytest.raises(ConnectionLost, match=words) as raised:
            stream.start()
        assert server.connections == 1, "it was tried again"
    stream.stop()

    assert raised.value.fatal
    assert stream.state is State.FAILED
    assert seen in ([], [b""])


@pytest.mark.filterwarnings("ignore:.*TLSv1.*deprecated:DeprecationWarning")
@SIDES
def test_tls_below_1_2_is_refused(
    secured: Account,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    side: str,
) -> None:
    """The context refuses TLS 1.1 even with a good certificate."""
    old = serving(authority)
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    monkeypatch.setattr(tls, "_context", None)
    shared = tls.shared_context()
    authority.configure_trust(shared)
    for context in (old, shared):
        # So that it is the version that is refused, not what was signed how.
        context.set_ciphers("ALL:@SECLEVEL=0")
    recorder = EventRecorder()
    seen: list[bytes] = []
    with RawServer(lambda peer: seen.append(peer.read_request()), old) as server:
        stream = AssetStream(elsewhere(secured, side, server), **recorder.handlers())
        stream.start(wait=False)
        error = recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
        stream.stop()

        assert "TLS handshake" in str(error)
        assert seen in ([], [b""])
        # The server does speak to who takes it.
        shared.minimum_version = ssl.TLSVersion.TLSv1
        with (
            socket.create_connection(("127.0.0.1", server.port), 5) as plain,
            shared.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.version() == "TLSv1.1"


@pytest.mark.parametrize(
    "host",
    [
        "api.upbit.com",
        "192.0.2.1",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "[2001:db8::1]",
        "0.0.0.0",
        "127.0.0.1@example.com",
        "10.0.0.1",
    ],
)
@pytest.mark.parametrize("adapter", [Upbit, CoinW])
def test_without_tls_credentials_stay_on_this_machine(adapter: type, host: str) -> None:
    """ws:// and http:// lead to loopback or are refused, each by itself."""
    keys = ("k" * 8, "s" * 8)
    region = {"region": "sg"} if adapter is Upbit else {}
    with pytest.raises(ConfigurationError, match="ws_url"):
        adapter(*keys, ws_url=f"ws://{host}/", rest_url="https://x.test", **region)
    with pytest.raises(ConfigurationError, match="rest_url"):
        adapter(*keys, ws_url="wss://x.test/", rest_url=f"http://{host}", **region)


class RedirectTo(Fault):
    """Redirects every request to another server."""

    def __init__(self, base: str, status: int, to: str) -> None:
        self._base = base
        self._status = status
        self._to = to

    def upgrade(self, request: Request) -> Reply | None:
        return self._reply(request, "") if self._to == "WebSocket" else None

    def rest(self, request: Request) -> Reply | None:
        return self._reply(request, request.query) if self._to == "REST" else None

    def _reply(self, request: Request, query: str) -> Reply:
        where = f"{self._base}{request.path}?{query}"
        return Reply(self._status, headers={"Location": where})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("side", ["WebSocket", "REST"])
def test_a_redirect_is_not_followed(
    exchange: Simulator, account: Account, side: str, status: int
) -> None:
    """Nobody connects to its target; the user gets an error."""
    recorder = EventRecorder()
    with RawServer(Peer.read_request) as other:
        base = other.http_url.removesuffix("/read")
        base = base.replace("http", "ws", 1) if side == "WebSocket" else base
        with exchange.faults.add(RedirectTo(base, status, side)):
            stream = AssetStream(account.exchange(), **recorder.handlers())
            stream.start(wait=False)
            error = recorder.wait_for(lambda e: isinstance(e, Exception))
            stream.stop()
        assert other.connections == 0
    assert f"HTTP {status}" in str(error)


class Cookies(Fault):
    """Sets a cookie with every REST reply, and notes those that come back."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.requests = 0

    def upgrade(self, request: Request) -> Reply | None:
        self._note(request)
        return None

    def rest(self, request: Request) -> Reply | None:
        self._note(request)
        # A read that fails is tried again, perhaps with the cookie.
        cookie = "session=of-the-first; Domain=127.0.0.1; Path=/"
        return Reply(503, headers={"Set-Cookie": cookie}) if self.requests < 6 else None

    def _note(self, request: Request) -> None:
        self.requests += 1
        self.came += [v for k, v in request.headers.items() if k.lower() == "cookie"]


def test_rest_sends_no_cookies(exchange: Simulator, account: Account) -> None:
    """Cookies of this stream or of another account are not sent."""
    cookies = Cookies()
    other = getattr(exchange, account.name)({"BTC": "2"})
    with exchange.faults.add(cookies):
        for each in (account, other):
            cookies.requests = 0
            with AssetStream(each.exchange()) as stream:
                assert stream.state is State.LIVE
            assert cookies.requests >= 6

    assert cookies.came == []


def test_upgrades_send_no_cookies(account: Account) -> None:
    """The library's jar, shared by the process, is neither filled nor read."""
    requests: list[bytes] = []

    def script(peer: Peer) -> None:
        if request := peer.read_request():
            requests.append(request)
            cookie = b"session=of-the-first; Domain=127.0.0.1; Path=/"
            peer.send(peer.acceptance(b"Set-Cookie: " + cookie + b"\r\n"))

    with RawServer(script) as server:
        for _ in range(2):
            recorder = EventRecorder()
            exchange = adapter_at(account.exchange(), ws_url=server.url)
            stream = AssetStream(exchange, **recorder.handlers())
            stream.start(wait=False)
            recorder.wait_for(
                lambda e, recorder=recorder: len(recorder.of(ConnectionLost)) >= 2
            )
            stream.stop()

    assert len(requests) >= 4
    assert not any(b"cookie" in request.lower() for request in requests)


# Authorities that the environment names.


@pytest.fixture
def no_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process make its own context anew, in a bare environment."""
    monkeypatch.setattr(tls, "_context", None)
    for name in tls.BUNDLES:
        monkeypatch.delenv(name, raising=False)


def connected(server: RawServer) -> None:
    """Connect with TLS by the process's own context, and hang up."""
    token = CancelToken()
    url, deadline = server.http_url, clock.now() + PATIENCE
    try:
        dial(url, deadline=deadline, token=token, ssl_context=None).close()
    finally:
        token.close()


@pytest.mark.usefixtures("no_context")
def test_authorities_that_the_environment_names_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Companies set these variables for other programs, too; each counts."""
    authorities = {name: trustme.CA() for name in tls.BUNDLES}
    for name, authority in authorities.items():
        authority.cert_pem.write_to_path(str(tmp_path / name))
        monkeypatch.setenv(name, str(tmp_path / name))
    for authority in authorities.values():
        with RawServer(Peer.read_all, serving(authority)) as server:
            connected(server)
    assert len(tls.shared_context().get_ca_certs()) > 3, "the system's remain"


@pytest.mark.usefixtures("no_context")
def test_a_refused_certificate_names_the_environments_authorities(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file that is wrong, or is not there, is likely why."""
    missing = tmp_path / "missing.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(missing))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path))
    with trustme.CA().cert_pem.tempfile() as other:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", other)
        with (
            RawServer(Peer.read_all, serving(authority)) as server,
            pytest.raises(ConnectionLost) as refused,
        ):
            connected(server)
    assert refused.value.fatal
    assert (
        f"a file that SSL_CERT_FILE, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names "
        f"(SSL_CERT_FILE is {missing}, which holds no certificates to read; "
        f"REQUESTS_CA_BUNDLE is {other}; CURL_CA_BUNDLE is {tmp_path})"
    ) in refused.value.remedy


def test_a_users_own_context_owes_nothing_to_the_environment(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The variables are not named where they have no say."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    token = CancelToken()
    with (
        RawServer(Peer.read_all, serving(authority)) as server,
        pytest.raises(ConnectionLost) as refused,
    ):
        dial(
            server.http_url,
            deadline=clock.now() + PATIENCE,
            token=token,
            ssl_context=trusting(trustme.CA()),
        )
    token.close()
    assert "ssl_context" in refused.value.remedy
    assert "SSL_CERT_FILE" not in refused.value.remedy
