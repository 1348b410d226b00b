"""Gate's REST: signatures, times, balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.gate.account import GateAccount
from assetstream.simulator.gate.venue import GateVenue
from assetstream.simulator.messages import exact
from tests.simulator.gate.clients import accounts
from tests.support.clients import call
from tests.support.raw_client import RawClient


def test_all_balances(gate: GateAccount) -> None:
    """Zeros are named as well; ``update_id`` counts the changes of a currency."""
    gate.place_order(pay="USDT", amount="257.51830114", receive="BTC")
    gate.withdraw("BTC", "0.5")

    assert accounts(gate) == (
        200,
        [
            {
                "currency": "USDT",
                "available": "742.48169886",
                "locked": "257.51830114",
                "update_id": 2,
            },
            {"currency": "BTC", "available": "0", "locked": "0", "update_id": 2},
        ],
    )
    assert gate.seen.reads == 1


def test_a_time_may_have_a_fraction(gate: GateAccount) -> None:
    """The official SDK sends one."""
    status, _ = accounts(gate, fraction=".4321")

    assert status == 200


@pytest.mark.parametrize(
    ("wrong", "status", "label"),
    [
        ({"key": "0" * 32}, 401, "INVALID_KEY"),
        ({"secret": "0" * 64}, 401, "INVALID_SIGNATURE"),
        ({"query": "currency=BTC"}, 401, "INVALID_SIGNATURE"),
        ({"Timestamp": ""}, 400, "MISSING_REQUIRED_HEADER"),
        ({"fraction": "."}, 400, "MISSING_REQUIRED_HEADER"),
        ({"late": 62}, 403, "REQUEST_EXPIRED"),
        ({"late": -62}, 403, "REQUEST_EXPIRED"),
        ({"late": 62, "key": "0" * 32}, 403, "REQUEST_EXPIRED"),
    ],
)
def test_a_read_is_refused(
    gate: GateAccount, wrong: dict[str, Any], status: int, label: str
) -> None:
    """The time is looked at before the key; a query is not expected, so not signed."""
    got, body = accounts(gate, **wrong)

    assert (got, body["label"]) == (status, label)


@pytest.mark.parametrize(
    ("options", "status", "label"),
    [
        ({"allowed_ips": ["203.0.113.7"]}, 403, "IP_FORBIDDEN"),
        ({"permissions": ["trade"]}, 403, "FORBIDDEN"),
        ({"region": "testnet"}, 401, "INVALID_KEY"),
    ],
)
def test_keys_of_elsewhere(
    exchange: Simulator, options: dict[str, Any], status: int, label: str
) -> None:
    """Address, permission and network are the key's."""
    account = exchange.open("gate", **options)
    assert isinstance(account, GateAccount)
    got, body = accounts(account)

    assert (got, body["label"]) == (status, label)


def test_reads_are_limited(gate: GateAccount) -> None:
    """200 in 10 s."""
    while gate.reads.left:
        gate.reads.use()
    status, body = accounts(gate)

    assert (status, body["label"]) == (429, "TOO_MANY_REQUESTS")


def test_there_is_nothing_else(gate: GateAccount) -> None:
    """Neither by REST nor by WebSocket."""
    status, _, body = call(gate.context.url, "GET", "/gate/api/v4/spot/orders")
    assert (status, body["label"]) == (404, "NOT_FOUND")
    client = RawClient(f"{gate.context.ws_url}/gate/ws/v3/")
    with client.sock:
        assert client.upgrade({}).startswith("HTTP/1.1 404 ")


def test_a_recorded_reply_is_amended() -> None:
    """What a currency had in its entry stays, and a new one is added."""
    body = b'[{"currency":"btc","available":"1","locked":"2","update_id":7}]'
    newer = {"BTC": (Decimal(3), Decimal(0)), "ETH": (Decimal(1), Decimal(5))}
    first, second = exact.decode(GateVenue.amended(body, newer))

    assert first == {
        "currency": "btc",
        "available": "3",
        "locked": "0",
        "update_id": 7,
    }
    assert (second["currency"], second["locked"]) == ("ETH", "5")
