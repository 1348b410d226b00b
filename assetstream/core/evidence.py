"""Evidence: what was true of one currency, and when; all that is known is its fold.

A *piece* of evidence says amounts and the moments, in our monotonic time, in one of
which they were true. A push is as sharp as our knowledge of the exchange's clock, a
read as blurred as REST may lag. ``Evidence`` shows its *ground*: the newest push, or a
read certainly newer that is believed. What says other amounts and is not certainly
older than the ground stays *open*, and while anything is open the currency is in
doubt. Something certainly newer closes it.

Three discounts: a read is believed after a row of them (``Piece.need``); a read that
says what is over may lag longer (A3, A9); a push whose date is not fair is only as
sharp as a read.

The labels of the rules stand beside the branches that keep them.
"""

from __future__ import annotations

import enum
import math
from decimal import Decimal

from msgspec import Struct

from assetstream.core.past import KEPT, Amounts, Past

__all__ = [
    "LONG_LAG",
    "REST_LAG",
    "ZEROS",
    "Amounts",
    "Evidence",
    "Judgement",
    "Key",
    "Need",
    "Piece",
    "blank",
    "certainly_newer",
    "weigh",
]

#: The exchange's order of changes; the first item is a time in milliseconds.
Key = tuple[int, int]

ZEROS: Amounts = (Decimal(0), Decimal(0))
#: REST is behind by no more than this, seconds.
REST_LAG = 10.0
#: And by no more than this where it says what is over: a replica may be stuck.
LONG_LAG = 60.0
#: The exchange's keys order pushes, unless our clock contradicts them by more, seconds.
KEY_SLACK = 1.0
#: Open pieces beyond these are folded into one without amounts.
MOST_OPEN = 16


class Need(Struct, frozen=True, gc=False):
    """The row of reads that must say so before one is believed.

    Attributes:
        reads: so many, this one included.
        seconds: from the first of them to the last.
    """

    reads: int
    seconds: float

    def most(self, other: Need) -> Need:
        """The greater need of both, field by field."""
        return Need(max(self.reads, other.reads), max(self.seconds, other.seconds))


#: One read is enough.
ONE = Need(1, 0.0)
#: Needed where a read says again what is over (A9).
OVER = Need(5, 60.0)


class Piece(Struct, gc=False):
    """One piece of evidence.

    Attributes:
        amounts: of what; None: of something that could not be read (K5).
        earliest: the first moment at which they may have been true; monotonic seconds.
        latest: the last one.
        at: when a push arrived, or the request of a read was written.
        key: a push's; None: it is a read, or could not be read.
        fair: the key's time is near what the exchange's clock showed (T1).
        need: a read is believed after so many.
        row: a read is so many in a row; 0: it neither begins nor continues one.
        began: when the first of the row was asked for.
    """

    amounts: Amounts | None
    earliest: float
    latest: float
    at: float
    key: Key | None = None
    fair: bool = True
    need: Need = ONE
    row: int = 1
    began: float = math.inf


Pieces = tuple[Piece, ...]


def blank(earliest: float, latest: float, at: float) -> Piece:
    """Make the piece of what could not be read (K5), or not be judged."""
    return Piece(None, earliest, latest, at)


class Judgement(enum.Enum):
    """The effect of a piece."""

    #: It is shown now.
    NEW = enum.auto()
    #: A read agrees with what is shown.
    SAME = enum.auto()
    #: It is open: the currency is in doubt.
    OPEN = enum.auto()
    #: It changes nothing that is shown.
    OLD = enum.auto()


# gc=False here, as in Past and Entry: nothing of it refers to what could refer to it.
# The collector, which stops everybody, so has less to visit for each currency.
class Evidence(Struct, eq=False, gc=False):
    """All that is known of one currency.

    Attributes:
        ground: the piece that is shown; None: nothing is known yet.
        push: the newest push; None: there was none.
        open: pieces that may be newer than the ground.
        over: what is over; None: nothing is.
    """

    ground: Piece | None = None
    push: Piece | None = None
    open: Pieces = ()
    over: Past | None = None

    @property
    def amounts(self) -> Amounts | None:
        """The amounts that are shown; None while nothing is known (K4)."""
        return None if self.ground is None else self.ground.amounts

    def held_until(self, amounts: Amounts) -> float:
        """Return the last moment at which amounts may have held; -inf: not known."""
        return self.over.until(amounts) if self.over else -math.inf

    def remember(self, amounts: Amounts, until: float) -> None:
        """Remember that amounts are over since ``until`` at the latest."""
        if self.over is None:
            self.over = Past()
        self.over.add(amounts, until)

    def forget(self, now: float) -> None:
        """Throw away what is over for so long that nothing depends on it."""
        if self.over is not None and self.over.newest < now - KEPT:
            self.over = None


