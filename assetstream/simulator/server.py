"""One port for everything: answers HTTP requests, and serves upgrades as WebSockets."""

from __future__ import annotations

import logging
import selectors
import socket
import socketserver
import ssl
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Mapping

from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request as UpgradeRequest
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from assetstream.simulator.account import Account
from assetstream.simulator.connection import Connection
from assetstream.simulator.context import Context
from assetstream.simulator.messages import Reply, Request, RequestRefused
from assetstream.simulator.venue import Venue

__all__ = ["SimulatorServer"]

HOST = "127.0.0.1"
MAX_BODY = 1024 * 1024
logger = logging.getLogger(__name__)
# websockets logs every header at DEBUG, tokens included: this logger writes nothing.
silent = logging.Logger("assetstream.simulator.silent", logging.CRITICAL + 1)


class Handler(BaseHTTPRequestHandler):
    """One client's connection: requests, one after the other, until an upgrade."""

    server: SimulatorServer
    protocol_version = "HTTP/1.1"
    server_version = "assetstream-simulator"
    sys_version = ""
    timeout = 30.0
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Serve a WebSocket upgrade, or REST."""
        if "websocket" in self.headers.get("Upgrade", "").lower():
            self._upgrade(self._request(b""))
        else:
            self._rest()

    def do_POST(self) -> None:
        """Serve REST."""
        self._rest()

    def _request(self, body: bytes) -> Request:
        path, _, query = self.path.partition("?")
        venue, path = self.server.locate(path)
        return Request(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            address=self.client_address[0],
            exchange=venue.name if venue else "",
        )

    def _rest(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._reply(self._request(b""), Reply(413), last=True)
            return
        request = self._request(self.rfile.read(length))
        context = self.server.context
        context.signal.count("reads", context.seen)
        reply = context.points.reply("rest", request)
        if reply is None:
            venue = self.server.venues.get(request.exchange)
            reply = venue.rest(request) if venue else Reply(404)
        self._reply(request, reply)

    def _upgrade(self, request: Request) -> None:
        """Refuse in HTTP, or speak WebSocket until the end of the connection."""
        context = self.server.context
        handshake = ServerProtocol(
            extensions=[ServerPerMessageDeflateFactory()], logger=silent
        )
        try:
            reply = context.points.reply("upgrade", request)
            if reply is not None:
                raise RequestRefused(reply)
            venue = self.server.venues.get(request.exchange)
            if venue is None:
                raise RequestRefused(Reply(404))
            headers = Headers(list(self.headers.items()))
            response = handshake.accept(UpgradeRequest(self.path, headers))
            if response.status_code != 101:
                raise RequestRefused(
                    Reply(
                        response.status_code,
                        response.body or b"",
                        dict(response.headers.raw_items()),
                    )
                )
            admitted = venue.admit(request)
        except RequestRefused as refusal:
            context.signal.count("refused", context.seen)
            context.points.notify("refused", request, refusal.reply)
            self._reply(request, refusal.reply, last=True)
            return
        self.close_connection = True
        # Our own Date in place of the one of websockets: faults move it.
        del response.headers["Date"]
        response.headers["Date"] = self._date(request.exchange)
        for piece in context.points.spread("head", request, response.serialize()):
            self.wfile.write(piece)
        early = self._early()
        # A second protocol: one that has yet to shake hands wants to read the request
        # itself, which we have read already.
        protocol = ServerProtocol(state=OPEN, logger=silent)
        protocol.extensions = handshake.extensions
        connection = Connection(
            context, self.connection, protocol, self.server.disconnected
        )
        session = admitted(connection)
        self.server.connected(connection)
        connection.run(session, early)

    def _early(self) -> bytes:
        """Return frames that came, and were read, right behind the upgrade request."""
        self.connection.setblocking(False)
        try:
            buffered = len(self.rfile.peek())  # type: ignore[attr-defined]
        except OSError:
            buffered = 0
        return self.rfile.read(buffered)

    def _date(self, exchange: str) -> str:
        """The exchange's time, as a header."""
        return formatdate(self.server.context.wall(exchange), usegmt=True)

    def _reply(self, request: Request, reply: Reply, *, last: bool = False) -> None:
        self.send_response_only(reply.status)
        given = {name.lower() for name in reply.headers}
        common = {
            "Date": self._date(request.exchange),
            "Server": self.server_version,
            "Content-Length": str(len(reply.body)),
        }
        if last:
            common["Connection"] = "close"
        for name, value in common.items():
            if name.lower() not in given:
                self.send_header(name, value)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = self.close_connection or last

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a request line may hold a signature."""


class SimulatorServer(ThreadingHTTPServer):
    """The listening socket, its threads, and the connections that are open.

    Attributes:
        context: what all parts of the simulator share.
        venues: the exchanges, by name.
    """

    daemon_threads = True
    request_queue_size = 256
    #: Seconds that ``handle_request`` waits for a client: one is there already.
    timeout = 0.0

    def __init__(
        self,
        port: int,
        ssl_context: ssl.SSLContext | None,
        context: Context,
        venues: Mapping[str, Venue[Any]],
    ) -> None:
        super().__init__((HOST, port), Handler, bind_and_activate=False)
        self.socket.close()  # ``listen`` makes another one
        self.context = context
        self._reserved: socket.socket | None = None
        self._connections: dict[Connection, threading.Thread] = {}
        self.venues = venues
        self._ssl_context = ssl_context
        self._lock = threading.Lock()
        self._numbers = count(1)
        # The thread of every client, and the socket on which it may be waiting.
        self._clients: dict[threading.Thread, socket.socket] = {}
        self._accepting: threading.Thread | None = None
        # Closed to end that thread.
        self._bell: socket.socket | None = None
        self._refusals = 0

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, as the base does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def started(self) -> bool:
        """True once ``listen`` was called."""
        return self._reserved is not None

    def listen(self) -> None:
        """Bind the port, and let clients connect.

        Raises:
            OSError: the port is taken.
        """
        host, port = HOST, self.server_address[1]
        # Holds the port while ``refuse`` has nobody listen there: otherwise the system
        # may give it to any connection of this machine meanwhile.
        self._reserved = socket.socket()
        try:
            if sys.platform == "linux":
                self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._reserved.bind((host, port))
                self.server_address = self._reserved.getsockname()
            self._bind()
            self.server_activate()
        except BaseException:
            self._reserved.close()
            self._reserved = None
            self.server_close()
            raise
        self._accept()

    def _bind(self) -> None:
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_bind()

    def _accept(self) -> None:
        """Let clients connect, in a thread of its own."""
        self._bell, rung = socket.socketpair()
        self._accepting = threading.Thread(
            target=self._accept_until,
            args=(rung,),
            name="assetstream-simulator-accept",
            daemon=True,  # joined by close(), which a script may forget
        )
        self._accepting.start()

    def _accept_until(self, rung: socket.socket) -> None:
        """Let clients connect until ``rung``; ``serve_forever`` would have to poll."""
        with rung, selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(rung, selectors.EVENT_READ)
            while all(key.fileobj is self for key, _ in selector.select()):
                self.handle_request()

    def refuse(self) -> None:
        """Let nobody connect: the system refuses new clients."""
        self._refusals += 1
        if self._refusals == 1:
            self._stop_accepting()
            self._bind()  # again, but not listening

    def accept_again(self) -> None:
        """End one ``refuse()``; clients can connect after the last one."""
        self._refusals -= 1
        if not self._refusals:
            self.server_activate()
            self._accept()

    def _stop_accepting(self) -> None:
        if self._accepting is not None and self._bell is not None:
            self._bell.close()
            self._accepting.join()
            self._accepting = self._bell = None
        self.server_close()

    def locate(self, path: str) -> tuple[Venue[Any] | None, str]:
        """Return the exchange that a path belongs to, and the path as it knows it."""
        name, _, rest = path[1:].partition("/")
        if name in self.venues:
            return self.venues[name], f"/{rest}" if rest else ""
        owners = (venue for venue in self.venues.values() if venue.owns(path))
        return next(owners, None), path

    def connected(self, connection: Connection) -> None:
        """Add a connection to the open ones."""
        with self._lock:
            self._connections[connection] = threading.current_thread()
        self.context.signal.count("connections", self.context.seen)

    def disconnected(self, connection: Connection) -> None:
        """Remove it from the open ones, once."""
        with self._lock:
            known = self._connections.pop(connection, None) is not None
        if known:
            self.context.points.notify("closed", connection)
        self.context.signal.announce()

    def connections(self, account: Account | None = None) -> list[Connection]:
        """Return the connections (or an account's) that are not ending."""
        with self._lock:
            found = list(self._connections)
        return [each for each in found if account is None or each.account is account]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a client in a thread of its own, named by its number."""
        thread = threading.Thread(
            target=self._serve_client,
            args=(request, client_address),
            name=f"assetstream-simulator-client-{next(self._numbers)}",
            daemon=True,  # joined by close(); the last resort is the interpreter's end
        )
        with self._lock:
            self._clients[thread] = request
        thread.start()

    def _serve_client(self, sock: socket.socket, address: Any) -> None:
        try:
            self.context.points.notify("accepted")
            if self._ssl_context is not None:
                # Not in the accepting thread: a client that never shakes hands must
                # hold up only itself.
                sock = self._ssl_context.wrap_socket(
                    sock, server_side=True, do_handshake_on_connect=False
                )
                with self._lock:
                    self._clients[threading.current_thread()] = sock
                sock.settimeout(Handler.timeout)
                sock.do_handshake()
            self.finish_request(sock, address)
        except OSError as error:
            logger.debug("a client is gone: %s", type(error).__name__)
        except Exception:
            logger.exception("a client's request could not be served")
        finally:
            sock.close()
            with self._lock:
                self._clients.pop(threading.current_thread(), None)

    def close(self) -> None:
        """Stop listening, end every client, join every thread."""
        self._stop_accepting()
        if self._reserved is not None:
            self._reserved.close()
        with self._lock:
            clients = dict(self._clients)
            upgraded = dict(self._connections)
        for connection in upgraded:
            connection.close(1001, "the simulator was stopped")
        for thread in clients.keys() - set(upgraded.values()):
            end(clients[thread])
        # A moment for the closing handshakes; a slow client does not prolong it.
        deadline = time.monotonic() + 0.1
        for thread in upgraded.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        for sock in clients.values():
            end(sock)
        for thread in clients:
            thread.join(1.0)


def end(sock: socket.socket) -> None:
    """Wake the thread that waits for the socket, without touching OpenSSL."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass  # closed already
