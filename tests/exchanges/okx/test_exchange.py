"""OKX: sites, signatures, what is signed and what is hidden."""

from __future__ import annotations

import json
from typing import get_args, get_type_hints

import pytest

from assetstream.exchanges import OKX
from assetstream.exchanges.okx import exchange as okx
from assetstream.model.errors import AuthenticationError, ConnectionLost
from assetstream.protocol import Instant, Send
from tests.exchanges.okx.spec import PASSPHRASE, make_okx
from tests.support.specs import KEY, NONCE, SECRET, START_MS, at

#: The secret of the examples in OKX's documents, which is nobody's.
DOCUMENTS_SECRET = "22582BD0CFF14C41EDBF1AB98506286D"


@pytest.mark.parametrize(
    ("text", "secret", "signature"),
    [
        # github crypto-chassis/ccapi, test/test_unit/src/execution_management/okx.
        (
            "2021-04-01T18:23:16.027ZPOST/api/v5/trade/order"
            '{"px":"2.15","ordType":"limit","sz":"2","side":"buy","tdMode":"cash",'
            '"instId":"BTC-USDT"}',
            "+xT7GWTDRHi09EZEhkOC8S7ktzngKtoT1ZoZ6QclGURlq3ePfUd7kLQzK4+P54685NEqYDaIe"
            "rYj9cuYFILOhQ==",
            "vnOpLd3yPc2Ojwm8w0TafZqnujwm3qfjyIpNrmhUrsk=",
        ),
        # The example of OKX's documents, which give no value for it; two public
        # repositories have this one, in Rust and in Go.
        (
            "2020-12-08T09:08:57.715ZGET/api/v5/account/balance?ccy=BTC",
            DOCUMENTS_SECRET,
            "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY=",
        ),
        # A login of the stream; from a public repository in Rust.
        (
            "1704876947GET/users/self/verify",
            DOCUMENTS_SECRET,
            "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU=",
        ),
    ],
)
def test_the_worked_values_of_the_signature(
    text: str, secret: str, signature: str
) -> None:
    """Time, method, path and body, by HMAC-SHA256, in base64."""
    assert okx.sign(text, secret) == signature


def test_a_login_is_signed_with_whole_seconds() -> None:
    """The text of the seconds is signed, and sent beside key and passphrase."""
    exchange = make_okx(region="eea")
    vars(exchange)["credentials"] = {
        "api_key": KEY,
        "secret_key": DOCUMENTS_SECRET,
        "passphrase": PASSPHRASE,
    }

    assert exchange.login(1_704_876_947_999) == {
        "apiKey": KEY,
        "passphrase": PASSPHRASE,
        "timestamp": "1704876947",
        "sign": "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU=",
    }


def test_a_read_is_signed_in_its_headers() -> None:
    """The time is in milliseconds and UTC; the path of a gateway is not signed."""
    exchange = make_okx(ws_url="wss://gate/x", rest_url="https://gate/to/okx/")
    call = exchange.read(Instant(0.0, START_MS + 4_105), NONCE)
    time = "2026-01-01T00:00:04.105Z"

    assert (call.method, call.body) == ("GET", b"")
    assert call.url == "https://gate/to/okx/api/v5/account/balance"
    assert call.headers == {
        "Accept": "application/json",
        "OK-ACCESS-KEY": KEY,
        "OK-ACCESS-PASSPHRASE": PASSPHRASE,
        "OK-ACCESS-TIMESTAMP": time,
        "OK-ACCESS-SIGN": okx.sign(f"{time}GET/api/v5/account/balance", SECRET),
    }