def certainly_newer(one: Piece, other: Piece) -> bool:
    """True if ``one`` was true after ``other``, whatever the clocks were like.

    Its key is greater and it came later (or both dates are fair), or its moments all
    follow. Among pushes the clock overrules the keys by a margin only.
    """
    if one.key is None or other.key is None:
        return one.earliest > other.latest
    if one.key > other.key and (one.at > other.at or (one.fair and other.fair)):
        return True
    return one.earliest > other.latest + KEY_SLACK


def weigh(known: Evidence, piece: Piece) -> Judgement:
    """Add a piece to what is known."""
    if piece.key is None:
        piece.began = piece.at
    if piece.amounts is None:  # K5
        known.open = (*(p for p in known.open if p.amounts is not None), piece)
        return Judgement.OPEN
    if known.ground is None:
        known.open = _not_older(known.open, piece)
        known.ground = piece
        if piece.key is not None:
            known.push = piece
        return Judgement.NEW
    if piece.key is not None:
        return _weigh_push(known, known.ground, piece)
    return _weigh_read(known, known.ground, piece)


def _weigh_push(known: Evidence, ground: Piece, piece: Piece) -> Judgement:
    last, key, amounts = known.push, piece.key, piece.amounts
    assert key is not None
    assert amounts is not None
    if last is not None and (key, amounts) == (last.key, last.amounts):  # K1
        return Judgement.OLD
    if certainly_newer(ground, piece) or (last and certainly_newer(last, piece)):
        # Late (K1, K2). It may explain what a read said.
        known.open = tuple(
            p for p in known.open if p.amounts != amounts or certainly_newer(p, ground)
        )
        if known.held_until(amounts) == -math.inf:
            known.remember(amounts, ground.latest)
        return Judgement.OLD
    if last and last.key and key < last.key and not certainly_newer(piece, last):
        # The order itself is in question (K1).
        if amounts == ground.amounts:
            return Judgement.OLD
        known.open = (*(p for p in known.open if p.key is None), piece)
        return Judgement.OPEN
    # K1. A read that may be newer stays open (K2).
    _show(known, ground, piece, known.open if ground.key else (*known.open, ground))
    known.push = piece
    return Judgement.NEW


def _weigh_read(known: Evidence, ground: Piece, piece: Piece) -> Judgement:
    amounts = piece.amounts
    assert amounts is not None
    if (
        amounts == ground.amounts
        or (until := known.held_until(amounts)) >= piece.earliest
    ):
        # It agrees, or shows what held when a lagging replica saw it (A2); the second
        # is nothing against what is open and says the same (as the ground says none).
        known.open = tuple(
            p
            for p in known.open
            if not certainly_newer(piece, p) or p.amounts == amounts
        )
        for other in known.open:
            other.row = 0
        return Judgement.SAME
    if until > piece.at - KEPT:  # It says again what is over.
        if not certainly_newer(piece, ground) and until >= piece.at - LONG_LAG:
            return Judgement.OLD  # A3
        piece.earliest = piece.at - LONG_LAG
        piece.need = piece.need.most(OVER)  # A9
    for other in known.open:
        if other.row and piece.row and _continues(piece, other):
            piece.row, piece.began = other.row + 1, other.began
            piece.need = piece.need.most(other.need)
    if (
        certainly_newer(piece, ground)
        and piece.row >= piece.need.reads
        and piece.at - piece.began >= piece.need.seconds
    ):
        _show(known, ground, piece, known.open)  # A4
        return Judgement.NEW
    known.open = _bounded((*_rivals(known.open, piece), piece))
    return Judgement.OPEN


def _continues(piece: Piece, other: Piece) -> bool:
    """True if a read goes on with the row that another began.

    They need not agree among themselves (A4), but in whether anything is held (S2).
    """
    if other.key is not None or other.amounts is None:
        return False
    return other.amounts == piece.amounts or ZEROS not in (other.amounts, piece.amounts)


def _show(known: Evidence, ground: Piece, piece: Piece, rivals: Pieces) -> None:
    known.open = _rivals(rivals, piece)
    if ground.amounts != piece.amounts and ground.amounts is not None:
        # It held until the moment of its successor at the latest, not until now: else
        # a late push would make REST's newer word look like an old one.
        known.remember(ground.amounts, piece.latest)
    known.ground = piece


def _not_older(pieces: Pieces, piece: Piece) -> Pieces:
    return tuple(other for other in pieces if not certainly_newer(piece, other))


def _rivals(pieces: Pieces, piece: Piece) -> Pieces:
    return tuple(p for p in _not_older(pieces, piece) if p.amounts != piece.amounts)


def _bounded(pieces: Pieces) -> Pieces:
    """Fold the oldest pieces into one without amounts where there are too many."""
    if len(pieces) <= MOST_OPEN:
        return pieces
    named = [piece for piece in pieces if piece.amounts is not None]
    newest = named[-MOST_OPEN // 2 :]
    folded = [piece for piece in pieces if not any(piece is other for other in newest)]
    whole = blank(
        min(piece.earliest for piece in folded),
        max(piece.latest for piece in folded),
        max(piece.at for piece in folded),
    )
    return (whole, *newest)
