"""CoinW's pushes in every form, as a live conversation takes them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetstream.exchanges.coinw import frames as coinw_frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Warn
from tests.support.specs import at, frame, kinds, ready, reported, sample
from tests.support.strategies import Raw, codes, dump, facts, numbers, texts, times

PUSH = sample("coinw", "push_usdt")


LEDGER = 1125899934698144651


def test_the_documented_pair_of_pushes() -> None:
    """Equal times and ledger ids beyond 2**53 keep their exact order."""
    frames = [PUSH, sample("coinw", "push_btc")]
    usdt, btc = reported(ready("coinw").received(frames, at(5.0)))

    assert usdt.key == (1743773396836, LEDGER)
    assert usdt.key < btc.key
    assert usdt.update_id == str(LEDGER)
    assert (str(usdt.available), str(usdt.locked)) == ("12.59490035", "0")


def test_the_older_shape() -> None:
    """An array without time or ledger id has no key."""
    (report,) = reported(
        ready("coinw").received([sample("coinw", "push_older")], at(5.0))
    )

    assert (str(report.available), str(report.locked)) == ("9999.9", "0.1")
    assert (report.key, report.update_id) == (None, None)


def _push(data: object, **outer: Any) -> bytes:
    return frame({"biz": "exchange", "type": "assets", "data": data, **outer})


@pytest.mark.parametrize(
    ("changes", "key", "update_id"),
    [
        ({"time": "1743773396836"}, (1743773396836, LEDGER), True),
        ({"ledger_id": None}, (1743773396836, 0), False),
        (
            {"ledger_id": str(LEDGER)},
            (1743773396836, LEDGER),
            True,
        ),
        ({"time": None}, None, True),
        ({"time": "today"}, None, True),
        ({"time": 43178593844614700}, None, True),
    ],
)
def test_k1_keys(
    changes: dict[str, Any], key: tuple[int, int] | None, update_id: bool
) -> None:
    """Only the inner time makes a key."""
    data = {**json.loads(PUSH)["data"], **changes}
    push = _push(data, time=43178593844614700)
    (report,) = reported(ready("coinw").received([push], at(5.0)))

    assert report.key == key
    assert report.update_id == (str(LEDGER) if update_id else None)


def test_k4_missing_is_not_zero() -> None:
    """Null and absent fields leave the amount unknown."""
    data = [{"currency": "usdt", "hold": None}, {"currency": "BTC", "available": 0}]
    usdt, btc = reported(ready("coinw").received([_push(data)], at(5.0)))

    assert (usdt.currency, usdt.available, usdt.locked) == ("USDT", None, None)
    assert (str(btc.available), btc.locked) == ("0", None)


def test_k5_a_bad_change_does_not_lose_the_others() -> None:
    """Good changes are reported; each bad one warns about its currency."""
    data = [
        {"currency": "BTC", "available": "1_0", "hold": "0"},
        {"currency": "USDT", "available": "1", "hold": "0"},
        "?",
    ]
    steps = ready("coinw").received([_push(data)], at(5.0))

    assert kinds(steps) == ["Report", "Warn", "Warn"]
    errors = [step.error for step in steps if isinstance(step, Warn)]
    assert all(isinstance(error, ProtocolError) for error in errors)
    assert [getattr(error, "currency", "") for error in errors] == ["BTC", None]


@pytest.mark.parametrize("data", [None, "not json", {}, 5, {"available": "1"}])
def test_k5_a_push_without_a_change_is_unreadable(data: object) -> None:
    """The currency of such a push is unknown."""
    (step,) = ready("coinw").received([_push(data)], at(5.0))

    assert isinstance(step, Warn)
    assert getattr(step.error, "currency", "") is None


@pytest.mark.parametrize(
    "other",
    [
        _push({"currency": "USDT", "available": "1", "hold": "0", "account": "margin"}),
        _push([{"currency": "usdt", "available": 1}], biz="futures"),
        _push({"orderId": 1}, type="order"),
        b'{"event":"notice"}',
        b'{"channel":"unsub","biz":"exchange","type":"assets"}',
        b'{"channel":"unsubscribe","data":{"result":true},"type":"assets"}',
    ],
)
def test_other_topics_and_accounts_are_skipped(other: bytes) -> None:
    """Another account's balance of the same currency must not get in."""
    assert list(ready("coinw").received([other], at(5.0))) == []


def test_a_push_with_a_channel_is_still_a_push() -> None:
    """Mistaking it for an answer would lose a balance."""
    push = frame({**json.loads(PUSH), "channel": "subscribe"})

    assert kinds(ready("coinw").received([push], at(5.0))) == ["Report"]


@st.composite
def coinw_pushes(draw: st.DrawFn) -> tuple[bytes, bytes, tuple[Any, ...]]:
    """Draw a push, documented or oddly spelt, and its meaning."""
    code, available, hold = draw(codes), draw(numbers), draw(numbers)
    time, ledger = draw(times), draw(st.integers(0, 2**63 - 1))

    def change(odd: bool) -> dict[str, Any]:
        def quoted(otherwise: bool) -> bool:
            return draw(st.booleans()) if odd else otherwise

        return {
            "available": Raw(available, quoted(True)),
            "currency": code.lower() if odd and draw(st.booleans()) else code,
            "time": Raw(str(time), quoted(False)),
            "type": "change",
            "ledger_id": Raw(str(ledger), quoted(False)),
            **({} if odd and draw(st.booleans()) else {"account": "spot"}),
            "hold": Raw(hold, quoted(True)),
        }

    data: Any = change(True)
    if draw(st.booleans()):
        data = [data]
    if draw(st.booleans()):
        data = dump(data)
    outer = {"biz": "exchange", "type": "assets"}
    expected = code, str(Decimal(available)), str(Decimal(hold)), (time, ledger)
    return (
        dump({**outer, "data": change(False)}).encode(),
        dump({**outer, "data": data, "time": 43178593844614700}).encode(),
        (*expected, str(ledger)),
    )


@given(drawn=coinw_pushes())
def test_coinw_both_ways_agree(drawn: tuple[bytes, bytes, tuple[Any, ...]]) -> None:
    """Fast and tolerant reading give the amounts that were put in."""
    documented, odd, expected = drawn
    fast = coinw_frames.read_expected([documented])
    assert fast is not None
    assert [facts(report) for report in fast] == [expected]
    assert coinw_frames.read_tolerantly(documented) == PushedBalances(fast)
    item = coinw_frames.read_tolerantly(odd)
    assert isinstance(item, PushedBalances)
    assert [facts(report) for report in item.balances] == [expected]


@given(value=texts | st.floats().map(repr) | numbers)
@example("-0")
def test_doubtful_strings_are_refused_by_both_ways(value: str) -> None:
    """Both readings accept the same strings; "-0" is left to one."""
    change = {"currency": "A", "hold": "0", "time": 1, "ledger_id": 2}
    change |= {"available": value, "account": "spot"}
    push = json.dumps({"biz": "exchange", "type": "assets", "data": change}).encode()
    fast = coinw_frames.read_expected([push])
    item = coinw_frames.read_tolerantly(push)

    assert isinstance(item, PushedBalances)
    if not item.unreadable and value.startswith("-"):
        assert fast is None
    else:
        assert item.balances == (fast or [])
        assert (fast is None) is bool(item.unreadable)
