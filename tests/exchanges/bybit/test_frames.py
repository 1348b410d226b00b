"""Bybit's pushes in every form, as a live conversation takes them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges.bybit import frames as bybit_frames
from assetstream.exchanges.bybit.frames import owned
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.common.values import Unreadable
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Warn
from tests.exchanges.bybit.spec import push_of
from tests.support.specs import at, frame, kinds, ready, reported, sample

PUSH = sample("bybit", "push_btc")
#: A coin of which nothing is held.
COIN = {"coin": "USDT", "walletBalance": "5", "locked": "0", "bonus": "0"}
SPOT = {**COIN, "totalOrderIM": "0", "totalPositionIM": "0", "spotBorrow": "0"}


def amounts(push: bytes) -> dict[str, tuple[str, str]]:
    """Return available and locked of each coin of a push, as text."""
    steps = ready("bybit").received([push], at(5.0))
    return {r.currency: (str(r.available), str(r.locked)) for r in reported(steps)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Portfolio margin: "" does not apply where there are no derivatives.
        ("push_btc", {"BTC": ("0.00102964", "0")}),
        ("push_order", {"USDT": ("9397.25537647", "250.5")}),
        # Cross margin with derivatives: how much is free moves with every price.
        ("push_cross", {"USDT": ("0", "106.03036732"), "USDC": ("0", "0")}),
        # Isolated margin: more is held than there is.
        ("push_held_exceeds_total", {"USDT": ("-20.0", "120.0")}),
    ],
)
def test_the_documented_pushes(name: str, expected: dict[str, Any]) -> None:
    """What can be spent, and what is held, in each kind of margin."""
    assert amounts(sample("bybit", name)) == expected


def keys(*pushes: bytes) -> list[Any]:
    """Return the keys of pushes that come one after the other."""
    conversation = ready("bybit")
    return [reported(conversation.received([push], at(5.0)))[0].key for push in pushes]


def test_k1_pushes_of_one_millisecond_go_by_arrival() -> None:
    """A copy keeps its number, also when it comes late: else it would undo the next."""
    one, other, third = (push_of(SPOT, id=f"id {n}") for n in range(3))
    later = push_of(SPOT, creationTime=1700034722105)
    earlier = push_of(SPOT, creationTime=1700034722103)
    time = 1700034722104

    assert keys(one, other, one, third, other) == [
        *((time, 0), (time, 1), (time, 0)),
        *((time, 2), (time, 1)),
    ]
    assert keys(one, other, later, other, one, earlier)[3:] == [
        *((time, 1), (time, 0)),
        (time - 1, 0),
    ]
    # Together as well as one by one, whichever way they are read.
    odd = push_of({**SPOT, "locked": 0}, id="id 3")
    together = ready("bybit").received([one, other, odd, one], at(5.0))
    assert [r.key[1] for r in reported(together)] == [0, 1, 2, 0]


def test_k1_without_an_id_there_is_no_telling_them_apart() -> None:
    """They are of one key, and the later wins."""
    push = push_of(SPOT, id=None)

    assert keys(push, push) == [(1700034722104, 0)] * 2


def test_k1_few_pushes_are_remembered() -> None:
    """Memory stays small, whatever comes; the newest of a time is never forgotten."""
    order, most = bybit_frames.ArrivalOrder(), bybit_frames.MOST_TIES
    numbers = [order.key(7, f"{n}")[1] for n in range(most + 5)]
    assert numbers == [*range(most), *[most] * 5]
    assert order.key(7, "3") == (7, 3)

    # Those that came first are forgotten first, one in the future among them.
    most = bybit_frames.MOST_PUSHES
    order = bybit_frames.ArrivalOrder()
    for time in (10**12, *range(most)):
        order.key(time, "x")
    assert [order.key(time, "y")[1] for time in (most - 1, 1, 10**12)] == [1, 1, 0]


def test_g23_the_time_of_the_frame_is_the_key() -> None:
    """Nothing else orders pushes."""
    (report,) = reported(ready("bybit").received([PUSH], at(5.0)))

    assert report.key == (1700034722104, 0)
    assert report.update_id == "592324d2bce751-ad38-48eb-8f42-4671d1fb4d4e"
    assert report.raw == PUSH


@pytest.mark.parametrize(
    ("outer", "key", "update_id"),
    [
        ({"creationTime": "1700034722104"}, (1700034722104, 0), True),
        ({"creationTime": None}, None, True),
        ({"creationTime": 1700034722104000}, None, True),
        ({"id": 7}, (1700034722104, 0), False),
    ],
)
def test_k1_keys_oddly_spelt(outer: Any, key: Any, update_id: bool) -> None:
    """Without a time there is no order, only arrival."""
    (report,) = reported(ready("bybit").received([push_of(SPOT, **outer)], at(5.0)))

    assert report.key == key
    assert (report.update_id is not None) is update_id


@pytest.mark.parametrize(
    ("coin", "margin", "expected"),
    [
        # Nothing but the wallet's balance has to be there.
        ({"coin": "USDT", "walletBalance": "5"}, "0", ("5", "0")),
        ({**SPOT, "locked": ""}, "0", ("5", "0")),
        ({**SPOT, "locked": "1.5"}, "0", ("3.5", "1.5")),
        ({**SPOT, "locked": "6"}, "0", ("-1", "6")),
        ({**SPOT, "locked": 1}, "0", ("4", "1")),
        ({**SPOT, "bonus": "2"}, "0", ("3", "2")),
        # Debts: what is owned is less than what is there, or less than nothing.
        ({**SPOT, "spotBorrow": "2"}, "0", ("3", "0")),
        ({**SPOT, "spotBorrow": "2", "locked": "1"}, "0", ("2", "1")),
        ({**SPOT, "walletBalance": "0", "spotBorrow": "2"}, "0", ("-2", "0")),
        ({**SPOT, "walletBalance": "-2"}, "0", ("-2", "0")),
        ({**SPOT, "walletBalance": "-0"}, "0", ("0", "0")),
        # Isolated margin: all is said, and none of it moves.
        ({**SPOT, "totalPositionIM": "2"}, "", ("3", "2")),
        ({**SPOT, "totalOrderIM": "1", "bonus": "1", "locked": "1"}, "", ("2", "3")),
        # Cross margin: it moves, so all of it is held.
        ({**SPOT, "totalPositionIM": "2"}, "9", ("0", "5")),
        ({**SPOT, "totalOrderIM": "2"}, "9", ("0", "5")),
        ({**SPOT, "totalOrderIM": "2", "spotBorrow": "7"}, "9", ("-2", "0")),
        # A coin that is margin of nothing is free there, whatever the account's is.
        (SPOT, "9", ("5", "0")),
        (SPOT, "?", ("5", "0")),
        ({**SPOT, "locked": "1"}, None, ("4", "1")),
        # Portfolio margin: nobody says which coin it is.
        ({**SPOT, "totalOrderIM": "", "totalPositionIM": ""}, "0", ("5", "0")),
        ({**SPOT, "totalOrderIM": "", "totalPositionIM": ""}, "0.0", ("5", "0")),
        ({**SPOT, "totalOrderIM": "", "totalPositionIM": ""}, "9", ("0", "5")),
    ],
)
def test_never_more_than_can_be_spent(
    coin: dict[str, Any], margin: Any, expected: tuple[str, str]
) -> None:
    """Available is what is owned less what is held; debts may bring it below zero."""
    assert amounts(push_of(coin, margin=margin)) == {"USDT": expected}
    names = ("walletBalance", "spotBorrow", "locked", "bonus")
    margins = ("totalOrderIM", "totalPositionIM")
    direct = owned(*(coin.get(name) for name in (*names, *margins)), margin)
    assert tuple(map(str, direct)) == expected


@pytest.mark.parametrize(
    ("coin", "margin"),
    [
        ({**SPOT, "walletBalance": ""}, "0"),
        ({**SPOT, "walletBalance": None}, "0"),
        ({**SPOT, "walletBalance": "NaN"}, "0"),
        ({**SPOT, "walletBalance": True}, "0"),
        ({**SPOT, "locked": "-1"}, "0"),
        ({**SPOT, "locked": "?"}, "0"),
        ({**SPOT, "totalPositionIM": "?"}, "0"),
        ({**SPOT, "totalOrderIM": {}}, "0"),
        ({**SPOT, "spotBorrow": "1_0"}, "0"),
        ({**SPOT, "totalPositionIM": "2"}, "?"),
        ({**SPOT, "totalPositionIM": ""}, "?"),
        # Neither by coin nor for the account: it may be any part of it.
        (COIN, ""),
        (COIN, None),
        # 65 digits together.
        ({**SPOT, "walletBalance": "9" * 40, "locked": f"0.{'0' * 29}1"}, "0"),
        ({**SPOT, "bonus": "9" * 64, "locked": "9" * 64}, "0"),
    ],
)
def test_k5_an_amount_that_cannot_be_told_is_unreadable(
    coin: dict[str, Any], margin: Any
) -> None:
    """It costs its own coin only."""
    other = {**SPOT, "coin": "BTC"}
    steps = ready("bybit").received([push_of(coin, other, margin=margin)], at(5.0))
    errors = [step.error for step in steps if isinstance(step, Warn)]

    assert all(isinstance(error, ProtocolError) for error in errors)
    assert [getattr(error, "currency", "") for error in errors] == ["USDT"]
    assert [r.currency for r in reported(steps)] == ["BTC"]


@pytest.mark.parametrize(
    "data",
    [
        *(None, "?", {}, ["?"], [{}], [{"coin": None}], [{"coin": {}}]),
        [{"coin": ["?"]}],
        [{"coin": [{"walletBalance": "1"}]}],
        [{"coin": [{"coin": "B T", "walletBalance": "1"}]}],
    ],
)
def test_k5_a_push_without_its_coins_is_unreadable(data: Any) -> None:
    """The currency of such a push is unknown."""
    push = frame({"topic": "wallet", "creationTime": 1700034722104, "data": data})
    (step,) = ready("bybit").received([push], at(5.0))

    assert isinstance(step, Warn)
    assert getattr(step.error, "currency", "") is None


@pytest.mark.parametrize("account", ["CONTRACT", "SPOT", "FUND"])
def test_other_accounts_are_skipped(account: str) -> None:
    """Another account's balance of the same coin must not get in."""
    content = json.loads(PUSH)
    other = {**content["data"][0], "accountType": account}
    mixed = frame({**content, "data": [other, *content["data"]]})

    alone = frame({**content, "data": [other]})
    assert list(ready("bybit").received([alone], at(5.0))) == []
    assert amounts(mixed) == amounts(PUSH)


