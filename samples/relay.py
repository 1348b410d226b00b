"""One program with the keys, which publishes its accounts for all others.

Set ASSETSTREAM_ENGINE_URL to a Redis or Valkey, such as redis://localhost, and run it
on two hosts: one of them owns the accounts, and the other takes over when that one
ends or dies. ``python samples/remote_bot.py upbit`` reads one of them, without a key.
"""

from __future__ import annotations

import logging

from assetstream import AssetStreamError, CoinW, Relay, StateChange, Upbit

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")


def log_state(change: StateChange) -> None:
    logging.info("%s: %s, %s", change.account, change.current, change.reason)


def log_error(error: AssetStreamError) -> None:
    logging.warning("%s", error)


# The labels are what readers ask for; the keys stay here, in the environment.
accounts = {"upbit": Upbit(region="sg"), "coinw": CoinW()}
relay = Relay(None, accounts, on_state=log_state, on_error=log_error)
logging.info("%s", relay)
# SIGTERM, from a service manager, gives the accounts back before it ends this.
relay.run_forever()
