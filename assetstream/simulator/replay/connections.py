"""The connections on a tape, which a replay makes its clients go through."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Mapping, Sequence, Union

from msgspec import Struct, field

from assetstream.exchanges.coinw import frames as coinw_frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.upbit import frames as upbit_frames
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import BalanceReport, Exchange, Snapshot
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

#: Milliseconds since 1970 in frames, also in JSON within a text of JSON.
DATES = re.compile(
    rb'("(?:asset_timestamp|asttms|timestamp|tms|time)\\*"\s*:\s*(?:\\*")?)'
    rb"([0-9]{13})(?![0-9])"
)


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


def _upbit(frame: bytes, format: str) -> tuple[bool, list[BalanceReport]]:
    items = upbit_frames.read_frame(frame, format)
    own = (upbit_frames.SubscriptionList, upbit_frames.StatusUp)
    pushed = [item for item in items if isinstance(item, PushedBalances)]
    answered = bool(items) and all(isinstance(item, own) for item in items)
    return not answered, [report for item in pushed for report in item.balances]


def _coinw(frame: bytes, format: str) -> tuple[bool, list[BalanceReport]]:
    item = coinw_frames.read_frame(frame)
    answered = isinstance(item, coinw_frames.HeartbeatEvent) or (
        isinstance(item, coinw_frames.RequestAnswer) and item.good
    )
    return not answered, item.balances if isinstance(item, PushedBalances) else []


#: Readers of frames: is it to be pushed (the simulator itself sends the answers to
#: requests), and which balances has it.
READERS: Mapping[str, Callable[[bytes, str], tuple[bool, list[BalanceReport]]]] = {
    "upbit": _upbit,
    "coinw": _coinw,
}


class TapeReader:
    """Collects the connections from the lines of a tape."""

    def __init__(self, exchange: Exchange, format: str) -> None:
        self._exchange = exchange
        self._read = READERS[exchange.name]
        self._format = format
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

    def _received(self, at: float, fields: Mapping[str, Any]) -> None:
        frame = payload(fields)
        pushed, balances = self._read(frame, self._format)
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
    reader = TapeReader(exchange, tape.header.options.get("format", "DEFAULT"))
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


def redated(frame: bytes, milliseconds: int) -> bytes:
    """Return the frame with all its dates moved by ``milliseconds``."""
    return DATES.sub(lambda d: d[1] + b"%013d" % (int(d[2]) + milliseconds), frame)
