"""Run as a service: log what an Upbit account holds, until SIGTERM or Ctrl-C.

Set UPBIT_ACCESS_KEY and UPBIT_SECRET_KEY in the environment first. The exit code is 1
if the stream failed: what it will not mend by itself, another start will not, either.
docs/how-to/service.md has a unit file for systemd.
"""

from __future__ import annotations

import logging
import logging.config
import sys

from assetstream import AssetStream, AssetStreamError, AssetUpdate, StateChange, Upbit

logging.config.dictConfig(
    {
        "version": 1,
        # Else the loggers that are not named here, assetstream's among them, are
        # silent from now on.
        "disable_existing_loggers": False,
        # No time: the service manager's journal has it.
        "formatters": {"plain": {"format": "%(levelname)s %(message)s"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "plain"}
        },
        "root": {"level": "INFO", "handlers": ["stderr"]},
    }
)


def log_update(update: AssetUpdate) -> None:
    change = f"{update.change:+f}"
    logging.info("%s %s, %s", update.currency, update.available, change)


def log_state(change: StateChange) -> None:
    logging.info("%s, %s", change.current, change.reason)


stream = AssetStream(Upbit(region="sg"), on_asset=log_update, on_state=log_state)
try:
    stream.run_forever()  # at SIGTERM: STOPPED is logged, and the process ends
except AssetStreamError as error:
    sys.exit(f"{type(error).__name__}: {error}")
