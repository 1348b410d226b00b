"""One REST call at a time, on a helper thread: requests, with our own waits.

requests prepares a call, and urllib3, below it, keeps connections alive. Connecting,
waiting and giving up are done as for the WebSocket, in ``dial`` and ``cancel``:
so the whole call is under one deadline, though the peer drip bytes, and ends at once
when it is given up. This is the only module that imports ``requests``.

An exchange is asked the same again and again, but for the signature: ``Adapter``
prepares the rest once, and takes its own way from there to the pool of connections. A
connection then writes the request at once, and ``answer`` reads what comes.
"""

from __future__ import annotations

import ssl
import threading
from functools import partial
from typing import Any, Callable, Mapping
from urllib.parse import urlsplit

import requests
from msgspec import Struct
from requests.adapters import HTTPAdapter
from requests.utils import check_header_validity, requote_uri
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ProtocolError as BrokenProtocol
from urllib3.util import Retry

from assetstream.core.outcomes import HttpReply, Outcome, Unanswered
from assetstream.model.errors import AssetStreamError, ConnectionLost
from assetstream.protocol import HttpCall
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.net.answer import AnswerReader
from assetstream.runtime.net.cancel import (
    Cancelled,
    CancelScope,
    CancelToken,
    Wire,
    shortage,
)
from assetstream.runtime.net.dial import dial, host_of, server_of
from assetstream.runtime.net.job import CancellableJob, helpers_place
from assetstream.version import __version__

__all__ = ["Adapter", "Rest"]

#: The most hosts to which connections are kept.
HOSTS = 8
#: urllib3 is to repeat nothing by itself.
NO_RETRIES = Retry(False, redirect=False)


#: Given the outcome of a call, and the monotonic time at which it was asked.
Done = Callable[[Outcome, float], None]
#: Given the seconds that a call has left, which must be signed and sent again.
Again = Callable[[float], None]

#: Signs that the call failed; anything else is a fault of ours.
FAILURES = (requests.RequestException, HTTPError, OSError)


class Rest:
    """REST calls of one stream; its methods are called by the reader thread.

    Args:
        post: has a call made in the reader thread; from any thread.
        helpers: run the calls.
        adapter: keeps connections, and is shared only among those with the same
            context and proxy.
        ssl_context: as for ``dial``.
        proxy: as for ``dial``.
    """

    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        helpers: Helpers,
        adapter: Adapter,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None = None,
    ) -> None:
        self._post = post
        self._helpers = helpers
        self._adapter = adapter
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._running: set[CancellableJob[Outcome | Unanswered]] = set()
        self._closed = False

    def fetch(self, call: HttpCall, timeout: float, done: Done, again: Again) -> int:
        """Send the request; have ``done`` or ``again`` called with the outcome.

        A kept connection is often closed by the server just as it is used again. That
        proves nothing, but the server may have read the request: it must not come once
        more as it is (L6).

        A redirect is a reply like any other: never followed, for it would carry the
        credentials to another host. Ignored after ``close``.

        Returns:
            As ``Helpers.start``.

        Args:
            call: the request.
            timeout: seconds that it may take, once a helper has begun it.
            done: called in the reader thread.
            again: called there in its place if a kept connection died.
        """
        if self._closed:
            return 0
        running = Call(call, timeout, self._adapter, self._ssl_context, self._proxy)
        try:
            job = CancellableJob(
                self._helpers,
                helpers_place(call.endpoint, self._proxy),
                running.run,
                lambda outcome: self._post(
                    partial(self._ended, done, again, outcome, running)
                ),
            )
            waiting = job.begin()
            self._running.add(job)
            return waiting
        except (OSError, RuntimeError) as error:
            # No descriptor, no thread: the machine may have one in a while.
            self._post(partial(done, shortage(error), running.asked))
            return 0

    def cancel(self) -> None:
        """End the calls under way at once; each is done with a ConnectionLost."""
        for job in tuple(self._running):
            job.call_off()

    def close(self, timeout: float = 0.0) -> int:
        """End everything; return how many calls did not end within ``timeout``."""
        self._closed = True
        deadline = Deadline(timeout)
        running = tuple(self._running)
        self.cancel()
        return sum(not job.ended.wait(deadline) for job in running)

    def _ended(
        self,
        done: Done,
        again: Again,
        outcome: Outcome | Unanswered | Exception,
        call: Call,
    ) -> None:
        # Now, not when the next begins: a minute of every account's.
        self._running = {job for job in self._running if not job.ended.happened}
        if isinstance(outcome, Unanswered):
            again(outcome.left)
        elif isinstance(outcome, (HttpReply, AssetStreamError)):
            done(outcome, call.asked)
        elif not self._closed:
            raise outcome  # a fault of ours, for the reader thread to deal with


