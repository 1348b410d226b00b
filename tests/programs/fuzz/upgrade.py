"""Any answer to an upgrade is read the same however cut, and as http.client reads it.

So is any answer to a call of REST, which is read by rules of its own: all of it, or it
is none. The other opinion counts where an answer is plain: known framing, headers of
ASCII.
"""

from __future__ import annotations

import http.client
import io
import itertools
import math
import re
from typing import Any, Sequence, Union

from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.runtime.net.answer import Answer, AnswerReader
from assetstream.runtime.net.cancel import CancelScope
from assetstream.runtime.net.upgrade import UpgradeRefused, UpgradeSocket

__all__ = ["Accepted", "Outcome", "Refused", "check_answer", "outcome"]

PEER = "exchange.example"
#: A head that ``http.client`` and we read by the same rules.
PLAIN = re.compile(
    rb"HTTP/1\.1 [2-5][0-9][0-9] [ -~]*\r\n"
    rb"(?:[A-Za-z-]+: [!-~](?:[ -~]*[!-~])?\r\n)*\r\n"
)
#: A line feed by itself: where a chunk's size ends is a matter of taste then.
BARE = re.compile(rb"(?<!\r)\n")
LENGTH = re.compile(r"[0-9]{1,9}")

#: (headers, head, what came behind it): a WebSocket.
Accepted = tuple[dict[str, str], bytes, bytes]
#: (status, headers, body)
Refused = tuple[int, dict[str, str], bytes]
#: The error's class and its words.
Failed = tuple[str, str]
Outcome = Union[Accepted, Refused, Failed]


class Raw:
    """A socket that gives the answer in pieces, and is then closed."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self._data = io.BytesIO(data)
        self._sizes = itertools.cycle([max(1, size) for size in sizes] or [len(data)])

    def recv(self, size: int) -> bytes:
        return self._data.read(min(size, max(1, next(self._sizes))))

    @property
    def rest(self) -> bytes:
        return self._data.read()

    def fileno(self) -> int:
        return 0


class NoInterrupt:
    """A call queue that stays empty."""

    def fileno(self) -> int:
        return 0

    def check(self) -> None: ...


def outcome(data: bytes, sizes: Sequence[int]) -> Outcome:
    """Return the outcome of an answer received in pieces of these sizes."""
    raw: Any = Raw(data, sizes)
    upgrade = UpgradeSocket(raw, CancelScope(math.inf, NoInterrupt(), PEER))
    head = b""
    try:
        # Byte by byte, as the library reads it; it stops behind the head.
        while not head.endswith(b"\r\n\r\n"):
            piece = upgrade.recv(1)
            assert len(piece) == 1
            head += piece
    except UpgradeRefused as refused:
        return refused.status, refused.headers, refused.body
    except (ConnectionLost, ProtocolError) as error:
        return type(error).__name__, f"{error} fatal={error.fatal}"
    return upgrade.headers, head, upgrade.leftover + raw.rest


def check_answer(data: bytes, sizes: Sequence[int]) -> None:
    """Check that the cuts do not matter, cookies are hidden, all is read rightly."""
    _check_whole_answer(data, sizes)
    whole = outcome(data, ())
    assert outcome(data, sizes) == whole
    if len(whole) == 2:
        assert PEER in whole[1]
        assert whole[1].endswith("fatal=False")
        return
    headers = whole[0] if isinstance(whole[0], dict) else whole[1]
    assert isinstance(headers, dict)
    assert all(name == name.lower() for name in headers)
    assert not any(name.startswith("set-cookie") for name in headers)
    if isinstance(whole[0], dict):
        head = whole[1]
        assert isinstance(head, bytes)
        assert b"\nset-cookie" not in head.lower()
        assert data.endswith(whole[2])
        return
    status, _, body = whole
    assert 200 <= status <= 999
    expected = _other_opinion(data)
    if expected is not None:
        assert (status, body) == expected


def _check_whole_answer(data: bytes, sizes: Sequence[int]) -> None:
    """Check the same of the reader of REST, which takes a whole answer or none."""
    whole = _whole_answer(data, ())
    cut = _whole_answer(data, sizes)
    if isinstance(whole, str) or isinstance(cut, str):
        assert whole == cut
        assert PEER in str(whole)
        return
    # Whether something comes behind it can be seen by what has come only.
    assert (cut.status, cut.headers, cut.body) == (
        whole.status,
        whole.headers,
        whole.body,
    )
    assert "set-cookie" not in whole.headers
    expected = _other_opinion(data)
    if expected is not None:
        assert (whole.status, whole.body) == expected


def _whole_answer(data: bytes, sizes: Sequence[int]) -> Answer | str:
    """Return the answer, or why there is none."""
    raw: Any = Raw(data, sizes)
    try:
        return AnswerReader(raw, CancelScope(math.inf, NoInterrupt(), PEER)).read()
    except (ConnectionLost, ProtocolError) as error:
        return f"{type(error).__name__}: {error}"


def _other_opinion(data: bytes) -> tuple[int, bytes] | None:
    """Return status and body as ``http.client`` reads them; None if it cannot."""
    end = data.find(b"\r\n\r\n") + 4
    if not PLAIN.fullmatch(data[:end]) or BARE.search(data):
        return None
    response = http.client.HTTPResponse(Reply(data))  # type: ignore[arg-type]
    try:
        response.begin()
        coding = (response.headers.get_all("transfer-encoding") or [""])[0]
        lengths = response.headers.get_all("content-length") or []
        known = coding.lower() in ("", "chunked") and len(lengths) < 2
        if not known or (lengths and not LENGTH.fullmatch(lengths[0])):
            return None
        if response.status in (204, 304):
            return None  # has no body, whatever comes
        return response.status, response.read()
    except (http.client.HTTPException, ValueError, OverflowError):
        return None


class Reply:
    """A stand-in for the socket of ``http.client``."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)
