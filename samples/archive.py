"""Record an Upbit account in a file, and tell what it held an hour ago.

Set UPBIT_ACCESS_KEY and UPBIT_SECRET_KEY in the environment first; the file is
balances.db, or named on the command line. Run it again after a while: it tells what
changed in between. ``assetstream history balances.db`` reads the file meanwhile, and so
does anything that reads SQLite.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone

from assetstream import Archive, AssetStream, StaleBalance, Upbit

path = sys.argv[1] if len(sys.argv) > 1 else "balances.db"
stream = AssetStream(Upbit(region="sg"), account="main")
with Archive(path, keep=timedelta(days=90)) as archive:
    archive.record(stream)
    with stream:
        for update in archive.since_last_run("main"):
            print(f"{update.currency}: {update.change:+f} while nobody looked")
        hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
        try:
            for currency, balance in archive.at(hour_ago, "main").items():
                print(f"{currency}: {balance.total} an hour ago")
        except StaleBalance as error:
            print(f"an hour ago: {error.problem}")
        stream.run_forever()
