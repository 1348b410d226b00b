"""The connections on a tape, which a replay makes its clients go through."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import Any, Callable, Mapping, Sequence, Union

from msgspec import Struct, field

from assetstream.exchanges import EXCHANGES
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import (
    Alive,
    BalanceReport,
    Exchange,
    Instant,
    Ready,
    Report,
    Send,
    Snapshot,
)
from assetstream.recording.tape import Tape, TapeLine, payload
from assetstream.simulator.messages import Reply

__all__ = [
    "Disconnect",
    "FailedAttempt",
    "RecordedConnection",
    "RecordedFrame",
    "RecordedReply",
    "epoch",
    "read_connections",
    "redated",
]

#: A conversation is begun with one; nothing is sent by it.
NONCE = "00000000-0000-4000-8000-000000000000"


@lru_cache
def dates(names: tuple[str, ...], digits: int) -> re.Pattern[bytes]:
    """Make a pattern of the times of these names, also in JSON within JSON."""
    named = b"|".join(map(re.escape, map(str.encode, names))) or rb"(?!)"
    before = rb'("(?:%b)\\*"\s*:\s*(?:\\*")?)' % named
    return re.compile(before + rb"([0-9]{%d})(?![0-9])" % digits)


class RecordedFrame(Struct, frozen=True):
    """A frame to be pushed, and the balances in it."""

    at: float
    payload: bytes
    balances: Sequence[BalanceReport]


class RecordedReply(Struct, frozen=True):
    """A REST reply.

    Attributes:
        at: second of the tape at which it came.
        asked: second at which the request was sent.
        reply: the reply itself.
        snapshot: its balances; None if it was an error.
        settled: True if the connection had its first balances before.
    """

    at: float
    asked: float
    reply: Reply
    snapshot: Snapshot | None
    settled: bool


class FailedAttempt(Struct, frozen=True):
    """An attempt to connect that was refused with a reply, or (None) failed earlier."""

    at: float
    reply: Reply | None


class Disconnect(Struct, frozen=True):
    """End of a connection; ``code`` None: without a close frame."""

    at: float
    code: int | None = None
    reason: str = ""


class RecordedConnection(Struct):
    """One connection, and the attempts before it that failed.

    Attributes:
        failures: the attempts before it.
        opened: second of the tape at which it opened; None: the tape ends before.
        events: frames and replies, in order.
        disconnect: its end; None: it lasted to the tape's end.
        epoch: the exchange's time at the tape's beginning, seconds since 1970, by this
            connection's replies; None if they have no ``Date``.
    """

    failures: list[FailedAttempt] = field(default_factory=list)
    opened: float | None = None
    events: list[Union[RecordedFrame, RecordedReply]] = field(default_factory=list)
    disconnect: Disconnect | None = None
    epoch: float | None = None


#: Steps by which an adapter goes on after the answer to a request, or to a ping.
ANSWERED = (Send, Ready, Alive)


class FrameReader:
    """Reads the frames of one recorded connection as the adapter does."""

    def __init__(self, exchange: Exchange) -> None:
        self._conversation = exchange.conversation({})
        at = Instant(0.0, 0)
        self._conversation.connect(at, NONCE)
        self._conversation.opened(at, NONCE)

    def read(self, frame: bytes) -> tuple[bool, list[BalanceReport]]:
        """Return whether it is to be pushed, and which balances it has.

        The simulator itself sends the answers to requests.
        """
        steps = self._conversation.received([frame], Instant(0.0, 0))
        reports = [step for step in steps if isinstance(step, Report)]
        answered = steps and all(isinstance(step, ANSWERED) for step in steps)
        return not answered, [b for step in reports for b in step.balances]


class TapeReader:
    """Collects the connections from the lines of a tape."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._frames = FrameReader(exchange)
        self.connections = [RecordedConnection()]
        # Time of the attempt that was neither opened nor refused so far.
        self._begun: float | None = None
        self._asked = 0.0
        # Good replies of this connection; an empty one needs a second (S2).
        self._good = 0
        # Time at which the recorded stream noticed a trouble.
        self._trouble: float | None = None

        self._acts: Mapping[str, Callable[[float, Mapping[str, Any]], None]] = {
            "connecting": self._connecting,
            "refused": self._refused,
            "opened": self._opened,
            "received": self._received,
            "read": self._asking,
            "reply": self._replied,
            "closed": self._closed,
            "state": self._changed,
            "error": self._troubled,
        }

    def take(self, line: TapeLine) -> None:
        """Take the next line."""
        if line.kind in self._acts:
            self._acts[line.kind](line.at, line.fields)

    @property
    def _connection(self) -> RecordedConnection:
        return self.connections[-1]

    def _connecting(self, at: float, fields: Mapping[str, Any]) -> None:
        if self._begun is not None:
            self._connection.failures.append(
                FailedAttempt(self._trouble or self._begun, None)
            )
        elif self._connection.opened is not None:
            # Without a close by the exchange the network broke, or the client gave up.
            self._end(Disconnect(self._trouble or at))
        self._begun, self._trouble = at, None

    def _refused(self, at: float, fields: Mapping[str, Any]) -> None:
        self._connection.failures.append(FailedAttempt(at, _reply(fields)))
        self._begun = None

    def _opened(self, at: float, fields: Mapping[str, Any]) -> None:
        self._connection.opened, self._begun, self._trouble = at, None, None
        self._frames = FrameReader(self._exchange)

    def _received(self, at: float, fields: Mapping[str, Any]) -> None:
        frame = payload(fields)
        pushed, balances = self._frames.read(frame)
        if pushed:
            self._connection.events.append(RecordedFrame(at, frame, balances))

    def _asking(self, at: float, fields: Mapping[str, Any]) -> None:
        self._asked = at

    def _replied(self, at: float, fields: Mapping[str, Any]) -> None:
        if self._connection.opened is None:
            return  # of the connection before
        if self._connection.epoch is None:
            self._connection.epoch = _epoch(at, fields)
        reply = _reply(fields)
        snapshot = self._understood(reply)
        answer = RecordedReply(at, self._asked, reply, snapshot, self._good >= 2)
        self._connection.events.append(answer)
        if snapshot is not None:
            self._good += 2 if snapshot.balances else 1

    def _understood(self, reply: Reply) -> Snapshot | None:
        try:
            return self._exchange.read_replied(reply.status, reply.headers, reply.body)
        except AssetStreamError:
            return None

    def _closed(self, at: float, fields: Mapping[str, Any]) -> None:
        code = fields.get("code")
        if code is not None and not isinstance(code, int):
            raise TypeError(f"the code {code!r} is no number")
        self._end(Disconnect(at, code, str(fields.get("reason", ""))))

    def _changed(self, at: float, fields: Mapping[str, Any]) -> None:
        live = fields.get("current") == "LIVE"
        self._trouble = None if live else self._trouble or at

    def _troubled(self, at: float, fields: Mapping[str, Any]) -> None:
        if self._begun is not None:
            self._trouble = at

    def _end(self, disconnect: Disconnect) -> None:
        self._good = 0
        self._connection.disconnect = disconnect
        self.connections.append(RecordedConnection())


