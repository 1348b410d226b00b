"""Refusals and losses that are told in the same way at every exchange."""

from __future__ import annotations

import pytest

from assetstream.exchanges.common.refusals import lost, retry_after
from tests.support.specs import SECRET, make_coinw

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 12 "}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30 GMT", "date": DATE}, 90.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "999999999"}, 86_400.0),
        ({"retry-after": "Sat, 21 Nov 9999 10:00:00 GMT", "date": DATE}, 86_400.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30 GMT"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30", "date": DATE}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "soon", "date": "later"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_without_a_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Seconds, or a date measured against the reply's own Date."""
    assert retry_after(headers) == seconds


def test_words_are_short_printable_and_redacted() -> None:
    """A secret at the cut is removed before the cut."""
    words = make_coinw().own_words("a\x1b[31m\n" + "x" * 280 + SECRET + "tail")

    assert words.startswith("a [31m xxx")
    assert "S3cret" not in words
    assert len(words) <= 300


def test_a_loss_is_told_with_its_causes() -> None:
    """What happened, what happens next, and what to look at if it goes on."""
    error = lost(make_coinw(), 1006, "")

    assert str(error) == (
        "CoinW closed the connection with code 1006; it reconnects by itself. If this "
        "repeats: maintenance, an unsteady network, or another program with the same "
        "key"
    )
