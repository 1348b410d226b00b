"""A bot without a key: another process owns the account, and publishes it.

Set ASSETSTREAM_ENGINE_URL to where it does, such as redis://localhost, and pass the
account's label: ``python samples/remote_bot.py alice``. Any number of such bots may
run, on any machine; docs/how-to/sharing.md tells more.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from assetstream import RemoteStream, StaleBalance, StateChange, StreamTimeout

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")

if len(sys.argv) != 2:
    sys.exit("which account? python samples/remote_bot.py LABEL")


def log_state(change: StateChange) -> None:
    logging.info("%s, %s", change.current, change.reason)


# Ctrl-C ends it, and closes the stream first.
with (
    suppress(KeyboardInterrupt),
    RemoteStream(None, sys.argv[1], on_state=log_state) as stream,  # LIVE here
):
    for update in stream:
        try:
            # What its owner has said is not older than this, by our own clock.
            held = stream.balance(update.currency, max_age=3)
        except StaleBalance as error:
            print(f"{error}: nothing is done by it")
            continue
        print(
            f"{held.currency} {held.available}, at most {held.age:.1f} s old, "
            f"by {stream.health().owner}",
            flush=True,
        )
        if held.available >= 1_000_000:
            try:
                # Before money moves: its owner vouches for all of it, now.
                stream.verify(timeout=5)
            except StreamTimeout as error:
                print(f"{error}: no order")
            else:
                print("here a bot would order")
