"""Upbit's own SDK works on the simulator, unchanged but for its base URL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from assetstream.simulator import Simulator

DIGITS = "1386929.37231066771348207123"


@pytest.fixture
def official() -> Any:
    """The SDK, which is slow to import: only the worker that needs it does."""
    pytest.importorskip("websockets", minversion="15.0")  # older ones it cannot use
    return pytest.importorskip("upbit")


# The SDK's own way to connect, which websockets 17 would like to see changed.
@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager")
def test_the_official_sdk_lists_and_streams(exchange: Simulator, official: Any) -> None:
    """The SDK reads accounts, subscribes, and gets every digit."""
    account = exchange.upbit({"SGD": DIGITS, "BTC": "0.5"})
    client = official.Upbit(
        access_key=account.access_key,
        secret_key=account.secret_key,
        base_url=exchange.url,
    )
    with client, client.ws_stream.my_asset() as stream:
        account.wait_for_subscribers()
        listed = {item.currency: item.balance for item in client.accounts.list()}
        order = account.place_order(pay="SGD", amount="1000", receive="BTC")
        account.fill(order, "0.25")
        events = [stream.recv() for _ in range(3)]
        subscribed = stream.list_subscriptions()

    assert listed == {"SGD": DIGITS, "BTC": "0.5"}
    assert [event.type for event in events] == ["myAsset"] * 3
    placed, paid, received = (event.assets[0] for event in events)
    assert (placed.currency, str(placed.locked)) == ("SGD", "1000")
    assert Decimal(str(paid.balance)) == Decimal(DIGITS) - 1000
    assert (received.currency, str(received.balance)) == ("BTC", "0.75")
    assert "myAsset" in str(subscribed)


def test_the_official_sdk_understands_the_refusals(
    exchange: Simulator, official: Any
) -> None:
    """A wrong secret is the SDK's authentication error."""
    account = exchange.upbit()
    with (
        official.Upbit(
            access_key=account.access_key, secret_key="x" * 40, base_url=exchange.url
        ) as client,
        pytest.raises(official.AuthenticationError, match="jwt_verification"),
    ):
        client.accounts.list()
