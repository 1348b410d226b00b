"""An exchange on your own machine, to test a bot without money or keys.

It speaks the exchanges' protocols, WebSocket and REST, on one port of 127.0.0.1, checks
credentials as they do, keeps an exact ledger, and misbehaves on request:

    from assetstream import AssetStream
    from assetstream.simulator import Simulator

    with Simulator() as exchange:
        account = exchange.open("okx", {"USDT": "1000", "BTC": "0.5"})
        with AssetStream(account.exchange(), on_asset=print) as stream:
            account.deposit("BTC", "0.1")
            exchange.drop_connections()
            with exchange.fault("rest_stale", seconds=30):
                account.deposit("BTC", "0.1")

``STARTING_BALANCES`` names the exchanges that there are.
``FAULTS`` has the name and the description of every fault; with the extra ``cli``,
``assetstream simulate --list-faults`` prints them, and ``assetstream simulate`` runs an
exchange by itself. The simulator needs the extra of its name.
"""

from __future__ import annotations

from assetstream.libraries import install_command

try:
    import websockets as _websockets  # noqa: F401
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "assetstream.simulator needs the package websockets: "
        + install_command("simulator"),
        name="websockets",
    ) from None

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import FAULTS, FaultEntry
from assetstream.simulator.coinw.account import CoinWAccount
from assetstream.simulator.connection import Connection
from assetstream.simulator.counts import Seen
from assetstream.simulator.faults import Fault
from assetstream.simulator.ledger import Insufficient, Order, Standing
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.replay.replay import Replay
from assetstream.simulator.simulator import STARTING_BALANCES, Simulator
from assetstream.simulator.switch import Switch
from assetstream.simulator.trader import Trader
from assetstream.simulator.upbit.account import UpbitAccount

__all__ = [
    "FAULTS",
    "STARTING_BALANCES",
    "Account",
    "CoinWAccount",
    "Connection",
    "Fault",
    "FaultEntry",
    "Insufficient",
    "Kind",
    "Message",
    "Order",
    "Replay",
    "Reply",
    "Request",
    "Seen",
    "Simulator",
    "Standing",
    "Switch",
    "Trader",
    "UpbitAccount",
]

#: The name of ``FaultEntry`` in release 0.1.
Entry = FaultEntry