@pytest.mark.parametrize(
    ("ms", "written"),
    [
        (-62_135_596_800_001, "1970-01-01T00:00:00.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (10**15, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_that_no_calendar_has_is_signed_all_the_same(
    ms: int, written: str
) -> None:
    """A Date header may say anything, and the machine must go on."""
    headers = make_okx().read(Instant(0.0, ms), NONCE).headers

    assert headers["OK-ACCESS-TIMESTAMP"] == written


@pytest.mark.parametrize(
    ("region", "ws", "rest", "demo"),
    [
        ("global", "ws.okx.com", "openapi.okx.com", None),
        ("us", "wsus.okx.com", "us.okx.com", None),
        ("eea", "wseea.okx.com", "eea.okx.com", None),
        ("global-demo", "wspap.okx.com", "openapi.okx.com", "1"),
        ("us-demo", "wsuspap.okx.com", "us.okx.com", "1"),
        ("eea-demo", "wseeapap.okx.com", "eea.okx.com", "1"),
    ],
)
def test_each_site_has_its_hosts(
    region: str, ws: str, rest: str, demo: str | None
) -> None:
    """Demo trading has a WebSocket of its own, and at REST a header."""
    exchange = make_okx(region=region)
    call = exchange.read(at(0.0), NONCE)

    assert exchange.ws_url == f"wss://{ws}:8443/ws/v5/private"
    assert call.url == f"https://{rest}/api/v5/account/balance"
    assert call.headers.get("x-simulated-trading") == demo


def test_the_handshake_has_neither_headers_nor_origin() -> None:
    """The login is a message."""
    connect = make_okx().conversation({}).connect(at(0.0), NONCE)

    assert (connect.headers, connect.origin) == ({}, None)


def test_type_checkers_know_every_choice() -> None:
    """An editor offers exactly the choices that the constructor takes."""
    hints = get_type_hints(OKX.__init__)

    assert get_args(hints["region"]) == get_args(okx.Region) == tuple(okx.SITES)


def test_an_echoed_login_is_redacted() -> None:
    """OKX's errors may quote the request, and with it the signature."""
    exchange = make_okx()
    (login,) = exchange.conversation({}).opened(at(0.0), NONCE)
    assert isinstance(login, Send)
    sign = json.loads(login.text)["args"][0]["sign"]
    echo = json.dumps({"msg": f"Invalid request: {login.text}"})
    for text in (echo, echo.replace("/", "\\/"), echo.replace("=", "%3D")):
        error = exchange.conversation({}).refused(400, {}, text.encode())
        assert isinstance(error, ConnectionLost)
        shown = error.reason.replace("\\/", "/").replace("%3D", "=")
        assert "sign" in shown
        assert shown.count("***") == 3
        for secret in (KEY, PASSPHRASE, sign):
            assert secret not in shown


@pytest.mark.parametrize("text", ["a" * 44, "A" * 60 + "=", "x=" * 40, "short="])
def test_what_only_resembles_a_signature_stays(text: str) -> None:
    """A signature has 43 letters and one sign of equality."""
    assert make_okx().redacted(text.encode()).decode() == text


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("50110", True),
        ("50105", True),
        ("60024", True),
        ("50120", True),
        ("50101", False),
        ("50111", False),
        ("60032", False),
    ],
)
def test_a_refusal_shows_whether_the_site_is_right(code: str, known: bool) -> None:
    """Some refusals prove that the site knows the key."""
    assert make_okx().knows_key(AuthenticationError("refused", code=code)) is known


def test_a_key_behind_a_gateway_has_no_other_sites() -> None:
    """No real host should see the key of a gateway or of a simulator."""
    place = "127.0.0.1:8080"
    exchange = make_okx(ws_url=f"ws://{place}/ws", rest_url=f"http://{place}")

    assert exchange.elsewhere() == {}


def test_a_real_key_has_other_sites() -> None:
    """Each of them has the same credentials; the key's own is left out."""
    elsewhere = make_okx(region="us").elsewhere()

    assert list(elsewhere) == [
        *("global", "eea", "global-demo", "us-demo", "eea-demo"),
    ]
    for other in elsewhere.values():
        assert other.credentials == make_okx().credentials
        assert other.ws_url.startswith("wss://")


def test_key_and_secret_that_are_swapped_are_named() -> None:
    """Their forms are known from examples only, so nothing else is said of them."""
    key = "c821db84-6fbd-11e4-a9e3-c86000d26d7c"
    (hint,) = OKX(DOCUMENTS_SECRET, key, PASSPHRASE, region="eea").key_hints()

    assert hint.startswith("api_key and secret_key look swapped")
    assert make_okx().key_hints() == ()
