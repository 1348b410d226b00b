"""What changed last, and what has just changed."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from assetstream import AssetUpdate, Balance, Source
from assetstream.cli.view.changes import FRESH, Changes
from assetstream.cli.view.columns import amount_cell

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


def update(
    before: tuple[str, str] | None,
    after: tuple[str, str],
    source: Source = Source.STREAM,
    account: str = "main",
) -> AssetUpdate:
    """A currency that went from (available, locked) to others."""
    previous = before and Balance(
        "upbit", account, "BTC", Decimal(before[0]), Decimal(before[1]), NOW, source
    )
    return AssetUpdate(
        exchange="upbit",
        account=account,
        currency="BTC",
        available=Decimal(after[0]),
        locked=Decimal(after[1]),
        time=NOW,
        received=NOW,
        source=source,
        previous=previous,
    )


def test_each_amount_stands_out_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Money that is locked leaves available, and the total is as it was."""
    changes = Changes()
    changes.note(update(("1", "0"), ("0.25", "0.75")))
    assert changes.fresh("main", "BTC", "available") == Decimal("-0.75")
    assert changes.fresh("main", "BTC", "locked") == Decimal("0.75")
    assert changes.fresh("main", "BTC", "total") == 0
    assert changes.last("main", "BTC") == 0
    assert changes.fresh("other", "BTC", "locked") == 0

    later = time.monotonic() + FRESH
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert changes.fresh("main", "BTC", "available") == 0


def test_the_last_change_of_an_account_and_of_a_currency() -> None:
    """What is locked or unlocked does not take the place of what came or went."""
    changes = Changes()
    changes.note(update(None, ("0.5", "0")))
    changes.note(update(("2", "0"), ("3", "0"), account="other"))
    changes.note(update(("0.5", "0"), ("0.25", "0.25")))

    assert changes.last("main", "BTC") == Decimal("0.5")
    assert changes.latest("BTC") == ("other", Decimal("1"))
    assert changes.latest("ETH") == ("", Decimal(0))


def test_what_was_there_at_the_start_is_no_change() -> None:
    """A snapshot lets nothing stand out."""
    changes = Changes()
    changes.note(update(None, ("1", "0"), Source.SNAPSHOT))

    assert changes.fresh("main", "BTC", "available") == 0
    assert changes.last("main", "BTC") == 0


def test_a_fresh_amount_has_the_colour_of_its_direction() -> None:
    """Green for more, red for less; reversed, so that it is seen without colours."""
    assert amount_cell(Decimal("1.50"), Decimal(0)).style == ""
    assert amount_cell(Decimal("1.50"), Decimal(1)).style == "reverse green"
    assert amount_cell(Decimal("1.50"), Decimal(-1)).style == "reverse red"
    assert amount_cell(Decimal("1E+3"), Decimal(0)).plain == "1000"
