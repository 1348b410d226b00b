"""The list of steps and the heartbeat."""

from __future__ import annotations

from assetstream.exchanges.common.steps import Heartbeat, StepList
from assetstream.protocol import NEVER, Alive, BalanceReport, Ping, Report

A, B = BalanceReport("A", None, None), BalanceReport("B", None, None)


def test_reports_are_joined_until_another_step() -> None:
    """Order is kept; adding nothing does not divide a report."""
    steps = StepList()
    steps.report([A])
    steps.add()
    steps.report([B])
    steps.add(Ping())
    steps.report([])
    steps.report([A])

    assert steps.done() == [Report([A, B]), Ping(), Report([A])]


def test_an_answer_is_the_oldest_open_pings() -> None:
    """A second ping before the first answer does not shorten the round trip."""
    heart = Heartbeat(5.0)
    assert heart.next == NEVER
    heart.start(0.0)
    heart.pinged(5.0)
    heart.pinged(10.0)

    assert heart.next == 15.0
    assert heart.answered(11.0) == Alive(6.0)
    assert heart.answered(12.0) == Alive(None)
