"""The machine without one of its rules, for a search that must find it missing.

Each rule is taken away by a patch of the core from outside; the core knows nothing of
it. ``RULES`` names them by their labels.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from typing import Any, Callable, ContextManager, Iterable
from unittest.mock import patch

from assetstream.core import audit, book, entry, evidence
from assetstream.core.audit import Audit
from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.core.entry import Entry
from assetstream.core.evidence import Evidence, Judgement, Need, Piece
from assetstream.core.exchange_clock import ExchangeClock
from assetstream.core.reconnect import ReconnectPolicy

__all__ = ["RULES", "without"]

Patches = Iterable[ContextManager[Any]]


def nothing(*args: Any, **named: Any) -> None:
    """Do nothing."""


def false(*args: Any, **named: Any) -> bool:
    """Return False."""
    return False


def _one_clock() -> Patches:
    """T1: the ``Date`` headers of all hosts are taken for one clock."""
    host = ExchangeClock._host
    yield patch.object(ExchangeClock, "_host", lambda self, name: host(self, "any"))


def _contradicted_clock() -> Patches:
    """T1: pushes that contradict the clock do not widen it."""
    yield patch.object(ExchangeClock, "pushed", false)


def _unfair_dates() -> Patches:
    """T1: a push whose date is not to be believed is as sharp as any."""
    unfair = BalanceBook._unfair

    def sharp(self: BalanceBook, *args: Any) -> Piece | None:
        piece = unfair(self, *args)
        if piece is not None and piece.key is not None:
            piece.earliest, piece.fair = piece.latest, True
        return piece

    yield patch.object(BalanceBook, "_unfair", sharp)


def _order() -> Patches:
    """K1: the push that comes last wins."""

    def newer(one: Piece, other: Piece) -> bool:
        if one.key is None or other.key is None:
            return one.earliest > other.latest
        return one.at > other.at

    yield patch.object(evidence, "certainly_newer", newer)


def _questions() -> Patches:
    """K1: a push that is ignored while the order is in question opens nothing.

    One that contradicts itself is not ignored.
    """

    def ignored(known: Evidence, piece: Piece) -> Judgement:
        verdict = evidence.weigh(known, piece)
        if verdict is Judgement.OPEN and piece.amounts is not None:
            known.open = tuple(p for p in known.open if p is not piece)
        return verdict

    yield patch.object(book, "weigh", ignored)
    yield patch.object(book, "_contradicts_itself", false)


def _memory() -> Patches:
    """K1: a push that was ahead of the clock is not known when it is repeated."""
    yield patch.object(Entry, "repeats", false)


def _late_pushes() -> Patches:
    """K2: a push leaves no read open that may be newer."""
    show = evidence._show

    def closing(
        known: Evidence, ground: Piece, piece: Piece, rivals: list[Piece]
    ) -> None:
        if piece.key is not None:
            rivals = [rival for rival in rivals if rival.key is not None]
        show(known, ground, piece, rivals)

    yield patch.object(evidence, "_show", closing)


def _stored_keys() -> Patches:
    """K3: a stored key that is ahead of the clock silences what comes."""
    yield patch.object(BalanceBook, "_question", nothing)


def _unreadable() -> Patches:
    """K5: what cannot be read puts nothing in doubt."""
    yield patch.object(BalanceBook, "unreadable", nothing)


def _lag() -> Patches:
    """S1, A2: a read is true at the moment at which it was asked for."""
    yield patch.object(audit, "REST_LAG", 0.0)
    yield patch.object(book, "REST_LAG", 0.0)


def _vanishing() -> Patches:
    """S2: a zero is believed as any other amount is."""
    need = audit._need

    def any_amount(known: Any, amounts: Any, source: Any, *_: bool) -> Need:
        return need(known, amounts, source, False, False)

    yield patch.object(audit, "_need", any_amount)


def _audits() -> Patches:
    """A1: no audits."""

    live = AuditSchedule.live

    def only_live(self: AuditSchedule, now: float, known: BalanceBook) -> None:
        live(self, now, known)
        self.due_at, self.lease_ends_at = math.inf, math.inf

    yield patch.object(AuditSchedule, "live", only_live)
    yield patch.object(AuditSchedule, "request", nothing)
    yield patch.object(AuditSchedule, "adapt", nothing)
    yield patch.object(
        AuditSchedule, "detection_time", lambda self, now, known, call: 80.0
    )


def _second_read() -> Patches:
    """A2: one read is enough in an audit, too."""
    yield patch.object(audit, "IN_AUDIT", Need(1, 0.0))


def _long_lag() -> Patches:
    """A3: a read that says what is over lags no longer than any other."""
    yield patch.object(evidence, "LONG_LAG", evidence.REST_LAG)
    yield patch.object(evidence, "OVER", Need(1, 0.0))


def _unequal_reads() -> Patches:
    """A4: where two reads differ, nothing stays open."""
    show = evidence._show

    def closing(
        known: Evidence, ground: Piece, piece: Piece, rivals: list[Piece]
    ) -> None:
        show(known, ground, piece, rivals)
        if piece.key is None:
            known.open = []

    yield patch.object(evidence, "_show", closing)


def _reconnects() -> Patches:
    """A5: drift without a push never makes the connection anew."""
    yield patch.object(Audit, "_reconnect", nothing)


def _reconnect_pace() -> Patches:
    """A5: every drift makes the connection anew."""
    yield patch.object(Audit, "_reconnect", lambda self, now, **_: "drift")


def _pulled_in() -> Patches:
    """A7: the next audit stays where it was when the interval shrinks."""
    yield patch.object(AuditSchedule, "adapt", nothing)


def _disputes() -> Patches:
    """A8: REST and stream never disagree for good."""
    yield patch.object(audit, "DENIALS", 10**9)
    yield patch.object(entry, "DENIALS", 10**9)


def _contradictions() -> Patches:
    """A9: two reads are enough where REST says again what is over."""
    yield patch.object(evidence, "OVER", Need(2, 0.0))


def _patience() -> Patches:
    """Patience: a read counts before the pushes on their way have come."""
    yield patch.object(Audit, "_is_patient", staticmethod(false))


def _refusals() -> Patches:
    """L3: the first login that is refused ends a stream that was LIVE."""
    yield patch.object(ReconnectPolicy, "is_final", lambda self, error, *_: error.fatal)


def _soon() -> Patches:
    """L3: after a connection that was LIVE the wait is a minute."""
    yield patch.object(ReconnectPolicy, "_after", lambda self, live: 60.0)


#: Each rule: its label, and what the machine then does.
RULES: dict[str, Callable[[], Patches]] = {
    "T1-hosts": _one_clock,
    "T1-pushes": _contradicted_clock,
    "T1-fair": _unfair_dates,
    "K1-order": _order,
    "K1-question": _questions,
    "K1-memory": _memory,
    "K2": _late_pushes,
    "K3": _stored_keys,
    "K5": _unreadable,
    "S1": _lag,
    "S2": _vanishing,
    "A1": _audits,
    "A2": _second_read,
    "A3": _long_lag,
    "A4": _unequal_reads,
    "A5": _reconnects,
    "A5-pace": _reconnect_pace,
    "A7": _pulled_in,
    "A8": _disputes,
    "A9": _contradictions,
    "L3-refusals": _refusals,
    "L3-soon": _soon,
    "patience": _patience,
}


def without(rule: str | None) -> ExitStack:
    """Return a context in which the machine does without a rule; None: with all."""
    stack = ExitStack()
    if rule is not None:
        for change in RULES[rule]():
            stack.enter_context(change)
    return stack
