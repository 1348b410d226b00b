"""A plain client of the simulated Bithumb."""

from __future__ import annotations

import time
import uuid
from typing import Any

import jwt

from assetstream.simulator.bithumb.account import BithumbAccount
from tests.support.clients import Client, call, client_of, wait_for_another

__all__ = ["SUBSCRIBE", "accounts", "bearer", "client", "subscriber"]

SUBSCRIBE: list[dict[str, str]] = [{"ticket": "t"}, {"type": "myAsset"}]


def bearer(
    account: BithumbAccount,
    *,
    secret: str = "",
    algorithm: str = "HS256",
    late: float = 0.0,
    **claims: object,
) -> dict[str, str]:
    """Make the authorization header; every part can be made wrong."""
    key, own = account.keys
    good = {
        "access_key": key,
        "nonce": str(uuid.uuid4()),
        "timestamp": int((time.time() - late) * 1000),
    }
    token = jwt.encode({**good, **claims}, secret or own, algorithm)
    return {"Authorization": f"Bearer {token}"}


def accounts(account: BithumbAccount, **wrong: Any) -> tuple[int, dict[str, str], Any]:
    """Call ``GET /v1/accounts``."""
    url, path = account.context.url, "/bithumb/v1/accounts"
    return call(url, "GET", path, bearer(account, **wrong))


def client(account: BithumbAccount, **wrong: Any) -> Client:
    """Connect without subscribing."""
    return client_of(account.ws_url, additional_headers=bearer(account, **wrong))


def subscriber(account: BithumbAccount, form: str = "") -> Client:
    """Connect and subscribe to balances."""
    subscribed, before = client(account), account._subscribers
    subscribed.send(SUBSCRIBE + ([{"format": form}] if form else []))
    wait_for_another(account, before)
    return subscribed
