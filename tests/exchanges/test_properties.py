"""The fast way and the tolerant way of reading a push give the same balances."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from assetstream.exchanges.coinw import frames as coinw_frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.upbit import frames as upbit_frames
from assetstream.protocol import BalanceReport, Step, Warn
from tests.support.specs import SPECS, at, kinds, make_upbit, opened, ready, reported

digits = st.text("0123456789", min_size=1, max_size=26)
plain = st.builds(
    lambda whole, part: f"{int(whole)}.{part}" if part else str(int(whole)),
    digits,
    st.one_of(st.just(""), digits),
)
scientific = st.builds(
    lambda number, exponent: f"{number}E{exponent}", plain, st.integers(-9, 9)
)
numbers = st.one_of(plain, scientific)
codes = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=8)
times = st.integers(0, 4_000_000_000_000)


#: Pushes with an amount that is unreadable, or spelt oddly.
BAD = {
    name: [
        spec.push.replace(spec.pushed[1].encode(), odd)
        for odd in (b"-1", b"1e999", b"1E5", b"-0", b"x")
    ]
    for name, spec in SPECS.items()
}


class Raw:
    """A number to be written into JSON with its own digits."""

    def __init__(self, digits: str, quoted: bool) -> None:
        self.text = f'"{digits}"' if quoted else digits


def dump(value: Any) -> str:
    """Write JSON with the digits of ``Raw`` numbers as they are."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{dump(k)}:{dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value)


def facts(report: BalanceReport) -> tuple[Any, ...]:
    """Return all but the frame, amounts digit by digit."""
    amounts = str(report.available), str(report.locked)
    return report.currency, *amounts, report.key, report.update_id


LONG = (
    *("currency", "balance", "locked", "type", "assets", "asset_uuid"),
    *("asset_timestamp", "timestamp"),
)
SHORT = ("cu", "b", "l", "ty", "ast", "astuid", "asttms", "tms")


@st.composite
def upbit_pushes(draw: st.DrawFn) -> tuple[dict[str, bytes], list[tuple[Any, ...]]]:
    """Draw a push in the four formats and one odd spelling, and what it says."""
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
@settings(deadline=None, max_examples=150)
def test_upbit_both_ways_agree(
    drawn: tuple[dict[str, bytes], list[tuple[Any, ...]]],
) -> None:
    """Every format, by either way, gives what was put in, to the last digit."""
    frames, expected = drawn
    for format in upbit_frames.FORMATS:
        fast = upbit_frames.read_expected([frames[format]], format)
        assert fast is not None
        assert [facts(report) for report in fast] == expected
        (item,) = upbit_frames.read_tolerantly(frames[format])
        assert item == PushedBalances(fast)
    (item,) = upbit_frames.read_frame(frames["odd"], "DEFAULT")
    assert isinstance(item, PushedBalances)
    assert [facts(report) for report in item.balances] == expected


@given(drawn=upbit_pushes(), format=st.sampled_from(sorted(upbit_frames.FORMATS)))
@settings(deadline=None, max_examples=60)
def test_upbit_any_spelling_is_ready_and_reported(
    drawn: tuple[dict[str, bytes], list[tuple[Any, ...]]], format: str
) -> None:
    """The conversation takes every spelling under every format, without a warning."""
    frames, expected = drawn
    steps = opened(make_upbit(format=format)).received(list(frames.values()), at(1.0))

    assert kinds(steps) == (["Ready", "Report"] if expected else ["Ready"])


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_burst_says_what_its_frames_say_one_by_one(data: st.DataObject) -> None:
    """The same steps but for joined reports, whatever is among the usual pushes."""
    exchange = data.draw(st.sampled_from(sorted(SPECS)))
    spec = SPECS[exchange]
    usual = st.just(spec.push)
    others = st.sampled_from([spec.other, b"?", b"[]", *BAD[exchange]])
    frames = data.draw(st.lists(usual | others, max_size=6))
    together = ready(exchange).received(frames, at(1.0))
    alone, one_by_one = ready(exchange), []
    for each in frames:
        one_by_one += alone.received([each], at(1.0))

    assert reported(together) == reported(one_by_one)
    assert _warned(together) == _warned(one_by_one)


def _warned(steps: Sequence[Step]) -> list[str]:
    return [str(step.error) for step in steps if isinstance(step, Warn)]


@st.composite
def coinw_pushes(draw: st.DrawFn) -> tuple[bytes, bytes, tuple[Any, ...]]:
    """Draw a push as documented, the same oddly spelt, and what it says."""
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
@settings(deadline=None, max_examples=200)
def test_coinw_both_ways_agree(drawn: tuple[bytes, bytes, tuple[Any, ...]]) -> None:
    """The documented form by either way, and any odd one, give what was put in."""
    documented, odd, expected = drawn
    fast = coinw_frames.read_expected([documented])
    assert fast is not None
    assert [facts(report) for report in fast] == [expected]
    assert coinw_frames.read_tolerantly(documented) == PushedBalances(fast)
    item = coinw_frames.read_frame(odd)
    assert isinstance(item, PushedBalances)
    assert [facts(report) for report in item.balances] == [expected]


@given(value=st.text(max_size=12) | st.floats().map(repr) | numbers)
@example("-0")
@settings(deadline=None, max_examples=200)
def test_doubtful_strings_are_refused_by_both_ways(value: str) -> None:
    """A string is an amount to both ways or to neither; "-0" is left to one."""
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
    assert coinw_frames.read_frame(push) == item
