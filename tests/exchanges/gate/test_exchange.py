"""Gate: signatures, regions, the signed read, redaction."""

from __future__ import annotations

import hashlib

import pytest

from assetstream import ConfigurationError, ExchangeError, Gate
from assetstream.exchanges.gate.conversation import subscription_text
from assetstream.exchanges.gate.exchange import read_text, sign
from assetstream.protocol import Instant
from tests.exchanges.gate.spec import make_gate
from tests.support.specs import KEY, NONCE, SECRET, at, frame, sent

VECTOR_SECRET = "55de8bdbfca4f783979559baaa079f1cde28795e1b8b4527e7c22c8978c3f44c"


def test_a_worked_signature() -> None:
    """An order signed in another client's tests (ccapi, ``gateio/test.cpp``)."""
    body = '{"price":"20000","amount":"0.001","side":"buy","currency_pair":"BTC_USDT"}'
    hashed = hashlib.sha512(body.encode()).hexdigest()
    text = f"POST\n/api/v4/spot/orders\n\n{hashed}\n1633741332"

    assert sign(text, VECTOR_SECRET) == (
        "0ece8964567fd0f3ed3323c9e9ffe3332869eabb3098e5b6e5a665a85b757cf3"
        "df6c16bfb9dcae7427b8937b7a3f754140e6aab5e9c66a61292e9b361d97a3c4"
    )


def test_signatures_that_the_official_sdks_make() -> None:
    """Of gate-ws 0.5.6 and gate-api 7.2.161, their clock held still at this time."""
    subscription = sign(subscription_text(1633741332), VECTOR_SECRET)
    read = sign(read_text("1633741332"), VECTOR_SECRET)

    assert subscription == (
        "72f7dd4dbeec1d20fe6f26acb3666cbda2a77dbc0977e1ecb5922ef1250a824f"
        "62148b0bd56572c34b12df847896c05b27b781381b52856bbda04a0b47792155"
    )
    assert read == (
        "1e4bdc42403367917215ae6a454634e206ebb560648bd865efa9a3f78af38fea"
        "3a98eec935f72b43d494d4fb058c5efe792191c0ec0f0763623f93b5fd9b1251"
    )


def test_the_signed_texts_are_the_documents() -> None:
    """The formulas of Gate's pages; the hash is that of no body at all."""
    empty = (
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    )

    assert subscription_text(5) == "channel=spot.balances&event=subscribe&time=5"
    assert read_text("5") == f"GET\n/api/v4/spot/accounts\n\n{empty}\n5"


def test_the_read_is_signed_with_its_time() -> None:
    """Whole seconds of the exchange's own time, and the exchange's own path."""
    urls = {"ws_url": "wss://gateway.example/x", "rest_url": "https://gateway.example/"}
    call = make_gate(**urls).read(Instant(3.0, 1_633_741_332_999), NONCE)

    assert call.method == "GET"
    assert call.url == "https://gateway.example/api/v4/spot/accounts"
    assert call.headers == {
        "Accept": "application/json",
        "KEY": KEY,
        "Timestamp": "1633741332",
        "SIGN": sign(read_text("1633741332"), SECRET),
    }


@pytest.mark.parametrize(
    ("region", "ws_url", "rest_url"),
    [
        ("global", "wss://api.gateio.ws/ws/v4/", "https://api.gateio.ws"),
        (
            "testnet",
            "wss://ws-testnet.gate.com/v4/ws/spot",
            "https://api-testnet.gateapi.io",
        ),
    ],
)
def test_regions(region: str, ws_url: str, rest_url: str) -> None:
    """Each has its own hosts, and knows the other."""
    exchange = make_gate(region=region)
    (other,) = exchange.elsewhere().items()

    assert (exchange.ws_url, exchange.rest_url) == (ws_url, rest_url)
    assert other[0] != region
    assert other[1].elsewhere().keys() == {region}


def test_a_gateways_key_is_shown_to_no_real_host() -> None:
    """The doctor looks elsewhere at Gate's own hosts only."""
    urls = {"ws_url": "ws://127.0.0.1:1/x", "rest_url": "http://127.0.0.1:1"}

    assert make_gate(**urls).elsewhere() == {}


def test_there_is_no_other_region() -> None:
    """The text lists those that there are."""
    with pytest.raises(ConfigurationError, match="'global', 'testnet', not 'eu'"):
        make_gate(region="eu")


def test_signatures_are_redacted() -> None:
    """A refusal may repeat the request; other digits are left alone."""
    exchange = make_gate()
    call = exchange.read(at(0.0), NONCE)
    (subscription,) = sent(exchange.conversation({}).opened(at(0.0), NONCE))
    for signature in (call.headers["SIGN"], subscription["auth"]["SIGN"]):
        assert exchange.redacted(f"<{signature}>".encode()) == b"<***>"
        assert exchange.redacted(frame({"a": signature})) == b'{"a": "***"}'
        assert exchange.redacted(f"{signature}0".encode()) != b"***0"


@pytest.mark.parametrize(
    ("label", "known"), [("INVALID_SIGNATURE", True), ("INVALID_KEY", False)]
)
def test_a_wrong_signature_shows_that_the_key_is_known(label: str, known: bool) -> None:
    """So the region is right."""
    exchange = make_gate()
    with pytest.raises(ExchangeError) as caught:
        exchange.read_replied(401, {}, frame({"label": label, "message": "?"}))

    assert exchange.knows_key(caught.value) is known


def test_swapped_keys_are_noticed() -> None:
    """A key has 32 hexadecimal digits, a secret 64."""
    (hint,) = Gate("5" * 64, "f" * 32, region="global").key_hints()

    assert "look swapped" in hint
