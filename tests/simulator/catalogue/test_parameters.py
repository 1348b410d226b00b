"""Readers of the faults' parameters."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from assetstream.simulator.catalogue.parameters import (
    interval,
    names,
    share,
    shift,
    size,
    url,
)

READ: list[tuple[Callable[[str], Any], str, Any]] = [
    (shift, "30", 30.0),
    (shift, "-1.5", -1.5),
    (shift, "500ms", 0.5),
    (shift, "2m", 120.0),
    (interval, "0", 0.0),
    (share, "0.25", 0.25),
    (size, "0012", 12),
    (url, "ws://127.0.0.1:9/", "ws://127.0.0.1:9/"),
    (names, "btc+ETH", ["BTC", "ETH"]),
]
WRONG: list[tuple[Callable[[str], Any], str, str]] = [
    (shift, "soon", "'soon' is no time"),
    (shift, "inf", "'inf' is no time"),
    (shift, "nan", "'nan' is no time"),
    (interval, "-1", "'-1' is below 0"),
    (share, "1.01", "'1.01' is no share"),
    (share, "half", "'half' is no share"),
    (share, "nan", "'nan' is no share"),
    (size, "-1", "'-1' is no number of bytes"),
    (size, "\u0661", "is no number of bytes"),
    (url, "127.0.0.1", "'127.0.0.1' is no URL"),
    (url, "ws://", "'ws://' is no URL"),
    (names, "BTC++ETH", "names no currencies"),
]


@pytest.mark.parametrize(("read", "text", "value"), READ)
def test_a_value_is_read(read: Callable[[str], Any], text: str, value: Any) -> None:
    """The value has the type that the fault takes."""
    assert read(text) == value


@pytest.mark.parametrize(("read", "text", "words"), WRONG)
def test_a_wrong_value_is_explained(
    read: Callable[[str], Any], text: str, words: str
) -> None:
    """The explanation is one line."""
    with pytest.raises(ValueError, match=words) as raised:
        read(text)

    assert "\n" not in str(raised.value)
