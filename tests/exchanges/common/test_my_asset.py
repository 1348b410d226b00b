"""Frames of Upbit's dialect, read tolerantly."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.exchanges.common.my_asset import (
    ErrorNotice,
    StatusUp,
    SubscriptionList,
    read_error,
    read_tolerantly,
)
from assetstream.exchanges.common.values import Unreadable
from tests.support.specs import frame

PUSH = {
    "type": "myAsset",
    "assets": [{"currency": "btc", "balance": "1.50", "l": 0}],
    "asttms": "5",
    "timestamp": 7,
}


def test_a_push_may_be_spelt_in_any_way() -> None:
    """Long and short keys, texts and numbers, with or without an identifier."""
    (pushed,) = read_tolerantly(frame(PUSH))
    (named,) = read_tolerantly(frame({**PUSH, "astuid": "u"}))

    assert isinstance(pushed, PushedBalances)
    assert isinstance(named, PushedBalances)
    (report,) = pushed.balances
    assert (report.currency, str(report.available)) == ("BTC", "1.50")
    assert (report.locked, report.key, report.update_id) == (0, (5, 7), None)
    assert named.balances[0].update_id == "u"


@pytest.mark.parametrize(
    ("content", "item"),
    [
        ({"status": "UP"}, StatusUp()),
        ({"error": {"name": "A", "message": 1}}, ErrorNotice("A", "1")),
        ({"error": "words"}, ErrorNotice("", "words")),
        (
            {"mthd": "LIST_SUBSCRIPTIONS", "rslt": [{"ty": "a"}, "b", 1]},
            SubscriptionList(["a", "b"]),
        ),
        ({"method": "LIST_SUBSCRIPTIONS", "result": None}, SubscriptionList([])),
        ({"type": "myAsset"}, PushedBalances([], {None: "it has no list of assets"})),
    ],
)
def test_each_kind_of_frame_is_told_from_the_others(content: Any, item: Any) -> None:
    """By what is in it; alone or in a list."""
    assert read_tolerantly(frame(content)) == [item]
    assert read_tolerantly(frame([content])) == [item]


def test_another_topic_holds_nothing() -> None:
    """Orders are nothing to us."""
    assert read_tolerantly(frame({"type": "myOrder"})) == []


def test_much_of_unknown_meaning_is_named_once() -> None:
    """Once a frame is enough."""
    items = read_tolerantly(frame([1, {}, {"status": "UP"}]))

    assert items == [UnreadableFrame("not an object"), StatusUp()]


def test_what_is_no_json_is_refused() -> None:
    """The caller says what that means."""
    with pytest.raises(Unreadable):
        read_tolerantly(b"[")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error":{"name":"a","message":"b"}}', ErrorNotice("a", "b")),
        (b'{"error":{"name":404}}', ErrorNotice("404", "")),
        (b'{"error":{"message":"b"}}', None),
        (b'{"error":"words"}', None),
        (b"[]", None),
        (b"<html>", None),
    ],
)
def test_an_error_of_http_needs_a_name(body: bytes, error: ErrorNotice | None) -> None:
    """Anything else may be a proxy's."""
    assert read_error(body) == error
