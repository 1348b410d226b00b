"""REST entries read exactly, each at its own risk (S2)."""

from __future__ import annotations

import pytest

from assetstream.exchanges.common.entries import names_twice, read_entry, snapshot_of
from assetstream.exchanges.common.values import Unreadable
from assetstream.protocol import BalanceReport

BTC, ETH = BalanceReport("BTC", None, None), BalanceReport("ETH", None, None)


def test_k5_names_that_stand_twice_are_found() -> None:
    """Those of the object itself, not of what is in it."""
    assert names_twice(b'{"a":1,"b":{"c":1,"c":2},"a":2,"a":3}') == ["a"]
    assert names_twice(b"{}") == []
    with pytest.raises(Unreadable):
        names_twice(b'{"a":"\xf4\x90\x80\x80"}')


def test_an_entry_has_its_code_inside_or_beside_it() -> None:
    """In both forms an entry keeps its own bytes."""
    inside = b'{"currency":"btc","free":"1.50","held":0}'
    beside = b'{"free":"1.50","held":0}'

    for raw, code in ((inside, None), (beside, "btc")):
        currency, report = read_entry(raw, "free", "held", code)

        assert currency == "BTC"
        assert report is not None
        assert (str(report.available), str(report.locked)) == ("1.50", "0")
        assert (report.raw, report.key) == (raw, None)


@pytest.mark.parametrize(
    ("raw", "code", "currency"),
    [
        (b'{"free":"1","held":"0"}', None, ""),
        (b"7", None, ""),
        (b"7", "btc", "BTC"),
        (b"{", "btc", "BTC"),
        (b'{"free":"1","held":"0"}', "no code", ""),
        (b'{"free":"1"}', "btc", "BTC"),
        (b'{"free":"1","held":null}', "btc", "BTC"),
        (b'{"free":"NaN","held":"0"}', "btc", "BTC"),
        (b'{"free":"1","held":"0","x":"\xf4\x90\x80\x80"}', "btc", "BTC"),
    ],
)
def test_s2_a_bad_entry_names_its_currency_if_it_can(
    raw: bytes, code: str | None, currency: str
) -> None:
    """An entry of a complete list must have both amounts."""
    assert read_entry(raw, "free", "held", code) == (currency, None)


def test_s2_a_bad_entry_costs_only_its_own_currency() -> None:
    """A currency that comes twice is unreadable."""
    entries = [("BTC", BTC), ("ETH", ETH), ("", None), ("BTC", None)]
    snapshot = snapshot_of(entries)

    assert snapshot.balances == (ETH,)
    assert snapshot.unreadable == ("", "BTC")
    assert snapshot_of([("BTC", BTC), ("BTC", BTC)]).unreadable == ("BTC",)
