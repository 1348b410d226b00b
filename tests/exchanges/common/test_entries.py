"""REST entries read exactly, each at its own risk (S2)."""

from __future__ import annotations

import pytest

from assetstream.exchanges.common.entries import names_twice, read_entry, snapshot_of
from assetstream.exchanges.common.values import Unreadable
from assetstream.protocol import BalanceReport

BTC, ETH = BalanceReport("BTC", None, None), BalanceReport("ETH", None, None)


@pytest.mark.parametrize(
    ("data", "names", "twice"),
    [
        (b'{"a":1,"b":{"c":1,"c":2},"a":2,"a":3}', 2, ["a"]),
        (b'{"a" :1,"a" :2}', 1, ["a"]),
        (b'{"a":1,"\\u0061":2}', 1, ["a"]),
        (b'{"a":":","b":1,"b":":"}', 2, ["b"]),
        (b'{"a":":","b":{"c":1}}', 2, []),
        (b'{"a":"\xc3\xa9"}', 1, []),
        (b"{}", 0, []),
    ],
)
def test_k5_names_that_stand_twice_are_found(
    data: bytes, names: int, twice: list[str]
) -> None:
    """Those of the object itself, not of what is in it; however they are spelt."""
    assert names_twice(data, names) == twice


def test_k5_letters_that_there_are_not_are_found() -> None:
    """They are no reason to look twice at names, but are found all the same."""
    with pytest.raises(Unreadable):
        names_twice(b'{"a":"\xf4\x90\x80\x80"}', 1)


def test_k5_most_objects_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no more colons than names none can stand twice."""
    monkeypatch.setattr("assetstream.exchanges.common.entries._pairs", None)
    raw = b'{"currency":"BTC","free":"1","held":"0","more":true}'

    assert read_entry(raw, "free", "held")[1] is not None
    with pytest.raises(AttributeError):
        read_entry(raw.replace(b"true", b'{"free":2}'), "free", "held")


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


def test_the_field_of_the_code_has_the_exchanges_name() -> None:
    """It may not stand twice either."""
    raw = b'{"asset":"btc","free":"1.50","held":"0"}'
    twice = raw.replace(b"{", b'{"asset":"eth",')

    assert read_entry(raw, "free", "held")[0] == ""
    assert read_entry(raw, "free", "held", named="asset")[0] == "BTC"
    assert read_entry(twice, "free", "held", named="asset") == ("", None)


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
