"""OKX's pushes in every form, as a live conversation takes them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.okx import frames as okx_frames
from assetstream.protocol import Warn
from tests.support.specs import at, frame, kinds, ready, reported, sample
from tests.support.strategies import Raw, codes, dump, facts, numbers, texts, times

PUSH = sample("okx", "push_update")
TAKEN, CHANGED = 1763120452131, 1763120452117


def pushed(*details: object, **wallet: Any) -> bytes:
    """Make a push of these details."""
    data = {"details": list(details), "uTime": str(TAKEN), **wallet}
    return frame({"arg": {"channel": "account", "uid": "51"}, "data": [data]})


def detail(**fields: Any) -> dict[str, Any]:
    """Make a detail in which everything is said."""
    amounts = {"availBal": "3", "availEq": "2", "frozenBal": "1"}
    return {"ccy": "BTC", **amounts, "uTime": str(CHANGED), **fields}


def amounts_of(push: bytes) -> tuple[Decimal | None, Decimal | None]:
    """Return both amounts of the only balance of a push."""
    (report,) = reported(ready("okx").received([push], at(5.0)))
    return report.available, report.locked


def test_the_documented_push() -> None:
    """The wallet's time comes first in the key, then that of the last change."""
    (report,) = reported(ready("okx").received([PUSH], at(5.0)))

    assert report.currency == "USDT"
    assert report.key == (TAKEN, CHANGED)
    assert report.update_id is None
    assert str(report.available) == "6821.514903672883"  # availEq, which is less
    assert str(report.locked) == "158.57998"


def test_a_push_in_spot_mode() -> None:
    """An amount that does not apply is "", and zero is zero."""
    btc, usdt = reported(ready("okx").received([sample("okx", "push_spot")], at(5.0)))

    assert (str(btc.available), str(btc.locked)) == ("0.31877046", "0.1")
    assert (usdt.currency, usdt.available, usdt.locked) == ("USDT", 0, 0)


@pytest.mark.parametrize(
    ("balance", "equity", "available"),
    [
        ("3", "2", "2"),
        ("2", "3", "2"),
        ("2", "2", "2"),
        ("2", "", "2"),
        ("", "3", "3"),
        ("2", None, "2"),
        (None, "3", "3"),
        ("-1", "", "-1"),
        ("2", "-0.5", "-0.5"),
        ("2", "1E-7", "1E-7"),
    ],
)
def test_available_is_never_more_than_can_be_spent(
    balance: object, equity: object, available: str
) -> None:
    """The smaller of what is said; below zero with debts."""
    shown, locked = amounts_of(pushed(detail(availBal=balance, availEq=equity)))

    assert (str(shown), locked) == (available, 1)


def test_a_detail_without_equity_is_read_fast() -> None:
    """OKX may leave out what does not apply, as it says "" for it."""
    push = detail()
    del push["availEq"]

    assert okx_frames.read_expected([pushed(push)]) is not None
    assert amounts_of(pushed(push)) == (3, 1)


@pytest.mark.parametrize("missing", ["", None])
def test_k4_what_is_not_said_is_not_zero(missing: object) -> None:
    """An empty text stands for what does not apply."""
    assert amounts_of(pushed(detail(frozenBal=missing))) == (2, None)
    nothing = detail(availBal=missing, availEq=missing)
    assert amounts_of(pushed(nothing)) == (None, 1)


@pytest.mark.parametrize(
    ("taken", "changed", "key"),
    [
        (TAKEN, CHANGED, (TAKEN, CHANGED)),
        (str(TAKEN), "", (TAKEN, 0)),
        (str(TAKEN), None, (TAKEN, 0)),
        ("", str(CHANGED), None),
        (None, str(CHANGED), None),
        ("today", str(CHANGED), None),
        (f"{TAKEN}000000000", str(CHANGED), None),
    ],
)
def test_k1_keys(taken: object, changed: object, key: tuple[int, int] | None) -> None:
    """Without the wallet's time there is no order, only arrival."""
    push = pushed(detail(uTime=changed), uTime=taken)
    (report,) = reported(ready("okx").received([push], at(5.0)))

    assert report.key == key


def test_k5_a_bad_detail_does_not_lose_the_others() -> None:
    """Good details are reported; each bad one warns about its currency."""
    push = pushed(detail(availBal="1_0"), detail(ccy="USDT"), "?", detail(ccy=""))
    steps = ready("okx").received([push], at(5.0))

    assert kinds(steps) == ["Report", "Warn", "Warn"]
    assert [report.currency for report in reported(steps)] == ["USDT"]
    errors = [step.error for step in steps if isinstance(step, Warn)]
    assert [getattr(error, "currency", "") for error in errors] == ["BTC", None]


