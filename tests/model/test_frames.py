"""Histories and balances as tables of pandas."""

from __future__ import annotations

import pickle
from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest

from assetstream import History
from assetstream.model.balances import Balances, GroupBalances
from tests.model.test_events import balance
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
    assert all(isinstance(total, Decimal) for total in frame["total"])
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


def test_amounts_print_all_their_digits() -> None:
    """Nor have sums, differences and CSV files exponents; they are exact Decimals."""
    made = updates((0, "BTC", "0.00000001", "0"), (1, "BTC", "0.00000003", "0"))
    frame = History(made).to_pandas()
    one, three = frame["total"]
    results = {
        "0.00000004": frame["total"].sum(),
        "0.00000002": three - one,
        "-0.00000001": -one,
        "0.00000001": abs(-one),
        "1.00000001": 1 + one,
        "0.99999999": 1 - one,
    }

    assert "0.00000001" in repr(frame[["total"]])
    assert "0.00000003" in frame.to_csv()
    assert "E-" not in frame.to_string() + frame.to_csv()
    for text, result in results.items():
        assert str(result) == text
        assert result == Decimal(text)
    assert str(frame.groupby("currency")["change"].sum()["BTC"]) == "0.00000002"
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(TypeError):
        one + "1"


def test_balances_have_a_row_for_each_currency() -> None:
    """What a balance says of itself is that of the moment of the call."""
    held = {
        "BTC": balance("0.00000001", "2", standing=lambda _: (1.5, False, 9.0)),
        "USDT": msgspec.structs.replace(balance("7"), currency="USDT"),
    }
    frame = Balances(held).to_pandas()
    btc = frame.loc["BTC"]

    assert list(frame.index) == ["BTC", "USDT"]
    assert list(frame.columns) == [
        *("exchange", "account", "available", "locked", "total"),
        *("stale", "age", "verified", "source", "changed_at"),
    ]
    assert str(btc["available"]) == "0.00000001"
    assert btc["total"] == Decimal("2.00000001")
    assert (btc["stale"], btc["age"], btc["verified"]) == (False, 1.5, 9.0)
    assert (btc["source"], btc["changed_at"]) == ("STREAM", held["BTC"].changed_at)
    assert frame.loc["USDT", "stale"]
    assert len(Balances({}).to_pandas()) == 0


def test_balances_of_a_group_have_the_account_in_front() -> None:
    """The index is account and currency."""
    accounts = {"upbit-1": Balances({"BTC": balance("1")}), "empty": Balances({})}
    holders = {name: SimpleNamespace(balances=b) for name, b in accounts.items()}
    frame = GroupBalances(holders).to_pandas()

    assert list(frame.index) == [("upbit-1", "BTC")]
    assert frame.index.names == ["account", "currency"]
