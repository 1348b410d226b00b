"""Upbit's REST replies: exact balances, and replies without a list."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from assetstream.model.errors import ProtocolError
from assetstream.protocol import Snapshot
from tests.support.specs import frame, make_upbit, sample


def test_accounts_are_read_exactly() -> None:
    """Spellings of zero and of whole amounts stay as sent."""
    snapshot = make_upbit().read_replied(201, {}, sample("upbit", "rest_accounts"))

    krw, xrp = snapshot.balances
    assert (krw.currency, str(krw.available)) == ("KRW", "1000000.0")
    assert (xrp.currency, str(xrp.available)) == ("XRP", "140000000")
    assert (str(krw.locked), str(xrp.locked)) == ("0.0", "0")
    assert json.loads(krw.raw)["unit_currency"] == "KRW"


@pytest.mark.parametrize(
    ("bad", "currency"),
    [
        ({"currency": "XRP", "balance": "NaN", "locked": "0"}, "XRP"),
        ({"currency": "XRP", "balance": None, "locked": "0"}, "XRP"),
        ({"currency": "XRP", "balance": "1"}, "XRP"),
        ({"currency": "xrp", "balance": "-1", "locked": "0"}, "XRP"),
        ({"balance": "1", "locked": "0"}, ""),
        ("XRP", ""),
        (None, ""),
    ],
)
def test_a_bad_entry_costs_its_own_currency(bad: Any, currency: str) -> None:
    """S2: the others are read."""
    good = {"currency": "btc", "balance": 1.5, "locked": 0}
    snapshot = make_upbit().read_replied(200, {}, frame([good, bad]))

    assert [(b.currency, b.available) for b in snapshot.balances] == [
        ("BTC", Decimal("1.5"))
    ]
    assert snapshot.unreadable == (currency,)


def test_a_currency_twice_is_unreadable() -> None:
    """Either of the two entries may be right."""
    entry = {"currency": "BTC", "balance": "1", "locked": "0"}
    other = {**entry, "currency": "XRP"}
    for entries in ([entry, other, entry], [entry, entry, entry, other]):
        snapshot = make_upbit().read_replied(200, {}, frame(entries))

        assert [b.currency for b in snapshot.balances] == ["XRP"]
        assert snapshot.unreadable == ("BTC",)


@pytest.mark.parametrize("body", [b"[]", b" [ ] "])
def test_s2_an_empty_list_names_nothing(body: bytes) -> None:
    """The account may be empty."""
    assert make_upbit().read_replied(200, {}, body) == Snapshot(())


@pytest.mark.parametrize("name", ["currency", "balance", "locked"])
def test_k5_a_field_that_stands_twice_makes_its_entry_unreadable(name: str) -> None:
    """Nobody knows which of the two is right, the name included."""
    entry = b'{"currency":"BTC","balance":"1","locked":"0","%s":"1"}' % name.encode()
    snapshot = make_upbit().read_replied(200, {}, b"[" + entry + b"]")

    assert snapshot == Snapshot((), ("" if name == "currency" else "BTC",))


@pytest.mark.parametrize(
    "body", [b"5", b'"x"', b'{"a":1}', b"[1", b"\xff", b"0", b"null", b"{}"]
)
def test_anything_else_is_not_understood(body: bytes) -> None:
    """A reply that is no list is a ProtocolError that keeps it."""
    with pytest.raises(ProtocolError) as caught:
        make_upbit().read_replied(200, {}, body)

    assert caught.value.frame == body
