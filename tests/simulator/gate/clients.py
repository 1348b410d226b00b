"""Requests to the simulated Gate, each part of which can be made wrong."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from assetstream.runtime.loop import clock
from assetstream.simulator.gate.account import GateAccount
from tests.support.clients import Client, call, client_of

__all__ = ["accounts", "gate_subscriber", "ping", "subscription"]

PATH = "/api/v4/spot/accounts"


def seconds() -> int:
    """Return the present, in seconds since 1970."""
    return int(clock.wall())


def signed(text: str, secret: str) -> str:
    """Sign by HMAC-SHA512, in hexadecimal digits."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def subscription(
    account: GateAccount,
    *,
    late: int = 0,
    key: str = "",
    secret: str = "",
    **proof: object,
) -> dict[str, Any]:
    """Make a subscription, ``late`` seconds old."""
    time = seconds() - late
    text = f"channel=spot.balances&event=subscribe&time={time}"
    auth = {
        "method": "api_key",
        "KEY": key or account.api_key,
        "SIGN": signed(text, secret or account.secret_key),
        **proof,
    }
    named = {"channel": "spot.balances", "event": "subscribe"}
    return {"time": time, **named, "auth": auth}


def ping() -> dict[str, Any]:
    """Make a ping."""
    return {"time": seconds(), "channel": "spot.ping"}


def gate_subscriber(account: GateAccount) -> Client:
    """Connect and subscribe."""
    client = client_of(account.ws_url)
    assert client.ask(subscription(account))["result"] == {"status": "success"}
    return client


def accounts(
    account: GateAccount,
    *,
    late: int = 0,
    key: str = "",
    secret: str = "",
    query: str = "",
    fraction: str = "",
    **headers: str,
) -> tuple[int, Any]:
    """Read the balances; return status and JSON."""
    time = f"{seconds() - late}{fraction}"
    hashed = hashlib.sha512(b"").hexdigest()
    text = f"GET\n{PATH}\n{query}\n{hashed}\n{time}"
    given = {
        "KEY": key or account.api_key,
        "Timestamp": time,
        "SIGN": signed(text, secret or account.secret_key),
        **headers,
    }
    target = f"/gate{PATH}" + (f"?{query}" if query else "")
    status, _, body = call(account.context.url, "GET", target, given)
    return status, body
