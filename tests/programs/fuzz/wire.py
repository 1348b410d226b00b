"""A second reader of JSON texts, by the standard library, to compare with."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Iterator, NoReturn

from assetstream.model.errors import AssetStreamError
from assetstream.protocol import BalanceReport
from tests.support.specs import KEY, SECRET

__all__ = ["Number", "Pairs", "check_amounts", "check_error", "loads", "objects"]

CODES = ("currency", "cu")
AVAILABLE = ("available", "balance", "b")
LOCKED = ("hold", "onOrders", "locked", "l", "freeze")
#: Errors quote what was received, but not without end; characters.
LONGEST_TEXT = 2000
#: Seconds; a longer wait is garbage, and would keep a stream from coming back.
LONGEST_WAIT = 86_400.0


class Number(str):
    """A number of the text, in its own digits."""


class Pairs(dict[str, Any]):
    """An object; ``all`` holds repeated names as often as they came."""

    all: list[tuple[str, Any]]


def _pairs(items: list[tuple[str, Any]]) -> Pairs:
    pairs = Pairs(items)
    pairs.all = items
    return pairs


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def loads(data: bytes, errors: str = "strict") -> Any:
    """Decode strictly: UTF-8 without BOM, no NaN, numbers as ``Number``.

    ``errors``: what to do with bytes that are no UTF-8, as of ``bytes.decode``.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deep.
    """
    return json.loads(
        data.decode(errors=errors),
        object_pairs_hook=_pairs,
        parse_float=Number,
        parse_int=Number,
        parse_constant=_no_constant,
    )


def objects(value: Any, code: str = "") -> Iterator[tuple[str, Pairs]]:
    """Yield each object within, also in JSON text, and the name it has."""
    if isinstance(value, Pairs):
        yield code, value
        for name, inner in value.all:
            yield from objects(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner, code)
    elif type(value) is str and value[:1] in "[{ \t\r\n":
        try:
            yield from objects(loads(value.encode()), code)
        except (ValueError, RecursionError):
            pass


def _has_amount(pairs: Pairs, names: tuple[str, ...], amount: Decimal | None) -> bool:
    """Return whether one of these names has exactly this number, or no amount."""
    if amount is None:
        return any(pairs.get(name) is None for name in names)
    texts = [v for name, v in pairs.all if name in names and isinstance(v, str)]
    for text in texts:
        try:
            # Digit by digit: 1.0 is not 1 here.
            if str(Decimal(text).copy_abs()) == str(amount):
                return True
        except ArithmeticError:
            pass
    return False


def check_amounts(report: BalanceReport, decoded: Any) -> None:
    """Check that the report's amounts are those on the wire, by their names."""
    for amount in (report.available, report.locked):
        assert amount is None or (amount.is_finite() and not amount.is_signed())
    for code, pairs in objects(decoded):
        named = [v for name, v in pairs.all if name in CODES] + [code]
        if (
            any(type(v) is str and v.upper() == report.currency for v in named)
            and _has_amount(pairs, AVAILABLE, report.available)
            and _has_amount(pairs, LOCKED, report.locked)
        ):
            return
    raise AssertionError(f"not on the wire: {report!r}")


def check_error(error: object, exchange: str) -> None:
    """Check that an error is ours, short, and free of credentials."""
    assert isinstance(error, AssetStreamError)
    assert error.exchange == exchange
    assert error.retry_after is None or 0.0 <= error.retry_after <= LONGEST_WAIT
    assert len(str(error)) < LONGEST_TEXT
    # The frame is kept whole; what it quotes of an escaped secret is no secret text.
    shown = f"{error!r} {vars(error)!r}"
    assert KEY not in shown
    assert SECRET not in shown
