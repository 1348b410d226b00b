"""Nothing secret leaks: every way to succeed and to fail is gone, and searched."""

from __future__ import annotations

import json
import logging
import ssl
import warnings
from typing import Any, Callable, Iterator
from urllib.parse import quote

import pytest
import trustme

from assetstream import (
    AssetStream,
    AssetUpdate,
    AuthenticationError,
    CallbackError,
    CoinW,
    ConfigurationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    Source,
    State,
    StreamTimeout,
    Upbit,
)
from assetstream.errors import AssetStreamError
from assetstream.protocol import Exchange
from assetstream.runtime import http
from assetstream.runtime.channel import Library
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.websocket import Connection
from tests.evidence import Evidence
from tests.runtime.raw_server import Peer, RawServer
from tests.support import Recorder

pytestmark = pytest.mark.usefixtures("hasty")


class Scene:
    """One account, what a stream of it lets out, and what that must not hold."""

    def __init__(self, simulator: Simulator, account: Account, out: Evidence) -> None:
        self.simulator = simulator
        self.account = account
        self.exchange = account.exchange()
        self.out = out
        self.heard = Recorder()

    @property
    def spill(self) -> str:
        """All credentials, in the order in which a URL or a login holds them."""
        return " ".join(self.exchange.credentials)

    def adapter(
        self, *, key: str = "", secret: str = "", ws_url: str = "", rest_url: str = ""
    ) -> Exchange:
        """The account's adapter with something else about it."""
        own = self.exchange
        urls = {"ws_url": ws_url or own.ws_url, "rest_url": rest_url or own.rest_url}
        keys = key or own.credentials[0], secret or own.credentials[1]
        if self.account.name == "upbit":
            self.exchange = Upbit(*keys, region="sg", **urls)
        else:
            self.exchange = CoinW(*keys, **urls)
        self.out.guard_exchange(self.exchange)
        return self.exchange

    def stream(self, exchange: Exchange | None = None, **options: Any) -> AssetStream:
        return AssetStream(
            exchange or self.exchange, **{**self.heard.handlers(), **options}
        )

    def live(self, **options: Any) -> AssetStream:
        stream = self.stream(**options)
        stream.start()
        return stream

    def refused(
        self, kind: type[BaseException], stream: AssetStream | None = None
    ) -> None:
        """Start it, which must raise ``kind``; take the error."""
        stream = stream or self.stream()
        with pytest.raises(kind) as raised:
            stream.start()
        self.out.add_error("raised by start()", raised.value)
        self.ended(stream)

    def retried(
        self, kind: type[BaseException], stream: AssetStream | None = None
    ) -> None:
        """Start it, and stop it once on_error was told of a ``kind``."""
        stream = stream or self.stream()
        stream.start(wait=False)
        self.heard.wait_for(lambda event: isinstance(event, kind))
        self.ended(stream)

    def ended(self, stream: AssetStream) -> None:
        """Look at it, stop it, look at it again, and at all that was heard."""
        self.out.add_stream(stream)
        assert stream.stop()
        self.out.add_stream(stream)
        for event in self.heard.events:
            self.out.add("event", event)

    def send(self, payload: bytes | str) -> None:
        """Push a frame to the subscriber."""
        (session,) = self.account._subscribers
        data = payload.encode() if isinstance(payload, str) else payload
        session.connection.send(Message(Kind.PUSH, data))


class Echo(Fault):
    """Answers with all that came in, and all credentials beside it."""

    def __init__(self, scene: Scene, to: str, status: int = 400) -> None:
        self._scene = scene
        self._to = to
        self._status = status

    def upgrade(self, request: Request) -> Reply | None:
        return self._reply(request) if self._to == "upgrade" else None

    def rest(self, request: Request) -> Reply | None:
        return self._reply(request) if self._to.startswith("rest") else None

    def _reply(self, request: Request) -> Reply:
        said = (
            f"{request.method} {request.path}?{request.query} {request.headers} "
            # Of what is long some show the beginning only.
            f"{request.headers.get('authorization', '')[:70]} {self._scene.spill}"
        )
        if self._to == "rest, own form":
            return Reply.json(self._status, refusal(said))
        headers = {"Location": f"{request.path}?{request.query}", "X-Echo": said}
        return Reply(self._status, said.encode(), headers)


