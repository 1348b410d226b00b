"""Plain clients of the simulated Bybit; every part of a request can be made wrong."""

from __future__ import annotations

from typing import Any

from assetstream.exchanges.bybit.exchange import sign
from assetstream.simulator.bybit.account import BybitAccount
from tests.support.clients import Client, call, client_of

__all__ = ["PING", "SUBSCRIBE", "auth", "bybit_subscriber", "wallet_balance"]

PING = {"op": "ping"}
SUBSCRIBE = {"op": "subscribe", "args": ["wallet"]}


def auth(
    account: BybitAccount, *, late: int = -5000, secret: str = "", key: str = ""
) -> dict[str, Any]:
    """Make a login that expired ``late`` milliseconds ago."""
    expires = account.context.wall_ms("bybit") - late
    signature = sign(f"GET/realtime{expires}", secret or account.secret_key)
    return {"op": "auth", "args": [key or account.api_key, expires, signature]}


def bybit_subscriber(account: BybitAccount) -> Client:
    """Log in at Bybit and subscribe to the wallet."""
    client = client_of(account.ws_url)
    assert client.ask(auth(account))["success"] is True
    assert client.ask(SUBSCRIBE)["success"] is True
    account.wait_for_subscribers()
    return client


def wallet_balance(
    account: BybitAccount,
    *,
    late: int = 0,
    window: str = "5000",
    secret: str = "",
    query: str = "accountType=UNIFIED",
    **wrong: str,
) -> Any:
    """Read the balances ``late`` milliseconds after they were asked for."""
    time = str(account.context.wall_ms("bybit") - late)
    text = f"{time}{account.api_key}{window}{query}"
    headers = {
        "X-BAPI-API-KEY": account.api_key,
        "X-BAPI-TIMESTAMP": time,
        "X-BAPI-RECV-WINDOW": window,
        "X-BAPI-SIGN": sign(text, secret or account.secret_key),
        **{name.replace("_", "-"): value for name, value in wrong.items()},
    }
    target = f"/bybit/v5/account/wallet-balance?{query}"
    status, _, body = call(account.context.url, "GET", target, headers)
    assert status == 200
    return body
