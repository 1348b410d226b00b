"""Korbit's balances by REST."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.exchanges.common.values import Unreadable
from assetstream.exchanges.korbit.rest import read_balances, read_error
from assetstream.protocol import Snapshot
from tests.support.specs import frame, sample

ETH = {
    "currency": "eth",
    "available": "5",
    "tradeInUse": "2.5",
    "withdrawalInUse": "0.25",
}


def read(*entries: Any) -> Snapshot:
    """Read a reply of these entries."""
    return read_balances(frame({"success": True, "data": entries}))


def amounts(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Return available and locked of each currency, as text."""
    return {b.currency: (str(b.available), str(b.locked)) for b in snapshot.balances}


def test_the_documented_reply() -> None:
    """What orders and withdrawals use is locked; what is not named is zero."""
    snapshot = read_balances(sample("korbit", "rest_balance"))

    assert snapshot.complete
    assert amounts(snapshot) == {
        "KRW": ("3310275.36", "1500000"),
        "BTC": ("0.30160275", "0.11110111"),
    }


@pytest.mark.parametrize(
    ("entry", "unreadable"),
    [
        ({**ETH, "available": "-1"}, "ETH"),
        ({**ETH, "available": None}, "ETH"),
        ({**ETH, "tradeInUse": None}, "ETH"),
        ({**ETH, "tradeInUse": None, "withdrawalInUse": None}, "ETH"),
        ({**ETH, "tradeInUse": "1e63", "withdrawalInUse": "1e-63"}, "ETH"),
        ({"available": "1"}, ""),
        ("ETH", ""),
        (ETH, None),
    ],
)
def test_s2_a_bad_entry_costs_only_its_own(entry: Any, unreadable: str | None) -> None:
    """The others are read; one without a name makes what is omitted unknown."""
    snapshot = read({**ETH, "currency": "btc"}, entry)

    assert "BTC" in amounts(snapshot)
    assert snapshot.unreadable == (() if unreadable is None else (unreadable,))
    assert snapshot.complete is (unreadable != "")


def test_k5_what_comes_twice_is_not_understood() -> None:
    """Nobody knows which of two entries is right, nor which of two amounts."""
    twice = frame({"success": True, "data": [ETH]}).replace(
        b'"tradeInUse"', b'"tradeInUse": "0", "tradeInUse"'
    )

    assert read(ETH, ETH).unreadable == ("ETH",)
    assert read_balances(twice).unreadable == ("ETH",)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"data":[]}',
        b'{"success":true}',
        b'{"success":true,"data":null}',
        b'{"success":false,"data":[]}',
    ],
)
def test_s2_what_lists_nothing_is_no_empty_account(body: bytes) -> None:
    """The read has failed."""
    with pytest.raises(Unreadable):
        read_balances(body)


def test_an_error_has_its_code_for_words() -> None:
    """Anything else is none of Korbit's."""
    assert read_error(sample("korbit", "rest_error_key")) == "KEY_NOT_FOUND"
    for body in (b"", b"{}", b"[]", b'{"error":"x"}', b'{"error":{"name":"x"}}'):
        assert read_error(body) == ""
