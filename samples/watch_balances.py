"""Print every change of an Upbit account's balances, until Ctrl-C.

Set UPBIT_ACCESS_KEY and UPBIT_SECRET_KEY in the environment first.
"""

from __future__ import annotations

from assetstream import AssetStream, AssetUpdate, Upbit


def show(update: AssetUpdate) -> None:
    print(
        f"{update.currency}: {update.available} available, {update.locked} locked, "
        f"changed by {update.change}"
    )


AssetStream(Upbit(region="sg"), on_asset=show).run_forever()
