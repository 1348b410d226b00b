"""Hints about the form of a key, which show no part of it."""

from __future__ import annotations

import re

import pytest

from assetstream import CoinW, Upbit

UUID = "c821db84-6fbd-11e4-a9e3-c86000d26d7c"


LETTERS = "0123456789" * 4


@pytest.mark.parametrize(
    ("key", "secret", "hint"),
    [
        (LETTERS, LETTERS[::-1], None),
        (LETTERS, LETTERS, "are the same text"),
        (f'"{LETTERS}"', LETTERS, "access_key begins or ends with a quotation mark"),
        (LETTERS, LETTERS[1:] + "'", "secret_key begins or ends with a quotation mark"),
        (LETTERS[:-4], LETTERS, r"access_key does not look .* \(it has 36 characters"),
        (LETTERS, "your_secret_key", "secret_key does not look like"),
    ],
)
def test_the_look_of_a_key_is_a_hint(key: str, secret: str, hint: str | None) -> None:
    """A missing or foreign part is certain, so its hint comes first."""
    hints = Upbit(key, secret, region="sg").key_hints()

    assert len(hints) == (hint is not None)
    if hint is not None:
        assert re.search(hint, hints[0])
        assert key not in hints[0]
        assert LETTERS[:6] not in hints[0]


@pytest.mark.parametrize("key", [UUID, "anything"])
def test_swapped_values_are_noticed(key: str) -> None:
    """Keys with a form of their own show it; an uncertain one is no fault."""
    hints = CoinW(key, "other" if key == UUID else UUID).key_hints()

    assert ["swapped" in hint for hint in hints] == [True] * (key != UUID)