def test_an_account_without_its_type_is_the_unified_one() -> None:
    """There is no other in the version of the API that is asked for."""
    content = json.loads(PUSH)
    del content["data"][0]["accountType"]

    assert amounts(frame(content)) == amounts(PUSH)


def test_a_push_names_all_coins_or_those_that_changed() -> None:
    """K4: the documents do not say which; what is not named is unchanged."""
    part, whole = push_of(SPOT), push_of(SPOT, {**SPOT, "coin": "btc"})

    assert amounts(part) == {"USDT": ("5", "0")}
    assert amounts(whole) == {"USDT": ("5", "0"), "BTC": ("5", "0")}
    assert kinds(ready("bybit").received([push_of()], at(5.0))) == []


@pytest.mark.parametrize(
    "other",
    [
        {"topic": "order", "creationTime": 1700034722104, "data": []},
        {"topic": "greeks", "data": [{"coin": [SPOT]}]},
        {"topic": "wallet", "op": "subscribe", "success": True},
    ],
)
def test_other_topics_are_skipped(other: Any) -> None:
    """Neither report nor warning."""
    assert list(ready("bybit").received([frame(other)], at(5.0))) == []


TEXTS = st.sampled_from(
    ["0", "", "1", "2.50", "0.00", "-3", "1E2", "?", " 1", "7" * 40, "0." + "1" * 40]
)
FIELDS = ("locked", "bonus", "totalOrderIM", "totalPositionIM", "spotBorrow")


