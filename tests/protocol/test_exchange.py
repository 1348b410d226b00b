"""The base of every exchange: variables, redaction, twins."""

from __future__ import annotations

import pytest

from assetstream.protocol import exchange as exchange_module
from tests.support.specs import make_coinw, make_upbit


def test_variables_are_named_after_exchange_and_parameter() -> None:
    """The names of variables need no declaration."""
    assert make_upbit().variable("access_key") == "UPBIT_ACCESS_KEY"
    assert make_coinw().variable("ws_url") == "COINW_WS_URL"


def test_what_is_redacted_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pattern is made once, as every close and recorded frame needs it."""
    exchange = make_upbit()
    secret = exchange.credentials["secret_key"].encode()
    assert exchange.redacted(b"<" + secret + b">") == b"<***>"

    monkeypatch.delattr(exchange_module, "_spellings")

    assert exchange.redacted(b"<" + secret + b">") == b"<***>"


def test_a_secret_that_holds_the_key_is_removed_whole() -> None:
    """The longest credential is replaced first."""
    exchange = type(make_coinw())("abcdef", "abcdef-and-more")

    assert exchange.redacted(b"<abcdef-and-more> <abcdef>") == b"<***> <***>"


def test_a_twin_has_other_limits_and_the_same_account() -> None:
    """The exchange itself stays as it is."""
    exchange = make_coinw()
    twin = exchange.with_limits(make_upbit().limits)

    assert type(twin) is type(exchange)
    assert twin.limits == make_upbit().limits != exchange.limits
    assert (twin.fingerprint, twin.ws_url) == (exchange.fingerprint, exchange.ws_url)
    assert repr(twin) == repr(exchange)
