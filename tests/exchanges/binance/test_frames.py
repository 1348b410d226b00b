"""Binance's pushes in every form, as a live conversation takes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges.binance import frames as binance_frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.common.values import Unreadable
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Warn
from tests.exchanges.binance.spec import push_of
from tests.support.specs import at, frame, ready, reported, sample

PUSH = sample("binance", "push_trade")
ETH = {"a": "ETH", "f": "5", "l": "0"}


def amounts(push: bytes) -> dict[str, tuple[str, str]]:
    """Return available and locked of each currency of a push, as text."""
    steps = ready("binance").received([push], at(5.0))
    return {r.currency: (str(r.available), str(r.locked)) for r in reported(steps)}


def test_the_documented_push() -> None:
    """Both sides of a trade are in one frame, with every digit."""
    assert amounts(PUSH) == {
        "BTC": ("11818.00000000", "182.00000000"),
        "USDT": ("10580.00000000", "70.00000000"),
    }


def test_k1_the_accounts_time_is_the_key() -> None:
    """Then the event's own; there is no serial number."""
    (report,) = reported(
        ready("binance").received([sample("binance", "push_eth")], at(5.0))
    )

    assert report.key == (1764034571073, 1764034571105)
    assert report.update_id is None


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"u": "1728972148778"}, (1728972148778, 1728972148780)),
        ({"u": None}, None),
        ({"u": 1728972148778000}, None),
        ({"E": None}, (1728972148778, 0)),
        ({"E": "soon"}, (1728972148778, 0)),
    ],
)
def test_k1_keys_oddly_spelt(fields: dict[str, Any], key: Any) -> None:
    """Without a time there is no order, only arrival."""
    (report,) = reported(ready("binance").received([push_of(ETH, **fields)], at(5.0)))

    assert report.key == key


@pytest.mark.parametrize(
    ("name", "code"),
    [("币安人生", "币安人生"), ("１２３", "１２３"), ("eth", "ETH")],  # noqa: RUF001
)
def test_names_of_any_script(name: str, code: str) -> None:
    """The testnet has an asset whose name is not ASCII, and so has the real one."""
    escaped = push_of({**ETH, "a": name})
    raw = escaped.decode("unicode_escape").encode("utf-8")
    raw = raw if not name.isascii() else escaped

    assert amounts(escaped) == amounts(raw) == {code: ("5", "0")}


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        # K4: what is missing or null is not said.
        ({"a": "ETH", "f": "5"}, ("5", "None")),
        ({"a": "ETH", "f": None, "l": "1"}, ("None", "1")),
        ({"a": "ETH", "f": 5, "l": 1.5}, ("5", "1.5")),
        ({"a": "ETH", "f": "5.00", "l": "0.00000000"}, ("5.00", "0E-8")),
        ({"a": "ETH", "f": "5.00", "l": "0.0"}, ("5.00", "0.0")),
        ({"a": "ETH", "f": "1E-7", "l": "-0"}, ("1E-7", "0")),
    ],
)
def test_amounts_oddly_spelt(
    position: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Every spelling that has one meaning is read."""
    assert amounts(push_of(position)) == {"ETH": expected}


@pytest.mark.parametrize(
    ("position", "currency"),
    [
        ({**ETH, "f": "-1"}, "ETH"),
        ({**ETH, "l": "NaN"}, "ETH"),
        ({**ETH, "f": ""}, "ETH"),
        ({**ETH, "f": "1e99"}, "ETH"),
        ({**ETH, "a": 7}, None),
        ({**ETH, "a": "E H"}, None),
        ("ETH", None),
    ],
)
def test_k5_one_bad_balance_costs_no_other(position: Any, currency: Any) -> None:
    """The others of its frame are reported."""
    report, warning = ready("binance").received(
        [push_of({**ETH, "a": "BTC"}, position)], at(5.0)
    )

    assert [b.currency for b in reported([report])] == ["BTC"]
    assert isinstance(warning, Warn)
    assert isinstance(warning.error, ProtocolError)
    assert warning.error.currency == currency


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"result": {}},
        {"event": None},
        {"event": {}},
        {"event": {"e": 7}},
        {"event": {"e": "outboundAccountPosition"}},
        {"event": {"e": "outboundAccountPosition", "B": {}}},
        {"event": {"e": "balanceUpdate"}},
        {"event": {"e": "externalLockUpdate", "a": ""}},
    ],
)
def test_k5_what_is_not_understood_is_told(content: Any) -> None:
    """The whole book is in doubt: nobody knows whose balance it was."""
    (step,) = ready("binance").received([frame(content)], at(5.0))

    assert isinstance(step, Warn)
    assert isinstance(step.error, ProtocolError)
    assert step.error.currency is None


@pytest.mark.parametrize("kind", ["executionReport", "listStatus", "anythingNew"])
def test_other_events_are_ignored(kind: str) -> None:
    """Orders have amounts, too, which are no balances."""
    event = {"e": kind, "a": "ETH", "f": "GTC", "l": "1"}

    assert list(ready("binance").received([frame({"event": event})], at(5.0))) == []


POSITIONS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(["ETH", "btc", "币", "", 7, None]),
        "f": st.sampled_from(["1", "0.0", "-1", " 1", "1_0", "1e-9", 2, None]),
        "l": st.sampled_from(["1", "0", "0.00000000", "NaN", "1e70", 0.5, None]),
    },
)


@given(
    positions=st.lists(POSITIONS, max_size=3),
    fields=st.fixed_dictionaries(
        {},
        optional={
            "E": st.sampled_from([1, -1, "1", None]),
            "u": st.sampled_from([1, 10**17, 1.0, None]),
            "x": st.none(),
        },
    ),
)
def test_both_ways_read_the_same(positions: list[Any], fields: dict[str, Any]) -> None:
    """What the fast way takes, the tolerant one reads alike."""
    push = push_of(*positions, **fields)
    fast = binance_frames.read_expected([push])
    try:
        tolerant = binance_frames.read_tolerantly(push)
    except Unreadable:
        tolerant = None

    assert fast is None or tolerant == PushedBalances(fast)
