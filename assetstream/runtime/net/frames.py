"""Cut the byte stream of a WebSocket server into frames; pure.

Almost every frame an exchange sends is a complete, plain data frame. Those are cut
out here in one loop; whatever else comes (control frames, fragments, what breaks the
protocol) is cut out whole and left to the library's own parser.
"""

from __future__ import annotations

import enum
import struct
from typing import Iterator, Union

from msgspec import Struct

__all__ = ["LIMIT", "BadFrame", "Scanner", "Split", "Why", "split"]

#: No message of an exchange is as large; what claims to be is refused at its header.
LIMIT = 1 << 20

#: The first four bytes of a frame, as two numbers.
HEAD = struct.Struct(">HH").unpack_from
#: The first number of a plain frame, complete text or binary and unmasked, that tells
#: its length in the first two bytes, or in the next two.
SHORT = frozenset(kind << 8 | length for kind in b"\x81\x82" for length in range(126))
MEDIUM = frozenset((0x817E, 0x827E))


class Why(enum.Enum):
    """Reason for which ``split`` stopped."""

    #: The frame is not complete yet: the buffer must reach up to ``Split.end``.
    MORE = "more bytes needed"
    #: A complete frame, up to ``Split.end``, that the library must parse.
    OTHER = "not a plain data frame"
    OVERSIZE = "the payload is over the limit"
    MASKED = "a server must not mask"


class Split(Struct):
    """Result of ``split``."""

    payloads: list[bytes]
    #: Where the frame begins at which it stopped, and where it ends as far as known.
    position: int
    end: int
    why: Why


def split(buffer: bytes, position: int, fragmented: bool, limit: int = LIMIT) -> Split:
    """Collect payloads of plain data frames, from ``position`` on.

    Plain: complete, final, text or binary, unmasked, no reserved bit, and no
    fragmented message open (``fragmented``).
    """
    payloads: list[bytes] = []
    size = len(buffer)
    last = -1 if fragmented else size - 4
    while True:
        # Almost all time is spent here: one look at a header, one slice of the buffer.
        while position <= last:
            head, length = HEAD(buffer, position)
            if head in MEDIUM:
                start = position + 4
            elif head in SHORT:
                start, length = position + 2, head & 0x7F
            else:
                break
            end = start + length
            if end > size:
                return Split(payloads, position, end, Why.MORE)
            payloads.append(buffer[start:end])
            position = end
        if position == size:  # as nearly every read ends
            return Split(payloads, position, position + 2, Why.MORE)
        start, end, why = _measure(buffer, position, limit)
        if why is not Why.OTHER or fragmented or buffer[position] not in b"\x81\x82":
            return Split(payloads, position, end, why)
        payloads.append(buffer[start:end])
        position = end


def _measure(buffer: bytes, position: int, limit: int) -> tuple[int, int, Why]:
    """Tell where the payload of any frame begins and ends; OTHER if it is complete."""
    size = len(buffer)
    start = position + 2
    if start > size:
        return start, start, Why.MORE
    length = buffer[position + 1]
    if length > 125:
        if length > 127:
            return start, start, Why.MASKED
        start += 2 if length == 126 else 8
        if start > size:
            return start, start, Why.MORE
        length = int.from_bytes(buffer[position + 2 : start], "big")
        # Known from the header alone: nothing of it is ever held in memory.
        if start == position + 10 and length > limit:
            return start, start, Why.OVERSIZE
    end = start + length
    return start, end, Why.OTHER if end <= size else Why.MORE


class BadFrame(Exception):
    """The peer breaks the protocol or a limit; nothing behind it can be trusted."""


class Scanner:
    """One connection's incoming bytes, read by read."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._tail = bytearray()
        self._needed = 0
        self._fragmented = False
        self._fragments = 0

    def scan(self, data: bytes) -> Iterator[Union[list[bytes], bytes]]:
        """Yield payloads of plain data frames as lists, any other frame as bytes.

        An incomplete frame is kept for the next call.

        Raises:
            BadFrame: a masked or too large frame, or fragments that are in sum.
        """
        if self._tail:
            # Parsing before a large frame is complete would copy it at every read.
            if len(self._tail) + len(data) < self._needed:
                self._tail += data
                return
            data = b"".join((self._tail, data))
            self._tail.clear()
        position = 0
        while True:
            found = split(data, position, self._fragmented, self._limit)
            if found.payloads:
                yield found.payloads
            if found.why is not Why.OTHER:
                break
            frame = data[found.position : found.end]
            self._note(frame)
            yield frame
            position = found.end
        if found.why is not Why.MORE:
            raise BadFrame(found.why.value)
        if found.position < len(data):
            self._tail += data[found.position :]
            self._needed = found.end - found.position

    def _note(self, frame: bytes) -> None:
        """Follow the state of a fragmented message, and its size."""
        if frame[0] & 0x08:
            return  # control frames may come between fragments
        self._fragmented = not frame[0] & 0x80
        # Headers count too: a million empty fragments are no message either.
        self._fragments += len(frame)
        if self._fragments > self._limit:
            raise BadFrame("the fragments of a message are over the limit in sum")
        if not self._fragmented:
            self._fragments = 0
