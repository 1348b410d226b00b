"""Binance's balances by REST."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.exchanges.binance.rest import read_error
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.protocol import Snapshot
from tests.exchanges.binance.spec import make_binance
from tests.support.specs import frame, sample

LTC = {"asset": "LTC", "free": "2", "locked": "1"}


def read(body: bytes) -> Snapshot:
    """Read a reply."""
    return make_binance().read_replied(200, {}, body)


def reply(*balances: Any) -> bytes:
    """Make a reply of these balances."""
    return frame({"accountType": "SPOT", "balances": balances})


def amounts(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Return available and locked of each currency, as text."""
    return {b.currency: (str(b.available), str(b.locked)) for b in snapshot.balances}


def test_the_documented_reply() -> None:
    """With every digit; what is not named is zero."""
    snapshot = read(sample("binance", "rest_account"))

    assert snapshot.complete
    assert amounts(snapshot) == {
        "BTC": ("4623289.00000000", "0E-8"),
        "LTC": ("4263366.00000000", "2.50000000"),
    }


def test_zeros_may_be_named() -> None:
    """An exchange that leaves nothing out says the same."""
    zero = {"asset": "ZRX", "free": "0.00000000", "locked": "0.00000000"}

    assert amounts(read(reply(LTC, zero)))["ZRX"] == ("0E-8", "0E-8")


@pytest.mark.parametrize(
    ("entry", "unreadable"),
    [
        ({**LTC, "free": "-1"}, "LTC"),
        ({"asset": "LTC", "free": "1"}, "LTC"),
        ({"asset": "LTC", "locked": None, "free": "1"}, "LTC"),
        ({"free": "1", "locked": "0"}, ""),
        ("LTC", ""),
        (LTC, None),
    ],
)
def test_s2_a_bad_entry_costs_only_its_own(entry: Any, unreadable: str | None) -> None:
    """The others are read; one without a name makes what is omitted unknown."""
    snapshot = read(reply({**LTC, "asset": "BTC"}, entry))

    assert "BTC" in amounts(snapshot)
    assert snapshot.unreadable == (() if unreadable is None else (unreadable,))
    assert snapshot.complete is (unreadable != "")


def test_k5_a_currency_that_comes_twice() -> None:
    """Nobody knows which of the two is right, nor which of two amounts."""
    twice = b'{"balances":[{"asset":"LTC","free":"1","free":"2","locked":"0"}]}'

    assert read(reply(LTC, LTC)).unreadable == ("LTC",)
    assert read(twice).unreadable == ("LTC",)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"balances":null}',
        b'{"balances":{}}',
        b'{"code":7}',
        b'{"code":null,"msg":"x"}',
    ],
)
def test_s2_what_lists_nothing_is_no_empty_account(body: bytes) -> None:
    """The read has failed."""
    with pytest.raises(ProtocolError):
        read(body)


def test_an_error_may_come_in_200() -> None:
    """Its code decides all the same."""
    with pytest.raises(AssetStreamError) as caught:
        read(sample("binance", "rest_refused"))
    assert caught.value.fatal


def test_an_error_has_a_code_and_words() -> None:
    """Anything else is none of Binance's."""
    error = read_error(b'{"code":"-1003","msg":"slow down"}')

    assert error is not None
    assert (error.code_text, error.words) == ("-1003", "slow down")
    for body in (b"", b"{}", b'{"code":-1}', b'{"code":[],"msg":""}'):
        assert read_error(body) is None
