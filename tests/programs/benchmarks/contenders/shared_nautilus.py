"""nautilus_trader: the ``MessageBus`` of one node, streamed to that of another."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any, Callable, Sequence

from nautilus_trader.config import (
    DatabaseConfig,
    LoggingConfig,
    MessageBusConfig,
    TradingNodeConfig,
)
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import AccountType, CurrencyType
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.objects import AccountBalance, Currency, Money

from assetstream import AssetUpdate
from tests.programs.benchmarks.contenders.base import Account, OnAsset
from tests.programs.benchmarks.contenders.reader import Reader
from tests.programs.benchmarks.frames import CURRENCIES, END

__all__ = ["Client", "publisher"]

#: The one stream, named as its documentation shows.
STREAM = "upbit"
ACCOUNT = AccountId("UPBIT-001")
#: Decimals of every currency. It takes up to 16, but makes amounts of floats, which
#: keep no more of millions.
PRECISION = 8


def node(port: int, **options: Any) -> Any:
    """Make a node without clients; its currencies are those of the account."""
    for code in (*CURRENCIES, END):
        currency = Currency(code, PRECISION, 0, code, CurrencyType.CRYPTO)
        Currency.register(currency, overwrite=True)
    database = DatabaseConfig(host="127.0.0.1", port=port)
    config = TradingNodeConfig(
        logging=LoggingConfig(log_level="ERROR"),
        message_bus=MessageBusConfig(database=database, **options),
    )
    return TradingNode(config, loop=asyncio.new_event_loop())


def publisher(port: int) -> Callable[[AssetUpdate], object]:
    """Return the handler that publishes an update, as its execution clients do."""
    bus = node(
        port,
        streams_prefix=STREAM,
        stream_per_topic=False,
        use_trader_prefix=False,
        use_trader_id=False,
    ).kernel.msgbus

    def publish(update: AssetUpdate) -> None:
        currency = Currency.from_str(update.currency)
        free, locked = (
            Money(amount, currency) for amount in (update.available, update.locked)
        )
        total = Money(free.as_decimal() + locked.as_decimal(), currency)
        now = time.time_ns()
        state = AccountState(
            account_id=ACCOUNT,
            account_type=AccountType.CASH,
            base_currency=None,
            reported=True,
            balances=[AccountBalance(total, locked, free)],
            margins=[],
            info={},
            event_id=UUID4(),
            ts_event=now,
            ts_init=now,
        )
        bus.publish(f"events.account.{ACCOUNT}", state)

    return publish


class Client(Reader):
    """A node that streams the other's messages to its own bus; its loop in a thread."""

    def __init__(self) -> None:
        super().__init__(publisher=__name__)

    def read(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        def handle(state: Any) -> None:
            for balance in state.balances:
                amounts = balance.free.as_decimal(), balance.locked.as_decimal()
                on_asset(balance.currency.code, *amounts)

        reader = node(self.port, external_streams=[STREAM])
        reader.kernel.msgbus.add_streaming_type(AccountState)
        reader.kernel.msgbus.subscribe("events.account.*", handle)
        reader.build()
        threading.Thread(
            target=reader.kernel.loop.run_until_complete,
            args=(reader.run_async(),),
            daemon=True,
        ).start()
