"""A fault of ours is told as one, with its cause."""

from __future__ import annotations

from assetstream.core.fault import internal_error


def test_a_fault_of_ours_is_fatal_and_asks_for_a_report() -> None:
    """Its traceback stays with it, for the log."""
    fault = ZeroDivisionError("division by zero")
    error = internal_error(fault, "upbit", "alice")

    assert error.problem == "internal error (ZeroDivisionError: division by zero)"
    assert "report" in error.remedy
    assert (error.exchange, error.account) == ("upbit", "alice")
    assert error.fatal
    assert error.__cause__ is fault
