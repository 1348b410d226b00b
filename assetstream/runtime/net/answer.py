"""The answer to an HTTP request, read to its end under one scope.

``http.client`` takes 103 (Early Hints) for the answer (L6), and a head that was cut off
for a whole one: a reply of status 200 without a body. And it parses line by line, which
takes longer than all else of a call together.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Iterable

from msgspec import Struct

from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.net.cancel import CancelScope, Wire
from assetstream.runtime.net.status import MOST_SKIPPED, informational, status_of

__all__ = ["Answer", "AnswerReader", "headers_of"]

#: The most that a body may hold.
LIMIT = 8 << 20
#: The most that a head may hold.
MOST_HEAD = 1 << 16
#: The most that the line with the size of a chunk may hold.
MOST_LINE = 1 << 10
PIECE = 1 << 16
#: Such answers have no body, whatever their head says.
BODILESS = (101, 204, 304)

DIGITS = re.compile(r"[0-9a-fA-F]{1,16}")


class Answer(Struct, frozen=True):
    """A whole answer.

    Attributes:
        status: of the answer proper.
        headers: names in lower case.
        body: as it was sent: no other form than the plain one was asked for.
        last: nothing can be asked on this connection any more.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    last: bool


class AnswerReader:
    """Reads one answer from the socket on which its request was sent."""

    def __init__(self, sock: Wire, scope: CancelScope) -> None:
        self._scope = scope
        self._receive = partial(scope.receive, sock, PIECE, "answering")
        # What has come and was not read yet.
        self._data = bytearray()

    def read(self) -> Answer:
        """Return the answer proper; others may come before it (L6).

        Raises:
            ConnectionLost: there is no whole answer in time, or it is not HTTP.
            ProtocolError: its body is over LIMIT.
            Cancelled: the call was given up.
        """
        skipped, head = 0, self._until(b"\r\n\r\n", MOST_HEAD)
        while informational(status := status_of(head)):
            skipped += 1
            if skipped > MOST_SKIPPED:
                raise self._scope.lost("sent too much before its answer")
            head = self._until(b"\r\n\r\n", MOST_HEAD)
        if status is None:
            raise self._not_http()
        headers = headers_of(head.split(b"\n")[1:])
        ended_by_close, body = False, b""
        if status not in BODILESS:
            coding = headers.get("transfer-encoding")
            length = headers.get("content-length")
            if coding is not None and coding.lower() == "chunked":
                body = self._chunks()
            elif coding is None and length is not None:
                body = self._exactly(self._number(length, 10))
            else:
                ended_by_close, body = True, self._rest()
        closes = "close" in headers.get("connection", "").lower()
        older = not head.startswith(b"HTTP/1.1")
        # What has come behind it is the answer to nothing that will be asked.
        last = ended_by_close or closes or older or bool(self._data)
        return Answer(status, headers, body, last)

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            body += self._exactly(size, LIMIT - len(body))
            if self._until(b"\r\n", MOST_LINE):
                raise self._not_http()
        while self._until(b"\r\n", MOST_HEAD):
            pass  # headers that come behind the body
        return bytes(body)

    def _chunk_size(self) -> int:
        line = self._until(b"\r\n", MOST_LINE)
        return self._number(line.partition(b";")[0].decode("latin-1"), 16)

    def _number(self, text: str, base: int) -> int:
        if not DIGITS.fullmatch(text.strip()):
            raise self._not_http()
        try:
            return int(text, base)
        except ValueError:
            raise self._not_http() from None

    def _until(self, mark: bytes, most: int) -> bytes:
        """Take what comes before a mark, of so many bytes at most, and the mark."""
        most += len(mark)
        while (end := self._data.find(mark, 0, most)) < 0:
            if len(self._data) >= most:
                raise self._scope.lost("answered with no end of a head or line")
            self._more()
        return self._take(end, len(mark))

    def _exactly(self, size: int, most: int | None = None) -> bytes:
        """Take so many bytes, of which there may be at most LIMIT."""
        if size > (LIMIT if most is None else most):
            raise self._too_large()
        while len(self._data) < size:
            self._more()
        return self._take(size)

    def _rest(self) -> bytes:
        """Take all that comes until the server closes."""
        while len(self._data) <= LIMIT:
            piece = self._receive()
            if not piece:
                return self._take(len(self._data))
            self._data += piece
        raise self._too_large()

    def _take(self, size: int, skipped: int = 0) -> bytes:
        taken = bytes(self._data[:size])
        del self._data[: size + skipped]
        return taken

    def _more(self) -> None:
        piece = self._receive()
        if not piece:
            raise self._scope.lost("closed the connection before a whole answer")
        self._data += piece

    def _not_http(self) -> ConnectionLost:
        return self._scope.lost("answered what is not HTTP")

    def _too_large(self) -> ProtocolError:
        return ProtocolError(
            f"{self._scope.peer} sent more than {LIMIT} bytes",
            remedy="If this repeats, a proxy on the way may answer in its place.",
        )


def headers_of(lines: Iterable[bytes]) -> dict[str, str]:
    """Return the headers in these lines, names in lower case, without cookies."""
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        if not name.startswith("set-cookie"):
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