class EchoFrames(Fault):
    """Answers each frame by an error that quotes it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        said = f"{payload.decode()} {self._scene.spill}"
        connection.send(Message(Kind.ERROR, json.dumps(refusal(said)).encode()))
        return None


def refusal(said: str) -> dict[str, object]:
    """A refusal in the form of either exchange, with these words in every place."""
    return {
        "error": {"name": said, "message": said},
        "code": "77",
        "msg": said,
        "channel": "login",
        "data": {"result": False, "errorCode": said, "errorMsg": said},
    }


# What goes well


def live_and_pushed(scene: Scene) -> None:
    with scene.live() as stream, stream.updates() as updates:
        scene.account.deposit("BTC", "1")
        scene.heard.wait_for(
            lambda e: isinstance(e, AssetUpdate) and e.source is Source.STREAM
        )
        scene.out.add("update", updates.get(5.0))
        scene.ended(stream)


def reconnected(scene: Scene) -> None:
    stream = scene.live()
    scene.simulator.drop_connections()
    scene.heard.wait_for_state(State.LIVE, times=2)
    scene.ended(stream)


# Refused by the exchange


def wrong_secret(scene: Scene) -> None:
    scene.adapter(secret="NotTheSecret" * 4)
    scene.refused(AuthenticationError)


def wrong_key(scene: Scene) -> None:
    scene.adapter(key="NotTheKey" * 4)
    scene.refused(AuthenticationError)


def missing_permission(scene: Scene) -> None:
    scene.account = getattr(scene.simulator, scene.account.name)(permissions=["order"])
    scene.exchange = scene.account.exchange()
    scene.out.guard_exchange(scene.exchange)
    # CoinW refuses the login without saying why.
    upbit = scene.account.name == "upbit"
    scene.refused(PermissionDenied if upbit else AuthenticationError)


def unlisted_address(scene: Scene) -> None:
    scene.account = getattr(scene.simulator, scene.account.name)(
        allowed_ips=["192.0.2.1"]
    )
    scene.exchange = scene.account.exchange()
    scene.out.guard_exchange(scene.exchange)
    scene.refused(AssetStreamError)


def upgrade_refused(status: int, kind: type[Exception]) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        with scene.simulator.faults.add(Echo(scene, "upgrade", status)):
            scene.retried(kind)

    return run


def login_refused(scene: Scene) -> None:
    with scene.simulator.refuse_logins():
        scene.refused(AuthenticationError)


def frames_echoed(scene: Scene) -> None:
    with scene.simulator.faults.add(EchoFrames(scene)):
        scene.retried(ExchangeError)
    assert scene.out.contains("***")


def rest_refused(
    status: int, kind: type[Exception], form: str = "rest"
) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        with scene.simulator.faults.add(Echo(scene, form, status)):
            scene.retried(kind)

    return run


def not_live_in_time(scene: Scene) -> None:
    stream = scene.stream()
    with (
        scene.simulator.faults.add(Echo(scene, "rest", 500)),
        pytest.raises(StreamTimeout) as raised,
    ):
        stream.start(timeout=0.2)
    scene.out.add_error("raised", raised.value)
    scene.ended(stream)


# Told by frames


def garbage(scene: Scene) -> None:
    spill = scene.spill
    secret = scene.exchange.credentials[1]
    # Only Upbit has tokens to hide.
    upbit = scene.account.name == "upbit"
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3Nfa2V5IjoiYSJ9.c2ln" if upbit else "token"
    stream = scene.live()
    frames = [
        spill.encode() + b"\xff",
        f'{{"{secret}": 1',
        json.dumps([spill, token]),
        json.dumps({spill: token}),
        json.dumps({"type": spill, "biz": 1, "data": {"currency": 1}}),
        # What is wrong is quoted nowhere.
        *(
            json.dumps(
                {
                    "type": kind,
                    "biz": "exchange",
                    "assets": [{"currency": code, "balance": wrong, "locked": wrong}],
                    "data": {"currency": code, "available": wrong, "hold": wrong},
                    "asset_timestamp": secret,
                }
            )
            for kind in ("myAsset", "assets")
            for code, wrong in [("BTC", spill), ("BTC", token), (spill, "1")]
        ),
    ]
    for frame in frames:
        scene.send(frame)
    scene.account.deposit("USDT", "1")
    scene.heard.wait_for(lambda e: isinstance(e, AssetUpdate) and e.available == 1001)
    assert len(scene.heard.of(ProtocolError)) >= 6
    scene.ended(stream)
    assert scene.out.contains("***")


def closed_with_a_reason(scene: Scene) -> None:
    stream = scene.live()
    scene.simulator.close_connections(1008, scene.spill[:120])
    scene.heard.wait_for(lambda e: isinstance(e, ConnectionLost))
    scene.ended(stream)
    assert scene.out.contains("***")


# On the way


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


def untrusted(scene: Scene) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with RawServer(Peer.read_request, context) as server:
        scene.adapter(ws_url=server.url)
        scene.refused(ConnectionLost)


def hung_up_on(scene: Scene) -> None:
    def quote_it(peer: Peer) -> None:
        peer.send(b"what? " + peer.read_request() + b"\r\n\r\n")

    with RawServer(quote_it) as server:
        scene.adapter(ws_url=server.url)
        scene.retried(ProtocolError)


def hung_up_on_at_rest(scene: Scene) -> None:
    def quote_it(peer: Peer) -> None:
        peer.send(b"what? " + peer.read_request() + b"\r\n\r\n")

    with RawServer(quote_it) as server:
        scene.adapter(rest_url=server.http_url.removesuffix("/read"))
        scene.retried(ConnectionLost)


def proxy_url(scene: Scene, scheme: str, port: int) -> str:
    password = "Proxy-Passw0rd!"
    scene.out.guard(password, quote(password), f"somebody:{password}")
    return f"{scheme}://somebody:{quote(password)}@127.0.0.1:{port}"


def proxy_unreachable(scheme: str) -> Callable[[Scene], None]:
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


def wrong_arguments(scene: Scene) -> None:
    key, secret = scene.exchange.credentials[:2]
    attempts: list[Callable[[], object]] = [
        lambda: scene.stream(proxy=proxy_url(scene, "ftp", 1)),
        lambda: scene.adapter(key=f"{key} "),
        lambda: scene.adapter(secret=f"{secret}\n"),
        lambda: scene.adapter(ws_url=f"wss://{key}:{secret}@127.0.0.1/"),
        lambda: scene.adapter(rest_url=f"https://127.0.0.1/?sign={secret}"),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigurationError) as raised:
            attempt()
        # Without variables: the caller's own line has the same arguments.
        scene.out.add("raised", str(raised.value), repr(raised.value))
        scene.out.add("raised", repr(vars(raised.value)))


# Faults of the user's and of our own


def callback_raises(scene: Scene) -> None:
    def handler(event: object) -> None:
        raise RuntimeError("of the user's")

    stream = scene.live(on_asset=handler, on_state=handler)
    scene.heard.wait_for(lambda e: isinstance(e, CallbackError))
    scene.ended(stream)


def errors_are_logged(scene: Scene) -> None:
    """With no on_error."""
    stream = scene.stream(on_error=None)
    with scene.simulator.faults.add(Echo(scene, "rest", 401)):
        with pytest.raises(AuthenticationError) as raised:
            stream.start()
        scene.out.add_error("raised", raised.value)
    scene.ended(stream)


def fault_in(owner: object, name: str) -> Callable[[Scene], None]:
    """Something breaks deep inside, with secrets in the variables around it."""

    def run(scene: Scene) -> None:
        def broken(*args: Any, **options: Any) -> None:
            raise TypeError("a fault of ours")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, broken)
            scene.refused(AssetStreamError)
        assert scene.out.contains("internal error")

    return run


def fault_in_adapter(name: str) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        fault_in(type(scene.exchange), name)(scene)

    return run


SCENES: dict[str, Callable[[Scene], None]] = {
    "live and pushed": live_and_pushed,
    "reconnected": reconnected,
    "wrong secret": wrong_secret,
    "wrong key": wrong_key,
    "missing permission": missing_permission,
    "unlisted address": unlisted_address,
    "upgrade 302": upgrade_refused(302, AssetStreamError),
    "upgrade 401": upgrade_refused(401, AuthenticationError),
    "upgrade 403": upgrade_refused(403, ConnectionLost),
    "upgrade 429": upgrade_refused(429, RateLimited),
    "upgrade 500": upgrade_refused(500, ConnectionLost),
    "login refused": login_refused,
    "frames echoed": frames_echoed,
    "REST 200": rest_refused(200, ProtocolError),
    "REST 302": rest_refused(302, AssetStreamError),
    "REST 401": rest_refused(401, AuthenticationError),
    "REST 403": rest_refused(403, ConnectionLost),
    "REST 429": rest_refused(429, RateLimited),
    "REST 500": rest_refused(500, ConnectionLost),
    "REST 400, own form": rest_refused(400, ExchangeError, "rest, own form"),
    "not LIVE in time": not_live_in_time,
    "garbage": garbage,
    "closed with a reason": closed_with_a_reason,
    "nobody listens": nobody_listens,
    "nobody listens at REST": nobody_listens_at_rest,
    "no TLS there": no_tls_there,
    "no TLS at REST": no_tls_at_rest,
    "untrusted": untrusted,
    "hung up on": hung_up_on,
    "hung up on at REST": hung_up_on_at_rest,
    "HTTP proxy unreachable": proxy_unreachable("http"),
    "SOCKS proxy unreachable": proxy_unreachable("socks5"),
    "proxy quotes": proxy_quotes,
    "wrong arguments": wrong_arguments,
    "callback raises": callback_raises,
    "errors are logged": errors_are_logged,
    "fault in the frames": fault_in_adapter("conversation"),
    "fault in the reply": fault_in_adapter("read_replied"),
    "fault in sending": fault_in(Library, "send"),
    "fault in the library": fault_in(Library, "run"),
    "fault in REST": fault_in(http.Adapter, "send"),
    "fault below REST": fault_in(http.PlainConnection, "request"),
}


@pytest.fixture
def out() -> Iterator[Evidence]:
    """All loggers at DEBUG, and what they write."""
    with Evidence() as evidence:
        yield evidence


@pytest.mark.parametrize("name", SCENES)
def test_nothing_secret_leaks(
    exchange: Simulator,
    account: Account,
    out: Evidence,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Not by a log, a repr, an exception with its locals, a warning or a print."""
    scene = Scene(exchange, account, out)
    out.guard_exchange(scene.exchange)
    SCENES[name](scene)
    printed = capsys.readouterr()
    out.add("stdout", printed.out)
    out.add("stderr", printed.err)
    out.finish()

    assert out.leaks == []


def test_what_leaks_is_found(
    account: Account, out: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it comes out: the search above can fail."""
    exchange = account.exchange()
    out.guard_exchange(exchange)
    secret = exchange.credentials[1]
    error = ConnectionLost("lost")
    out.add_error("of no harm", error)
    assert out.leaks == []

    namespace: dict[str, Any] = {"error": error}
    code = "def ask(hidden):\n    raise error\n"
    exec(compile(code, "elsewhere.py", "exec"), namespace)
    with pytest.raises(ConnectionLost):
        namespace["ask"](secret)
    out.add_error("raised", error)
    logging.getLogger("websocket").debug("sent %s", secret)
    monkeypatch.setattr(type(exchange), "__repr__", lambda self: secret)
    out.add("repr", exchange)
    warnings.warn(secret, stacklevel=1)
    out.finish()
    out.add("token", "Bearer eyJhbGciOiJI")

    assert {where.partition(",")[0].split(" ")[0] for where in out.leaks} == {
        "locals",
        "log",
        "arguments",
        "repr",
        "warning",
        "token",
    }
