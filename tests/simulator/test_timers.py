"""Actions that are due at a time."""

from __future__ import annotations

from assetstream.simulator.timers import Timers


def test_actions_run_when_they_are_due_in_their_order() -> None:
    """Equal times keep their order; an action may add another."""
    timers, ran = Timers(), list[str]()
    timers.add(2.0, lambda: ran.append("late"))
    timers.add(1.0, lambda: ran.append("first"))
    timers.add(1.0, lambda: timers.add(1.0, lambda: ran.append("added")))
    assert timers.wait(0.5) == 0.5
    timers.run(0.5)
    assert ran == []
    timers.run(1.0)
    assert ran == ["first", "added"]
    assert timers.wait(5.0) == 0.0
    timers.run(5.0)

    assert ran == ["first", "added", "late"]
    assert timers.wait(5.0) is None
