"""Bad configuration is refused at once, with the remedy and without the secret."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.exchanges import CoinW, Upbit
from assetstream.model.errors import ConfigurationError
from tests.support.specs import KEY, SECRET, make_coinw, make_upbit

WSS, HTTPS = "wss://gate.example/ws", "https://gate.example"


@pytest.mark.parametrize(
    "key", ["", "  ", "a b", "abc\n", " abc", "abc\t", "ab\x00c", "schlüssel", 7, b"ab"]
)
def test_a_bad_key_is_refused(key: Any) -> None:
    """Empty, stray blanks, line breaks and other types are named, never shown."""
    with pytest.raises(ConfigurationError, match="access_key") as caught:
        Upbit(key, SECRET, region="sg")

    assert "UPBIT_ACCESS_KEY" in str(caught.value)
    assert "schl" not in str(caught.value)


def test_a_bad_key_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A line break copied into a variable is found."""
    monkeypatch.setenv("COINW_SECRET_KEY", f"{SECRET}\n")

    with pytest.raises(ConfigurationError, match="COINW_SECRET_KEY") as caught:
        CoinW(KEY)
    assert SECRET not in str(caught.value)


def test_an_empty_argument_does_not_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key given as "" is a mistake, even if the variable is set."""
    monkeypatch.setenv("COINW_API_KEY", "other")

    with pytest.raises(ConfigurationError, match="api_key is empty"):
        CoinW("", SECRET)


@pytest.mark.parametrize(
    ("option", "value", "listed"),
    [
        ("region", "us", "'sg', 'id', 'th', 'kr'"),
        ("region", None, "'sg'"),
        ("format", "simple", "'SIMPLE_LIST'"),
        ("algorithm", "RS256", "'HS256', 'HS512'"),
    ],
)
def test_unknown_choices_list_the_known(option: str, value: Any, listed: str) -> None:
    """The message lists the choices."""
    with pytest.raises(ConfigurationError, match=option) as caught:
        make_upbit(**{option: value})

    assert listed in str(caught.value)
    assert (caught.value.exchange, caught.value.fatal) == ("upbit", True)


@pytest.mark.parametrize("given", [{"ws_url": WSS}, {"rest_url": HTTPS}])
def test_half_an_override_is_refused(given: dict[str, str]) -> None:
    """One URL alone would send credentials to the real host."""
    with pytest.raises(ConfigurationError, match="both URLs or neither") as caught:
        make_upbit(**given)
    assert (caught.value.exchange, caught.value.fatal) == ("upbit", True)


@pytest.mark.parametrize(
    "url",
    [
        "ws://gate.example",
        "ws://10.0.0.1",
        "ws://127.0.0.1.evil.example",
        "gate.example",
        "https://gate.example",
        "wss://",
        "wss://user:pw@gate.example",
        "wss://h/?a=b",
        "wss://h/#x",
        "wss://h:99999",
        "wss://h h",
        "wss://h\n",
        "wss://h\\@evil",
        5,
        "",
        "ws://127.0.0.1@evil.example",
        "ws://127.1",
        "wss://bücher.example",
        "wss://[::1",
    ],
)
def test_bad_websocket_urls_are_refused(url: Any) -> None:
    """Scheme, host, user, query, and plain text beyond loopback are checked."""
    with pytest.raises(ConfigurationError, match="ws_url") as caught:
        make_coinw(ws_url=url, rest_url=HTTPS)

    assert "pw" not in str(caught.value)
    assert (caught.value.exchange, caught.value.fatal) == ("coinw", True)


@pytest.mark.parametrize("url", ["http://gate.example", "wss://x", "https://u@x", "x"])
def test_bad_rest_urls_are_refused(url: str) -> None:
    """REST's URL is checked like the WebSocket's."""
    with pytest.raises(ConfigurationError, match="rest_url"):
        make_coinw(ws_url=WSS, rest_url=url)


@pytest.mark.parametrize("host", ["127.0.0.1:81", "127.8.9.1", "[::1]:81", "localhost"])
def test_loopback_needs_no_encryption(host: str) -> None:
    """A local simulator may use plain text; a last slash is ignored."""
    exchange = make_upbit(ws_url=f"ws://{host}/x", rest_url=f"http://{host}/")

    assert (exchange.ws_url, exchange.rest_url) == (f"ws://{host}/x", f"http://{host}")


@pytest.mark.parametrize("origin", ["www.coinw.com", "https://x/y", "https://", 5, ""])
def test_bad_origins_are_refused(origin: Any) -> None:
    """An Origin is a scheme and a host."""
    with pytest.raises(ConfigurationError, match="origin"):
        make_coinw(origin=origin)
