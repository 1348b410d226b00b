"""Seed inputs, and the decoding of an input into a property's arguments."""

from __future__ import annotations

import base64
from typing import Callable, NamedTuple, Sequence

from tests.programs.fuzz.adapters import FORMATS, PHASES, check_frames
from tests.programs.fuzz.control import check_control
from tests.programs.fuzz.frames import check_stream
from tests.programs.fuzz.rest import check_answer
from tests.programs.fuzz.upgrade import check_answer as check_upgrade
from tests.support.raw_server import BINARY, CLOSE, PING, PONG, frame
from tests.support.specs import KEY, SAMPLES, SECRET, SPECS

__all__ = [
    "CHUNKED",
    "LINES",
    "SEPARATOR",
    "STREAM",
    "TARGETS",
    "Target",
    "seeds",
]

#: Between the parts of an input; no JSON and no header has it.
SEPARATOR = b"\x1e"
NAMES = sorted(SPECS)
STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 418, 429, 500, 503)


def _adapters(data: bytes) -> None:
    """Decode exchange, format and phase from the first byte, then frames."""
    name, choice = _chosen(data)
    format = FORMATS[choice % len(FORMATS)]
    acks = PHASES[choice // len(FORMATS) % len(PHASES)]
    check_frames(name, format, acks, data[1:].split(SEPARATOR)[:8])


def _rest(data: bytes) -> None:
    """Decode exchange and status from a byte, then ``Retry-After``, ``Date``, body."""
    name, choice = _chosen(data)
    parts = [*data[1:].split(SEPARATOR, 2), b"", b""]
    headers = zip(("retry-after", "date"), parts, strict=False)
    check_answer(
        name,
        STATUSES[choice % len(STATUSES)],
        {header: value.decode("latin-1") for header, value in headers if value},
        parts[2],
    )


def _frames(data: bytes) -> None:
    """Decode the sizes of the reads from four bytes, then the stream."""
    check_stream(data[4:], list(data[:4]))


def _control(data: bytes) -> None:
    """Decode the sizes of the reads from four bytes, then kinds and messages."""
    check_control(data[4:].split(SEPARATOR), list(data[:4]))


def _head(data: bytes) -> None:
    """Decode the sizes of the reads from four bytes, then an upgrade's answer."""
    check_upgrade(data[4:], list(data[:4]))


def _chunked(data: bytes) -> None:
    """Decode the sizes of the reads from four bytes, then a refusal's chunks."""
    head = b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
    check_upgrade(head + data[4:], list(data[:4]))


def _chosen(data: bytes) -> tuple[str, int]:
    choice = data[0] if data else 0
    return NAMES[choice % len(NAMES)], choice // len(NAMES)


class Target(NamedTuple):
    """One property over bytes."""

    check: Callable[[bytes], None]
    #: The number of bytes before the first part.
    head: int


TARGETS = {
    "adapters": Target(_adapters, 1),
    "rest": Target(_rest, 1),
    "frames": Target(_frames, 4),
    "control": Target(_control, 4),
    "head": Target(_head, 4),
    "chunked": Target(_chunked, 4),
}

STREAM = (
    frame(b"{}"),
    frame(b"", BINARY),
    frame(b"x" * 126),
    frame(b"x" * 70_000)[:14],
    frame(b"x" * 300)[:-1],
    frame(b"ping", PING),
    frame(b"", PONG),
    frame(b"p" * 126, PONG),
    frame(b"first", final=False),
    frame(b"more", 0, final=False),
    frame(b"last", 0),
    frame(b"x" * 450, 0, final=False),
    frame(b"\x03\xe8bye", CLOSE),
    frame(b"", CLOSE),
    frame(b"\x03", CLOSE),
    b"\x81\x81\0\0\0\0x",
    b"\x81\x7f" + (1 << 63).to_bytes(8, "big"),
    b"\xc1\x01x",
    b"\x83\x01x",
    b"\x81\x7e\x00\x01x",
)


CONTROL = (
    SEPARATOR.join((b"\x00ping", b"\x01pong", b"\x02text", b"\x03in two parts")),
    b"\x00" + b"p" * 125,
    b"\x01" + b"p" * 125,
    b"\x00" + b"p" * 126,
    b"\x01" + b"p" * 126,
    b"\x00",
    b"\x01",
    b"\x01\xff\x00",
    b"\x00" + SEPARATOR + b"\x01" + SEPARATOR + b"\x03" + SEPARATOR + b"\x02",
    b"\x03" + b"x" * 300,
)
#: Lines of heads, and heads made of them; the body behind.
LINES = (
    b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.1 403 Forbidden",
    b"HTTP/1.0 503 ",
    b"HTTP/1.1 200",
    b"HTTP/2 200 OK",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    b"Set-Cookie: session=1; Path=/",
    b"set-cookie2: session=1",
    b"Date: Wed, 21 Oct 2026 07:28:00 GMT",
    b"Retry-After: 7",
    b"Content-Length: 5",
    b"Content-Length: -5",
    b"Content-Length: 99999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b" folded: yes",
    b"no colon",
    b"X: \xff\xb2",
    b"",
)
CHUNKED = (
    b"5\r\nhello\r\n0\r\n\r\n",
    b"5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
    b"A\r\n0123456789\r\n00\r\n\r\n",
    b"5\r\nhel",
    b"-5\r\nhello\r\n",
    b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
    b" 5 \r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"fffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    b"<html>not chunked</html>",
    b"\r\n\r\n",
    b"",
)
CUTS = (b"\xff\xff\xff\xff", b"\x01\x01\x01\x01", b"\x01\x02\x07\x50")


def _heads() -> list[bytes]:
    heads = [
        b"\r\n".join((status, *headers, b"", b""))
        for status in LINES[:5]
        for headers in (LINES[5:12], LINES[12:13], LINES[15:16], LINES[16:21], ())
    ]
    return [head + body for head in heads for body in (b"", b"hello", CHUNKED[1])]


_WHOLE = b"".join(STREAM[:10])
#: The bytes behind the sizes of the reads.
BEHIND_CUTS: dict[str, Sequence[bytes]] = {
    "frames": [*STREAM, _WHOLE, *(_WHOLE + end for end in STREAM[10:])],
    "control": CONTROL,
    "head": _heads(),
    "chunked": CHUNKED,
}


def seeds(target: str) -> list[bytes]:
    """Return inputs for a target, made of all exchanges' samples."""
    if target in BEHIND_CUTS:
        return [cut + piece for cut in CUTS for piece in BEHIND_CUTS[target]]
    found = []
    for at, name in enumerate(NAMES):
        samples = [p.read_bytes().strip() for p in (SAMPLES / name).glob("*.json")]
        token = base64.urlsafe_b64encode(b'{"access_key":"' + KEY.encode())
        samples += [f'{{"msg":"{SECRET}","code":"{KEY}"}}'.encode(), b"[]", token]
        for sample in samples:
            for choice in range(12):
                first = bytes([at + choice * len(NAMES)])
                if target == "rest":
                    dates = b"Wed, 21 Oct 2026 07:28:00 GMT"
                    first += SEPARATOR.join([b"7", dates, b""])
                found.append(first + sample)
        if target == "adapters":
            found.append(bytes([at]) + SEPARATOR.join(samples[:8]))
    return found
