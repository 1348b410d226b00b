"""Bybit's balances by REST."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.protocol import Snapshot
from tests.exchanges.bybit.spec import make_bybit
from tests.support.specs import frame, sample

SPOT = {"walletBalance": "5", "totalOrderIM": "0", "totalPositionIM": "0"}


def read(body: bytes) -> Snapshot:
    """Read a reply."""
    return make_bybit().read_replied(200, {}, body)


def reply(*coins: Any, margin: Any = "0", kind: Any = "UNIFIED") -> bytes:
    """Make a reply of these coins."""
    account = {"coin": coins, "totalInitialMargin": margin, "accountType": kind}
    return frame({"retCode": 0, "retMsg": "OK", "result": {"list": [account]}})


def amounts(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Return available and locked of each coin, as text."""
    return {b.currency: (str(b.available), str(b.locked)) for b in snapshot.balances}


def test_what_is_read_is_as_what_is_pushed() -> None:
    """A spot order and a bonus are held."""
    assert amounts(read(sample("bybit", "rest_balances"))) == {
        "BTC": ("0.805994", "0"),
        "USDT": ("977.75", "22.5"),
    }


def test_debts_are_below_zero() -> None:
    """A coin that was borrowed and sold is owed; one that is there is not owned."""
    assert amounts(read(sample("bybit", "rest_borrowed"))) == {
        "ETH": ("-0.06142", "0"),
        "USDT": ("1000.00", "0"),
    }


@pytest.mark.parametrize(
    ("margin", "expected"), [("", ("3", "2")), ("0", ("0", "5")), ("9", ("0", "5"))]
)
def test_the_accounts_margin_counts(margin: str, expected: tuple[str, str]) -> None:
    """Isolated margin says how much is held; the others hold all of the coin."""
    coin = {"coin": "USDT", **SPOT, "totalPositionIM": "2"}

    assert amounts(read(reply(coin, margin=margin))) == {"USDT": expected}


def test_s2_a_bad_entry_costs_only_its_own_coin() -> None:
    """One without a name makes what is omitted unknown."""
    good = {"coin": "usdt", **SPOT}
    snapshot = read(
        reply(
            good,
            {"coin": "BTC", **SPOT, "walletBalance": "?"},
            {"coin": "ETH"},
            "?",
            SPOT,
            {"coin": "XRP", **SPOT},
            {"coin": "XRP", **SPOT},
        )
    )

    assert amounts(snapshot) == {"USDT": ("5", "0")}
    assert set(snapshot.unreadable) == {"BTC", "ETH", "XRP", ""}
    assert not snapshot.complete


@pytest.mark.parametrize(
    ("entry", "unreadable"),
    [
        (b'{"coin":"BTC","walletBalance":"1","walletBalance":"2"}', "BTC"),
        (b'{"coin":"BTC","coin":"ETH","walletBalance":"1"}', ""),
        (b'{"coin":"BTC","x":"\xff","walletBalance":"1"}', ""),
    ],
)
def test_k5_a_name_that_stands_twice(entry: bytes, unreadable: str) -> None:
    """Nobody knows which of the two is right."""
    body = reply("HERE").replace(b'"HERE"', entry)

    assert read(body) == Snapshot((), (unreadable,))


@pytest.mark.parametrize(
    "result",
    [
        *(None, [], {}, "?", {"list": None}, {"list": {}}, {"list": ["?"]}),
        {"list": []},
        *({"list": [{}]}, {"list": [{"coin": None}]}, {"list": [{"coin": {}}]}),
        {"list": [{"coin": [], "accountType": "CONTRACT"}]},
    ],
)
def test_s2_no_list_is_no_empty_account(result: Any) -> None:
    """The read has failed, though it says that all went well."""
    with pytest.raises(ProtocolError) as caught:
        read(frame({"retCode": 0, "retMsg": "OK", "result": result}))
    assert not caught.value.fatal


def test_other_accounts_are_left_out() -> None:
    """The inverse derivatives' account of old has coins of the same names."""
    content = json.loads(sample("bybit", "rest_balances"))
    other = {**content["result"]["list"][0], "accountType": "CONTRACT"}
    content["result"]["list"].append(other)

    assert amounts(read(frame(content))).keys() == {"BTC", "USDT"}
    assert read(reply({"coin": "BTC", **SPOT}, kind=None)).complete


@pytest.mark.parametrize("code", [0, "0"])
def test_the_code_is_a_number_or_a_text(code: object) -> None:
    """Either says that all went well."""
    account = {"accountType": "UNIFIED", "coin": []}
    body = frame({"retCode": code, "result": {"list": [account]}})

    assert read(body) == Snapshot(())


@pytest.mark.parametrize(
    "body",
    [
        b'{"result":{"list":[]}}',
        b'{"retCode":null,"result":{"list":[]}}',
        b'{"retCode":false,"result":{"list":[]}}',
        b"[]",
    ],
)
def test_a_reply_without_its_code_is_not_understood(body: bytes) -> None:
    """Bybit's own replies all have one."""
    with pytest.raises(AssetStreamError) as caught:
        read(body)
    assert not caught.value.fatal
