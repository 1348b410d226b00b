"""One currency of the book: what is known of it, what is shown, and since when."""

from __future__ import annotations

import math
from decimal import Decimal

from msgspec import Struct, field

from assetstream.core.evidence import (
    KEY_SLACK,
    Amounts,
    Evidence,
    Piece,
)
from assetstream.core.past import Past
from assetstream.model.events import EPOCH, ZERO, Balance, Source, exact_sum
from assetstream.protocol import BalanceReport

__all__ = ["DENIALS", "NOTHING", "Entry"]

#: Pushes in a row that REST contradicts, until REST and stream disagree (A8).
DENIALS = 3
#: Pushes that are not fair are known again when they are repeated; so many (K1).
MOST_MISDATED = 64
#: A former balance of which nothing was known.
NOTHING = Balance("", "", "", ZERO, ZERO, EPOCH, Source.STREAM)


class Entry(Struct, eq=False, gc=False):
    """The evidence about one currency, and what is shown of it (W2).

    Attributes:
        evidence: all that is known.
        balance: what is shown; None while nothing is known (K4).
        doubted: since when it is in doubt; None: no doubt.
        former: what was shown before its total changed last; None: it never did,
            ``NOTHING``: it was not known, which counts as zero.
        denied: pushes in a row that REST contradicted (A8).
        corrected: what REST last made of a push; to say so again agrees with none (A8).
        ignored_at: when a push of other amounts was last ignored (T1).
        outdated_at: when a push last told of a change, but not the amounts (K6).
        misdated: hashes of the last pushes that are not fair, by their dates or by
            naming one field only (K1). Each that was passed over would count anew when
            repeated.
    """

    evidence: Evidence = field(default_factory=Evidence)
    balance: Balance | None = None
    former: Balance | None = None
    doubted: float | None = None
    denied: int = 0
    corrected: Amounts | None = None
    ignored_at: float = -math.inf
    outdated_at: float = -math.inf
    misdated: tuple[int, ...] = ()

    @property
    def disputed(self) -> bool:
        """True while REST and stream disagree (A8)."""
        return self.denied >= DENIALS

    @property
    def in_doubt(self) -> bool:
        """True while something else may be true than what is shown."""
        return bool(self.evidence.open) or self.disputed

    def follow(self, piece: Piece) -> bool:
        """Show a push that is the next one in order, while nothing is open.

        False if it is any other: ``weigh`` has to judge it then. It would come to the
        same of this one.
        """
        known = self.evidence
        ground, key = known.ground, piece.key
        if (
            ground is None
            or ground is not known.push
            or known.open
            or not piece.fair
            or key <= ground.key  # type: ignore[operator]
            or (piece.at <= ground.at and not ground.fair)
            or ground.earliest > piece.latest + KEY_SLACK
        ):
            return False
        if ground.amounts != piece.amounts:
            if known.over is None:
                known.over = Past()
            known.over.add(ground.amounts, piece.latest)  # type: ignore[arg-type]
        known.ground = known.push = piece
        return True

    def repeats(self, report: BalanceReport) -> bool:
        """Note a push that is not fair; True if it came before (K1)."""
        push = hash((report.key, report.available, report.locked))
        if push in self.misdated:
            return True
        self.misdated = (*self.misdated[1 - MOST_MISDATED :], push)
        return False

    def last_change(self) -> Decimal:
        """Return by how much the shown total changed last; zero if it never did.

        From any thread.
        """
        former, shown = self.former, self.balance
        if former is None or shown is None:
            return ZERO
        return exact_sum((shown.total, former.total.copy_negate()))
