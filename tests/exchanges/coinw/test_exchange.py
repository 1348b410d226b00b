"""CoinW: signatures, the signed read, the Origin header."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from assetstream.exchanges import CoinW
from assetstream.exchanges.coinw.exchange import sign
from tests.support.specs import KEY, NONCE, at, make_coinw


@pytest.mark.parametrize(
    ("parameters", "secret", "signature"),
    [
        (
            {"symbol": "LTCBTC", "api_key": "XXX"},
            "XXX",
            "AD26D501953EC615636AC668146268B4",
        ),
        (
            {
                "amount": "1.0",
                "api_key": "c821db84-6fbd-11e4-a9e3-c86000d26d7c",
                "price": "680",
                "symbol": "btc_cny",
                "type": "0",
            },
            "secretKey",
            "FF7C47DE0ABBC71C1ED40C5C4FFEFCF0",
        ),
        (
            {"api_key": "your_api_key"},
            "your_sec_key",
            "29AF1CDD9A5364BB55BDF7091718B472",
        ),
    ],
)
def test_worked_signatures(
    parameters: dict[str, str], secret: str, signature: str
) -> None:
    """The signatures are those of the documents and of another client's tests."""
    assert sign(parameters, secret) == signature


def test_the_read_is_a_signed_post() -> None:
    """The query has everything, the body nothing; raw values are signed."""
    exchange = CoinW("a+b/c=", "s&c")
    call = exchange.read(at(0.0), NONCE)
    url = urlsplit(call.url)

    assert (call.method, call.body) == ("POST", b"")
    assert (url.netloc, url.path) == ("api.coinw.com", "/api/v1/private")
    assert parse_qs(url.query) == {
        "command": ["returnCompleteBalances"],
        "api_key": ["a+b/c="],
        "sign": [sign({"api_key": "a+b/c="}, "s&c")],
    }
    assert call.headers["Content-type"] == "application/json"


def test_the_signature_is_a_credential() -> None:
    """A signed URL can be replayed for ever, so its signature is redacted too."""
    exchange = make_coinw()
    signature = parse_qs(urlsplit(exchange.read(at(0.0), NONCE).url).query)["sign"][0]

    assert exchange.credentials["signature"] == signature
    assert signature.encode() not in exchange.redacted(f"x{signature}y".encode())


def test_the_handshake_sends_an_origin_by_default() -> None:
    """CoinW's firewall may require it; None sends no Origin."""
    connect = make_coinw().conversation({}).connect(at(0.0), NONCE)
    bare = make_coinw(origin=None).conversation({}).connect(at(0.0), NONCE)

    assert (connect.url, connect.origin) == (
        "wss://ws.futurescw.com",
        "https://www.coinw.com",
    )
    assert bare.origin is None


def test_no_message_shows_the_signed_url() -> None:
    """The repr of the call ends before the query."""
    assert repr(make_coinw().read(at(0.0), NONCE)) == (
        "<HttpCall POST https://api.coinw.com/api/v1/private>"
    )
    assert KEY not in repr(make_coinw())
