"""What goes wrong on the way: nobody there, no TLS, certificates, proxies."""

from __future__ import annotations

import ssl
from functools import partial
from urllib.parse import quote

import trustme

from assetstream import ConnectionLost, ProtocolError
from tests.support.proxies import ProxyProcess
from tests.support.raw_server import Peer, RawServer
from tests.support.secrecy.scene import Play, Scene

__all__ = ["ON_THE_WAY"]


def nobody_listens(scene: Scene) -> None:
    scene.adapter(ws_url="ws://127.0.0.1:1/", rest_url="http://127.0.0.1:1")
    scene.retried(ConnectionLost)


def nobody_listens_at_rest(scene: Scene) -> None:
    scene.adapter(rest_url="http://127.0.0.1:1")
    scene.retried(ConnectionLost)


def no_tls_there(scene: Scene) -> None:
    scene.adapter(ws_url=scene.exchange.ws_url.replace("ws:", "wss:"))
    scene.retried(ConnectionLost)


def no_tls_at_rest(scene: Scene) -> None:
    scene.adapter(rest_url=scene.exchange.rest_url.replace("http:", "https:"))
    scene.retried(ConnectionLost)


def untrusted(side: str, name: str, *, trusted: bool) -> Play:
    """A certificate of an unknown authority, or for another name."""

    def run(scene: Scene) -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        trusting = ssl.create_default_context()
        if trusted:
            authority.configure_trust(trusting)
        with RawServer(Peer.read_request, context) as server:
            move(scene, side, server)
            scene.refused(ConnectionLost, scene.stream(ssl_context=trusting))

    return run


def hung_up_on(side: str, kind: type[Exception]) -> Play:
    """By a server that quotes the request in place of an answer."""

    def run(scene: Scene) -> None:
        def quote_it(peer: Peer) -> None:
            asked = peer.read_request()
            lines = asked.decode().split("\r\n")[1:]
            scene.out.guard_headers(dict(x.split(": ", 1) for x in lines if ": " in x))
            peer.send(b"what? " + asked + b"\r\n\r\n")

        with RawServer(quote_it) as server:
            move(scene, side, server)
            scene.retried(kind)

    return run


def move(scene: Scene, side: str, server: RawServer) -> None:
    """Have the WebSocket or REST at this server."""
    if side == "WebSocket":
        scene.adapter(ws_url=server.url)
    else:
        scene.adapter(rest_url=server.http_url.removesuffix("/read"))


PROXY_USER = "somebody:Proxy-Passw0rd!"


def proxy_url(scene: Scene, scheme: str, port: int) -> str:
    user, password = PROXY_USER.split(":")
    scene.out.guard(password, PROXY_USER)
    return f"{scheme}://{user}:{quote(password)}@127.0.0.1:{port}"


def more_lost(scene: Scene, than: int) -> bool:
    return len(scene.heard.of(ConnectionLost)) > than


def proxied(scene: Scene) -> None:
    """All goes well, by a proxy that wants a password; also once it is gone."""
    for scheme in ("http", "socks5"):
        with ProxyProcess(PROXY_USER) as proxy:
            stream = scene.live(proxy=proxy_url(scene, scheme, proxy.port))
            with stream.expect(lambda u: u.currency == "BTC", 10):
                scene.account.deposit("BTC", "1")
            lost = len(scene.heard.of(ConnectionLost))
            scene.out.add_stream(stream)
        scene.elapse(stream, partial(more_lost, scene, lost + 1))
        scene.ended(stream)


def proxy_unreachable(scheme: str) -> Play:
    def run(scene: Scene) -> None:
        proxy = proxy_url(scene, scheme, 1)
        scene.retried(ConnectionLost, scene.stream(proxy=proxy))

    return run


def proxy_quotes(scene: Scene) -> None:
    def answer(peer: Peer) -> None:
        asked = peer.read_request().replace(b"\r\n", b" ")
        peer.send(b"HTTP/1.1 407 " + asked + b"\r\n\r\n" + asked)

    with RawServer(answer) as server:
        proxy = proxy_url(scene, "http", server.port)
        scene.refused(ConnectionLost, scene.stream(proxy=proxy))


ON_THE_WAY: dict[str, Play] = {
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
    "hung up on": hung_up_on("WebSocket", ProtocolError),
    "hung up on at REST": hung_up_on("REST", ConnectionLost),
    "HTTP proxy unreachable": proxy_unreachable("http"),
    "SOCKS proxy unreachable": proxy_unreachable("socks5"),
    "proxy quotes": proxy_quotes,
    "proxied": proxied,
}