def test_k5_frozen_below_zero_is_unreadable() -> None:
    """Nothing can be held that is owed."""
    (step,) = ready("okx").received([pushed(detail(frozenBal="-1"))], at(5.0))

    assert isinstance(step, Warn)
    assert getattr(step.error, "currency", "") == "BTC"


@pytest.mark.parametrize("data", [None, "x", {}, [], [5], [{"details": {}}], [{}]])
def test_k5_a_push_without_details(data: object) -> None:
    """Only an empty list of wallets lists nothing; else the book is in doubt."""
    push = frame({"arg": {"channel": "account"}, "data": data})
    steps = list(ready("okx").received([push], at(5.0)))

    assert kinds(steps) == ([] if data == [] else ["Warn"])


@pytest.mark.parametrize(
    "other",
    [
        {"arg": {"channel": "balance_and_position"}, "data": [{"balData": []}]},
        {"arg": {"channel": "orders"}, "data": [{"details": [detail()]}]},
        {"event": "channel-conn-count", "channel": "account", "connCount": "1"},
        {"event": "something new", "arg": {"channel": "account"}},
    ],
)
def test_other_channels_are_skipped(other: object) -> None:
    """Another channel's amounts mean something else."""
    assert list(ready("okx").received([frame(other)], at(5.0))) == []


@pytest.mark.parametrize("other", [{"arg": "account", "data": []}, {"arg": {}}, [1]])
def test_k5_what_names_no_channel_is_unreadable(other: object) -> None:
    """Nobody knows what it was about."""
    (step,) = ready("okx").received([frame(other)], at(5.0))

    assert isinstance(step, Warn)


def test_a_push_with_an_event_is_none() -> None:
    """An answer names its channel as a push does."""
    answer = frame({**json.loads(PUSH), "event": "subscribe"})

    assert okx_frames.read_expected([answer]) is None
    assert list(ready("okx").received([answer], at(5.0))) == []


@st.composite
def okx_pushes(draw: st.DrawFn) -> tuple[bytes, bytes, tuple[Any, ...]]:
    """Draw a push, documented or oddly spelt, and its meaning."""
    code, balance, equity, frozen = draw(st.tuples(codes, *[numbers] * 3))
    taken, changed = draw(times), draw(times)
    spot = draw(st.booleans())

    def push(odd: bool) -> bytes:
        def quoted() -> bool:
            return not odd or draw(st.booleans())

        fields = {
            "availBal": Raw(balance, quoted()),
            "availEq": "" if spot else Raw(equity, quoted()),
            "cashBal": "1",
            "ccy": code.lower() if odd and draw(st.booleans()) else code,
            "frozenBal": Raw(frozen, quoted()),
            "uTime": Raw(str(changed), quoted()),
        }
        if odd:
            fields = dict(draw(st.permutations(list(fields.items()))))
        wallet = {"details": [fields], "uTime": Raw(str(taken), quoted())}
        arg = {"channel": "account", "uid": "51"}
        return dump({"arg": arg, "data": [wallet]}).encode()

    available = Decimal(balance)
    if not spot:
        available = min(available, Decimal(equity))
    expected = code, str(available), str(Decimal(frozen)), (taken, changed), None
    return push(False), push(True), expected


@given(drawn=okx_pushes())
def test_okx_both_ways_agree(drawn: tuple[bytes, bytes, tuple[Any, ...]]) -> None:
    """Fast and tolerant reading give the amounts that were put in."""
    documented, odd, expected = drawn
    fast = okx_frames.read_expected([documented])
    assert fast is not None
    assert [facts(report) for report in fast] == [expected]
    assert okx_frames.read_tolerantly(documented) == PushedBalances(fast)
    item = okx_frames.read_tolerantly(odd)
    assert isinstance(item, PushedBalances)
    assert [facts(report) for report in item.balances] == [expected]


FIELDS = ["availBal", "availEq", "frozenBal", "uTime"]


@given(
    name=st.sampled_from(FIELDS), value=texts | st.floats().map(repr) | numbers | times
)
@example(name="availBal", value="-0")
@example(name="availEq", value="NaN")
@example(name="uTime", value="1E3")
@example(name="uTime", value="true")
@example(name="uTime", value=" 17")
@example(name="uTime", value="-1")
def test_the_fast_way_takes_nothing_that_the_tolerant_way_refuses(
    name: str, value: object
) -> None:
    """Odd texts are left to one way, or read alike by both."""
    push = pushed(detail(**{name: value}))
    fast = okx_frames.read_expected([push])
    item = okx_frames.read_tolerantly(push)

    assert isinstance(item, PushedBalances)
    assert fast is None or item == PushedBalances(fast)
