"""Faults of the framing: frames that no WebSocket server may send."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Mapping

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import (
    FaultEntry,
    ForAccount,
    OncePerConnection,
)
from assetstream.simulator.catalogue.parameters import size
from assetstream.simulator.connection import Connection

__all__ = ["FAULTS"]

FIN, RSV1, RSV2, RSV3, MASKED = 0x80, 0x40, 0x20, 0x10, 0x80
CONTINUATION, TEXT, BINARY, PING = 0x0, 0x1, 0x2, 0x9
#: The queue is filled up again, by pieces, when it falls below LOW bytes.
LOW, PIECE = 1024 * 1024, bytes(256 * 1024)
MIB = 1024 * 1024


def frame(first: int, payload: bytes, length: int | None = None) -> bytes:
    """Make a server's frame; ``length``: what it claims to have, if not the truth."""
    size = len(payload) if length is None else length
    if size < 126:
        return bytes([first, size]) + payload
    if size < 1 << 16:
        return bytes([first, 126]) + size.to_bytes(2, "big") + payload
    return bytes([first, 127]) + size.to_bytes(8, "big") + payload


class RawBytes(OncePerConnection):
    """Sends bytes as they are, with no frame around them."""

    def __init__(self, account: Account | None = None, *, data: bytes) -> None:
        super().__init__(account)
        self._data = data

    def strike(self, connection: Connection) -> None:
        """Send the bytes."""
        connection.write(self._data)


class ReservedBits(OncePerConnection):
    """Sets a reserved bit, another one for each connection."""

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account)
        self._numbers = count()

    def strike(self, connection: Connection) -> None:
        """Send a frame with the bit that is next in turn."""
        bit = (RSV1, RSV2, RSV3)[next(self._numbers) % 3]
        # Where compression was agreed on, RSV1 is wrong in a control frame only.
        ping = bit == RSV1 and connection.compressed
        connection.write(frame(FIN | bit | (PING if ping else TEXT), b"{}"))


class HalfFrame(RawBytes):
    """Sends half a frame, then nothing until the end, where the connection is cut."""

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account, data=frame(FIN | TEXT, b'{"half":', 100))

    def strike(self, connection: Connection) -> None:
        """Send the half, and then nothing."""
        super().strike(connection)
        connection.hang()

    def ended(self) -> None:
        """Cut the connections: they can never be used again."""
        super().ended()
        for connection in tuple(self._struck):
            connection.drop()


class HugeFrame(HalfFrame):
    """Sends a frame of ``size`` bytes, as fast as it is read, then nothing."""

    def __init__(
        self, account: Account | None = None, *, size: int = 200 * MIB
    ) -> None:
        super().__init__(account)
        self._size = size
        self._data = frame(FIN | BINARY, b"", size)

    def strike(self, connection: Connection) -> None:
        """Send the head, and then the rest bit by bit."""
        super().strike(connection)
        self._pour(connection, self._size)

    def _pour(self, connection: Connection, left: int) -> None:
        """Queue some more; all at once would take too much memory."""
        while left and connection.backlog < LOW:
            connection.write(PIECE[:left])
            left -= len(PIECE[:left])
        if left and not self._over.is_set():
            connection.call_later(0.001, partial(self._pour, connection, left))


class OneByte(ForAccount):
    """Sends frames a byte at a time."""

    def portion(self, connection: Connection) -> int | None:
        """Return one byte."""
        return 1 if self._strikes(connection.account) else None


class Fragments(ForAccount):
    """Sends messages in three fragments, with a ping before each but the first."""

    def wire(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, connection: Connection, whole: bytes
    ) -> bytes:
        """Return the fragments of a data frame; any other frame as it is."""
        if not self._strikes(connection.account) or whole[0] & 0x0F not in (
            TEXT,
            BINARY,
        ):
            return whole
        payload = whole[{126: 4, 127: 10}.get(whole[1], 2) :]
        third = len(payload) // 3
        ping = frame(FIN | PING, b"between")
        return ping.join(
            (
                # Keeps RSV1, which marks a compressed message.
                frame(whole[0] & ~FIN, payload[:third]),
                frame(CONTINUATION, payload[third : 2 * third]),
                frame(FIN | CONTINUATION, payload[2 * third :]),
            )
        )


def sends(data: bytes) -> partial[RawBytes]:
    """Make the maker of a fault that sends these bytes."""
    return partial(RawBytes, data=data)


EVERY = "every open connection, and each new one, gets "

FAULTS: Mapping[str, FaultEntry] = {
    "half_frame": FaultEntry(
        EVERY + "half a frame, then nothing; it is cut at the end", HalfFrame
    ),
    "huge_frame": FaultEntry(
        EVERY + "a frame of size=209715200 bytes, then nothing; it is cut at the end",
        HugeFrame,
        parameters={"size": size},
    ),
    "one_byte_pieces": FaultEntry("frames are sent in pieces of one byte", OneByte),
    "fragments": FaultEntry(
        "messages are sent in three fragments with pings between", Fragments
    ),
    "invalid_utf8": FaultEntry(
        EVERY + "a text frame that is not UTF-8",
        sends(frame(FIN | TEXT, b'{"\xff\xfe')),
    ),
    "rsv_bits": FaultEntry(
        EVERY + "a frame with a reserved bit set: RSV1, RSV2, RSV3 in turn",
        ReservedBits,
    ),
    "masked_frame": FaultEntry(
        EVERY + "a masked frame, which only a client may send",
        # A mask of zeros leaves the payload as it is.
        sends(bytes([FIN | TEXT, MASKED | 2]) + bytes(4) + b"{}"),
    ),
}
