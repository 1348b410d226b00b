"""OKX's REST: headers, sites, limits."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from assetstream.simulator import Simulator
from assetstream.simulator.okx.account import OKXAccount
from assetstream.simulator.okx.venue import OKXVenue
from tests.simulator.okx.client import PATH, headers, okx_account, read
from tests.support.clients import call, client_of


@pytest.fixture
def account(exchange: Simulator) -> OKXAccount:
    """An account on the simulated OKX."""
    return okx_account(exchange)


def test_balances(account: OKXAccount) -> None:
    """All but those of zero, in the one account of the reply."""
    account.withdraw("BTC", "0.5")
    account.place_order(pay="USDT", amount="257.51830114", receive="BTC")
    status, body = read(account)

    assert (status, body["code"], body["msg"]) == (200, "0", "")
    (wallet,) = body["data"]
    (detail,) = wallet["details"]
    assert (detail["ccy"], detail["availBal"]) == ("USDT", "742.48169886")
    assert (detail["frozenBal"], detail["availEq"]) == ("257.51830114", "")


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"key": ""}, 401, "50103"),
        ({"passphrase": ""}, 401, "50104"),
        ({"sign": ""}, 401, "50106"),
        ({"timestamp": ""}, 401, "50107"),
        ({"timestamp": "1700000000"}, 401, "50112"),
        ({"timestamp": "2026-01-01T00:00:00Z"}, 401, "50112"),
        ({"timestamp": "2026-01-01T00:00:00.000000Z"}, 401, "50112"),
        ({"timestamp": "2020-01-01T00:00:00.000Z"}, 401, "50102"),
        ({"key": "nobody"}, 401, "50111"),
        ({"passphrase": "wrong"}, 401, "50105"),
        ({"passphrase": "caf\u00e9"}, 401, "50105"),
        ({"sign": "A" * 43 + "="}, 401, "50113"),
        ({"sign": "caf\u00e9"}, 401, "50113"),
        ({"demo": "1"}, 401, "50101"),
    ],
)
def test_a_wrong_header_is_named(
    account: OKXAccount, wrong: dict[str, str], status: int, code: str
) -> None:
    """The answer has code and words, and no data."""
    answered, body = read(account, **wrong)

    assert (answered, body["code"]) == (status, code)
    assert body["msg"]
    assert "data" not in body


def test_the_query_is_signed(account: OKXAccount) -> None:
    """A read of one currency has another signature."""
    url = account.context.url
    status, _, body = call(url, "GET", f"/okx{PATH}?ccy=BTC", headers(account))

    assert (status, body["code"]) == (401, "50113")


def test_sites_addresses_and_permissions(exchange: Simulator) -> None:
    """Another site does not know the key; demo trading has its own keys."""
    for expected, options in (
        ("50111", {"region": "us"}),
        ("50101", {"region": "global-demo"}),
        ("50110", {"allowed_ips": ["203.0.113.7"]}),
        ("50120", {"permissions": ["trade"]}),
    ):
        assert read(okx_account(exchange, **options))[1]["code"] == expected


def test_demo_trading_wants_its_header() -> None:
    """0 is none, as OKX's own SDK sends for real trading."""
    with Simulator(region="eea-demo") as simulator:
        account = okx_account(simulator)
        assert read(account, demo="1")[1]["code"] == "0"
        assert read(account, demo="0")[1]["code"] == "50101"
        assert read(account)[1]["code"] == "50101"
        assert account.exchange().ws_url == account.ws_url


def test_reads_are_limited(account: OKXAccount) -> None:
    """Ten reads in two seconds pass."""
    codes = [read(account)[1]["code"] for _ in range(11)]

    assert codes == ["0"] * 10 + ["50011"]


def test_nothing_else_is_served(account: OKXAccount) -> None:
    """Other paths are 404, whose code is a number."""
    url = account.context.url
    for method, target in (("POST", PATH), ("GET", "/api/v5/account/bills")):
        status, _, body = call(url, method, f"/okx{target}", headers(account))
        assert (status, body["code"]) == (404, 404)
    with pytest.raises(InvalidStatus):
        client_of(f"{account.context.ws_url}/okx/ws/v5/public")


def test_a_recorded_reply_is_amended() -> None:
    """Newer amounts take the place of recorded ones, or come behind them."""
    body = (
        b'{"code":"0","data":[{"details":[{"ccy":"btc","availBal":"1","availEq":"1",'
        b'"frozenBal":"0"},{"ccy":"OKB","availBal":"5"}]}]}'
    )
    newer = {"BTC": (Decimal("2"), Decimal("3")), "ETH": (Decimal("4"), Decimal(0))}
    amended = msgspec.json.decode(OKXVenue.amended(body, newer))

    assert amended["data"][0]["details"] == [
        {"ccy": "btc", "availBal": "2", "availEq": "", "frozenBal": "3"},
        {"ccy": "OKB", "availBal": "5"},
        {
            "ccy": "ETH",
            "availBal": "4",
            "availEq": "",
            "frozenBal": "0",
        },
    ]
