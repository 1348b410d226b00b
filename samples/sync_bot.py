"""A plain bot without asyncio: it buys, waits until its balance shows it, buys again.

It runs on the simulator, without keys and without money. For a real account replace the
two lines marked below; assetstream itself never places orders.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping

from assetstream import AssetStream, AssetUpdate, Balance
from assetstream.simulator import Account, Simulator

SPEND = Decimal(300)


def buy_bitcoin(account: Account) -> None:
    # Replace: call the order endpoint of your exchange. The simulator fills it at once.
    order = account.place_order(pay="SGD", amount=SPEND, receive="BTC")
    account.fill(order, received="0.0031")


def bought(update: AssetUpdate) -> bool:
    return update.currency == "BTC" and update.change > 0


def sure(balances: Mapping[str, Balance]) -> bool:
    return not balances["SGD"].stale


with Simulator() as simulator:
    account = simulator.upbit({"SGD": "1000"})
    # Replace: AssetStream(Upbit(region="sg")), with your keys in the environment.
    with AssetStream(account.exchange()) as stream:
        # Never buy on a number that may be out of date: wait until it is sure.
        while stream.wait_until(sure, timeout=60)["SGD"].available >= SPEND:
            # Armed before the order goes out, so that even the fastest fill is seen.
            with stream.expect(bought, timeout=10) as filled:
                buy_bitcoin(account)
            print(f"bought {filled.update.change} BTC, now {filled.update.total}")
        print(f"{stream.balance('SGD').available} SGD left, that is not enough")