def read_connections(tape: Tape, exchange: Exchange) -> list[RecordedConnection]:
    """Return the connections of a tape; the last one is empty if it never opened.

    Args:
        tape: the recording.
        exchange: any adapter for the recorded exchange; reads the replies.
    """
    reader = TapeReader(exchange)
    for line in tape.lines:
        reader.take(line)
    return reader.connections


def _reply(fields: Mapping[str, Any]) -> Reply:
    headers = dict(fields.get("headers", {}))
    # The simulator adds its own: its time is another.
    headers.pop("date", None)
    return Reply(int(fields["status"]), payload(fields), headers)


def epoch(tape: Tape) -> float:
    """Return the exchange's time at the beginning, seconds since 1970.

    A ``Date`` of its own comes first: the recording machine's clock may have been
    wrong, and the times in frames are the exchange's.
    """
    for line in tape.lines:
        found = _epoch(line.at, line.fields)
        if found is not None:
            return found
    began = tape.header.began.replace("Z", "+00:00")
    return datetime.fromisoformat(began).timestamp()


def _epoch(at: float, fields: Mapping[str, Any]) -> float | None:
    """Return the same by one line's ``Date``; None if it has none."""
    date = fields.get("headers", {}).get("date")
    try:
        # Half a second on average: it has no fractions.
        return (
            None if date is None else parsedate_to_datetime(date).timestamp() + 0.5 - at
        )
    except ValueError:
        return None


def redated(frame: bytes, milliseconds: int, exchange: str) -> bytes:
    """Return a frame of ``exchange`` with all its dates moved by ``milliseconds``."""
    fields = EXCHANGES[exchange].fields
    for names, digits, by in (
        (fields.times, 13, milliseconds),
        (fields.seconds, 10, milliseconds // 1000),
    ):
        frame = dates(names, digits).sub(partial(_moved, by), frame)
    return frame


def _moved(by: int, date: re.Match[bytes]) -> bytes:
    return date[1] + b"%0*d" % (len(date[2]), int(date[2]) + by)
