"""Exact values, and the refusal of all without a certain meaning."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetstream.exchanges.common.values import (
    CURRENCY_CODES,
    LAST_MILLISECOND,
    MAX_DIGITS,
    MOST_CODES,
    Unreadable,
    amount,
    bounded_decimal,
    currency_code,
    decode,
    milliseconds,
    text,
    unsigned,
    whole_number,
)
from tests.support.strategies import numbers, texts


@pytest.mark.parametrize(
    ("wire", "exact"),
    [
        (b"1386929.37231066771348207123", "1386929.37231066771348207123"),
        (b"0", "0"),
        (b"1.5E-7", "1.5E-7"),
        (b"1.16539E8", "1.16539E+8"),
        (b'"0E-18"', "0E-18"),
        (b'"257.518301140000000"', "257.518301140000000"),
        (b"-0.0", "0.0"),
        (b'"007"', "7"),
        (b'"5."', "5"),
        (b'".5"', "0.5"),
    ],
)
def test_amounts_keep_every_digit(wire: bytes, exact: str) -> None:
    """Numbers and strings become the Decimal of their own digits."""
    assert str(amount(decode(wire))) == exact


@given(
    digits=st.integers(1, 70).flatmap(lambda n: st.integers(0, 10**n - 1)),
    exponent=st.integers(-75, 75),
    form=st.sampled_from([Decimal, str]),
)
@example(digits=10**64 - 1, exponent=0, form=Decimal)
@example(digits=10**64, exponent=0, form=Decimal)
@example(digits=10**63, exponent=-64, form=str)
@example(digits=1, exponent=63, form=str)
@example(digits=0, exponent=64, form=Decimal)
def test_k5_an_amount_has_up_to_64_digits_and_keeps_them(
    digits: int, exponent: int, form: Callable[[Decimal], Any]
) -> None:
    """Digits are counted without an exponent; more are refused, never rounded."""
    value = Decimal(digits).scaleb(exponent, Context(prec=100))
    places = len(str(digits)) + max(exponent, 0), -exponent

    if max(places) <= MAX_DIGITS:
        assert str(amount(form(value))) == str(value)
    else:
        with pytest.raises(Unreadable):
            amount(form(value))


@pytest.mark.parametrize("value", ["NaN", "sNaN", "-NaN", "Infinity", "-Infinity"])
def test_k5_a_decimal_that_is_no_number_is_refused(value: str) -> None:
    """NaN and infinity are refused from any source."""
    with pytest.raises(Unreadable):
        amount(Decimal(value))


@pytest.mark.parametrize("value", ["-1.50", Decimal("-1.50"), "-15E-1", -2])
def test_k5_a_debt_is_read_only_where_it_is_declared(value: object) -> None:
    """Elsewhere it is a fault of the frame."""
    with pytest.raises(Unreadable):
        amount(value)
    number = amount(value, negative=True)

    assert number is not None
    assert number == Decimal(str(value))
    assert str(amount("-0.00", negative=True)) == "0.00"


def test_k4_an_empty_text_is_missing_only_where_it_is_declared() -> None:
    """It stands for what does not apply; a blank stands for nothing."""
    for value, empty in (("", False), (" ", True), (b"", True), (False, True)):
        with pytest.raises(Unreadable):
            amount(value, empty=empty)

    assert amount("", empty=True) is None
    assert amount("0", empty=True) == 0


@given(one=numbers | texts, other=numbers | texts)
@example(one="1", other=".")
@example(one="", other="1")
@example(one="1.2.3", other="4")
@example(one="\u0661", other="1")
@example(one="1_000", other="1")
@example(one="9" * 65, other="1")
def test_what_is_unsigned_is_read_as_any_amount(one: str, other: str) -> None:
    """What the fast way makes of it is what ``amount`` makes of it."""
    if not unsigned(one, other):
        return
    for spelt in (one, other):
        try:
            number = bounded_decimal(spelt)
        except ArithmeticError:
            with pytest.raises(Unreadable):
                amount(spelt)
        else:
            assert str(amount(spelt)) == str(number)


@given(one=numbers, other=numbers)
def test_what_has_no_sign_is_unsigned(one: str, other: str) -> None:
    """With an exponent or without."""
    assert unsigned(one, other)


def test_a_null_amount_is_missing() -> None:
    """K4: null is missing, not zero."""
    assert amount(None) is None


@pytest.mark.parametrize(
    "wire",
    [
        b'"NaN"',
        b'"Infinity"',
        b'" 1"',
        b'"1 "',
        b'"1_000"',
        b'""',
        b'"+1"',
        b'"1,5"',
        b'"\\u0661"',
        b'"0x10"',
        b"-1",
        b'"-0.1"',
        b"true",
        b"[]",
        b"{}",
        b"1E+70",
        b"1E-70",
        b"1E+99999999999999999999999",
        b"-1E+99999999999999999999999",
        b"1E-99999999999999999999999",
        b"0E-99999999999999999999999",
        b"0E+64",
        b"0E-65",
        b"1" * 65,
        b"0." + b"0" * 64 + b"1",
        b'"' + b"9" * 65 + b'"',
        b'"1\\n"',
    ],
)
def test_doubtful_amounts_are_refused(wire: bytes) -> None:
    """K5: negative, not finite, over 64 digits or oddly spelt is unreadable."""
    with pytest.raises(Unreadable):
        amount(decode(wire))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1125899934698144651, 1125899934698144651),
        ("1125899934698144651", 1125899934698144651),
        (Decimal("1.125899934698144651E18"), 1125899934698144651),
        (Decimal("1.5"), None),
        (Decimal("1E+70"), None),
        (Decimal("NaN"), None),
        (Decimal("-1"), None),
        (True, None),
        (-1, None),
        ("-1", None),
        ("1e3", None),
        (None, None),
        ([], None),
    ],
)
def test_whole_numbers_are_exact_beyond_double(value: Any, number: int | None) -> None:
    """Ledger ids above 2**53 stay what they are; anything else is no number."""
    assert whole_number(value) == number


def test_times_end_with_the_year_9999() -> None:
    """A time that no datetime can hold is no time."""
    assert milliseconds(LAST_MILLISECOND) == LAST_MILLISECOND
    assert milliseconds(LAST_MILLISECOND + 1) is None


@pytest.mark.parametrize("code", ["", " ", "A B", "A\n", "x" * 65, None, 5, ["BTC"]])
def test_odd_currency_codes_are_refused(code: object) -> None:
    """A code must be a short printable text."""
    with pytest.raises(Unreadable):
        currency_code(code)


def test_currency_codes_are_upper_case() -> None:
    """Any case of the code on the wire means the same currency."""
    assert currency_code("1inch") == "1INCH"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 99_999, b"1" * 5000])
def test_bad_json_is_unreadable(data: bytes) -> None:
    """Every failure of decoding is the same error."""
    with pytest.raises(Unreadable):
        decode(data)


def test_codes_are_read_as_text() -> None:
    """A code may be a number; nothing nested is printed."""
    assert [text(v) for v in (200, "200", None, [1], True)] == ["200", "200"] + [""] * 3


def test_codes_are_remembered_and_never_too_many() -> None:
    """The cache is bounded, and holds only valid codes."""
    codes = type(CURRENCY_CODES)()
    spellings = [f"c{number}" for number in range(MOST_CODES + 5)]

    assert [codes[s] for s in spellings] == [s.upper() for s in spellings]
    assert len(codes) == MOST_CODES
    for _ in range(2):
        with pytest.raises(Unreadable):
            codes["no code"]
