"""One REST call at a time, off the session's thread: requests, with our own waits.

requests (and urllib3 below it) formats, parses and keeps connections alive. Connecting,
waiting and giving up are done as for the WebSocket, in ``handshake`` and ``patience``:
so the whole call is under one deadline, though the peer drip bytes, and ends at once
when it is given up. This is the only module that imports ``requests``.
"""

from __future__ import annotations

import socket
import ssl
import threading
from functools import partial
from http.client import HTTPException
from typing import Any, Callable, Mapping, Union, cast
from urllib.parse import urlsplit

import requests
from msgspec import Struct
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from assetstream.model.errors import AssetStreamError, ConnectionLost, ProtocolError
from assetstream.protocol import HttpCall
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Crew
from assetstream.runtime.loop.waits import Deadline, OneShotEvent
from assetstream.runtime.net.cancel import (
    CancellableSocket,
    CancelScope,
    CancelToken,
    shortage,
)
from assetstream.runtime.net.dial import Cancelled, dial, host_of
from assetstream.version import __version__

__all__ = ["Adapter", "HttpReply", "Rest"]

#: The most a reply may hold.
LIMIT = 8 << 20
CHUNK = 1 << 16
#: The most hosts to which connections are kept.
HOSTS = 8


class HttpReply(Struct, frozen=True):
    """An answer, whatever its status; header names in lower case, without cookies."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Result = Union[HttpReply, AssetStreamError]
Done = Callable[[Result], None]

#: What tells that the call failed; anything else is a fault of ours.
FAILURES = (requests.RequestException, HTTPError, HTTPException, OSError)


class Rest:
    """REST calls of one stream; its methods are called by one thread, the session's.

    Args:
        post: has a call made by the session's thread; from any thread.
        crew: runs the calls.
        adapter: keeps connections, and is shared only among those with the same
            context and proxy.
        ssl_context: as for ``dial``.
        proxy: as for ``dial``.
    """

    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        crew: Crew,
        adapter: Adapter,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None = None,
    ) -> None:
        self._post = post
        self._crew = crew
        self._adapter = adapter
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._running: set[Call] = set()
        self._closed = False

    def fetch(self, call: HttpCall, timeout: float, done: Done) -> None:
        """Send the request; have ``done`` called with the outcome.

        A redirect is a reply like any other: never followed, for it would carry the
        credentials to another host. Ignored after ``close``.
        """
        if self._closed:
            return
        try:
            running = Call(
                call,
                timeout,
                self._adapter,
                partial(self._report, done),
                self._ssl_context,
                self._proxy,
            )
            # One that has reported may not have ended yet: close() waits for it, too.
            self._running = {c for c in self._running if not c.ended.happened}
            self._running.add(running)
            running.begin(self._crew)
        except (OSError, RuntimeError) as error:
            # No descriptor, no thread: the machine may have one in a while.
            self._post(partial(done, shortage(error)))

    def cancel(self) -> None:
        """End the calls under way at once; each is done with a ConnectionLost."""
        for call in tuple(self._running):
            call.give_up()

    def close(self, timeout: float) -> int:
        """End everything; return how many calls did not end within ``timeout``."""
        self._closed = True
        deadline = Deadline(timeout)
        running = tuple(self._running)
        self.cancel()
        return sum(not call.ended.wait(deadline) for call in running)

    def _report(self, done: Done, outcome: Result | Exception) -> None:
        # In the call's thread, which touches nothing else.
        self._post(partial(self._ended, done, outcome))

    def _ended(self, done: Done, outcome: Result | Exception) -> None:
        if isinstance(outcome, (HttpReply, AssetStreamError)):
            done(outcome)
        elif not self._closed:
            raise outcome  # a fault of ours, for the session's thread to deal with


class Call:
    """One call under way.

    The adapter's connections find their call as the one that their thread runs.
    """

    def __init__(
        self,
        call: HttpCall,
        timeout: float,
        adapter: Adapter,
        report: Callable[[Result | Exception], None],
        ssl_context: ssl.SSLContext | None,
        proxy: str | None,
    ) -> None:
        self.host = host_of(call.url)
        self._call_off = CancelToken()
        self.patience = CancelScope(clock.now() + timeout, self._call_off, self.host)
        #: Path and query to ask for, as they were signed.
        self.target = ""
        #: The request went out on a connection kept from an earlier call.
        self.reused = False
        #: Set when its thread is done with it.
        self.ended = OneShotEvent()
        self._call = call
        self._adapter = adapter
        self._report = report
        self._ssl_context = ssl_context
        self._proxy = proxy

    def begin(self, crew: Crew) -> None:
        """Have it run, or leave nothing behind."""
        try:
            crew.start(self.run, "assetstream-rest")
        except BaseException:
            self._call_off.close()
            self.ended.set()
            raise

    def run(self) -> None:
        """Report the outcome."""
        _running.call = self
        try:
            outcome = self._outcome()
        finally:
            _running.call = None
            self._call_off.close()
            self.ended.set()
        self._report(outcome)

    def give_up(self) -> None:
        """End it at once; from any thread."""
        self._call_off.cancel()

    def dial(self, scheme: str, host: str, port: int) -> socket.socket:
        """Connect for this call."""
        host = f"[{host}]" if ":" in host else host
        sock = dial(
            f"{scheme}://{host}:{port}",
            deadline=self.patience.deadline,
            interrupt=self._call_off,
            ssl_context=self._ssl_context,
            proxy=self._proxy,
        )
        return cast(socket.socket, CancellableSocket(sock, self.patience))

    def _outcome(self) -> Result | Exception:
        """Return the reply or why there is none; a fault of ours as it is.

        The URL may be a credential, and requests puts it into its exceptions: nothing
        of theirs is passed on, and the error is a new one, without their chain.
        """
        try:
            return self._exchange()
        except AssetStreamError as error:
            error.__context__ = error.__cause__ = None
            return error.with_traceback(None)
        except Cancelled:
            return ConnectionLost(f"the request to {self.host} was given up")
        except FAILURES as error:
            kind = type(error).__name__
            return self.patience.lost(
                f"closed the connection or answered what is not HTTP ({kind})"
            )
        except Exception as fault:
            return fault

    def _exchange(self) -> HttpReply:
        response = self._send()
        try:
            body = b""
            for piece in response.iter_content(CHUNK):
                body += piece
                if len(body) > LIMIT:
                    raise ProtocolError(
                        f"{self.host} sent more than {LIMIT} bytes",
                        remedy="If this repeats, a proxy on the way may answer in its "
                        "place.",
                    )
        finally:
            response.close()
        headers = {
            name.lower(): value
            for name, value in response.headers.items()
            if name.lower() != "set-cookie"
        }
        return HttpReply(response.status_code, headers, body)

    def _send(self) -> requests.Response:
        headers = {"User-Agent": f"assetstream/{__version__}", **self._call.headers}
        request = requests.Request(
            self._call.method, self._call.url, headers, data=self._call.body or None
        ).prepare()
        self.target = request.path_url
        try:
            return self._adapter.send(request, stream=True)
        except (requests.ConnectionError, ConnectionLost):
            # A kept connection is often closed by the server just as it is used
            # again: that tells nothing, so ask once more on a fresh one.
            if not self.reused:
                raise
        return self._adapter.send(request, stream=True)


#: ``call``: the one that this thread runs.
_running = threading.local()


def _current_call() -> Call:
    call = _running.call
    assert isinstance(call, Call)
    return call


class PlainConnection(HTTPConnection):
    """Connects and waits as its call says."""

    def connect(self) -> None:
        self.sock = _current_call().dial("http", self.host, self.port)

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        super().request(method, _taken_over(self).target, *args, **options)


class SecureConnection(HTTPSConnection):
    """The same with TLS; the certificate was verified in the handshake."""

    def connect(self) -> None:
        self.sock = _current_call().dial("https", self.host, self.port)
        self.is_verified = True

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        super().request(method, _taken_over(self).target, *args, **options)


def _taken_over(connection: HTTPConnection) -> Call:
    """Return the running call; its patience rules a connection that is open already."""
    call = _current_call()
    sock = connection.sock
    if isinstance(sock, CancellableSocket):
        call.reused = sock.patience is not call.patience
        sock.patience = call.patience
    return call


class PlainPool(HTTPConnectionPool):
    """Keeps plain connections."""

    ConnectionCls = PlainConnection  # pyright: ignore[reportAssignmentType]


class SecurePool(HTTPSConnectionPool):
    """Keeps TLS connections."""

    ConnectionCls = SecureConnection  # pyright: ignore[reportAssignmentType]


class Adapter(HTTPAdapter):
    """Used without a Session: no cookies, no redirects, no .netrc, no environment.

    Args:
        kept: connections that are kept open for each host.
    """

    def __init__(self, kept: int = 1) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=kept)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": PlainPool,
            "https": SecurePool,
        }

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """Return the path alone, for urllib3 logs it; a connection asks for all.

        The query of some exchanges is a signature that anybody could send again.
        """
        return urlsplit(request.path_url).path

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Load nothing: verifying is the handshake's."""
