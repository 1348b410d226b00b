"""Hypothesis strategies for amounts and codes, and JSON that keeps digits."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from assetstream.protocol import BalanceReport

__all__ = ["Raw", "codes", "digits", "dump", "facts", "numbers", "texts", "times"]

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
#: What numbers, codes and JSON are made of, and what only looks like it. All of Unicode
#: would be a table that hypothesis makes anew in each fresh checkout, in a second.
ODD = (
    '0123456789.,-+eE_NaInfityx \t\n\x00"\\/{}[]'
    "\u0661\uff11\u00bd\u00e9\uac00\u202e\ufeff"
)
texts = st.text(ODD, max_size=12)


class Raw:
    """A number that JSON gets with its own digits."""

    def __init__(self, digits: str, quoted: bool) -> None:
        self.text = f'"{digits}"' if quoted else digits


def dump(value: Any) -> str:
    """Write JSON; ``Raw`` numbers keep their digits."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{dump(k)}:{dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value)


def facts(report: BalanceReport) -> tuple[Any, ...]:
    """Return a report's fields but the frame, amounts digit by digit."""
    amounts = str(report.available), str(report.locked)
    return report.currency, *amounts, report.key, report.update_id
