"""Bybit: signatures, regions, the signed read, redaction."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlsplit

import pytest

from assetstream.exchanges import Bybit
from assetstream.exchanges.bybit.exchange import HOSTS, Region, sign
from assetstream.model.errors import ConfigurationError, ExchangeError
from assetstream.protocol import Instant
from tests.exchanges.bybit.spec import make_bybit
from tests.support.specs import KEY, NONCE, SECRET, at, sample, sent


@pytest.mark.parametrize(
    ("text", "secret", "signature"),
    [
        # JKorf/Bybit.Net, BybitRestClientTests.cs; the text is that of the documents.
        (
            "1658384313791XXXXXXXXXX5000category=option&symbol=BTC-29JUL22-25000-C",
            "XXXXXXXXXX",
            "b3a13cbd6f9de0ad7ece696645a98000281be3558716624cfca03debd2f24574",
        ),
        # Golden values in the unit tests of two public clients in C++.
        (
            "1658385579423test_api_key5000category=linear&symbol=BTCUSDT",
            "bybit_secret",
            "b2197ec3bbe623288c6ffdc2faf555ca13af7ad5e4081c333e0e83d6cd5cf4a1",
        ),
        (
            "GET/realtime1658385579423",
            "bybit_secret",
            "328b6383677d3e16e25e53ba954256c548b7209b04c3a93afd68a2efa685ce1b",
        ),
        (
            "GET/realtime1786106096123",
            "test-secret",
            "49a306f2e33774b3492b30b06948a6d1f6116e549323e6cfb3ab40f421755f9b",
        ),
    ],
)
def test_worked_signatures(text: str, secret: str, signature: str) -> None:
    """The signatures are those of other clients' tests, of REST and of the login."""
    assert sign(text, secret) == signature


def test_the_read_is_signed_with_its_time() -> None:
    """Time, key, window and query are signed in this order."""
    call = make_bybit().read(Instant(5.0, 1_658_384_313_791), NONCE)
    url = urlsplit(call.url)

    assert (call.method, call.body) == ("GET", b"")
    assert (url.netloc, url.path) == ("api.bybit.com", "/v5/account/wallet-balance")
    assert url.query == "accountType=UNIFIED"
    assert call.headers == {
        "Accept": "application/json",
        "X-BAPI-API-KEY": KEY,
        "X-BAPI-TIMESTAMP": "1658384313791",
        "X-BAPI-RECV-WINDOW": "10000",
        "X-BAPI-SIGN": sign(f"1658384313791{KEY}10000accountType=UNIFIED", SECRET),
    }


def test_every_region_has_its_hosts() -> None:
    """The hosts of WebSocket and REST are of the same site."""
    assert set(get_args(Region)) == set(HOSTS) == set(Bybit.regions)
    for region, (ws, rest) in HOSTS.items():
        exchange = make_bybit(region=region)
        assert exchange.ws_url == f"wss://{ws}/v5/private"
        assert exchange.rest_url == f"https://{rest}"
        assert ws.partition(".")[2] == rest.partition(".")[2]


def test_another_region_is_refused() -> None:
    """The text names those that there are."""
    with pytest.raises(ConfigurationError, match="region must be one of 'global'"):
        make_bybit(region="mars")


def test_a_key_may_belong_elsewhere() -> None:
    """The same key at every other site, unless the URLs are not Bybit's own."""
    elsewhere = make_bybit(region="eu").elsewhere()
    urls = {"ws_url": "wss://gateway.test", "rest_url": "https://gateway.test"}

    assert set(elsewhere) == set(HOSTS) - {"eu"}
    assert elsewhere["testnet"].rest_url == "https://api-testnet.bybit.com"
    assert elsewhere["demo"].ws_url == "wss://stream-demo.bybit.com/v5/private"
    assert all(
        [*other.credentials.values()] == [KEY, SECRET] for other in elsewhere.values()
    )
    assert make_bybit(**urls).elsewhere() == {}


@pytest.mark.parametrize(
    ("code", "known"), [("10003", False), ("10010", True), ("", False)]
)
def test_some_refusals_show_that_the_key_is_known(code: str, known: bool) -> None:
    """An unknown key may belong to another site; one with a wrong address does not."""
    assert make_bybit().knows_key(ExchangeError("no", code=code)) is known


def test_swapped_keys_are_noticed() -> None:
    """A key has 18 characters, its secret 36."""
    key, secret = "a1" * 9, "b2" * 18
    (hint,) = Bybit(secret, key, region="global").key_hints()

    assert "look swapped" in hint
    assert Bybit(key, secret, region="global").key_hints() == ()
    # The lengths are not published, so others are no fault.
    assert make_bybit().key_hints() == ()


def test_signatures_are_redacted_wherever_they_are_echoed() -> None:
    """Each is made anew, so they are known by their form."""
    exchange = make_bybit()
    login: Any = sent(exchange.conversation({}).opened(at(0.0), NONCE))[0]
    read = exchange.read(at(0.0), NONCE).headers["X-BAPI-SIGN"]
    for signature in (login["args"][2], read, read.upper()):
        for echo in (signature, f'["{signature}"]', f"sign={signature}&x=1"):
            shown = exchange.redacted(f"<{echo}>".encode())
            assert signature.encode() not in shown
            assert b"***" in shown
    # Longer ones are none.
    assert exchange.redacted(b"a" * 65) == b"a" * 65
    assert b"c898" not in exchange.redacted(sample("bybit", "login_expired"))


def test_the_class_explains_what_can_be_spent() -> None:
    """What available means is a choice, and documented where it is read."""
    text = Bybit.__doc__ or ""

    assert "never more than can be spent" in text
    for name in ("walletBalance", "spotBorrow", "totalOrderIM", "totalPositionIM"):
        assert name in text
