"""Korbit's pushes in every form, as a live conversation takes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.korbit.frames import read_expected, read_tolerantly
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Warn
from tests.exchanges.korbit.spec import push_of
from tests.support.specs import at, frame, kinds, ready, reported, sample

PUSH = sample("korbit", "push_order")
ETH: dict[str, Any] = {
    "currency": "eth",
    "available": "5",
    "tradeInUse": "2.5",
    "withdrawalInUse": "0.25",
    "updatedAt": 1785312047205,
}


def amounts(push: bytes) -> dict[str, tuple[str, str]]:
    """Return available and locked of each currency of a push, as text."""
    steps = ready("korbit").received([push], at(5.0))
    return {r.currency: (str(r.available), str(r.locked)) for r in reported(steps)}


def test_what_orders_and_withdrawals_use_is_locked() -> None:
    """Both sides of a trade are in one frame, with every digit."""
    assert amounts(sample("korbit", "push_trade")) == {
        "KRW": ("3310275.36", "800000"),
        "BTC": ("0.30160275", "0.11110111"),
    }


def test_k1_the_changes_time_is_the_key() -> None:
    """Then that of the frame; there is no serial number."""
    (report,) = reported(ready("korbit").received([PUSH], at(5.0)))

    assert report.key == (1785312047205, 1785312047218)
    assert (report.update_id, report.raw) == (None, PUSH)


@pytest.mark.parametrize(
    ("asset", "outer", "key"),
    [
        ({"updatedAt": "1785312047205"}, {}, (1785312047205, 1785312047218)),
        ({"updatedAt": None}, {}, None),
        ({"updatedAt": 1785312047205000}, {}, None),
        ({}, {"timestamp": None}, (1785312047205, 0)),
        ({}, {"timestamp": "soon"}, (1785312047205, 0)),
    ],
)
def test_k1_keys_oddly_spelt(
    asset: dict[str, Any], outer: dict[str, Any], key: Any
) -> None:
    """Without a time in milliseconds there is no order, only arrival."""
    push = push_of({**ETH, **asset}, **outer)
    (report,) = reported(ready("korbit").received([push], at(5.0)))

    assert report.key == key


def test_a_push_may_not_say_whose_it_is() -> None:
    """Then it is the main account's: so it is where no account was asked for."""
    bare = sample("korbit", "push_unnumbered")
    others = [PUSH.replace(b'Seq":1', seq) for seq in (b'Seq":null', b'Seq":"1"')]

    assert all(amounts(each) == amounts(PUSH) for each in (bare, *others))
    assert amounts(PUSH.replace(b'"accountSeq":1', b'"accountSeq":"1"')) == amounts(
        PUSH
    )
    assert read_expected([bare]) is not None


def test_sub_accounts_are_left_out() -> None:
    """Their amounts are of other wallets."""
    assert amounts(sample("korbit", "push_subaccount")) == {}


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        # K4: what is missing or null is not said.
        ({"available": None}, ("None", "2.75")),
        ({"tradeInUse": None, "withdrawalInUse": None}, ("5", "None")),
        ({"available": 5, "tradeInUse": 1.5}, ("5", "1.75")),
        ({"tradeInUse": "1E-7", "withdrawalInUse": "-0"}, ("5", "1E-7")),
    ],
)
def test_amounts_oddly_spelt(asset: dict[str, Any], expected: tuple[str, str]) -> None:
    """Every spelling that has one meaning is read."""
    assert amounts(push_of({**ETH, **asset})) == {"ETH": expected}


@pytest.mark.parametrize(
    ("asset", "currency"),
    [
        ({**ETH, "available": "-1"}, "ETH"),
        ({**ETH, "tradeInUse": "NaN"}, "ETH"),
        ({**ETH, "withdrawalInUse": ""}, "ETH"),
        # Half of what is locked is nothing.
        ({**ETH, "tradeInUse": None}, "ETH"),
        ({**ETH, "withdrawalInUse": None}, "ETH"),
        # Each can be kept exactly, and both together cannot.
        ({**ETH, "tradeInUse": "1e63", "withdrawalInUse": "1e-63"}, "ETH"),
        ({**ETH, "currency": 7}, None),
        ({**ETH, "currency": "e h"}, None),
        ("ETH", None),
    ],
)
def test_k5_one_bad_asset_costs_no_other(asset: Any, currency: Any) -> None:
    """The others of its frame are reported."""
    push = push_of({**ETH, "currency": "btc"}, asset)
    report, warning = ready("korbit").received([push], at(5.0))

    assert [b.currency for b in reported([report])] == ["BTC"]
    assert isinstance(warning, Warn)
    assert isinstance(warning.error, ProtocolError)
    assert warning.error.currency == currency


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"channelType": 7},
        {"channelType": "myAsset"},
        {"channelType": "myAsset", "asset": {"accountSeq": 1}},
        {"channelType": "myAsset", "asset": {"accountSeq": 1, "assets": {}}},
        {"channelType": "myAsset", "asset": {"accountSeq": "?", "assets": []}},
        {"channelType": "myAsset", "asset": {"accountSeq": True, "assets": []}},
    ],
)
def test_k5_what_is_not_understood_is_told(content: Any) -> None:
    """The whole book is in doubt: nobody knows whose balance it was."""
    (step,) = ready("korbit").received([frame(content)], at(5.0))

    assert isinstance(step, Warn)
    assert isinstance(step.error, ProtocolError)
    assert step.error.currency is None


@pytest.mark.parametrize(
    "odd", [b"", "{}한".encode(), PUSH.replace(b"krw", b"k w"), b'{"status":"fail"}']
)
def test_the_fast_way_takes_only_what_it_is_made_for(odd: bytes) -> None:
    """Everything else is left to the tolerant way."""
    assert read_expected([PUSH, odd]) is None
    assert kinds(ready("korbit").received([PUSH, PUSH], at(5.0))) == ["Report"]


ASSETS = st.fixed_dictionaries(
    {},
    optional={
        "currency": st.sampled_from(["eth", "BTC", "币", "", 7, None]),
        "available": st.sampled_from(["1", "0.0", "-1", " 1", "1_0", "1e-9", 2, None]),
        "tradeInUse": st.sampled_from(["1", "0", "1e63", "1e70", 0.5, None]),
        "withdrawalInUse": st.sampled_from(["1", "0.00", "1e-63", "", "NaN", None]),
        "updatedAt": st.sampled_from([1, 10**17, "1", 1.0, None]),
    },
)


@given(
    assets=st.lists(ASSETS | st.just(ETH), max_size=3),
    account=st.sampled_from([1, 2, "1", 1.0, None, True]),
    outer=st.fixed_dictionaries(
        {},
        optional={
            "timestamp": st.sampled_from([1, -1, "1", None]),
            "status": st.sampled_from(["fail", None]),
        },
    ),
)
def test_both_ways_read_the_same(
    assets: list[Any], account: Any, outer: dict[str, Any]
) -> None:
    """What the fast way takes, the tolerant one reads alike."""
    asset = {"accountSeq": account, "assets": assets}
    push = push_of(**{**outer, "asset": asset})
    fast = read_expected([push])

    assert fast is None or read_tolerantly(push) == PushedBalances(fast)
