"""The closed set of the machine's effects.

The runtime carries them out in their order. Carrying one out never calls the machine:
its outcome is a later event, which names the effect's ticket.
"""

from __future__ import annotations

import enum
from typing import Sequence, Union

from msgspec import Struct

from assetstream.model.events import Event
from assetstream.protocol import Connect, HttpCall

__all__ = [
    "Ask",
    "CallOff",
    "Dial",
    "Effect",
    "Fetch",
    "Forgo",
    "HangUp",
    "HoldBack",
    "Publish",
    "SendPing",
    "SendText",
    "Turn",
]


class Turn(enum.Enum):
    """Kinds of turns that a place's queue grants (L4)."""

    #: One attempt to connect.
    CONNECT = enum.auto()
    #: The same, by a stream whose connection works still, but will be ended (L7).
    RENEW = enum.auto()
    #: One read of the balances, which the stream needs to be LIVE.
    SNAPSHOT = enum.auto()
    #: One read of the balances, to compare the book with.
    AUDIT = enum.auto()


class Ask(Struct, frozen=True):
    """Stand in the place's queue; answered by ``granted``."""

    ticket: int
    turn: Turn


class Forgo(Struct, frozen=True):
    """Leave the queue."""

    ticket: int


class HoldBack(Struct, frozen=True):
    """Grant no such turn to anyone of the place for so many seconds."""

    turn: Turn
    seconds: float


class Dial(Struct, frozen=True):
    """Make a connection; answered by ``opened`` or ``ended``."""

    ticket: int
    connect: Connect


class SendText(Struct, frozen=True):
    """Send a text frame. Its repr hides the text: a login carries the secret."""

    text: str

    def __repr__(self) -> str:
        return "<SendText>"


class SendPing(Struct, frozen=True):
    """Send a WebSocket ping."""


class HangUp(Struct, frozen=True):
    """End the connection or the attempt; always answered by ``ended``."""

    ticket: int


class Fetch(Struct, frozen=True):
    """Send a REST call, at most ``timeout`` seconds long.

    Answered by ``replied``, or by ``unanswered``.
    """

    ticket: int
    call: HttpCall
    timeout: float


class CallOff(Struct, frozen=True):
    """End a REST call; the machine ignores its outcome."""

    ticket: int


class Publish(Struct, frozen=True, gc=False):
    """Hand these to everyone who waits or handles, in this order."""

    items: Sequence[Event]


Effect = Union[
    Ask,
    Forgo,
    HoldBack,
    Dial,
    SendText,
    SendPing,
    HangUp,
    Fetch,
    CallOff,
    Publish,
]
