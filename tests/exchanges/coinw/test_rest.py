"""CoinW's REST replies: exact balances, and replies without a mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from assetstream.model.errors import ProtocolError
from assetstream.protocol import Snapshot
from tests.support.specs import frame, make_coinw, sample


def test_balances_are_read_exactly() -> None:
    """onOrders is the locked amount."""
    snapshot = make_coinw().read_replied(200, {}, sample("coinw", "rest_balances"))

    btc, usdt = snapshot.balances
    assert (btc.currency, str(btc.available), str(btc.locked)) == ("BTC", "0.0012", "0")
    assert (usdt.currency, str(usdt.available)) == ("USDT", "257.51830114")
    assert btc.raw == b'{"onOrders":"0","available":"0.0012"}'


@pytest.mark.parametrize(
    "body",
    [
        sample("coinw", "rest_balances_2021"),
        frame({"code": 200, "data": {"btc": {"onOrders": "0E-18", "available": 1}}}),
        frame({"success": True, "data": {"btc": {"onOrders": 0, "available": "1"}}}),
        frame({"data": {"btc": {"onOrders": 0, "available": "1"}}}),
    ],
)
def test_former_spellings_are_read(body: bytes) -> None:
    """Numbers, a numeric code, missing flags and lower case are read."""
    snapshot = make_coinw().read_replied(200, {}, body)

    assert snapshot.complete
    assert snapshot.balances[0].currency == "BTC"


@pytest.mark.parametrize(
    ("entry", "unreadable"),
    [
        ({"BTC": "0.0012"}, "BTC"),
        ({"BTC": {"available": "1"}}, "BTC"),
        ({"BTC": {"available": "1", "onOrders": None}}, "BTC"),
        ({"btc": {"available": " 1", "onOrders": "0"}}, "BTC"),
        ({"BTC": None}, "BTC"),
        ({"": {"available": "1", "onOrders": "0"}}, ""),
        ({"BTC": {"available": "1", "onOrders": "0"}} | {"btc": {}}, "BTC"),
    ],
)
def test_a_bad_entry_costs_its_own_currency(
    entry: dict[str, Any], unreadable: str
) -> None:
    """S2: the others are read; a code in two spellings is unreadable."""
    data = {"USDT": {"available": "2", "onOrders": "1E-7"}, **entry}
    snapshot = make_coinw().read_replied(200, {}, frame({"code": "200", "data": data}))

    assert [(b.currency, b.locked) for b in snapshot.balances] == [
        ("USDT", Decimal("1E-7"))
    ]
    assert snapshot.unreadable == (unreadable,)


@pytest.mark.parametrize("data", ["{}", "{ }"])
def test_s2_an_empty_mapping_names_nothing(data: str) -> None:
    """The account may be empty."""
    body = f'{{"code":"200","data":{data},"success":true}}'.encode()

    assert make_coinw().read_replied(200, {}, body) == Snapshot(())


@pytest.mark.parametrize(
    ("data", "unreadable"),
    [
        ('{"BTC":ONE,"XRP":ONE,"BTC":ONE}', "BTC"),
        ('{"BTC":ONE,"XRP":ONE,"btc":ONE}', "BTC"),
        ('{"BTC":{"available":"1","available":"2","onOrders":"0"},"XRP":ONE}', "BTC"),
        ('{"no code":ONE,"XRP":ONE,"no code":ONE}', ""),
        ('{"BTC":5,"XRP":ONE,"BTC":ONE}', "BTC"),
        ('{"BTC":ONE,"XRP":ONE,"BTC":5}', "BTC"),
    ],
)
def test_k5_what_stands_twice_in_an_object_is_unreadable(
    data: str, unreadable: str
) -> None:
    """Nobody knows which of the two is right."""
    data = data.replace("ONE", '{"available":"1","onOrders":"0"}')
    body = f'{{"code":"200","data":{data},"success":true}}'.encode()
    snapshot = make_coinw().read_replied(200, {}, body)

    assert [b.currency for b in snapshot.balances] == ["XRP"]
    assert snapshot.unreadable == (unreadable,)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"x":1}',
        b'{"code":"200"}',
        b'{"code":"200","data":5}',
        b'{"code":"200","data":null,"success":true}',
        b'{"code":"200","data":[],"success":true}',
        b'{"code":"200","data":"{}","success":true}',
    ],
)
def test_anything_else_is_not_understood(body: bytes) -> None:
    """Other replies are a ProtocolError."""
    with pytest.raises(ProtocolError):
        make_coinw().read_replied(200, {}, body)
