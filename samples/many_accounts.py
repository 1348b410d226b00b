"""Watch any number of Upbit accounts on a few threads, and add them up. Until Ctrl-C.

Set UPBIT_ACCESS_KEY_1 and UPBIT_SECRET_KEY_1, UPBIT_ACCESS_KEY_2 and so on first.
"""

from __future__ import annotations

import itertools
import os
import sys
from typing import Iterator

from assetstream import (
    AssetStream,
    AssetStreamError,
    AssetUpdate,
    Progress,
    StaleBalance,
    StreamGroup,
    Upbit,
)


def accounts() -> Iterator[AssetStream]:
    for number in itertools.count(1):
        key = os.environ.get(f"UPBIT_ACCESS_KEY_{number}")
        if key is None:
            return
        secret = os.environ[f"UPBIT_SECRET_KEY_{number}"]
        yield AssetStream(Upbit(key, secret, region="sg"), account=f"upbit-{number}")


if "UPBIT_ACCESS_KEY_1" not in os.environ:
    sys.exit("Set UPBIT_ACCESS_KEY_1 and UPBIT_SECRET_KEY_1, and so on.")

# The accounts share one thread that reads and two that call the handlers below, so the
# handlers may overlap; with workers=1 they would not.
group = StreamGroup(accounts(), workers=2)


@group.on_progress
def show_progress(progress: Progress) -> None:
    print(progress)


@group.on_asset
def show(update: AssetUpdate) -> None:
    try:
        total = group.total(update.currency)
    except StaleBalance:
        return  # an account is not connected yet, or has failed: no sum without it
    print(f"{update.account}: {update.currency} {update.change:+f}, together {total}")


@group.on_error
def show_error(error: AssetStreamError) -> None:
    print(error, file=sys.stderr)


group.run_forever()
