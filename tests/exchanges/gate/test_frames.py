"""Gate's pushes in every form, as a live conversation takes them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.gate import frames as gate_frames
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Warn
from tests.exchanges.gate.spec import push_of
from tests.support.specs import at, frame, kinds, ready, reported, sample
from tests.support.strategies import Raw, codes, dump, facts, numbers, texts

STAMP = "1767556323730"
CHANGE = {"timestamp_ms": STAMP, "currency": "BTC", "available": "1", "freeze": "2"}


def test_the_documented_push() -> None:
    """Its total is more than the two, and nothing follows from it."""
    (report,) = reported(ready("gate").received([sample("gate", "push_order")], at(5)))

    assert (str(report.available), str(report.locked)) == ("333355.4938", "6")
    assert report.key == (1767556323730, 0)
    assert report.update_id is None


def test_two_changes_with_fractions_and_exponents() -> None:
    """Both are read exactly; the fraction orders them."""
    usdt, btc = reported(
        ready("gate").received([sample("gate", "push_match")], at(5.0))
    )

    assert usdt.key == (1767556330391, 211_000)
    assert btc.key == (1767556330391, 400_000)
    assert (btc.available, btc.locked) == (Decimal("7E-8"), 0)


@pytest.mark.parametrize(
    ("stamp", "key"),
    [
        (STAMP, (1767556323730, 0)),
        (f"{STAMP}.5", (1767556323730, 500_000)),
        (f"{STAMP}.123456", (1767556323730, 123_456)),
        (f"{STAMP}.1234567", (1767556323730, 123_456)),
        (f"{STAMP}." + "9" * 50, (1767556323730, 999_999)),
        (1767556323730, (1767556323730, 0)),
        (Raw(f"{STAMP}.25", False), (1767556323730, 250_000)),
        ("1.76755632373E12", (1767556323730, 0)),
        ("1E3", (1000, 0)),
        *((f"0E{power}", None if power > 57 else (0, 0)) for power in (57, 58, 63)),
        (None, None),
        ("", None),
        ("today", None),
        (f"-{STAMP}", None),
        (f"{STAMP}000000", None),
        ("1" * 65, None),
        ([], None),
        ("\uff11767556323730", None),
    ],
)
def test_k1_keys(stamp: Any, key: tuple[int, int] | None) -> None:
    """Milliseconds, and nanoseconds beyond; without a time there is no order."""
    push = json.loads(sample("gate", "push_order"))
    push = dump({**push, "result": [{**CHANGE, "timestamp_ms": stamp}]}).encode()
    (report,) = reported(ready("gate").received([push], at(5.0)))

    assert report.key == key


@pytest.mark.parametrize(
    "push",
    [
        push_of(CHANGE, error=None),
        push_of(CHANGE, event="all"),
        push_of({**CHANGE, "currency": "btc", "available": 1, "freeze": 2}),
        frame({**json.loads(push_of()), "result": CHANGE}),
    ],
)
def test_pushes_of_other_forms(push: bytes) -> None:
    """An odd push that was taken for none would lose a balance."""
    (report,) = reported(ready("gate").received([push], at(5.0)))

    assert facts(report) == ("BTC", "1", "2", (1767556323730, 0), None)


def test_k5_a_bad_change_does_not_lose_the_others() -> None:
    """Good changes are reported; each bad one warns about its currency."""
    bad = {**CHANGE, "currency": "ETH", "freeze": "1_0"}
    steps = ready("gate").received([push_of(bad, CHANGE, "?")], at(5.0))

    assert kinds(steps) == ["Report", "Warn", "Warn"]
    errors = [step.error for step in steps if isinstance(step, Warn)]
    assert all(isinstance(error, ProtocolError) for error in errors)
    assert [getattr(error, "currency", "") for error in errors] == ["ETH", None]


@pytest.mark.parametrize("result", [None, "?", 5, {}, {"status": "success"}])
def test_k5_a_push_without_a_change_is_unreadable(result: object) -> None:
    """The currency of such a push is unknown."""
    push = frame({**json.loads(push_of()), "result": result})
    (step,) = ready("gate").received([push], at(5.0))

    assert isinstance(step, Warn)
    assert getattr(step.error, "currency", "") is None


@pytest.mark.parametrize(
    "strange",
    [
        {"channel": 5, "event": "update", "result": [CHANGE]},
        {"channel": [], "event": "update", "result": [CHANGE]},
        {"event": "update", "result": [CHANGE]},
        {"type": 5, "msg": "?"},
    ],
)
def test_k5_frames_of_no_channel_are_unreadable(strange: dict[str, Any]) -> None:
    """Nobody knows what they are about."""
    (step,) = ready("gate").received([frame(strange)], at(5.0))

    assert isinstance(step, Warn)
    assert "neither an answer nor a push" in str(step.error)


@st.composite
def gate_pushes(draw: st.DrawFn) -> tuple[bytes, bytes, tuple[Any, ...]]:
    """Draw a push, documented or oddly spelt, and its meaning."""
    code, available, freeze = draw(codes), draw(numbers), draw(numbers)
    time = draw(st.integers(10**12, 10**13 - 1))
    part = draw(st.integers(0, 999_999))
    stamp = f"{time}.{part:06d}" if part else str(time)

    def change(odd: bool) -> dict[str, Any]:
        def quoted() -> bool:
            return not odd or draw(st.booleans())

        return {
            "timestamp": str(time // 1000),
            "timestamp_ms": Raw(stamp, quoted()),
            "currency": code.lower() if odd and draw(st.booleans()) else code,
            "total": "?",
            "available": Raw(available, quoted()),
            "freeze": Raw(freeze, quoted()),
        }

    outer = {"time": 1, "channel": "spot.balances", "event": "update"}
    odd: Any = change(True)
    return (
        dump({**outer, "result": [change(False)]}).encode(),
        dump({**outer, "result": odd if draw(st.booleans()) else [odd]}).encode(),
        (code, str(Decimal(available)), str(Decimal(freeze)), (time, part), None),
    )


@given(drawn=gate_pushes())
def test_gate_both_ways_agree(drawn: tuple[bytes, bytes, tuple[Any, ...]]) -> None:
    """Fast and tolerant reading give the amounts that were put in."""
    documented, odd, expected = drawn
    fast = gate_frames.read_expected([documented])
    assert fast is not None
    assert [facts(report) for report in fast] == [expected]
    assert gate_frames.read_tolerantly(documented) == [PushedBalances(fast)]
    (item,) = gate_frames.read_tolerantly(odd)
    assert isinstance(item, PushedBalances)
    assert [facts(report) for report in item.balances] == [expected]


@given(
    available=texts | numbers,
    freeze=texts | numbers,
    stamp=texts | st.just(STAMP) | st.just(f"{STAMP}.5"),
)
def test_doubtful_strings_are_refused_by_both_ways(
    available: str, freeze: str, stamp: str
) -> None:
    """What the fast way takes is what the tolerant one makes of it."""
    change = {**CHANGE, "available": available, "freeze": freeze}
    push = push_of({**change, "timestamp_ms": stamp})
    fast = gate_frames.read_expected([push])
    tolerant = gate_frames.read_tolerantly(push)

    assert fast is None or tolerant == [PushedBalances(fast)]