@given(
    wallet=TEXTS,
    fields=st.dictionaries(st.sampled_from(FIELDS), TEXTS),
    margin=st.sampled_from(["0", "", "9", "0.0", "?"]),
)
def test_both_ways_read_the_same(
    wallet: str, fields: dict[str, str], margin: str
) -> None:
    """What the fast way takes is what the tolerant one makes of it."""
    push = push_of({"coin": "USDT", "walletBalance": wallet, **fields}, margin=margin)
    order = bybit_frames.ArrivalOrder()
    fast = bybit_frames.read_expected([push], order)
    if fast is not None:
        assert bybit_frames.read_tolerantly(push, order) == PushedBalances(fast)


@given(
    wallet=st.decimals(-1000, 1000, places=4),
    held=st.lists(st.decimals(0, 1000, places=4), min_size=5, max_size=5),
    margin=st.sampled_from(["", "0", "12"]),
    said=st.booleans(),
)
def test_what_is_owned_is_what_is_there_less_what_is_owed(
    wallet: Decimal, held: list[Decimal], margin: str, said: bool
) -> None:
    """Whatever is held: never more than that is available, and their sum is exact."""
    borrowed, locked, bonus, orders, positions = map(str, held)
    margins = (orders, positions) if said else ("", "")
    try:
        available, in_use = owned(
            str(wallet), borrowed, locked, bonus, *margins, margin
        )
    except Unreadable:
        assert (said, margin) == (False, "")
        return

    total = wallet - Decimal(borrowed)
    assert available + in_use == total
    assert in_use >= 0
    assert available <= max(total, Decimal(0))
