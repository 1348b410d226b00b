"""What the live table remembers though the stream does not."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from assetstream import ConnectionLost, Health, State
from assetstream.model.errors import AssetStreamError
from assetstream.model.pictures import Row
from assetstream.notebook.accounts import AccountView
from assetstream.notebook.memory import LAST_ERRORS, Memory
from tests.model.test_events import balance


def view(
    account: str = "a",
    *,
    change: str = "0",
    error: AssetStreamError | None = None,
    reason: str = "",
) -> AccountView:
    """An account with one balance."""
    held = msgspec.structs.replace(balance("1"), account=account)
    health = Health(state=State.STALE, error=error, reason=reason)
    return AccountView("upbit", account, health, [Row(held, True, Decimal(change))])


def test_the_last_change_outlives_the_orders_that_follow() -> None:
    """An order that is placed changes no total; each account has its own."""
    memory = Memory()
    memory.recall([view("a", change="0.5"), view("b", change="-1")])
    one, two, three = memory.recall([view("a"), view("b"), view("c")])

    assert one.rows[0].change == Decimal("0.5")
    assert two.rows[0].change == -1
    assert three.rows[0].change == 0


def test_the_same_error_again_and_again_is_one_line() -> None:
    """With how often and where it was; the same object is no news."""
    memory = Memory()
    first, again, other = (ConnectionLost("no network") for _ in range(3))
    for error in (first, first, again):
        memory.recall([view("a", error=error)])
    last = [view("a", error=again), view("b", error=other)]
    (line,) = memory.errors(memory.recall(last))

    assert line.name == "a, b:"
    assert line.text.endswith(" UTC (3 times) ConnectionLost: no network")
    assert line.look == "bad"


def test_what_has_passed_is_remembered_and_paler() -> None:
    """The last few only, oldest first."""
    memory = Memory()
    for number in range(LAST_ERRORS + 3):
        memory.recall([view(error=ConnectionLost(f"no {number}"))])
    lines = memory.errors([view()])

    assert [line.text[-4:] for line in lines] == ["no 3", "no 4", "no 5", "no 6"]
    assert {(line.look, line.name) for line in lines} == {("dim", "")}


def test_the_reason_of_a_state_is_not_told_twice() -> None:
    """It stands at the top already."""
    memory = Memory()
    shown = memory.recall([view(error=ConnectionLost("no net"), reason="no net")])

    assert memory.errors(shown) == []
    assert len(memory.errors([view()])) == 1
