"""Bithumb's frames of every form, as a live conversation takes them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges.bithumb.frames import read_expected
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.common.my_asset import read_tolerantly
from assetstream.protocol import Warn
from tests.support.specs import at, frame, kinds, ready, reported, sample
from tests.support.strategies import Raw, codes, dump, facts, numbers, times

PUSH = sample("bithumb", "push_krw")


def push(**changes: Any) -> bytes:
    """Make a push that differs from the sample."""
    return frame({**json.loads(PUSH), **changes})


def test_one_event_is_two_frames() -> None:
    """A filled order: the same time of the change, each currency in its own frame."""
    frames = [sample("bithumb", f"push_{code}") for code in ("krw", "btc")]
    krw, btc = reported(ready("bithumb").received(frames, at(1.0)))

    assert (krw.currency, str(krw.available)) == ("KRW", "2750419.62")
    assert (btc.currency, str(btc.locked)) == ("BTC", "27.94501836")
    assert (krw.key, btc.key) == (
        (1727052537592, 1727052537687),
        (1727052537592, 1727052537690),
    )
    assert (krw.raw, btc.raw, krw.update_id) == (*frames, None)


@pytest.mark.parametrize("name", ["push_simple", "push_numbers"])
def test_other_spellings_say_the_same(name: str) -> None:
    """Abbreviations, and numbers as the documents' table has them (Double)."""
    (usual,) = reported(ready("bithumb").received([PUSH], at(1.0)))
    (other,) = reported(ready("bithumb").received([sample("bithumb", name)], at(1.0)))

    assert facts(other) == facts(usual)


def test_an_identifier_is_kept_if_there_ever_is_one() -> None:
    """Upbit sends one in the same frame."""
    (report,) = reported(ready("bithumb").received([push(asset_uuid="u")], at(1.0)))

    assert report.update_id == "u"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"timestamp": None}, (1727052537592, 0)),
        ({"asset_timestamp": None}, None),
        ({"asset_timestamp": "1727052537592"}, (1727052537592, 1727052537687)),
        # Microseconds, as other topics of this exchange have them.
        ({"asset_timestamp": 1727052537592000}, None),
    ],
)
def test_k1_keys(changes: dict[str, Any], key: tuple[int, int] | None) -> None:
    """Without a time in milliseconds there is no order, only arrival."""
    (report,) = reported(ready("bithumb").received([push(**changes)], at(1.0)))

    assert report.key == key


def test_k4_what_is_missing_is_unchanged() -> None:
    """A null or an absent amount is no zero."""
    assets = [{"currency": "a", "balance": None}, {"currency": "b", "locked": "0"}]
    a, b = reported(ready("bithumb").received([push(assets=assets)], at(1.0)))

    assert (a.available, a.locked, b.available, str(b.locked)) == (
        *(None, None),
        *(None, "0"),
    )


@pytest.mark.parametrize(
    "amount", ['"-1"', '"NaN"', '" 1"', '"1_000"', '"1e999999"', "-0.1", "true", '""']
)
@pytest.mark.parametrize("name", ["balance", "locked"])
def test_k5_an_odd_amount_costs_one_currency(name: str, amount: str) -> None:
    """All others of the burst are reported."""
    odd = {"currency": "XRP", "balance": "2.5", "locked": "0.5", name: "?"}
    good = {"currency": "ETH", "balance": "3.5", "locked": "0"}
    mixed = push(assets=[odd, good]).replace(b'"?"', amount.encode())
    steps = ready("bithumb").received([PUSH, mixed], at(1.0))

    assert kinds(steps) == ["Report", "Warn"]
    assert [b.currency for b in reported(steps)] == ["KRW", "ETH"]
    (warning,) = (step for step in steps if isinstance(step, Warn))
    assert getattr(warning.error, "currency", None) == "XRP"


@pytest.mark.parametrize("extra", [{"error": {}}, {"status": "UP"}])
def test_what_is_more_than_a_push_is_read_with_care(extra: dict[str, Any]) -> None:
    """An error or a status goes before the type."""
    assert read_expected([push(**extra)]) is None


@pytest.mark.parametrize(
    "odd", [b"", b"[]", "{}한".encode(), PUSH.replace(b"KRW", b"K W")]
)
def test_the_fast_way_takes_only_what_it_is_made_for(odd: bytes) -> None:
    """Everything else is left to the tolerant way."""
    assert read_expected([PUSH, odd]) is None


@st.composite
def pushes(draw: st.DrawFn) -> tuple[bytes, bytes, list[tuple[Any, ...]]]:
    """Draw a push as documented, the same in odd spellings, and its meaning."""
    assets = draw(st.lists(st.tuples(codes, numbers, numbers), max_size=3))
    changed, framed = draw(times), draw(times)
    usual = {
        "type": "myAsset",
        "assets": [
            {"currency": c, "balance": Raw(x, True), "locked": Raw(y, True)}
            for c, x, y in assets
        ],
        "asset_timestamp": Raw(str(changed), False),
        "timestamp": Raw(str(framed), False),
    }
    odd = {
        "ty": "myAsset",
        "ast": [
            {
                "cu": c.lower(),
                "b": Raw(x, draw(st.booleans())),
                "locked": Raw(y, draw(st.booleans())),
            }
            for c, x, y in assets
        ],
        "asttms": Raw(str(changed), draw(st.booleans())),
        "timestamp": Raw(str(framed), draw(st.booleans())),
    }
    expected = [
        (c, str(Decimal(x)), str(Decimal(y)), (changed, framed), None)
        for c, x, y in assets
    ]
    return dump(usual).encode(), dump(odd).encode(), expected


@given(drawn=pushes())
def test_both_ways_agree(drawn: tuple[bytes, bytes, list[tuple[Any, ...]]]) -> None:
    """Fast and tolerant reading give the amounts put in."""
    usual, odd, expected = drawn
    fast = read_expected([usual])
    assert fast is not None
    (tolerant,) = read_tolerantly(usual)
    (other,) = read_tolerantly(odd)

    assert [facts(report) for report in fast] == expected
    assert tolerant == PushedBalances(fast)
    assert isinstance(other, PushedBalances)
    assert [facts(report) for report in other.balances] == expected
