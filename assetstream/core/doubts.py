"""The doubt about a currency in words: what else may be true, and why."""

from __future__ import annotations

from datetime import datetime, timedelta

from assetstream.core.entry import Entry
from assetstream.core.evidence import ZEROS, Piece, certainly_newer
from assetstream.core.moment import Moment
from assetstream.display.words import held

__all__ = ["doubt"]

DISPUTE = "REST and stream disagree again and again"


def doubt(entry: Entry, at: Moment) -> str:
    """Say what else may be true than what is shown; "" if nothing is in doubt.

    From any thread.

    Args:
        entry: of the currency.
        at: the present.
    """
    ground, pieces = entry.evidence.ground, entry.evidence.open
    if not pieces:
        return DISPUTE if entry.disputed else ""
    newest = pieces[-1]
    words = _told(newest, at)
    if newest.amounts is None and newest.at == entry.outdated_at:
        words = f"a push told at {_time(newest, at)} of a change, not of the amounts"
    if ground is not None and newest.amounts is not None:
        if newest.key is None and certainly_newer(newest, ground):
            words += f", newer than {_known(ground, at)}: more reads must say so"
        else:
            words += f", not certainly older than {_known(ground, at)}"
    others = len(pieces) - 1
    words += f" (and {others} more)" if others else ""
    return f"{DISPUTE}: {words}" if entry.disputed else words


def _told(piece: Piece, at: Moment) -> str:
    time = _time(piece, at)
    if piece.amounts is None:
        return f"something came at {time} that could not be read, or not be dated"
    said = held(*piece.amounts)
    if piece.key is None:
        return f"REST said {said} at {time}"
    return f"a push said {said} at {time}"


def _known(ground: Piece, at: Moment) -> str:
    amounts = held(*(ground.amounts or ZEROS))  # it never is without
    kind = "read" if ground.key is None else "push"
    return f"the {kind} {amounts} of {_time(ground, at)}"


def _time(piece: Piece, at: Moment) -> str:
    when: datetime = at.utc - timedelta(seconds=at.now - piece.at)
    return f"{when:%H:%M:%S} UTC"
