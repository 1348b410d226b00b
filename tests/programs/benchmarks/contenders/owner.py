"""The process that owns the accounts where others read them by an engine.

::

    python -m tests.programs.benchmarks.contenders.owner

The first line of its standard input is its task, in JSON: a module with the handler
that publishes each update of a ``StreamGroup`` in a peer's way, none for a ``Relay``;
and whether it is frozen, see ``Reader``. It prints a line once all accounts are LIVE,
and ends when its standard input does.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
from contextlib import ExitStack
from typing import Any

from assetstream import AssetStream, AssetUpdate, Relay, Source, StreamGroup, Upbit
from assetstream.protocol import Exchange, Rate
from tests.programs.benchmarks.contenders.sdk import UNLIMITED, Readiness, keep_to

__all__ = ["main"]

#: Three times what Upbit allows, or a thousand accounts would take long to begin. All
#: of them trade at once then, which has each read by REST; a limit spreads that.
READS = Rate(100, 1.0)


def main() -> None:
    """Own the accounts until nobody wants them any more."""
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    keep_to(connects_together=UNLIMITED, reads_together=READS)
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
        if task["publisher"] is None:
            url = f"redis://127.0.0.1:{task['port']}"
            relay = Relay(url, accounts, on_state=readiness.changed)
            stack.enter_context(relay)
        else:
            module = importlib.import_module(task["publisher"])
            publish = module.publisher(task["port"])

            def on_asset(update: AssetUpdate) -> None:
                if update.source is not Source.SNAPSHOT:
                    publish(update)

            streams = [AssetStream(each, account=key) for key, each in accounts.items()]
            group = StreamGroup(streams, on_asset=on_asset, on_state=readiness.changed)
            stack.enter_context(group)
        readiness.wait(600.0)
        if task["frozen"]:
            gc.collect()
            gc.freeze()
        print("LIVE", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
