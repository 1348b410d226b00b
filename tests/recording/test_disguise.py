"""The disguise of a tape: what stays, and what is hidden."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal

import pytest

from assetstream.exchanges.common.values import amount
from assetstream.recording.disguise import Disguise


@pytest.fixture
def disguise() -> Disguise:
    """Return the disguise of a tape."""
    return Disguise()


def test_the_same_is_disguised_in_the_same_way(disguise: Disguise) -> None:
    """A text has one disguise in a tape, and another in the next tape."""
    identifier = str(uuid.uuid4())

    assert disguise.opaque(identifier) == disguise.opaque(identifier) != identifier
    assert disguise.opaque(identifier) != Disguise().opaque(identifier)
    assert disguise.opaque(identifier) != disguise.opaque(str(uuid.uuid4()))


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("Minsu-7", r"[A-Z][a-z]{4}-[0-9]"),
        ("12345678", r"[1-9][0-9]{7}"),
        ("-0.25e-3", r"-0\.[0-9]{2}e-[1-9]"),
        ("민수", r"[a-z]{2}"),
        (
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ),
    ],
)
def test_the_shape_stays(disguise: Disguise, text: str, shape: str) -> None:
    """A date stays different from a number, and a number stays a number."""
    assert re.fullmatch(shape, disguise.opaque(text))


@pytest.mark.parametrize(
    "telling",
    [
        "203.0.113.77",
        "2001:db8:85a3::8a2e:370:7334",
        "minsu.kim@example.com",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "user 40718832",
        "eyJhbGciOiJI.eyJh",
        "9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_prose_loses_what_identifies_a_person(disguise: Disguise, telling: str) -> None:
    """Words, status codes and times of day stay."""
    shown = disguise.prose(f"No (429): {telling} is not verified at 20:10:19, 5 tries")

    assert shown.startswith("No (429): ")
    assert shown.endswith(" is not verified at 20:10:19, 5 tries")
    assert telling not in shown


def test_no_number_is_left_where_any_may_be_an_amount(disguise: Disguise) -> None:
    """Short numbers are disguised as well."""
    shown = disguise.numberless("you have 7123.256789 BTC and 3 orders of 1,500,123")

    assert not {"7123.256789", "1,500,123"} & set(shown.split())
    assert shown.startswith("you have ")


def test_order_and_distance_of_numbers_stay(disguise: Disguise) -> None:
    """The order decides which of two pushes is newer."""
    first = 1125899934698144651

    assert disguise.ordered(first) > first
    assert disguise.ordered(first + 1) - disguise.ordered(first) == 1
    assert disguise.ordered(first) < 2**63


def test_amounts_are_multiplied_exactly(disguise: Disguise) -> None:
    """One factor for each currency keeps sums, ratios and zeros."""
    amounts = ["1", "1386929.37231066771348207123", "10329.670127489597585685"]
    scaled = [Decimal(disguise.scaled("SGD", each)) for each in amounts]
    factor = scaled[0]

    assert factor != 1
    assert [Decimal(x) * factor for x in amounts[:1]] == scaled[:1]
    for plain, other in zip(amounts, scaled, strict=True):
        assert amount(str(other)) is not None, "as readable as it was"
        assert str(other / factor) == plain or abs(other / factor - Decimal(plain)) < (
            Decimal("1E-20")
        )
    assert disguise.scaled("SGD", "0.000") == "0.000"
    assert Decimal(disguise.scaled("BTC", "1")) != factor


def test_an_exponent_stays_one(disguise: Disguise) -> None:
    """Even an absurd exponent is not written out."""
    assert re.fullmatch(r"[0-9.]+E-[0-9]+", disguise.scaled("BTC", "1.5E-7"))
    assert len(disguise.scaled("BTC", "1E999999999")) < 30
