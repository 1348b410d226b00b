"""Cases in which the network fails: nobody listens, TLS, certificates, proxies."""

from __future__ import annotations

from urllib.parse import quote

import trustme

from assetstream import ConnectionLost
from tests.support.certificates import serving, trusting
from tests.support.event_recorder import PATIENCE
from tests.support.proxies import ProxyProcess
from tests.support.raw_server import Peer, RawServer
from tests.support.secrecy.setup import Case, SecrecySetup

__all__ = ["NETWORK"]


def nobody_listens(setup: SecrecySetup) -> None:
    setup.adapter(ws_url="ws://127.0.0.1:1/", rest_url="http://127.0.0.1:1")
    setup.expect_retry(ConnectionLost)


def nobody_listens_at_rest(setup: SecrecySetup) -> None:
    setup.adapter(rest_url="http://127.0.0.1:1")
    setup.expect_retry(ConnectionLost)


def no_tls_there(setup: SecrecySetup) -> None:
    setup.adapter(ws_url=setup.exchange.ws_url.replace("ws:", "wss:"))
    setup.expect_retry(ConnectionLost)


def no_tls_at_rest(setup: SecrecySetup) -> None:
    setup.adapter(rest_url=setup.exchange.rest_url.replace("http:", "https:"))
    setup.expect_retry(ConnectionLost)


def untrusted(side: str, name: str, *, trusted: bool) -> Case:
    """Return a case with an unknown authority, or a certificate for another name."""

    def run(setup: SecrecySetup) -> None:
        authority = trustme.CA()
        user = trusting(authority if trusted else trustme.CA())
        with RawServer(Peer.read_request, serving(authority, name)) as server:
            setup.move(side, server)
            setup.expect_refusal(ConnectionLost, setup.stream(ssl_context=user))

    return run


PROXY_USER = "somebody:Proxy-Passw0rd!"


def proxy_url(setup: SecrecySetup, scheme: str, port: int) -> str:
    user, password = PROXY_USER.split(":")
    setup.detector.guard(password, PROXY_USER)
    return f"{scheme}://{user}:{quote(password)}@127.0.0.1:{port}"


def proxied(setup: SecrecySetup) -> None:
    """Streams work through a proxy with a password, and lose it later."""
    with ProxyProcess(PROXY_USER) as proxy:
        streams = [
            setup.live(account=scheme, proxy=proxy_url(setup, scheme, proxy.port))
            for scheme in ("http", "socks5")
        ]
        for stream in streams:
            with stream.expect(lambda u: u.currency == "BTC", PATIENCE):
                setup.account.deposit("BTC", "1")
            setup.detector.add_stream(stream)
    for stream in streams:
        # The first loss is that of the connection, which was well.
        setup.elapse(stream, lambda s=stream: lost(setup, s.account) > 1)
        setup.finish(stream)


def lost(setup: SecrecySetup, account: str) -> int:
    return sum(each.account == account for each in setup.recorder.of(ConnectionLost))


def proxy_unreachable(scheme: str) -> Case:
    def run(setup: SecrecySetup) -> None:
        proxy = proxy_url(setup, scheme, 1)
        setup.expect_retry(ConnectionLost, setup.stream(proxy=proxy))

    return run


def proxy_quotes(setup: SecrecySetup) -> None:
    def answer(peer: Peer) -> None:
        asked = peer.read_request().replace(b"\r\n", b" ")
        peer.send(b"HTTP/1.1 407 " + asked + b"\r\n\r\n" + asked)

    with RawServer(answer) as server:
        proxy = proxy_url(setup, "http", server.port)
        setup.expect_refusal(ConnectionLost, setup.stream(proxy=proxy))


NETWORK: dict[str, Case] = {
    "nobody listens": nobody_listens,
    "nobody listens at REST": nobody_listens_at_rest,
    "no TLS there": no_tls_there,
    "no TLS at REST": no_tls_at_rest,
    **{
        f"{what}, {side}": untrusted(side, name, trusted=trusted)
        for what, name, trusted in [
            ("unknown authority", "127.0.0.1", False),
            ("wrong name", "192.0.2.1", True),
        ]
        for side in ("WebSocket", "REST")
    },
    "HTTP proxy unreachable": proxy_unreachable("http"),
    "SOCKS proxy unreachable": proxy_unreachable("socks5"),
    "proxy quotes": proxy_quotes,
    "proxied": proxied,
}
