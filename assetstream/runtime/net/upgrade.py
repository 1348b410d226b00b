"""The two objects websocket-client is given in a socket's place.

``UpgradeSocket`` while it upgrades, ``Feed`` from then on. Neither lets it wait.
"""

from __future__ import annotations

from typing import Callable, Mapping
from urllib.parse import urlsplit

from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.loop import clock
from assetstream.runtime.net.answer import headers_of
from assetstream.runtime.net.cancel import CancelScope, Wire
from assetstream.runtime.net.status import MOST_SKIPPED, informational, status_of

__all__ = ["Exhausted", "Feed", "UpgradeRefused", "UpgradeSocket"]

LIMIT = 1 << 16
CHUNK = 1 << 14
#: Seconds a refusing server has for its explanation, once its head is here.
BODY_TIME = 2.0
PHASE = "answering the upgrade request"
#: Stands for a header's value where the library may show it.
HIDDEN = "***"
#: The headers of an answer that the library looks at.
WANTED = frozenset(
    {b"upgrade", b"connection", b"sec-websocket-accept", b"sec-websocket-protocol"}
)


class UpgradeRefused(Exception):
    """The server answered the upgrade with anything but 101.

    Its text is the status alone, for the library logs it: headers and body may hold
    what must not be shown.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"upgrade refused with HTTP status {status}")
        self.status = status
        self.headers = headers
        self.body = body


class UpgradeSocket:
    """Stands for the connected socket of websocket-client, for the upgrade only.

    It reads the whole head of the answer before the library sees any of it. So a 3xx
    is never followed (it would carry the credentials to another host), no cookie
    reaches the library's process-wide jar, and a refusal keeps its body.

    And the library, whose trace shows every head, sees no credentials: neither those in
    the request, which are filled in here, nor what an answer may quote of them.

    Attributes:
        raw: the non-blocking socket inside.
        headers: the answer's headers, names in lower case, without cookies.
        leftover: bytes that came behind the head.
    """

    def __init__(self, raw: Wire, scope: CancelScope) -> None:
        self.raw = raw
        self.headers: dict[str, str] = {}
        self.leftover = b""
        self._scope = scope
        self._head: bytes | None = None
        # Lines of the request in the library's words, and what is sent in their place.
        self._filled: dict[bytes, bytes] = {}
        # websocket-client asks its socket for this private attribute of Python's.
        self._closed = False

    def fill_in(self, url: str, headers: Mapping[str, str]) -> tuple[str, list[str]]:
        """Return a URL and headers for the library that hide these, which are sent."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        hidden = {f"{name}: {HIDDEN}": f"{name}: {headers[name]}" for name in headers}
        lines = {"GET / HTTP/1.1": f"GET {target} HTTP/1.1", **hidden}
        self._filled = {line.encode(): lines[line].encode() for line in lines}
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}/", list(hidden)

    def recv(self, size: int) -> bytes:
        """Return the next bytes of the head.

        Raises:
            UpgradeRefused: the status is not 101.
            ConnectionLost: no whole answer in time.
            ProtocolError: the answer is not HTTP, or its head is over 64 KB.
            Cancelled: the attempt was given up.
        """
        if self._head is None:
            self._head = self._read_head()
        piece, self._head = self._head[:size], self._head[size:]
        return piece

    def send(self, data: bytes) -> int:
        """Send all of the request, which the library sends with one call."""
        # Its cookie jar is the process's; what another program part got into it is
        # not for this server.
        lines = [x for x in data.split(b"\r\n") if not x.startswith(b"Cookie:")]
        request = b"\r\n".join(self._filled.get(line, line) for line in lines)
        self._scope.send_all(self.raw, request, "taking the upgrade request")
        return len(data)

    def fileno(self) -> int:
        return self.raw.fileno()

    def gettimeout(self) -> float:
        # Non-blocking in the library's eyes: it must not wait by itself.
        return 0.0

    def settimeout(self, timeout: float | None) -> None:
        """Ignored: the deadline is the attempt's."""

    def shutdown(self, how: int) -> None:
        self.raw.shutdown(how)

    def close(self) -> None:
        self._closed = True
        self.raw.close()

    def _read_head(self) -> bytes:
        """Return the head of the answer proper; others may come before it (L6)."""
        for _ in range(MOST_SKIPPED + 1):
            status, lines = self._read_one_head()
            if not informational(status):
                break
        else:
            raise self._not_a_websocket("comes behind too many others")
        _, *others = [line for line in lines if line]
        self.headers = headers_of(others)
        if status != 101:
            raise UpgradeRefused(status, self.headers, self._read_body())
        wanted = [x for x in others if x.partition(b":")[0].strip().lower() in WANTED]
        return b"\r\n".join([b"HTTP/1.1 101 Accepted", *wanted, b"", b""])

    def _read_one_head(self) -> tuple[int, list[bytes]]:
        """Return a status and all lines, the status line among them."""
        data = self.leftover
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > LIMIT:
                raise self._not_a_websocket("has no end of its head")
            data += self._more(self._scope)
        self.leftover = data[end + 4 :]
        # At each line feed, as the library does: it must not see a line that we do not.
        lines = [line.rstrip(b"\r") for line in data[:end].split(b"\n")]
        status = status_of(lines[0])
        if status is None:
            raise self._not_a_websocket("is not HTTP")
        return status, lines

    def _read_body(self) -> bytes:
        """Read the explanation of a refusal: all of it, or what comes in time."""
        scope = self._scope.until(clock.now() + BODY_TIME)
        data = self.leftover
        while True:
            body, complete = _decode_body(data, self.headers)
            if complete or len(data) >= LIMIT:
                return body[:LIMIT]
            try:
                data += self._more(scope)
            except ConnectionLost:
                return body

    def _more(self, scope: CancelScope) -> bytes:
        data = scope.receive(self.raw, CHUNK, PHASE)
        if not data:
            raise scope.lost(f"closed the connection while {PHASE}")
        return data

    def _not_a_websocket(self, why: str) -> ProtocolError:
        return ProtocolError(
            f"the answer of {self._scope.peer} to the upgrade {why}",
            remedy="If this repeats, the URL or its port is wrong, or a proxy on the "
            "way answers in the exchange's place.",
        )