class Call:
    """One call under way.

    The adapter's connections find their call as the one that their thread runs.

    Attributes:
        wanted: what is asked for.
        scope: the call's deadline and token, once it runs.
        request: as it goes out.
        reused: the request went out on a connection kept from an earlier call.
        asked: monotonic time at which the request was written last.
        reply: what came, once it has.
    """

    scope: CancelScope
    reply: HttpReply

    def __init__(
        self,
        call: HttpCall,
        timeout: float,
        adapter: Adapter,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None,
    ) -> None:
        self.wanted = call
        self.host = host_of(call.endpoint)
        self.request = b""
        self.reused = False
        self.asked = clock.now()
        self._timeout = timeout
        self._adapter = adapter
        self._ssl_context = ssl_context
        self._proxy = proxy

    def run(self, token: CancelToken) -> Outcome | Unanswered:
        """Return the reply or why there is none.

        The URL may be a credential, and requests puts it into its exceptions: nothing
        of theirs is passed on, and the error is a new one, without their chain.
        """
        self.scope = CancelScope(clock.now() + self._timeout, token, self.host)
        _running.call = self
        try:
            token.check()
            return self._exchange()
        except AssetStreamError as error:
            error.__context__ = error.__cause__ = None
            return error.with_traceback(None)
        except Cancelled:
            return ConnectionLost(f"the request to {self.host} was given up")
        except FAILURES as error:
            kind = type(error).__name__
            return self.scope.lost(
                f"closed the connection or answered what is not HTTP ({kind})"
            )
        finally:
            _running.call = None

    def dial(self, scheme: str, host: str, port: int) -> Wire:
        """Connect for this call."""
        host = f"[{host}]" if ":" in host else host
        return dial(
            f"{scheme}://{host}:{port}",
            deadline=self.scope.deadline,
            token=self.scope.token,
            ssl_context=self._ssl_context,
            proxy=self._proxy,
        )

    def _exchange(self) -> HttpReply | Unanswered:
        try:
            self._adapter.ask(self)
        except (BrokenProtocol, OSError, ConnectionLost):
            if self.reused and self.scope.left > 0:
                return Unanswered(self.scope.left)
            raise
        return self.reply


#: ``call``: the one that this thread runs.
_running = threading.local()


def _current_call() -> Call:
    call = _running.call
    assert isinstance(call, Call)
    return call


