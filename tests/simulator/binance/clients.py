"""Plain clients of the simulated Binance; every part of a request can be made wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from assetstream.exchanges import Binance
from assetstream.simulator.binance.account import BinanceAccount
from tests.support.clients import Client, call, client_of

__all__ = ["PING", "account_of", "binance_subscriber", "subscription"]

PING = {"id": 1, "method": "ping"}


def adapter(account: BinanceAccount, key: str, secret: str) -> Binance:
    """Return an adapter with these keys, or the account's."""
    return Binance(
        key or account.api_key, secret or account.secret_key, region="global"
    )


def subscription(
    account: BinanceAccount,
    *,
    late: int = 0,
    key: str = "",
    secret: str = "",
    window: int | None = None,
    **wrong: object,
) -> dict[str, Any]:
    """Make a subscription, ``late`` milliseconds old; None leaves a parameter out."""
    params: dict[str, Any] = {
        "apiKey": key or account.api_key,
        "timestamp": account.context.wall_ms("binance") - late,
    }
    if window is not None:
        params["recvWindow"] = window
    params = {**adapter(account, key, secret).signed(params), **wrong}
    sent = {name: value for name, value in params.items() if value is not None}
    method = "userDataStream.subscribe.signature"
    return {"id": "a", "method": method, "params": sent}


def binance_subscriber(account: BinanceAccount) -> Client:
    """Connect and subscribe."""
    client = client_of(account.ws_url)
    assert client.ask(subscription(account))["status"] == 200
    account.wait_for_subscribers()
    return client


def account_of(
    account: BinanceAccount,
    *,
    late: int = 0,
    key: str = "",
    secret: str = "",
    query: str = "",
    signature: str | None = None,
) -> tuple[int, dict[str, str], Any]:
    """Read the balances ``late`` milliseconds after they were asked for."""
    time = account.context.wall_ms("binance") - late
    text = f"{query}&timestamp={time}" if query else f"timestamp={time}"
    # The signature of one parameter named as the text is that of the text.
    name, _, value = text.partition("=")
    signed = adapter(account, key, secret).signed({name: value})["signature"]
    signature = quote(str(signed), safe="") if signature is None else signature
    target = f"/binance/api/v3/account?{text}&signature={signature}"
    headers = {"X-MBX-APIKEY": key or account.api_key}
    return call(account.context.url, "GET", target, headers)
