"""A tape, cut into the connections that a replay makes its clients go through."""

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
from assetstream.recording.tape import Line, Tape, payload
from assetstream.simulator.messages import Reply

__all__ = ["Answer", "Failure", "Frame", "Leaving", "Leg", "epoch", "legs", "redated"]

#: The milliseconds since 1970 that frames hold, in text within JSON, too.
DATES = re.compile(
    rb'("(?:asset_timestamp|asttms|timestamp|tms|time)\\*"\s*:\s*(?:\\*")?)'
    rb"([0-9]{13})(?![0-9])"
)


class Frame(Struct, frozen=True):
    """A frame to be pushed, and the balances it tells of."""

    at: float
    payload: bytes
    balances: Sequence[BalanceReport]


class Answer(Struct, frozen=True):
    """A REST reply, asked for at ``asked`` and there at ``at``.

    ``snapshot`` is None if it was an error; a ``settled`` connection had its first
    balances before.
    """

    at: float
    asked: float
    reply: Reply
    snapshot: Snapshot | None
    settled: bool


class Failure(Struct, frozen=True):
    """An attempt to connect: refused with a reply, or (None) it failed on the way."""

    at: float
    reply: Reply | None


class Leaving(Struct, frozen=True):
    """How a connection ended: ``code`` None: with no close frame."""

    at: float
    code: int | None = None
    reason: str = ""


class Leg(Struct):
    """One connection, after the attempts that failed.

    Attributes:
        failures: the attempts before it.
        opened: when it was opened; None: the tape ends before one was.
        events: what came, in order.
        leaving: how it ended; None: it lasted to the tape's end.
        epoch: the exchange's time at the tape's beginning, seconds since 1970, as this
            connection's replies tell it; None if they do not.
    """

    failures: list[Failure] = field(default_factory=list)
    opened: float | None = None
    events: list[Union[Frame, Answer]] = field(default_factory=list)
    leaving: Leaving | None = None
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


#: Whether a frame is to be pushed, what the simulator answers by itself not being, and
#: its balances.
READERS: Mapping[str, Callable[[bytes, str], tuple[bool, list[BalanceReport]]]] = {
    "upbit": _upbit,
    "coinw": _coinw,
}


class Cutter:
    """Takes a tape's lines one after the other."""

    def __init__(self, exchange: Exchange, format: str) -> None:
        self._exchange = exchange
        self._read = READERS[exchange.name]
        self._format = format
        self.legs = [Leg()]
        # Begun, and neither opened nor refused so far.
        self._begun: float | None = None
        self._asked = 0.0
        # Good replies of this connection: one without any balance needs a second (S2).
        self._good = 0
        # When the recorded stream noticed that all was not well.
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

    def take(self, line: Line) -> None:
        """The next one."""
        if line.kind in self._acts:
            self._acts[line.kind](line.at, line.fields)

    @property
    def _leg(self) -> Leg:
        return self.legs[-1]

    def _connecting(self, at: float, fields: Mapping[str, Any]) -> None:
        if self._begun is not None:
            self._leg.failures.append(Failure(self._trouble or self._begun, None))
        elif self._leg.opened is not None:
            # Not closed by the exchange: the network broke, or the client gave up.
            self._leave(Leaving(self._trouble or at))
        self._begun, self._trouble = at, None

    def _refused(self, at: float, fields: Mapping[str, Any]) -> None:
        self._leg.failures.append(Failure(at, _reply(fields)))
        self._begun = None

    def _opened(self, at: float, fields: Mapping[str, Any]) -> None:
        self._leg.opened, self._begun, self._trouble = at, None, None

    def _received(self, at: float, fields: Mapping[str, Any]) -> None:
        frame = payload(fields)
        pushed, balances = self._read(frame, self._format)
        if pushed:
            self._leg.events.append(Frame(at, frame, balances))

    def _asking(self, at: float, fields: Mapping[str, Any]) -> None:
        self._asked = at

    def _replied(self, at: float, fields: Mapping[str, Any]) -> None:
        if self._leg.opened is None:
            return  # of the connection before
        if self._leg.epoch is None:
            self._leg.epoch = _epoch(at, fields)
        reply = _reply(fields)
        snapshot = self._understood(reply)
        answer = Answer(at, self._asked, reply, snapshot, self._good >= 2)
        self._leg.events.append(answer)
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
            raise TypeError("a code that is no number")
        self._leave(Leaving(at, code, str(fields.get("reason", ""))))

    def _changed(self, at: float, fields: Mapping[str, Any]) -> None:
        live = fields.get("current") == "LIVE"
        self._trouble = None if live else self._trouble or at

    def _troubled(self, at: float, fields: Mapping[str, Any]) -> None:
        if self._begun is not None:
            self._trouble = at

    def _leave(self, leaving: Leaving) -> None:
        self._good = 0
        self._leg.leaving = leaving
        self.legs.append(Leg())


def legs(tape: Tape, exchange: Exchange) -> list[Leg]:
    """The connections of a tape; the last is empty if it ended in none.

    ``exchange`` is any of the kind recorded: it understands the replies.
    """
    cutter = Cutter(exchange, tape.header.options.get("format", "DEFAULT"))
    for line in tape.lines:
        cutter.take(line)
    return cutter.legs


def _reply(fields: Mapping[str, Any]) -> Reply:
    headers = dict(fields.get("headers", {}))
    # Told anew by the simulator, whose time is another.
    headers.pop("date", None)
    return Reply(int(fields["status"]), payload(fields), headers)


def epoch(tape: Tape) -> float:
    """The exchange's time at the beginning, seconds since 1970.

    By its own ``Date`` if a reply had one: the recording machine's clock may have been
    wrong, and what frames say is by the exchange's.
    """
    for line in tape.lines:
        found = _epoch(line.at, line.fields)
        if found is not None:
            return found
    began = tape.header.began.replace("Z", "+00:00")
    return datetime.fromisoformat(began).timestamp()


def _epoch(at: float, fields: Mapping[str, Any]) -> float | None:
    """The same by one line's ``Date``; None if it has none."""
    date = fields.get("headers", {}).get("date")
    try:
        # Half a second: it says no fractions.
        return (
            None if date is None else parsedate_to_datetime(date).timestamp() + 0.5 - at
        )
    except ValueError:
        return None


def redated(frame: bytes, milliseconds: int) -> bytes:
    """The frame with all its dates moved by so much."""
    return DATES.sub(lambda d: d[1] + b"%013d" % (int(d[2]) + milliseconds), frame)
