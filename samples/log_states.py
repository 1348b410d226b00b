"""Log what a CoinW stream goes through: states, gaps, errors. Until Ctrl-C.

Set COINW_API_KEY and COINW_SECRET_KEY in the environment first.
"""

from __future__ import annotations

import logging

from assetstream import AssetStream, AssetStreamError, CoinW, State, StateChange

logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level="INFO")
# The library underneath logs each connection, which the states tell as well.
logging.getLogger("websocket").setLevel("WARNING")


def log_state(change: StateChange) -> None:
    # While it is not LIVE the balances may be old: a bot should hold its orders back.
    level = logging.WARNING if change.current is State.STALE else logging.INFO
    logging.log(level, "%s: %s, %s", change.account, change.current, change.reason)
    if change.gap is not None:
        logging.info(
            "%s: not connected for %.1f s; %d balances had changed and were delivered",
            change.account,
            change.gap.duration,
            change.gap.recovered,
        )


def log_error(error: AssetStreamError) -> None:
    # It retries by itself unless the error is fatal; then the state becomes FAILED.
    level = logging.CRITICAL if error.fatal else logging.WARNING
    logging.log(level, "%s: %s", type(error).__name__, error)


AssetStream(CoinW(), on_state=log_state, on_error=log_error).run_forever()
