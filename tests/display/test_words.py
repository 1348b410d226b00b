"""Amounts, times and names as people read them."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from assetstream.display.words import (
    MOST_NAMES,
    aged,
    counted,
    digits,
    held,
    lasting,
    listed,
    named,
    placed,
    signed,
)

LONG = "1386929.3723106677134820712300000000000000000001"


def test_digits_are_all_there() -> None:
    """Amounts have every digit and no exponent; zero is 0."""
    assert digits(Decimal(LONG)) == LONG
    assert digits(Decimal("1E-7")) == "0.0000001"
    assert digits(Decimal("1.50")) == "1.50"
    assert digits(Decimal("0E-8")) == "0"


def test_what_is_held_has_both_of_its_amounts() -> None:
    """Nothing locked is not mentioned."""
    assert held(Decimal("5.0"), Decimal("0E-8")) == "5.0"
    assert held(Decimal("0"), Decimal("2")) == "0 and 2 locked"


def test_a_change_has_its_sign() -> None:
    """Padding zeros are left out; no change is an empty text."""
    assert signed(Decimal("0.2500")) == "+0.25"
    assert signed(Decimal("-100")) == "-100"
    assert signed(Decimal("0.00")) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.00001, "under 0.1 ms"),
        (0.00051, "0.5 ms"),
        (0.003, "3 ms"),
        (0.0124, "12 ms"),
        (3.21, "3.2 s"),
        (3, "3 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (192, "3 min 12 s"),
        (7500, "2 h 5 min"),
        (86400 * 3 + 3600, "3 d 1 h"),
    ],
)
def test_durations_are_in_two_units_at_most(seconds: float, words: str) -> None:
    """Durations have the precision that people read."""
    assert lasting(seconds) == words


def test_an_age_is_in_whole_seconds() -> None:
    """An infinite age is written as a word."""
    assert [aged(seconds) for seconds in (0.0, 0.9, 61.5)] == [
        "0 s",
        "0 s",
        "1 min 1 s",
    ]
    assert aged(math.inf) == "unknown"


def test_counting() -> None:
    """Counts have the singular or the plural."""
    assert counted(1, "balance") == "1 balance"
    assert counted(0, "balance") == "0 balances"


def test_very_many_names_are_cut_short() -> None:
    """Long lists of names fit in a line."""
    assert named(["BTC", "ETH"]) == "BTC, ETH"
    assert named(["BTC", "ETH", "XRP"], 1) == "BTC and 2 more"
    assert named([str(n) for n in range(MOST_NAMES + 1)]).endswith("19 and 1 more")


def test_lists_end_with_a_conjunction() -> None:
    """A single name has no conjunction."""
    assert listed(["sg"]) == "sg"
    assert listed(["sg", "id", "kr"]) == "sg, id and kr"
    assert listed({"sg": 1, "id": 2}, "or") == "sg or id"


def test_a_label_that_has_the_exchanges_name_says_enough() -> None:
    """Any other label has the exchange behind it."""
    assert placed("main", "upbit") == "main on upbit"
    assert placed("upbit", "upbit") == "upbit"
    assert placed("Upbit-2", "upbit") == "Upbit-2"
