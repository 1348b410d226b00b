"""Binance: signatures, key types, networks, the signed read, redaction."""

from __future__ import annotations

import sys
from typing import Any, get_args
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from assetstream.exchanges import Binance
from assetstream.exchanges.binance.exchange import HOSTS, Region, hmac_signature
from assetstream.exchanges.common.private_keys import Ed25519Signer
from assetstream.model.errors import ConfigurationError, ExchangeError
from assetstream.protocol import Instant
from tests.exchanges.binance.spec import make_binance
from tests.exchanges.common.test_private_keys import LINE, PEM
from tests.support.specs import KEY, NONCE, SECRET, START_MS, at, sent

DOCUMENTED_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
DOCUMENTED_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


# Binance docs, web-socket-api, "SIGNED request example (HMAC)": both sets.
@pytest.mark.parametrize(
    ("params", "signature"),
    [
        (
            {
                "symbol": "BTCUSDT",
                "side": "SELL",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "0.01000000",
                "price": "52000.00",
                "recvWindow": 100,
                "timestamp": 1645423376532,
                "apiKey": DOCUMENTED_KEY,
            },
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            {
                "symbol": "１２３４５６",  # noqa: RUF001 - the documents' own
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "1.00000000",
                "price": "0.10000000",
                "recvWindow": 5000,
                "timestamp": 1645423376532,
                "apiKey": DOCUMENTED_KEY,
            },
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
    ],
    ids=["ASCII", "not ASCII"],
)
def test_worked_signatures(params: dict[str, Any], signature: str) -> None:
    """Parameters are signed in the order of the alphabet, as they are."""
    exchange = Binance(DOCUMENTED_KEY, DOCUMENTED_SECRET, region="global")

    assert exchange.signed(params) == {**params, "signature": signature}


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        # Binance docs, rest-api, "SIGNED Endpoint Examples (HMAC Keys)": both.
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
            "&recvWindow=5000&timestamp=1499827319559",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY"
            "&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
            "&timestamp=1499827319559",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
    ids=["ASCII", "percent-encoded"],
)
def test_worked_signatures_of_rest(query: str, signature: str) -> None:
    """The query is signed as it is sent."""
    assert hmac_signature(query, DOCUMENTED_SECRET) == signature


def test_the_read_is_signed_with_its_time() -> None:
    """Zeros are left out; the key goes into a header."""
    call = make_binance().read(Instant(5.0, 1_658_384_313_791), NONCE)
    url = urlsplit(call.url)
    signed, _, signature = url.query.partition("&signature=")

    assert (call.method, call.body) == ("GET", b"")
    assert (url.netloc, url.path) == ("api.binance.com", "/api/v3/account")
    assert signed == "omitZeroBalances=true&recvWindow=10000&timestamp=1658384313791"
    assert signature == hmac_signature(signed, SECRET)
    assert call.headers == {"Accept": "application/json", "X-MBX-APIKEY": KEY}


@pytest.mark.parametrize("secret", [PEM, LINE, f"\n{PEM}\n"])
def test_an_ed25519_key_signs(secret: str) -> None:
    """The text of its file or the line in it; the signature is percent-encoded."""
    exchange = Binance(KEY, secret, region="global")
    query = urlsplit(exchange.read(Instant(5.0, 1_658_384_313_791), NONCE).url).query
    signed, _, signature = query.partition("&signature=")
    right = Ed25519Signer(LINE)(signed)

    assert exchange.credentials["secret_key"] == LINE
    assert exchange.key_form.endswith("secret_key: 64 characters")
    assert signature == quote(right, safe="")
    assert parse_qs(query)["signature"] == [right]