class PlainConnection(HTTPConnection):
    """Connects, asks and waits by the rules of its call.

    Attributes:
        scope: of the call that has used it last.
    """

    scope: CancelScope
    _scheme = "http"

    def connect(self) -> None:
        call = _current_call()
        self.sock = call.dial(self._scheme, self.host, self.port)
        self.scope = call.scope

    def request(self, *args: Any, **options: Any) -> None:
        """Write the whole request of the call, query, headers and body."""
        if self.is_closed:
            self.connect()
        call = _current_call()
        call.asked = clock.now()
        call.reused = self.scope is not call.scope
        self.scope = call.scope
        self.scope.send_all(self._wire, call.request, "taking the request")

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Read the whole answer; urllib3, which gives it to nobody, sees its status."""
        answer = AnswerReader(self._wire, self.scope).read()
        if answer.last:
            self.close()
        _current_call().reply = HttpReply(answer.status, answer.headers, answer.body)
        return HTTPResponse(status=answer.status, preload_content=False)

    @property
    def _wire(self) -> Wire:
        assert self.sock is not None
        return self.sock


class SecureConnection(PlainConnection, HTTPSConnection):
    """The same with TLS; the certificate was verified in the handshake."""

    _scheme = "https"

    def connect(self) -> None:
        super().connect()
        self.is_verified = True


class PlainPool(HTTPConnectionPool):
    """Keeps plain connections."""

    ConnectionCls = PlainConnection  # pyright: ignore[reportAssignmentType]


class SecurePool(HTTPSConnectionPool):
    """Keeps TLS connections."""

    ConnectionCls = SecureConnection  # pyright: ignore[reportAssignmentType]


class Endpoint(Struct, frozen=True):
    """The part of a call that is the same each time: nothing that signs, no query.

    Attributes:
        pool: of the connections that lead there.
        path: as it is sent.
        headers: those that are not the call's own.
    """

    pool: HTTPConnectionPool
    path: str
    headers: Mapping[str, str]


class Adapter(HTTPAdapter):
    """Used without a Session: no cookies, no redirects, no .netrc, no environment.

    Nor is its ``send`` used, which looks at all of that, and takes as long as the rest.

    Args:
        kept: connections that are kept open for each host.
    """

    def __init__(self, kept: int = 1) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=kept)
        self._endpoints: dict[tuple[str, str], Endpoint] = {}

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": PlainPool,
            "https": SecurePool,
        }

    def close(self) -> None:
        """Close what is kept; urllib3 closes a pool that nobody holds any more."""
        self._endpoints.clear()
        super().close()

    def ask(self, call: Call) -> None:
        """Send the call's request, and read its reply.

        Raises: any of FAILURES.
        """
        wanted = call.wanted
        endpoint = self._endpoint(wanted)
        call.request = written(wanted, endpoint)
        endpoint.pool.urlopen(
            wanted.method,
            # Not the query: urllib3 logs this, and the query of some exchanges is a
            # signature that anybody could send again.
            endpoint.path,
            headers={},
            retries=NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            # The answer is whole: the connection may be kept at once.
            preload_content=False,
            release_conn=True,
        )

    def _endpoint(self, call: HttpCall) -> Endpoint:
        """Return what requests prepares of a call; once for all that ask the same."""
        key = call.method, call.endpoint
        known = self._endpoints.get(key)
        if known is None:
            request = requests.Request(*key).prepare()
            url = str(request.url)
            server = server_of(url)
            if len(self._endpoints) >= HOSTS:
                self._endpoints.clear()
            scheme = "https" if server.secure else "http"
            self._endpoints[key] = known = Endpoint(
                self.poolmanager.connection_from_host(server.host, server.port, scheme),
                request.path_url,
                {
                    "Host": urlsplit(url).netloc.rpartition("@")[2],
                    "Accept-Encoding": "identity",
                    "User-Agent": f"assetstream/{__version__}",
                },
            )
        return known


def written(call: HttpCall, endpoint: Endpoint) -> bytes:
    """Return the request as it goes out.

    Raises:
        requests.RequestException: a header would become two.
    """
    headers = {**endpoint.headers, **call.headers}
    for header in call.headers.items():
        check_header_validity(header)
    if call.body or call.method != "GET":
        headers["Content-Length"] = str(len(call.body))
    _, mark, query = call.url.partition("?")
    target = endpoint.path + mark + requote_uri(query) if mark else endpoint.path
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    head = f"{call.method} {target} HTTP/1.1\r\n{''.join(lines)}\r\n"
    return head.encode("latin-1") + call.body