class Exhausted(Exception):
    """The library's parser asked for more than the frame it was given."""


class Feed:
    """Stands in for the socket inside the library: serves one whole frame at a time.

    When the frame is used up its ``recv`` raises. The parser keeps what it has (a
    fragmented message, of which the next part is still to come) and is called again
    with the next frame; it never waits.

    Args:
        send: takes what the library sends; it must neither block nor raise.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self._frame = b""
        self._position = 0

    def serve(self, frame: bytes) -> None:
        self._frame = frame
        self._position = 0

    def recv(self, size: int) -> bytes:
        begin = self._position
        if begin >= len(self._frame):
            raise Exhausted
        self._position = begin + size
        return self._frame[begin : self._position]

    def send(self, data: bytes) -> int:
        self._send(data)
        return len(data)

    def gettimeout(self) -> float:
        # Non-blocking in the library's eyes: it must not wait by itself.
        return 0.0


def _decode_body(data: bytes, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return the body received so far, and whether it is complete."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _unchunk(data)
    length = headers.get("content-length", "")
    if length.isdecimal() and len(length) < 10:  # more digits cannot be meant
        return data[: int(length)], len(data) >= int(length)
    return data, False  # until the server closes


def _unchunk(data: bytes) -> tuple[bytes, bool]:
    body, position = b"", 0
    while (end := data.find(b"\r\n", position)) >= 0:
        try:
            size = int(data[position:end].partition(b";")[0], 16)
        except ValueError:
            return body, True  # not chunked after all: what there is must do
        if size <= 0:
            return body, True
        body += data[end + 2 : end + 2 + size]
        position = end + 2 + size + 2
    return body, False
