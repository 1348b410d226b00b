"""``serve_metrics``: the metrics of a stream or a group, where Prometheus asks."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from contextlib import suppress
from typing import Any, Callable, cast

from assetstream.metrics.collector import Accounts, Collector
from assetstream.metrics.relay_figures import RelaySource
from assetstream.model.errors import ConfigurationError
from assetstream.model.public import make_public
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.log import log
from assetstream.runtime.loop.waits import Deadline, join_interruptibly
from assetstream.streams.group import Group
from assetstream.streams.stream import Stream

__all__ = ["MetricsServer", "serve_metrics"]

#: Answers a request: called with a connection, whose address, and the server.
Handler = Callable[[socket.socket, Any, object], object]

#: Requests at a time; Prometheus makes one in a quarter of a minute.
MOST_REQUESTS = 16
#: Seconds that whoever asks may be silent.
SILENCE = 10.0
#: Seconds until connections are taken again after one could not be.
PAUSE = 1.0


class MetricsServer:
    """Serves metrics over HTTP until ``close()``; ``serve_metrics`` makes it.

    It has a thread of its own, and one for each request. None of them keeps the process
    alive. As a context manager it is closed at the end.

    Args:
        listener: a socket that listens.
        handler: answers a request.

    Attributes:
        port: where it listens.
        url: where the metrics are; by ``127.0.0.1`` if it listens everywhere.
    """

    port: int
    url: str

    def __init__(self, listener: socket.socket, handler: Handler) -> None:
        host: str
        host, self.port = listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/metrics"
        self._listener = listener
        self._listener.setblocking(False)
        self._handler = handler
        self._closing = threading.Event()
        self._wakes = CallQueue()
        # Each request's connection, and the thread that answers it.
        self._requests: dict[socket.socket, threading.Thread] = {}
        self._thread = threading.Thread(
            target=self._serve, name="assetstream-metrics", daemon=True
        )
        try:
            self._thread.start()
        except BaseException:
            self._close_sockets()
            raise

    def close(self) -> None:
        """Listen no more, and end all threads; from any thread. Again does no harm.

        The streams go on.
        """
        self._closing.set()
        self._wakes.post(lambda: None)
        join_interruptibly(self._thread, Deadline(None))
        for connection, thread in self._requests.copy().items():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            join_interruptibly(thread, Deadline(None))
        self._close_sockets()

    def __enter__(self) -> MetricsServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        closed = " closed" if self._closing.is_set() else ""
        return f"<MetricsServer {self.url}{closed}>"

    def _close_sockets(self) -> None:
        self._listener.close()
        self._wakes.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wakes, selectors.EVENT_READ)
            while not self._closing.is_set():
                selector.select()
                self._wakes.run()
                try:
                    connection, address = self._listener.accept()
                except BlockingIOError:
                    continue  # woken, or whoever asked is gone
                except OSError:
                    # No descriptor is free; it would be tried all the time.
                    self._closing.wait(PAUSE)
                    continue
                self._take(connection, address)

    def _take(self, connection: socket.socket, address: object) -> None:
        if len(self._requests) >= MOST_REQUESTS:
            connection.close()
            return
        thread = threading.Thread(
            target=self._answer,
            args=(connection, address),
            name="assetstream-metrics-request",
            daemon=True,
        )
        self._requests[connection] = thread
        try:
            thread.start()
        except RuntimeError:  # there are too many; the next one may be answered
            del self._requests[connection]
            connection.close()

    def _answer(self, connection: socket.socket, address: object) -> None:
        try:
            with connection:
                self._handler(connection, address, self)
        except OSError:
            pass  # whoever asked is gone
        except Exception as error:
            log(logging.ERROR, "the metrics cannot be collected", error=error)
        finally:
            del self._requests[connection]


def serve_metrics(
    source: Stream | Group[Any] | RelaySource,
    port: int = 9464,
    addr: str = "127.0.0.1",
    *,
    accounts: Accounts = "troubled",
    balances: bool = False,
) -> MetricsServer:
    """Serve the metrics of a stream, a group or a relay to Prometheus, over HTTP.

        serve_metrics(group, port=9464)

    It may be called before the start, and answers after the stop, until ``close()`` or
    the end of the process. What is shown, and by which names: ``Collector``.

    Args:
        source: the stream, the group, or the ``Relay``.
        port: where to listen; 0 takes a free one, which ``port`` of the result names.
        addr: the address to listen on. By default only this machine can ask, for there
            is no password, nor encryption, and labels of accounts are to be read, and
            balances if they are asked for. ``0.0.0.0`` lets every machine ask that
            reaches the port: within a container, say, or behind a firewall.
        accounts: which accounts have a series of their own, as for ``Collector``.
        balances: show balances, too, as for ``Collector``.

    Returns:
        The server, which has ``close()``; as a context manager it is closed at the end.

    Raises:
        ConfigurationError: an argument is wrong, the port is in use, or
            prometheus-client is missing: the extra ``metrics`` brings it.
    """
    collector = Collector(source, accounts=accounts, balances=balances)
    # Imported here: the extra may be missing, which the collector has looked for.
    from prometheus_client import CollectorRegistry, MetricsHandler

    # One of its own: two groups would have the same metrics in the process's.
    registry = CollectorRegistry()
    registry.register(collector)
    # By default it waits for ever, and tells the release of Python.
    bounds = {"timeout": SILENCE, "server_version": "assetstream", "sys_version": ""}
    handler = type("Handler", (MetricsHandler,), {"registry": registry, **bounds})
    return MetricsServer(_listen(addr, port), cast(Handler, handler))


def _listen(addr: str, port: int) -> socket.socket:
    whole = isinstance(port, int) and not isinstance(port, bool)
    if not whole or not 0 <= port <= 65535:
        raise ConfigurationError(f"port must be a number from 0 to 65535, not {port!r}")
    if not isinstance(addr, str) or not addr:
        raise ConfigurationError(
            f"addr must be an address of this machine, or 0.0.0.0 for all, not {addr!r}"
        )
    try:
        family, *_, address = socket.getaddrinfo(addr, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except (OSError, UnicodeError) as exc:
        raise ConfigurationError(
            f"metrics cannot be served on {addr!r}, port {port}: {exc}",
            remedy="Give another port, or 0 for a free one, if this is in use.",
        ) from exc


make_public(MetricsServer, serve_metrics)
