"""Exchanges whose accounts have API keys."""

from __future__ import annotations

import pytest

from assetstream.exchanges import CoinW
from tests.support.specs import SECRET, make_coinw, make_upbit


def test_words_are_short_printable_and_redacted() -> None:
    """A secret at the cut is removed before the cut."""
    words = make_coinw().own_words("a\x1b[31m\n" + "x" * 280 + SECRET + "tail")

    assert words.startswith("a [31m xxx")
    assert "S3cret" not in words
    assert len(words) <= 300


def test_k5_what_is_unreadable_is_kept_redacted() -> None:
    """The error names its currency, and its frame can be reported."""
    error = make_coinw().unreadable("odd", f"<{SECRET}>".encode(), "BTC")

    assert (error.currency, error.frame, error.exchange) == ("BTC", b"<***>", "coinw")
    assert "CoinW sent something about BTC that cannot be understood: odd" in str(error)


def test_the_form_of_keys_shows_sources_and_lengths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No part of a key is in it."""
    monkeypatch.setenv("COINW_SECRET_KEY", SECRET)

    assert CoinW("abc").key_form == (
        f"api_key: 3 characters, COINW_SECRET_KEY: {len(SECRET)} characters"
    )


def test_texts_about_refusals_are_filled_in_by_the_exchange() -> None:
    """Each exchange declares what its own texts need."""
    upbit, coinw = make_upbit(region="th"), make_coinw(origin=None)

    assert upbit.placeholders == {
        "access_key": "access_key",
        "secret_key": "secret_key",
        "title": "Upbit",
        "region": "th",
        "regions": "sg, id, th or kr",
    }
    assert coinw.placeholders["origin"] == "None"
