"""One origin for everything: HTTP requests are answered, upgrades become WebSockets."""

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
from typing import Any, Sequence

from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request as UpgradeRequest
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from assetstream.simulator.connection import Connection
from assetstream.simulator.messages import Refused, Reply, Request
from assetstream.simulator.site import Site, Venue

__all__ = ["Server"]

HOST = "127.0.0.1"
MAX_BODY = 1024 * 1024
logger = logging.getLogger(__name__)
# websockets logs every header at DEBUG, tokens included: this logger says nothing.
silent = logging.Logger("assetstream.simulator.silent", logging.CRITICAL + 1)


class Handler(BaseHTTPRequestHandler):
    """One client's connection: requests, one after the other, until an upgrade."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "assetstream-simulator"
    sys_version = ""
    timeout = 30.0
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """A WebSocket upgrade, or REST."""
        if "websocket" in self.headers.get("Upgrade", "").lower():
            self._upgrade(self._request(b""))
        else:
            self._rest()

    def do_POST(self) -> None:
        """REST."""
        self._rest()

    def _request(self, body: bytes) -> Request:
        path, _, query = self.path.partition("?")
        venue = self.server.venue(path)
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
        site = self.server.site
        site.board.count("reads", site.seen)
        reply = site.faults.rest(request)
        if reply is None:
            venue = self.server.venue(request.path)
            reply = venue.rest(request) if venue else Reply(404)
        self._reply(request, reply)

    def _upgrade(self, request: Request) -> None:
        """Refuse in HTTP, or speak WebSocket until the end of the connection."""
        site = self.server.site
        handshake = ServerProtocol(
            extensions=[ServerPerMessageDeflateFactory()], logger=silent
        )
        try:
            reply = site.faults.upgrade(request)
            if reply is not None:
                raise Refused(reply)
            venue = self.server.venue(request.path)
            if venue is None:
                raise Refused(Reply(404))
            headers = Headers(list(self.headers.items()))
            response = handshake.accept(UpgradeRequest(self.path, headers))
            if response.status_code != 101:
                said = dict(response.headers.raw_items())
                raise Refused(Reply(response.status_code, response.body or b"", said))
            admitted = venue.admit(request)
        except Refused as refusal:
            site.board.count("refused", site.seen)
            site.faults.refused(request, refusal.reply)
            self._reply(request, refusal.reply, last=True)
            return
        self.close_connection = True
        # Ours, in place of the one that was put there: it follows the faults.
        del response.headers["Date"]
        response.headers["Date"] = self._date(request.exchange)
        for piece in site.faults.head(request, response.serialize()):
            self.wfile.write(piece)
        early = self._early()
        # Another one: a protocol that has yet to shake hands reads the request itself,
        # which is read already.
        protocol = ServerProtocol(state=OPEN, logger=silent)
        protocol.extensions = handshake.extensions
        connection = Connection(
            site, self.connection, protocol, self.server.disconnected
        )
        session = admitted(connection)
        self.server.connected(connection)
        connection.run(session, early)

    def _early(self) -> bytes:
        """Frames that were sent, and read, right behind the upgrade request."""
        self.connection.setblocking(False)
        try:
            buffered = len(self.rfile.peek())  # type: ignore[attr-defined]
        except OSError:
            buffered = 0
        return self.rfile.read(buffered)

    def _date(self, exchange: str) -> str:
        """The exchange's time, as a header says it."""
        ahead = self.server.site.faults.ahead(exchange)
        return formatdate(time.time() + ahead, usegmt=True)

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


class Server(ThreadingHTTPServer):
    """The listening socket, its threads, and the connections that are open."""

    daemon_threads = True
    request_queue_size = 256
    #: Seconds that ``handle_request`` waits for a client, which is there already.
    timeout = 0.0

    def __init__(
        self,
        port: int,
        ssl_context: ssl.SSLContext | None,
        site: Site,
        venues: Sequence[Venue],
    ) -> None:
        # Holds the port while ``refuse`` has nobody listen there: otherwise any
        # connection of this machine may be given it meanwhile.
        self._reserved = socket.socket()
        try:
            if sys.platform == "linux":
                self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._reserved.bind((HOST, port))
                port = self._reserved.getsockname()[1]
            super().__init__((HOST, port), Handler)
        except BaseException:
            self._reserved.close()
            raise
        self.site = site
        self._connections: dict[Connection, threading.Thread] = {}
        self._venues = venues
        self._ssl_context = ssl_context
        self._lock = threading.Lock()
        self._numbers = count(1)
        # Every client's thread, and the socket that it may be waiting for.
        self._clients: dict[threading.Thread, socket.socket] = {}
        self._accepting: threading.Thread | None = None
        # Closed to end that thread.
        self._bell: socket.socket | None = None

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, as the base does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def accept(self) -> None:
        """Let clients connect, in a thread of its own."""
        self._bell, heard = socket.socketpair()
        self._accepting = threading.Thread(
            target=self._accept_until,
            args=(heard,),
            name="assetstream-simulator-accept",
            daemon=True,  # joined by close(), which a script may forget
        )
        self._accepting.start()

    def _accept_until(self, heard: socket.socket) -> None:
        """Let clients connect until the bell; ``serve_forever`` would have to poll."""
        with heard, selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(heard, selectors.EVENT_READ)
            while all(key.fileobj is self for key, _ in selector.select()):
                self.handle_request()

    def refuse(self) -> None:
        """Let nobody connect: a new client is told that nobody listens here."""
        self._stop_accepting()
        # Bound again, but not listening.
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_bind()

    def accept_again(self) -> None:
        """End ``refuse()``."""
        self.server_activate()
        self.accept()

    def _stop_accepting(self) -> None:
        if self._accepting is not None and self._bell is not None:
            self._bell.close()
            self._accepting.join()
            self._accepting = self._bell = None
        self.server_close()

    def venue(self, path: str) -> Venue | None:
        """The exchange that a path belongs to."""
        return next((venue for venue in self._venues if venue.owns(path)), None)

    def connected(self, connection: Connection) -> None:
        """Count a connection in."""
        with self._lock:
            self._connections[connection] = threading.current_thread()
        self.site.board.count("connections", self.site.seen)

    def disconnected(self, connection: Connection) -> None:
        """Count it out, once."""
        with self._lock:
            known = self._connections.pop(connection, None) is not None
        if known:
            self.site.faults.closed(connection)
        self.site.board.announce()

    def open_connections(self) -> list[Connection]:
        """Those that are neither gone nor going."""
        with self._lock:
            return list(self._connections)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a client in a thread of its own, with a name that says whose it is."""
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
            self.site.faults.accepted()
            if self._ssl_context is not None:
                # Here, not while accepting: a client that never shakes hands must
                # hold up nobody but itself.
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
        self._reserved.close()
        with self._lock:
            clients = dict(self._clients)
            upgraded = dict(self._connections)
        for connection in upgraded:
            connection.close(1001, "the simulator was stopped")
        for thread in clients.keys() - set(upgraded.values()):
            end(clients[thread])
        # A moment for the closing handshakes; a client that is slow has no say in it.
        deadline = time.monotonic() + 0.1
        for thread in upgraded.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        for sock in clients.values():
            end(sock)
        for thread in clients:
            thread.join(1.0)


def end(sock: socket.socket) -> None:
    """Wake whoever waits for the socket, without a word to OpenSSL."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass  # closed already
