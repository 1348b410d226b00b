"""OKX's REST replies: exact balances, and replies without a list of them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from assetstream.model.errors import ProtocolError
from assetstream.protocol import Snapshot
from tests.exchanges.okx.spec import make_okx
from tests.support.specs import frame, sample


def detail(**fields: Any) -> dict[str, Any]:
    """Make an entry in which everything is said."""
    amounts = {"availBal": "3", "availEq": "2", "frozenBal": "1"}
    return {"ccy": "BTC", **amounts, **fields}


def reply(*details: object, **outer: Any) -> bytes:
    """Make a reply of these entries."""
    return frame(
        {"code": "0", "data": [{"details": list(details)}], "msg": "", **outer}
    )


def read(body: bytes) -> Snapshot:
    """Read a reply."""
    return make_okx().read_replied(200, {}, body)


def test_balances_are_read_exactly() -> None:
    """The smaller of both available amounts; frozenBal is the locked one."""
    body = sample("okx", "rest_balances")
    usdt, btc = read(body).balances

    assert (usdt.currency, str(usdt.available)) == ("USDT", "6821.514903672883")
    assert str(usdt.locked) == "158.57998"
    assert (str(btc.available), str(btc.locked)) == ("0.31877046", "0.1")
    assert json.loads(usdt.raw)["stgyEq"] == "150"


@pytest.mark.parametrize(
    ("fields", "available", "locked"),
    [
        ({"availEq": ""}, "3", "1"),
        ({"availBal": ""}, "2", "1"),
        ({"availBal": -4}, "-4", "1"),
        ({"availBal": "0E-18", "availEq": ""}, "0E-18", "1"),
        ({"frozenBal": 1.5}, "2", "1.5"),
        ({"ccy": "btc"}, "2", "1"),
    ],
)
def test_other_spellings_are_read(
    fields: dict[str, Any], available: str, locked: str
) -> None:
    """Numbers, debts, and what does not apply to the account's mode."""
    (report,) = read(reply(detail(**fields), code=0)).balances

    assert (report.currency, str(report.available)) == ("BTC", available)
    assert report.locked == Decimal(locked)


@pytest.mark.parametrize(
    ("entry", "unreadable"),
    [
        (detail(availBal="", availEq=""), "BTC"),
        (detail(frozenBal=""), "BTC"),
        (detail(frozenBal="-1"), "BTC"),
        (detail(availBal=" 1"), "BTC"),
        ({"ccy": "BTC"}, "BTC"),
        # OKX has sent entries without a currency: github ExchangeSharp, pull 706.
        (detail(ccy=""), ""),
        ("BTC", ""),
    ],
)
def test_s2_a_bad_entry_costs_its_own_currency(entry: object, unreadable: str) -> None:
    """The others are read."""
    snapshot = read(reply(detail(ccy="USDT"), entry))

    assert [report.currency for report in snapshot.balances] == ["USDT"]
    assert snapshot.unreadable == (unreadable,)


@pytest.mark.parametrize(
    ("entries", "unreadable"),
    [
        ('{"ccy":"BTC",ALL},{"ccy":"btc",ALL}', "BTC"),
        ('{"ccy":"BTC","frozenBal":"7",ALL}', "BTC"),
        ('{"ccy":"BTC","ccy":"ETH",ALL}', ""),
    ],
)
def test_k5_what_stands_twice_is_unreadable(entries: str, unreadable: str) -> None:
    """Nobody knows which of the two is right."""
    entries = entries.replace("ALL", '"availBal":"1","availEq":"","frozenBal":"0"')
    body = f'{{"code":"0","data":[{{"details":[{entries}]}}],"msg":""}}'.encode()

    assert read(body) == Snapshot((), (unreadable,))


def test_what_is_not_read_may_stand_twice() -> None:
    """A field that is not read decides nothing."""
    entry = '{"ccy":"BTC","availBal":"1","frozenBal":"0","upl":"1","upl":"2"}'
    body = f'{{"code":"0","data":[{{"details":[{entry}]}}]}}'.encode()

    assert len(read(body).balances) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":"0"}',
        b'{"code":"0","data":null}',
        b'{"code":"0","data":[]}',
        b'{"code":"0","data":{}}',
        b'{"code":"0","data":[{"details":{}}]}',
        b'{"code":"0","data":[{"details":null}]}',
        b'{"code":"0","data":[{}]}',
        b'{"code":"0","data":[{"details":[]},{"details":[]}]}',
        b"[]",
        b"{}",
        b'{"code":"","data":[{"details":[]}]}',
        b'{"data":[{"details":[]}]}',
    ],
)
def test_s2_anything_else_is_not_understood(body: bytes) -> None:
    """Such a reply is a failed read, never an empty account."""
    with pytest.raises(ProtocolError):
        read(body)
