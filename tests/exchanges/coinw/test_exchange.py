"""CoinW: signatures, the REST read and its refusals."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from assetstream.exchanges import CoinW
from assetstream.exchanges.coinw.exchange import sign
from assetstream.exchanges.coinw.refusals import CODES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from tests.support.specs import KEY, NONCE, at, frame, make_coinw, sample


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
    """The values of the documents and of another client's tests."""
    assert sign(parameters, secret) == signature


def test_the_read_is_a_signed_post() -> None:
    """All in the query, an empty body; raw values signed, encoded ones sent."""
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
    """CoinW's firewall may ask for it; None sends none."""
    connect = make_coinw().conversation({}).connect(at(0.0), NONCE)
    bare = make_coinw(origin=None).conversation({}).connect(at(0.0), NONCE)

    assert (connect.url, connect.origin) == (
        "wss://ws.futurescw.com",
        "https://www.coinw.com",
    )
    assert bare.origin is None


def test_balances_are_read_exactly() -> None:
    """onOrders is what is locked."""
    snapshot = make_coinw().read_replied(200, {}, sample("coinw", "rest_balances"))

    btc, usdt = snapshot.balances
    assert (btc.currency, str(btc.available), str(btc.locked)) == ("BTC", "0.0012", "0")
    assert (usdt.currency, str(usdt.available)) == ("USDT", "257.51830114")
    assert btc.raw == b'{"onOrders":"0","available":"0.0012"}'


@pytest.mark.parametrize(
    "body",
    [
        sample("coinw", "rest_balances_2021"),
        frame({"code": 200, "data": {"btc": {"onOrders": "0E-18", "available": 1}}}),
        frame({"success": True, "data": {"btc": {"onOrders": 0, "available": "1"}}}),
        frame({"data": {"btc": {"onOrders": 0, "available": "1"}}}),
    ],
)
def test_former_spellings_are_read(body: bytes) -> None:
    """Numbers, a numeric code, missing flags, lower case."""
    snapshot = make_coinw().read_replied(200, {}, body)

    assert snapshot.complete
    assert snapshot.balances[0].currency == "BTC"


@pytest.mark.parametrize(
    ("entry", "unreadable"),
    [
        ({"BTC": "0.0012"}, "BTC"),
        ({"BTC": {"available": "1"}}, "BTC"),
        ({"BTC": {"available": "1", "onOrders": None}}, "BTC"),
        ({"btc": {"available": " 1", "onOrders": "0"}}, "BTC"),
        ({"BTC": None}, "BTC"),
        ({"": {"available": "1", "onOrders": "0"}}, ""),
        ({"BTC": {"available": "1", "onOrders": "0"}} | {"btc": {}}, "BTC"),
    ],
)
def test_a_bad_entry_costs_its_own_currency(
    entry: dict[str, Any], unreadable: str
) -> None:
    """S2: the others are read; a code in two spellings is unreadable."""
    data = {"USDT": {"available": "2", "onOrders": "1E-7"}, **entry}
    snapshot = make_coinw().read_replied(200, {}, frame({"code": "200", "data": data}))

    assert [(b.currency, b.locked) for b in snapshot.balances] == [
        ("USDT", Decimal("1E-7"))
    ]
    assert snapshot.unreadable == (unreadable,)


@pytest.mark.parametrize("data", ["null", "{}", "[]", "{ }"])
def test_nothing_is_an_empty_snapshot(data: str) -> None:
    """S2: null and empty data need a second read."""
    body = f'{{"code":"200","data":{data},"success":true}}'.encode()

    assert make_coinw().read_replied(200, {}, body).empty


def test_a_success_without_data_is_empty() -> None:
    """An absent ``data`` says as little as null."""
    assert make_coinw().read_replied(200, {}, b'{"code":"200"}').empty


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"x":1}', b'{"code":"200","data":5}'])
def test_anything_else_is_not_understood(body: bytes) -> None:
    """A reply that is none of CoinW's forms is a ProtocolError."""
    with pytest.raises(ProtocolError):
        make_coinw().read_replied(200, {}, body)


REFUSALS = (ExchangeError, RateLimited)

MEANINGS: dict[str, tuple[type[AssetStreamError], bool]] = {
    "29001": (RateLimited, False),
    "1001": (RateLimited, False),
    "1003": (AuthenticationError, True),
    "6000": (AuthenticationError, True),
    "6001": (AuthenticationError, True),
    **{str(code): (AuthenticationError, True) for code in range(10001, 10008)},
    "-103": (AuthenticationError, True),
    "6003": (PermissionDenied, True),
    "-200": (ExchangeError, False),
    "500": (ExchangeError, False),
    "-3": (ExchangeError, False),
    "402": (ExchangeError, False),
    "1007": (ExchangeError, False),
}


def test_every_known_code_is_tested() -> None:
    """A new code in the table needs a line here."""
    assert set(CODES) == set(MEANINGS)


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
def test_codes_decide_whatever_the_status(
    code: str, meaning: tuple[type[AssetStreamError], bool]
) -> None:
    """Text or number, ``msg`` or ``message``."""
    spellings = [(code, "msg"), (int(code), "msg"), (code, "message")]
    for status, (spelt, words) in itertools.product((200, 400, 401, 403), spellings):
        body = frame({"code": spelt, words: "told"})
        with pytest.raises(REFUSALS) as caught:
            make_coinw().read_replied(status, {"retry-after": "3"}, body)

        error = caught.value
        assert isinstance(error, REFUSALS)
        assert (type(error), error.fatal) == meaning
        assert (error.code, error.message) == (code, "told")
        assert error.retry_after == 3.0


@pytest.mark.parametrize(
    ("reply", "kind", "fatal"),
    [
        ({"code": "77", "msg": "?"}, ExchangeError, False),
        ({"code": "77", "msg": "require more Permission"}, PermissionDenied, True),
        ({"code": "200", "success": False, "data": {}}, ExchangeError, False),
        ({"code": "200", "failed": "true", "data": {}}, ExchangeError, False),
        ({"success": False, "msg": "?"}, ExchangeError, False),
    ],
)
def test_unknown_refusals_are_not_fatal(
    reply: dict[str, Any], kind: type[ExchangeError], fatal: bool
) -> None:
    """Unless the words speak of a permission."""
    with pytest.raises(ExchangeError) as caught:
        make_coinw().read_replied(200, {}, frame(reply))

    assert (type(caught.value), caught.value.fatal) == (kind, fatal)


def test_a_firewalls_403_mentions_the_origin() -> None:
    """The remedy for a 403 that is not CoinW's own."""
    error = make_coinw().conversation({}).refused(403, {}, b"<html>403</html>")

    assert isinstance(error, ConnectionLost)
    assert (error.code, error.fatal) == (403, False)
    assert "Origin" in str(error)


def test_its_own_403_is_fatal() -> None:
    """CoinW itself forbids it."""
    error = make_coinw().conversation({}).refused(403, {}, b'{"code":"77","msg":"no"}')

    assert isinstance(error, PermissionDenied)
    assert error.fatal


def test_no_message_shows_the_signed_url() -> None:
    """What the call shows of itself ends before the query."""
    assert repr(make_coinw().read(at(0.0), NONCE)) == (
        "<HttpCall POST https://api.coinw.com/api/v1/private>"
    )
    assert KEY not in repr(make_coinw())
