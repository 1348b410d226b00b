"""The address of an engine."""

from __future__ import annotations

import pytest

from assetstream.model.errors import ConfigurationError
from assetstream.sharing.address import EngineAddress, read_address


@pytest.mark.parametrize(
    ("url", "address", "name"),
    [
        ("redis://cache", EngineAddress("redis", "cache"), "redis://cache:6379/0"),
        (
            "rediss://bob:s%40fe@cache:7000/3",
            EngineAddress("rediss", "cache", 7000, "", 3, "bob", "s@fe"),
            "rediss://cache:7000/3",
        ),
        (
            "redis://:only@[::1]/",
            EngineAddress("redis", "::1", password="only"),
            "redis://[::1]:6379/0",
        ),
        ("unix:///run/e.sock", EngineAddress("unix", path="/run/e.sock"), None),
        (
            "unix://bob:pw@/run/e%20.sock",
            EngineAddress("unix", path="/run/e .sock", user="bob", password="pw"),
            "unix:///run/e .sock",
        ),
    ],
)
def test_a_url_is_read(url: str, address: EngineAddress, name: str | None) -> None:
    """Its name has neither user nor password."""
    found = read_address(url)

    assert found == address
    assert found.name == (name or url)
    assert repr(found) == f"<EngineAddress {found.name}>"


@pytest.mark.parametrize(
    "url",
    [
        "http://u:secret@cache",
        "u:secret@cache",
        "redis://u:secret@",
        "redis://u:secret@cache:port",
        "redis://u:secret@cache:99999",
        "redis://u:secret@cache/name",
        "redis://u:secret@cache/123456",
        "redis://u:secret@[cache",
        "redis://cache?password=secret",
        "redis://cache#secret",
        "unix://u:secret@host/path",
        "unix://u:secret@",
        "unix:///",
    ],
)
def test_another_one_is_refused_without_its_password(url: str) -> None:
    """The text says what is wrong, and what to write."""
    with pytest.raises(ConfigurationError, match="URL is not understood") as caught:
        read_address(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "redis://" in caught.value.remedy


def test_what_is_no_text_is_refused() -> None:
    """Its kind is named, for it may be anything."""
    with pytest.raises(ConfigurationError, match="not bytes"):
        read_address(b"redis://u:secret@cache")


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("redis://cache", True),
        ("redis://10.0.0.1", True),
        ("redis://localhost", False),
        ("redis://127.0.0.1", False),
        ("rediss://cache", False),
        ("unix:///run/e.sock", False),
    ],
)
def test_one_that_others_can_listen_to_is_told_apart(url: str, exposed: bool) -> None:
    """TLS, this machine and a socket's file are safe."""
    assert read_address(url).exposed is exposed
