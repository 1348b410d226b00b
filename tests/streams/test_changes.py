"""Changes that a snapshot of accounts takes over from earlier snapshots."""

from __future__ import annotations

from decimal import Decimal

from assetstream import Health, State
from assetstream.display.balances import BalanceRow, Difference
from assetstream.streams.accounts import AccountSnapshot
from assetstream.streams.changes import FRESH, Changes
from tests.support.clock import TimeMachine

LIVE = Health(state=State.LIVE)


def row(
    available: str = "1",
    locked: str = "0",
    *,
    account: str = "a",
    source: str = "STREAM",
    change: str = "0",
) -> BalanceRow:
    """Make one balance of an account."""
    amounts = Decimal(available), Decimal(locked)
    return BalanceRow(
        *("upbit", account, "BTC", *amounts, sum(amounts, Decimal(0)), 0.0, source),
        stale=False,
        change=Decimal(change),
    )


def recall(changes: Changes, *rows: BalanceRow) -> list[BalanceRow]:
    """Return the rows of one snapshot, each of its own account."""
    accounts = [AccountSnapshot("upbit", r.account, LIVE, [r]) for r in rows]
    return [account.rows[0] for account in changes.recall(accounts)]


def test_the_last_change_outlives_the_orders_that_follow() -> None:
    """Orders change no total; each account keeps its own change."""
    changes = Changes()
    recall(changes, row(change="0.5"), row(account="b", change="-1"))
    one, two, three = recall(changes, row(), row(account="b"), row(account="c"))

    assert [one.change, two.change, three.change] == [Decimal("0.5"), -1, 0]


def test_each_amount_stands_out_by_itself(time_machine: TimeMachine) -> None:
    """Locking money changes available, and not the total."""
    changes = Changes()
    recall(changes, row("1"))
    expected = Difference(Decimal("-0.75"), Decimal("0.75"), Decimal(0))
    (ordered,) = recall(changes, row("0.25", "0.75"))
    (still,) = recall(changes, row("0.25", "0.75"))
    assert ordered.fresh == still.fresh == expected

    time_machine.jump(FRESH)
    (passed,) = recall(changes, row("0.25", "0.75"))
    assert passed.fresh == Difference()


def test_what_was_there_before_the_first_snapshot_does_not_stand_out() -> None:
    """The first read of an account does not stand out either."""
    changes = Changes()
    unread = AccountSnapshot("upbit", "a", LIVE, [], known=False)
    changes.recall([unread])
    (first,) = recall(changes, row(source="SNAPSHOT"))
    (other,) = recall(changes, row(account="b"))

    assert first.fresh == other.fresh == Difference()


def test_a_currency_that_is_new_stands_out() -> None:
    """All of a new currency has just come."""
    changes = Changes()
    changes.recall([AccountSnapshot("upbit", "a", LIVE, [])])
    (came,) = recall(changes, row("0.5", "0.25"))

    assert came.fresh == Difference(Decimal("0.5"), Decimal("0.25"), Decimal("0.75"))
