"""Upbit's frames of every form, as a live conversation takes them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.common.my_asset import read_tolerantly
from assetstream.exchanges.upbit import frames as upbit_frames
from assetstream.exchanges.upbit.frames import FORMATS
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Warn
from tests.support.specs import (
    at,
    frame,
    kinds,
    make_upbit,
    opened,
    ready,
    reported,
    sample,
)
from tests.support.strategies import Raw, codes, dump, facts, numbers, times


def test_the_recipes_pair_of_frames() -> None:
    """One event is two frames 1 ms apart, with all digits."""
    frames = [sample("upbit", f"push_recipe_{c}") for c in ("krw", "xrp")]
    krw, xrp = reported(ready("upbit").received(frames, at(1.0)))

    assert (krw.currency, str(krw.available)) == ("KRW", "20517.4157543899035")
    assert (xrp.currency, str(xrp.locked)) == ("XRP", "0")
    assert krw.key == (1753769511603, 1753769511612)
    assert krw.key < xrp.key
    assert krw.update_id == "00000000-0000-0000-0000-000000000000"
    assert (krw.raw, xrp.raw) == tuple(frames)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["default", "simple", "simple_list"])
def test_every_form_is_understood_under_every_format(format: str, name: str) -> None:
    """The requested form is read fast, the others tolerantly."""
    conversation = opened(make_upbit(format=format))
    (report,) = reported(
        conversation.received([sample("upbit", f"push_{name}")], at(1.0))
    )

    assert str(report.available) == "1386929.37231066771348207123"
    assert report.key == (1710146517259, 1710146517267)


def _push(**changes: Any) -> bytes:
    push = json.loads(sample("upbit", "push_recipe_xrp"))
    return frame({**push, **changes})


def test_a_missing_field_is_none_and_zero_is_zero() -> None:
    """K4: null and absent fields leave the amount unknown."""
    assets = [{"currency": "a", "balance": None}, {"currency": "b", "locked": 0}]
    a, b = reported(ready("upbit").received([_push(assets=assets)], at(1.0)))

    assert (a.currency, a.available, a.locked) == ("A", None, None)
    assert (b.available, str(b.locked)) == (None, "0")


@pytest.mark.parametrize("format", FORMATS)
def test_k4_null_beside_a_known_amount_is_missing(format: str) -> None:
    """A null is no zero, in a push that has the expected form otherwise."""
    asset = {"currency": "XRP", "balance": None, "locked": 0.5}
    conversation = opened(make_upbit(format=format))
    conversation.received([_push()], at(1.0))
    (xrp,) = reported(conversation.received([_push(assets=[asset])], at(2.0)))

    assert (xrp.currency, xrp.available, str(xrp.locked)) == ("XRP", None, "0.5")


@pytest.mark.parametrize(
    ("times", "key"),
    [
        ({"timestamp": None}, (1753769511603, 0)),
        ({"asset_timestamp": None}, None),
        ({"asset_timestamp": "1753769511603", "timestamp": 5.0}, (1753769511603, 5)),
        ({"asset_timestamp": -1}, None),
        ({"asset_timestamp": True}, None),
        ({"asset_timestamp": 10**18}, None),
        ({"asset_timestamp": 1.5}, None),
    ],
)
def test_k1_keys(times: dict[str, Any], key: tuple[int, int] | None) -> None:
    """A push without the time of the change has no key."""
    (report,) = reported(ready("upbit").received([_push(**times)], at(1.0)))

    assert report.key == key


def test_k5_a_bad_asset_does_not_lose_the_others() -> None:
    """Good assets are reported; each bad one warns about its currency."""
    assets = [
        {"currency": "XRP", "balance": "1", "locked": 0},
        {"currency": "btc", "balance": "NaN", "locked": 0},
        {"currency": None, "balance": 1, "locked": 0},
        {"currency": "ETH", "balance": 2, "locked": "0.5"},
        7,
    ]
    push = _push(assets=assets)
    steps = ready("upbit").received([push], at(1.0))

    assert kinds(steps) == ["Report", "Warn", "Warn"]
    assert [b.currency for b in reported(steps)] == ["XRP", "ETH"]
    errors = [step.error for step in steps if isinstance(step, Warn)]
    assert all(isinstance(e, ProtocolError) and e.frame == push for e in errors)
    assert [getattr(e, "currency", "") for e in errors] == ["BTC", None]


def test_k5_an_absurd_exponent_costs_one_currency() -> None:
    """A number that Decimal refuses does not lose the frame."""
    push = sample("upbit", "push_recipe_xrp").replace(
        b"1.15580212", b"1e99999999999999999999"
    )
    (step,) = ready("upbit").received([push], at(1.0))

    assert isinstance(step, Warn)
    assert getattr(step.error, "currency", None) == "XRP"


@pytest.mark.parametrize(
    ("spelling", "exact"),
    [
        ("0", "0"),
        ("-0.0", "0.0"),
        ("1e5", "1E+5"),
        ('"1.50"', "1.50"),
        ("-0.1", None),
        ("-1", None),
        ("1e999999", None),
        ("0." + "1" * 65, None),
        ("9" * 65, None),
        ("true", None),
        ('"NaN"', None),
        ('"Infinity"', None),
        ('" 1"', None),
        ('"1_000"', None),
        ('"1e999999"', None),
    ],
)
@pytest.mark.parametrize("name", ["balance", "locked"])
def test_k5_an_odd_amount_costs_one_currency_of_a_burst(
    name: str, spelling: str, exact: str | None
) -> None:
    """All other assets of the burst are reported in order."""
    usual = _push(assets=[{"currency": "BTC", "balance": 1.5, "locked": 0.5}])
    odd = {"currency": "XRP", "balance": 2.5, "locked": 0.5, name: "?"}
    eth = {"currency": "ETH", "balance": 3.5, "locked": 0.5}
    mixed = _push(assets=[odd, eth]).replace(b'"?"', spelling.encode())
    steps = ready("upbit").received([usual, mixed, usual], at(1.0))
    pushed = [(b.currency, b.raw) for b in reported(steps)]

    if exact is None:
        assert kinds(steps) == ["Report", "Warn", "Report"]
        assert pushed == [("BTC", usual), ("ETH", mixed), ("BTC", usual)]
    else:
        field = "available" if name == "balance" else name
        assert kinds(steps) == ["Report"]
        assert pushed[1:3] == [("XRP", mixed), ("ETH", mixed)]
        assert str(getattr(reported(steps)[1], field)) == exact


def test_a_burst_with_another_frame_in_it_is_reported_in_order() -> None:
    """Pushes around another frame are all reported."""
    push, other = _push(), frame({"status": "UP"})
    steps = ready("upbit").received([push, push, other, push], at(1.0))

    assert kinds(steps) == ["Report", "Alive", "Report"]
    assert [b.raw for b in reported(steps)] == [push, push, push]


def test_a_long_list_of_garbage_warns_once() -> None:
    """One frame is one doubt about the whole book."""
    assert kinds(ready("upbit").received([frame([1] * 1000)], at(1.0))) == ["Warn"]


def test_a_list_frame_holds_several_things() -> None:
    """Each element is read by itself."""
    push = json.loads(sample("upbit", "push_recipe_xrp"))
    mixed = frame([push, {"status": "UP"}, {"type": "myOrder"}, push])

    assert kinds(ready("upbit").received([mixed], at(1.0))) == [
        "Report",
        "Alive",
        "Report",
    ]


@pytest.mark.parametrize(
    ("mark", "step"),
    [
        ({"error": {"name": "INVALID_AUTH"}}, "Fail"),
        ({"status": "UP"}, "Alive"),
    ],
)
def test_what_a_frame_is_does_not_depend_on_the_way(
    mark: dict[str, Any], step: str
) -> None:
    """Error and status go before type, even in a push that is otherwise perfect."""
    assert kinds(ready("upbit").received([_push(**mark)], at(1.0))) == [step]


def test_a_long_list_of_pushes_without_assets_warns_once() -> None:
    """One frame is one doubt about the whole book."""
    push = {"type": "myAsset"}
    assert kinds(ready("upbit").received([frame([push] * 1000)], at(1.0))) == ["Warn"]


LONG = (
    *("currency", "balance", "locked", "type", "assets", "asset_uuid"),
    *("asset_timestamp", "timestamp"),
)


SHORT = ("cu", "b", "l", "ty", "ast", "astuid", "asttms", "tms")


@st.composite
def upbit_pushes(draw: st.DrawFn) -> tuple[dict[str, bytes], list[tuple[Any, ...]]]:
    """Draw a push in the four formats and one odd spelling, and its meaning."""
    assets = draw(st.lists(st.tuples(codes, numbers, numbers), max_size=3))
    uuid, changed, framed = draw(st.uuids()), draw(times), draw(times)

    def build(names: tuple[str, ...], odd: bool) -> dict[str, Any]:
        def quoted() -> bool:
            return odd and draw(st.booleans())

        def cased(code: str) -> str:
            return code.lower() if odd and draw(st.booleans()) else code

        cu, b, lo, ty, ast, astuid, asttms, tms = names
        push: dict[str, Any] = {
            ty: "myAsset",
            ast: [
                {cu: cased(c), b: Raw(x, quoted()), lo: Raw(y, quoted())}
                for c, x, y in assets
            ],
            astuid: str(uuid),
            asttms: Raw(str(changed), quoted()),
            tms: Raw(str(framed), quoted()),
        }
        return {**push, "extra": None} if odd else push

    mixed = tuple(draw(st.sampled_from(pair)) for pair in zip(LONG, SHORT, strict=True))
    spellings: dict[str, Any] = {
        "DEFAULT": build(LONG, False),
        "SIMPLE": build(SHORT, False),
        "JSON_LIST": [build(LONG, False)],
        "SIMPLE_LIST": [build(SHORT, False)],
        "odd": build(mixed, True),
    }
    expected = [
        (c, str(Decimal(x)), str(Decimal(y)), (changed, framed), str(uuid))
        for c, x, y in assets
    ]
    return {name: dump(v).encode() for name, v in spellings.items()}, expected


@given(drawn=upbit_pushes())
def test_upbit_both_ways_agree(
    drawn: tuple[dict[str, bytes], list[tuple[Any, ...]]],
) -> None:
    """Fast and tolerant reading of every format give the amounts put in."""
    frames, expected = drawn
    for format in upbit_frames.FORMATS:
        fast = upbit_frames.read_expected([frames[format]], format)
        assert fast is not None
        assert [facts(report) for report in fast] == expected
        (item,) = read_tolerantly(frames[format])
        assert item == PushedBalances(fast)
    (item,) = read_tolerantly(frames["odd"])
    assert isinstance(item, PushedBalances)
    assert [facts(report) for report in item.balances] == expected


@given(drawn=upbit_pushes(), format=st.sampled_from(sorted(upbit_frames.FORMATS)))
def test_upbit_any_spelling_is_ready_and_reported(
    drawn: tuple[dict[str, bytes], list[tuple[Any, ...]]], format: str
) -> None:
    """The conversation takes every spelling under every format, without a warning."""
    frames, expected = drawn
    steps = opened(make_upbit(format=format)).received(list(frames.values()), at(1.0))

    assert kinds(steps) == (["Ready", "Report"] if expected else ["Ready"])
