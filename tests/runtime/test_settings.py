"""What a user passes is checked at once."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream import CoinW, ConfigurationError
from assetstream.runtime.loop.waits import FOR_EVER
from assetstream.runtime.settings import Settings, check_currency, make_settings


def make(**options: Any) -> Settings:
    chosen: dict[str, Any] = {
        "account": "alice",
        "audit_interval": "exchange",
        "connect_timeout": 10,
        "max_pending": 10,
        "history": 0,
        "proxy": None,
        "ssl_context": None,
    }
    return make_settings(CoinW("k" * 8, "s" * 8), **{**chosen, **options})


def test_a_time_of_any_size_is_taken() -> None:
    """A greater whole number may be no float."""
    settings = make(connect_timeout=10**400, audit_interval=10**400)

    assert settings.connect_timeout == settings.audit_interval == FOR_EVER
    assert make(audit_interval=None).audit_interval is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"account": " "}, "account must be"),
        ({"connect_timeout": 0}, "connect_timeout must be"),
        ({"audit_interval": -1}, "audit_interval must be"),
        ({"max_pending": 0}, "max_pending must be"),
        ({"history": True}, "history must be"),
        ({"proxy": 5}, "proxy must be"),
        ({"ssl_context": "verify"}, "ssl_context must be an ssl.SSLContext, not str"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], words: str) -> None:
    """The error begins with the name of what is wrong."""
    with pytest.raises(ConfigurationError, match=words):
        make(**options)


@pytest.mark.parametrize("currency", ["", " ", 5, None, "BTC ", "KRW-BTC", "BTC/USDT"])
def test_no_currency_is_refused(currency: object) -> None:
    """Neither white space nor a market is a currency's code."""
    with pytest.raises(ConfigurationError):
        check_currency(currency)


def test_a_code_that_is_held_is_taken_as_it_is() -> None:
    """However it looks."""
    assert check_currency("krw-btc", {"KRW-BTC"}) == "KRW-BTC"
