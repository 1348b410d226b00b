"""Cut the byte stream of a WebSocket server into frames; pure.

Almost every frame an exchange sends is a complete, plain data frame. Those are cut
out here in one loop; whatever else comes (control frames, fragments, what breaks the
protocol) is cut out whole and left to the library's own parser.
"""

from __future__ import annotations

import enum
from typing import Iterator, NamedTuple, Union

__all__ = ["LIMIT", "BadFrame", "Scanner", "Split", "Why", "split"]

#: No message of an exchange is as large; what claims to be is refused at its header.
LIMIT = 1 << 20


class Why(enum.Enum):
    """Why ``split`` stopped."""

    #: The frame is not complete yet: the buffer must reach up to ``Split.end``.
    MORE = "more bytes needed"
    #: A complete frame, up to ``Split.end``, that the library must parse.
    OTHER = "not a plain data frame"
    OVERSIZE = "the payload is over the limit"
    MASKED = "a server must not mask"


class Split(NamedTuple):
    """What ``split`` found."""

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
    while True:
        start = position + 2
        if start > size:
            return Split(payloads, position, start, Why.MORE)
        length = buffer[position + 1]
        if length > 125:
            if length > 127:
                return Split(payloads, position, start, Why.MASKED)
            start += 2 if length == 126 else 8
            if start > size:
                return Split(payloads, position, start, Why.MORE)
            if length == 126:
                length = buffer[position + 2] << 8 | buffer[position + 3]
            else:
                length = int.from_bytes(buffer[position + 2 : start], "big")
                # Known from the header alone: nothing of it is ever held in memory.
                if length > limit:
                    return Split(payloads, position, start, Why.OVERSIZE)
        end = start + length
        if end > size:
            return Split(payloads, position, end, Why.MORE)
        first = buffer[position]
        if fragmented or (first != 0x81 and first != 0x82):
            return Split(payloads, position, end, Why.OTHER)
        payloads.append(buffer[start:end])
        position = end


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
            self._tail += data
            # Parsing before a large frame is complete would copy it at every read.
            if len(self._tail) < self._needed:
                return
            data = bytes(self._tail)
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
