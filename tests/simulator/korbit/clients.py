"""Plain clients of the simulated Korbit; every part of a request can be made wrong."""

from __future__ import annotations

from typing import Any

from assetstream.exchanges.korbit.exchange import sign
from assetstream.simulator.korbit.account import KorbitAccount
from tests.support.clients import Client, call, client_of

__all__ = ["SUBSCRIBE", "balance", "client", "signed", "subscriber"]

SUBSCRIBE: dict[str, Any] = {"requestId": 7, "method": "subscribe", "type": "myAsset"}


def signed(
    account: KorbitAccount,
    *,
    late: int = 0,
    key: str = "",
    secret: str = "",
    query: str = "",
    signature: str = "",
) -> tuple[str, dict[str, str]]:
    """Make a query, ``late`` milliseconds old, and its header."""
    text = query or f"timestamp={account.context.wall_ms('korbit') - late}"
    signature = signature or sign(text, secret or account.secret_key)
    header = {"X-KAPI-KEY": key or account.api_key}
    return f"{text}&signature={signature}", header


def balance(account: KorbitAccount, **wrong: Any) -> tuple[int, dict[str, str], Any]:
    """Call ``GET /v2/balance``."""
    query, headers = signed(account, **wrong)
    url = account.context.url
    return call(url, "GET", f"/korbit/v2/balance?{query}", headers)


def client(account: KorbitAccount, **wrong: Any) -> Client:
    """Connect without subscribing."""
    query, headers = signed(account, **wrong)
    return client_of(f"{account.ws_url}?{query}", additional_headers=headers)


def subscriber(account: KorbitAccount, **more: object) -> Client:
    """Connect and subscribe."""
    subscribed = client(account)
    answer = subscribed.ask([{**SUBSCRIBE, **more}])
    assert answer == {"status": "success", "requestId": 7}
    account.wait_for_subscribers()
    return subscribed
