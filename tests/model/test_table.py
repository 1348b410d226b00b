"""A history as a table of pandas."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from assetstream import History
from tests.support.histories import NOON, at, updates


def test_a_table_has_a_row_for_each_update() -> None:
    """Amounts are exact, times are aware, and absent values stay absent."""
    tiny = "0.000000000000000001"
    made = updates((0, "BTC", "1", "0"), (1, "BTC", tiny, "2"), (1, "ETH", "3", "0"))
    made[2] = msgspec.structs.replace(made[2], time=None, update_id=None)
    frame = History(made).to_pandas()

    assert list(frame.columns) == [
        *("exchange", "account", "currency", "available", "locked", "total", "change"),
        *("source", "time", "update_id"),
    ]
    assert list(frame.index) == [at(0), at(1), at(1)]
    assert frame.index.name == "received"
    assert str(frame.index.tz) == "UTC"
    assert list(frame["total"]) == [1, Decimal("2.000000000000000001"), 3]
    assert {type(total) for total in frame["total"]} == {Decimal}
    assert list(frame["change"]) == [0, Decimal("1.000000000000000001"), 0]
    assert frame["total"].astype(float).iloc[0] == 1.0
    assert list(frame["source"]) == ["SNAPSHOT", "STREAM", "SNAPSHOT"]
    assert frame["time"].iloc[0] == NOON
    assert frame["time"].isna().tolist() == [False, False, True]
    assert list(frame["update_id"]) == ["7", "7", None]


def test_a_table_shows_a_zero_as_zero() -> None:
    """The difference of two equal amounts is 0, not 0E-18."""
    amount = "1.000000000000000000"
    frame = History(
        updates((0, "BTC", amount, "0"), (1, "BTC", "0", amount))
    ).to_pandas()

    assert [str(change) for change in frame["change"]] == ["0", "0"]


def test_an_empty_table_has_its_columns() -> None:
    """The columns have the types of a full table."""
    empty = History().to_pandas()
    full = History(updates((0, "BTC", "1", "0"))).to_pandas()

    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert str(empty.index.tz) == "UTC"
    assert set(empty.dtypes.drop("time")) == set(full.dtypes.drop("time"))