def test_an_ed25519_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line breaks are kept there, or written as backslash and n."""
    monkeypatch.setenv("BINANCE_API_KEY", KEY)
    for text in (PEM, PEM.replace("\n", "\\n"), LINE):
        monkeypatch.setenv("BINANCE_SECRET_KEY", text)
        assert Binance(region="global").credentials["secret_key"] == LINE


def test_no_library_is_loaded_before_the_first_signature() -> None:
    """An account with such a key is made as quickly as any other."""
    program = (
        "import sys\n"
        "from assetstream import Binance\n"
        f"exchange = Binance({KEY!r}, {LINE!r}, region='global')\n"
        "assert 'cryptography' not in sys.modules\n"
        "exchange.signed({'timestamp': 1})\n"
        "assert 'cryptography' in sys.modules\n"
    )
    names = {"__name__": "a program"}
    loaded = {n: m for n, m in sys.modules.items() if n.startswith("cryptography")}
    for name in loaded:
        del sys.modules[name]
    try:
        exec(program, names)
    finally:
        sys.modules.update(loaded)


@pytest.mark.parametrize(
    ("key", "secret", "problem"),
    [
        (KEY, PEM.replace(" PRIVATE", " RSA PRIVATE"), ""),
        (KEY, PEM.replace("MC4C", "MIIE"), "secret_key is a private key, but not an"),
        (KEY, PEM.replace(" PRIVATE", " PUBLIC"), "secret_key is not the whole file"),
        (KEY, PEM[:40], "secret_key is not the whole file of a private key"),
        (PEM, SECRET, "api_key is the text of a PEM file"),
        (PEM, PEM, "api_key is the text of a PEM file"),
        (KEY, f"{SECRET}\n", "secret_key contains a space, a line break"),
    ],
)
def test_other_keys_are_refused(key: str, secret: str, problem: str) -> None:
    """The text says what it is, and shows no part of it."""
    if not problem:
        assert Binance(key, secret, region="global").credentials["secret_key"] == LINE
        return
    with pytest.raises(ConfigurationError) as caught:
        Binance(key, secret, region="global")

    assert f"Binance: {problem}" in str(caught.value)
    assert caught.value.remedy
    assert LINE[4:20] not in str(vars(caught.value))
    assert caught.value.__cause__ is None


def test_an_ed25519_key_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the command that installs it; other keys need none."""
    monkeypatch.setattr(
        "assetstream.exchanges.binance.exchange.is_installed", lambda: False
    )
    with pytest.raises(ConfigurationError, match=r"cryptography.*\[ed25519\]"):
        Binance(KEY, LINE, region="global")
    assert make_binance().credentials["secret_key"] == SECRET


def test_every_network_has_its_hosts() -> None:
    """Testnet and demo trading are never mixed with the real one."""
    assert set(get_args(Region)) == set(HOSTS) == set(Binance.regions)
    for region, (ws, rest) in HOSTS.items():
        exchange = make_binance(region=region)
        assert exchange.ws_url == f"wss://{ws}/ws-api/v3"
        assert exchange.rest_url == f"https://{rest}"


def test_another_network_is_refused() -> None:
    """The text names those that there are."""
    with pytest.raises(ConfigurationError, match="region must be one of 'global'"):
        make_binance(region="us")


def test_a_key_may_belong_elsewhere() -> None:
    """The same key at every other network, unless the URLs are not Binance's own."""
    urls = {"ws_url": "wss://gateway.test", "rest_url": "https://gateway.test"}
    for secret in (SECRET, LINE):
        elsewhere = Binance(KEY, secret, region="demo").elsewhere()
        assert set(elsewhere) == {"global", "testnet"}
        assert elsewhere["testnet"].rest_url == "https://testnet.binance.vision"
        assert all(
            [*other.credentials.values()] == [KEY, secret]
            for other in elsewhere.values()
        )
    assert make_binance(**urls).elsewhere() == {}


@pytest.mark.parametrize(
    ("code", "known"), [("-2015", False), ("-1022", True), ("", False)]
)
def test_some_refusals_show_that_the_key_is_known(code: str, known: bool) -> None:
    """-2015 may mean that it is not, or its address, or its permissions."""
    assert make_binance().knows_key(ExchangeError("no", code=code)) is known


def test_keys_of_another_form_are_no_fault() -> None:
    """The forms are not published; only the same text twice is wrong for certain."""
    assert make_binance().key_hints() == ()
    assert "the same text" in Binance(KEY, KEY, region="global").key_hints()[0]


@pytest.mark.parametrize("secret", [SECRET, LINE])
def test_signatures_are_redacted_wherever_they_are_echoed(secret: str) -> None:
    """Each is made anew, so they are known by their form."""
    exchange = Binance(KEY, secret, region="global")
    subscription = sent(exchange.conversation({}).opened(at(0.0), NONCE))[0]
    signature = subscription["params"]["signature"]
    for echo in (signature, quote(signature, safe=""), signature.replace("/", "\\/")):
        for frame in (f"<{echo}>", f'["{echo}"]', f"signature={echo}&x=1"):
            shown = exchange.redacted(frame.encode())
            assert echo[:20].encode() not in shown
            assert b"***" in shown
    # Longer ones are none.
    assert exchange.redacted(b"a" * 65) == b"a" * 65


def test_the_subscription_is_signed() -> None:
    """The key is one of its parameters, and the times are numbers."""
    (request,) = sent(make_binance().conversation({}).opened(at(7.0), NONCE))
    params = {"apiKey": KEY, "recvWindow": 10_000, "timestamp": START_MS + 7000}
    text = f"apiKey={KEY}&recvWindow=10000&timestamp={START_MS + 7000}"

    assert request == {
        "id": "subscribe",
        "method": "userDataStream.subscribe.signature",
        "params": {**params, "signature": hmac_signature(text, SECRET)},
    }
