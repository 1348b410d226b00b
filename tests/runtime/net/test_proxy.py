"""The choice of the proxy for a server."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from assetstream.libraries import install_command
from assetstream.model.errors import ConfigurationError
from assetstream.runtime.net.proxy import Proxy, check_proxy, choose

HOST = "exchange.test"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove this machine's own proxies from the environment."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_PROXY".upper(), raising=False)


def chosen(host: str = HOST, *, secure: bool = True) -> str:
    """Return the name of the environment's proxy for a host, "" without one."""
    proxy = choose(None, host, 443, secure=secure)
    return proxy.name if proxy else ""


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy", Proxy("http", "proxy", 80, "", "")),
        ("HTTP://Proxy:8080/", Proxy("http", "proxy", 8080, "", "")),
        ("socks5://[::1]", Proxy("socks5", "::1", 1080, "", "")),
        ("socks5h://a:b%40c@p:1", Proxy("socks5h", "p", 1, "a", "b@c")),
        ("http://token@p:1", Proxy("http", "p", 1, "token", "")),
    ],
)
def test_a_url_is_understood(url: str, proxy: Proxy) -> None:
    """A URL has host, port, user and password, percent-decoded."""
    check_proxy(url)
    assert choose(url, HOST, 443, secure=True) == proxy


@pytest.mark.parametrize(
    "url",
    [
        "",
        "proxy:8080",
        "http://",
        "http://p:99999",
        "http://u:SECRET/x@p:1",
        "https://u:SECRET@p:1",
        "socks4://u:SECRET@p:1",
        "socks5://SECRET@p:1",
        "socks5://:SECRET@p:1",
        "socks5://u:SECRET%C3%A9@p:1",
        "socks5://u:" + "SECRET" * 43 + "@p:1",
        "http://u%3Ax:SECRET@p:1",
        "http://u:SECRET%E2%82%AC@p:1",
    ],
)
def test_a_bad_url_is_refused_without_being_shown(url: str) -> None:
    """The ConfigurationError hides the password."""
    with pytest.raises(ConfigurationError) as caught:
        check_proxy(url)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None


def test_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the install command; without a proxy it is not needed."""
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(ConfigurationError, match=re.escape(install_command("proxy"))):
        check_proxy("http://proxy:8080")
    assert chosen() == ""


def test_a_repr_shows_no_password() -> None:
    """The user is hidden, too."""
    proxy: Any = choose("http://USER:SECRET@p:1", HOST, 443, secure=True)
    assert repr(proxy) == str(proxy) == "<Proxy http://p:1>"


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_the_environments_proxy_is_used(
    monkeypatch: pytest.MonkeyPatch, case: Any
) -> None:
    """HTTPS_PROXY is for TLS, HTTP_PROXY for plain, ALL_PROXY for both."""
    monkeypatch.setenv(case("all_proxy"), "socks5h://everything:1")
    assert chosen() == chosen(secure=False) == "everything:1"
    monkeypatch.setenv(case("https_proxy"), "http://secure:2")
    monkeypatch.setenv(case("http_proxy"), "plain:3")
    assert chosen() == "secure:2"
    assert chosen(secure=False) == "plain:3"


def test_the_own_url_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NO_PROXY does not apply to it."""
    monkeypatch.setenv("https_proxy", "http://environment:1")
    monkeypatch.setenv("no_proxy", "*")
    proxy = choose("http://own:2", HOST, 443, secure=True)
    assert proxy is not None
    assert proxy.name == "own:2"


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ("*", False),
        ("test", False),
        (".test", False),
        ("other.test, EXCHANGE.test", False),
        ("exchange.test:443", False),
        ("exchange.test:8443", True),
        ("change.test", True),
        ("", True),
    ],
)
def test_no_proxy_is_honoured(
    monkeypatch: pytest.MonkeyPatch, value: str, used: bool
) -> None:
    """Hosts, domains and host:port are reached without the environment's proxy."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", value)
    assert bool(chosen()) is used


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.8.0.1", "::1"])
def test_this_machine_is_reached_without(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The environment's proxy is skipped for loopback; an explicit one is used."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    assert chosen(host) == ""
    assert choose("http://proxy:1", host, 443, secure=True) is not None


def test_a_bad_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable, not its value."""
    monkeypatch.setenv("https_proxy", "https://u:SECRET@proxy:1")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        chosen()
    assert "SECRET" not in str(caught.value)
