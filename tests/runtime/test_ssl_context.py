"""The user's TLS context: TLS 1.2 at least, on every Python."""

from __future__ import annotations

import ssl
from typing import Callable

import pytest

from assetstream import AssetStream, CoinW, ConfigurationError
from assetstream.runtime import ssl_context
from assetstream.simulator.account import Account

VERSION = ssl.TLSVersion

# Python warns that the minimums refused here are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")


def make(context: ssl.SSLContext) -> AssetStream:
    return AssetStream(CoinW("k" * 8, "s" * 8), ssl_context=context)


def lowered(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a verifying context with this minimum."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = version
    return context


@pytest.mark.parametrize(
    "context",
    [
        ssl.create_default_context,
        lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        lambda: lowered(VERSION.TLSv1_2),
        lambda: lowered(VERSION.TLSv1_3),
        lambda: lowered(VERSION.MAXIMUM_SUPPORTED),
    ],
    ids=["default", "bare", "TLSv1_2", "TLSv1_3", "MAXIMUM_SUPPORTED"],
)
def test_a_modern_context_is_taken(context: Callable[[], ssl.SSLContext]) -> None:
    """The context in the documentation is accepted."""
    assert make(context()).state == "NEW"


@pytest.mark.parametrize("version", [VERSION.SSLv3, VERSION.TLSv1, VERSION.TLSv1_1])
def test_an_older_minimum_is_refused(version: ssl.TLSVersion) -> None:
    """The error has the line that mends it."""
    context = lowered(version)
    with pytest.raises(
        ConfigurationError, match=r"minimum_version = ssl\.TLSVersion\.TLSv1_2"
    ):
        make(context)

    context.minimum_version = VERSION.TLSv1_2
    assert make(context).state == "NEW"


def test_whatever_is_supported_is_refused_where_somebody_has_set_it() -> None:
    """MINIMUM_SUPPORTED is refused if it was set explicitly."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).minimum_version
    if own == VERSION.MINIMUM_SUPPORTED:
        pytest.skip("this system's contexts begin there, so nothing can be seen")
    with pytest.raises(ConfigurationError, match=r"TLS below 1\.2"):
        make(lowered(VERSION.MINIMUM_SUPPORTED))


def test_a_systems_own_default_counts_by_its_security_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenSSL 3 allows less than TLS 1.2 at level 0 only; older ones at 1."""
    monkeypatch.setattr(
        ssl_context, "default_minimum", lambda: VERSION.MINIMUM_SUPPORTED
    )
    monkeypatch.setattr(ssl, "OPENSSL_VERSION_INFO", (3, 0, 0, 0, 0))
    context = lowered(VERSION.MINIMUM_SUPPORTED)
    assert make(context).state == "NEW"

    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ConfigurationError, match=r"TLS below 1\.2"):
        make(context)

    monkeypatch.setattr(ssl, "OPENSSL_VERSION_INFO", (1, 1, 1, 0, 15))
    with pytest.raises(ConfigurationError, match=r"TLS below 1\.2"):
        make(lowered(VERSION.MINIMUM_SUPPORTED))


@pytest.mark.parametrize("huge", [1e10, 1e300, 10**400])
def test_a_timeout_of_any_size_is_accepted(account: Account, huge: float) -> None:
    """A stream with such times connects, is waited for, and stops."""
    stream = AssetStream(
        account.exchange(), connect_timeout=huge, audit_interval=huge, on_error=print
    )
    stream.start(timeout=huge)
    assert stream.health().detection_time is not None
    assert stream.stop(timeout=huge)
