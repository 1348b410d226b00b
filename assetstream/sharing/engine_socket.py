"""The socket of a connection to an engine, every wait of which can be cancelled.

redis-py would make its own, look up names by a call that nothing ends, and block in
each read. This one is reached as the exchanges are, and ends at once when it is told.
"""

from __future__ import annotations

import socket
import ssl

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import CancelScope, CancelToken, Wire, explain
from assetstream.runtime.net.dial import connect_to
from assetstream.runtime.net.tls import shared_context
from assetstream.sharing.address import EngineAddress

__all__ = ["REMEDY", "EngineSocket", "open_socket"]

REMEDY = "Check that it runs, its address, and what lies between."


class EngineSocket:
    """A connected socket as redis-py uses it; for one thread.

    Args:
        wire: connected, and non-blocking.
        scope: names the engine, and ends every wait once it is cancelled.
        timeout: seconds that each call may take.
    """

    def __init__(self, wire: Wire, scope: CancelScope, timeout: float) -> None:
        self._wire = wire
        self._scope = scope
        self._timeout = timeout

    def settimeout(self, timeout: float | None) -> None:
        """Let each call take so many seconds; None is ignored: none waits for ever."""
        self._timeout = timeout or self._timeout

    def sendall(self, data: bytes) -> None:
        """Send all; ConnectionLost or Cancelled, as ``CancelScope``."""
        self._renew().send_all(self._wire, data, "taking a command")

    def recv(self, size: int) -> bytes:
        """Receive up to ``size`` bytes; b"" at the end; raises as ``sendall``."""
        return self._renew().receive(self._wire, size, "answering")

    def recv_into(self, buffer: bytearray) -> int:
        """Receive into a buffer, and return how much; as ``recv``."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def fileno(self) -> int:
        return self._wire.fileno()

    def shutdown(self, how: int) -> None:
        self._wire.shutdown(how)

    def close(self) -> None:
        self._wire.close()

    def _renew(self) -> CancelScope:
        """Begin the time of a call."""
        self._scope.deadline = clock.now() + self._timeout
        return self._scope


def open_socket(
    address: EngineAddress,
    context: ssl.SSLContext | None,
    token: CancelToken,
    connect_timeout: float,
    timeout: float,
) -> EngineSocket:
    """Connect to an engine, with TLS if its address says so.

    Args:
        address: of the engine.
        context: verifying; by default the process's own.
        token: cancels this, and each later wait.
        connect_timeout: seconds for this.
        timeout: seconds for each later call.

    Raises:
        ConnectionLost: with the likely cause; fatal if its certificate was refused.
        Cancelled: ``token`` was cancelled.
        RuntimeError: no thread could be made to look up its name.
    """
    deadline = clock.now() + connect_timeout
    scope = CancelScope(deadline, token, f"the engine at {address.name}", REMEDY)
    wire: Wire
    if address.scheme == "unix":
        wire = _connect_unix(address.path, scope)
    else:
        secure = address.scheme == "rediss"
        tls = (context or shared_context()) if secure else None
        wire = connect_to(address.host, address.port, scope, tls, None)
    return EngineSocket(wire, scope, timeout)


def _connect_unix(path: str, scope: CancelScope) -> socket.socket:
    scope.token.check()
    if not hasattr(socket, "AF_UNIX"):
        raise ConnectionLost(
            f"{scope.peer} cannot be reached: this system has no such sockets",
            remedy="Use redis://host:port, or rediss://.",
            fatal=True,
        )
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.connect(path)
    except OSError as error:
        sock.close()
        raise scope.lost(f"cannot be reached ({explain(error)})") from None
    return sock
