"""The process that owns the accounts where others read them by an engine.

::

    python -m tests.programs.benchmarks.contenders.owner

The first line of its standard input is its task, in JSON. With "relay" it is
assetstream's; with "hand" the program that one writes without: ``XADD`` for each
update, in the stream's handler, as others' backends do. It prints a line once all
accounts are LIVE, and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from typing import Any

import redis

from assetstream import AssetStream, AssetUpdate, Relay, Source, StreamGroup, Upbit
from assetstream.protocol import Exchange
from tests.programs.benchmarks.contenders.sdk import UNLIMITED, Readiness, keep_to

__all__ = ["LOG", "MAXLEN"]

#: The one stream that the program by hand writes, and how many entries it keeps.
LOG, MAXLEN = "updates", 10_000


def main() -> None:
    """Own the accounts until nobody wants them any more."""
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    keep_to(connects_together=UNLIMITED, reads_together=UNLIMITED)
    accounts: dict[str, Exchange] = {
        access_key: Upbit(
            access_key,
            secret_key,
            region="sg",
            ws_url=ws_url,
            rest_url=rest_url,
        )
        for ws_url, rest_url, access_key, secret_key in task["accounts"]
    }
    readiness = Readiness()
    readiness.wanted = len(accounts)
    with ExitStack() as stack:
        if task["way"] == "relay":
            relay = Relay(task["url"], accounts, on_state=readiness.changed)
            stack.enter_context(relay)
        else:
            engine = redis.Redis.from_url(task["url"])

            def on_asset(update: AssetUpdate) -> None:
                if update.source is Source.SNAPSHOT:
                    return
                entry = {
                    "account": update.account,
                    "currency": update.currency,
                    "available": str(update.available),
                    "locked": str(update.locked),
                    "at": time.time(),
                }
                fields: dict[Any, Any] = {"d": json.dumps(entry)}
                engine.xadd(LOG, fields, maxlen=MAXLEN, approximate=True)

            streams = [AssetStream(each, account=key) for key, each in accounts.items()]
            group = StreamGroup(streams, on_asset=on_asset, on_state=readiness.changed)
            stack.enter_context(group)
        readiness.wait(600.0)
        print("LIVE", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
