"""Tells what an archive knows of an account at a time: H4 and H5."""

from __future__ import annotations

from typing import NamedTuple

from assetstream.archive.instants import shown
from assetstream.display.words import counted
from assetstream.model.states import State

__all__ = ["UNSURE", "Facts", "Stretch", "doubt"]

#: Microseconds before the last sign of life of a run that was killed: what had been
#: received by then may still have been on its way to the archive.
UNSURE = 500_000


class Stretch(NamedTuple):
    """The state that an account was in from a time on, as the archive has it.

    Attributes:
        state: the state.
        reason: why, in words.
        at: since when.
        until: the run that wrote it knew of everything until then.
        ended: the run came to its end in order.
    """

    state: State
    reason: str
    at: int
    until: int
    ended: bool


class Facts(NamedTuple):
    """Facts of the archive about an account around a time, in microseconds.

    Attributes:
        began: the account's first row; None if there is none.
        kept_since: rows before it were deleted; None if none was.
        stretch: the state at the time; None before the first.
        gap_began, gap_ended: the first gap that ended later; None if there is none.
        recovered: balances that had changed in the gap.
    """

    began: int | None
    kept_since: int | None
    stretch: Stretch | None
    gap_began: int | None = None
    gap_ended: int | None = None
    recovered: int | None = None


def doubt(at: int, facts: Facts) -> str:
    """Say why the balances at a time are not known; "" if they are (H5)."""
    stretch = facts.stretch
    if facts.kept_since is not None and at < facts.kept_since:
        return f"of the time before {shown(facts.kept_since)} nothing is kept"
    if stretch is None:
        if facts.began is None:
            return "nothing of it was recorded"
        return f"the archive begins at {shown(facts.began)}"
    gap = _gap(at, facts)
    if stretch.state is not State.LIVE:
        why = f" ({stretch.reason})" if stretch.reason else ""
        return f"it was {stretch.state} since {shown(stretch.at)}{why}{gap}"
    if at > stretch.until:
        if stretch.ended:
            return f"the recording ended at {shown(stretch.until)}{gap}"
        # A program that was killed, or one that goes on and writes the next (H4).
        return f"its recording is sure until {shown(stretch.until)} only{gap}"
    return gap.removeprefix("; ")


def _gap(at: int, facts: Facts) -> str:
    if facts.gap_began is None or facts.gap_ended is None:
        return ""
    if not facts.gap_began <= at < facts.gap_ended:
        return ""
    began, ended = shown(facts.gap_began), shown(facts.gap_ended)
    changes = counted(facts.recovered or 0, "change")
    return f"; there is a gap from {began} to {ended}, after which {changes} showed"
