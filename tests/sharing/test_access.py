"""The way to a fleet's data."""

from __future__ import annotations

import logging
import ssl
import sys

import pytest

from assetstream.model.errors import ConfigurationError
from assetstream.sharing import access
from assetstream.sharing.access import Access


def test_an_engine_is_made_by_it() -> None:
    """Of the address that was given; nothing is connected."""
    found = Access("redis://bob:s3cret@cache:7/2", "desk", None)

    engine = found.engine()

    assert engine.address is found.address
    assert (found.address.host, found.address.password) == ("cache", "s3cret")
    assert repr(found) == "<Access redis://cache:7/2 desk>"


def test_the_environment_has_it_where_nothing_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty text is none; what to do is said."""
    monkeypatch.setenv("ASSETSTREAM_ENGINE_URL", "rediss://cache")
    assert Access(None, "f", None).address.scheme == "rediss"

    for value in ("", None):
        monkeypatch.delenv("ASSETSTREAM_ENGINE_URL", raising=False)
        if value is not None:
            monkeypatch.setenv("ASSETSTREAM_ENGINE_URL", value)
        with pytest.raises(ConfigurationError, match="set ASSETSTREAM_ENGINE_URL"):
            Access(None, "f", None)


def test_a_context_that_does_not_verify_is_refused() -> None:
    """As for an exchange."""
    context = ssl.create_default_context()
    context.check_hostname = False

    with pytest.raises(ConfigurationError, match="does not verify"):
        Access("rediss://cache", "f", context)


def test_without_redis_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of pip."""
    monkeypatch.delitem(sys.modules, "assetstream.sharing.engine", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(ConfigurationError, match="the package redis") as caught:
        Access("redis://cache", "f", None)

    assert "[redis]" in caught.value.remedy
    assert "pip install" in caught.value.remedy


def test_another_module_that_is_missing_is_told_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is a fault of ours, or of the installation."""
    monkeypatch.delitem(sys.modules, "assetstream.sharing.engine", raising=False)
    monkeypatch.setitem(sys.modules, "assetstream.sharing.engine_socket", None)

    with pytest.raises(ModuleNotFoundError):
        Access("redis://cache", "f", None)


def test_what_can_be_read_on_the_way_is_warned_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for an address, and without the password."""
    monkeypatch.setattr(access, "_warned", set())
    for url in ("redis://localhost", "rediss://cache", "unix:///run/redis"):
        Access(url, "f", None)
    assert not caplog.records

    for fleet in ("f", "g"):
        Access("redis://bob:s3cret@cache", fleet, None)

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("balances and password pass the network")
    assert "redis://cache:6379/0" in record.getMessage()
    assert "s3cret" not in record.getMessage()
