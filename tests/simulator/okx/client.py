"""A plain client of the simulated OKX."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping

from assetstream.runtime.loop import clock
from assetstream.simulator import Simulator
from assetstream.simulator.okx.account import OKXAccount
from assetstream.simulator.okx.signatures import LOGIN, signature
from tests.support.clients import Client, call, client_of, wait_for_another

__all__ = [
    "PATH",
    "SUBSCRIBE",
    "headers",
    "login",
    "okx_account",
    "okx_client",
    "okx_subscriber",
    "read",
]

ARGUMENT = {"channel": "account", "extraParams": '{"updateInterval": "0"}'}
SUBSCRIBE = {"op": "subscribe", "args": [ARGUMENT]}
PATH = "/api/v5/account/balance"


def okx_account(
    simulator: Simulator, balances: Mapping[str, Any] | None = None, **options: Any
) -> OKXAccount:
    """Open an account."""
    held = {"USDT": "1000", "BTC": "0.5"} if balances is None else balances
    account = simulator.open("okx", held, **options)
    assert isinstance(account, OKXAccount)
    return account


def login(account: OKXAccount, **wrong: Any) -> dict[str, Any]:
    """Make the login message; every part can be made wrong."""
    time = str(wrong.get("timestamp", int(clock.wall())))
    argument = {
        "apiKey": account.api_key,
        "passphrase": account.passphrase,
        "timestamp": time,
        "sign": signature(time, LOGIN, account.secret_key),
        **wrong,
    }
    return {"op": "login", "args": [argument]}


def okx_client(account: OKXAccount) -> Client:
    """Connect without logging in."""
    return client_of(account.ws_url)


def okx_subscriber(account: OKXAccount) -> Client:
    """Log in, subscribe, and take the first page of the snapshot."""
    client = okx_client(account)
    assert client.ask(login(account))["event"] == "login"
    before = account._subscribers
    assert client.ask(SUBSCRIBE)["event"] == "subscribe"
    assert client.receive()["event"] == "channel-conn-count"
    assert client.receive()["eventType"] == "snapshot"
    wait_for_another(account, before)
    return client


def headers(account: OKXAccount, **wrong: str) -> dict[str, str]:
    """Make the headers of a read; every one can be made wrong, or left out by ""."""
    now = datetime.fromtimestamp(clock.wall(), timezone.utc)
    time = now.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    time = wrong.get("timestamp", time)
    given = {
        "key": account.api_key,
        "passphrase": account.passphrase,
        "sign": signature(time, f"GET{PATH}", account.secret_key),
        "timestamp": time,
        **wrong,
    }
    names = {"demo": "x-simulated-trading"}
    return {
        names.get(name, f"OK-ACCESS-{name.upper()}"): value
        for name, value in given.items()
        if value
    }


def read(account: OKXAccount, **wrong: str) -> tuple[int, Any]:
    """Read the balances; return status and JSON."""
    status, _, body = call(
        account.context.url, "GET", f"/okx{PATH}", headers(account, **wrong)
    )
    return status, body
